"""Who may look at the console: a browser cannot sign requests, so a link logs it in once and a cookie remembers it.

Every token is signed with a key that is derived from the account's secret key: nothing else has to be kept but which
links were used.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from sagelocal.exchange import is_number

if TYPE_CHECKING:
    from sagelocal.store import Store

ROOT = "/_console"  # no bucket's name begins with "_", so no S3 path begins like this

LOGIN_SECONDS = 24 * 3600
SESSION_SECONDS = 30 * 24 * 3600
RAW_SECONDS = 12 * 3600
_USED = "console_login"  # documents of the links that were used


def login_link(endpoint_url: str, secret_key: str, now: float | None = None) -> str:
    """Return the address that logs a browser in, once, within a day."""
    expires = int((time.time() if now is None else now) + LOGIN_SECONDS)
    token = f"{expires}.{secrets.token_urlsafe(12)}"
    return f"{endpoint_url}{ROOT}/login?token={token}.{_mac(secret_key, 'login', token)}"


def redeem(token: str, secret_key: str, store: Store) -> bool:
    """Tell whether a link's token is good, and use it up."""
    body, _, mac = token.rpartition(".")
    expires, _, nonce = body.partition(".")
    if not _is_signed(mac, secret_key, "login", body) or not _is_ahead(expires):
        return False
    for used in store.list(_USED):
        if not _is_ahead(used["expires"]):
            store.delete(_USED, used["nonce"])
    return store.create(_USED, nonce, {"nonce": nonce, "expires": expires})


def cookie_name(endpoint_url: str) -> str:
    """Return the cookie's name: browsers send cookies to every port of a host, so it says which one is meant."""
    return f"sagelocal_{urlsplit(endpoint_url).port}"


def cookie(name: str, secret_key: str) -> str:
    """Return the header that starts a session."""
    expires = str(int(time.time() + SESSION_SECONDS))
    value = f"{expires}.{_mac(secret_key, 'session', expires)}"
    return f"{name}={value}; Path={ROOT}; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"


def is_logged_in(header: str, name: str, secret_key: str) -> bool:
    """Tell whether a request's Cookie header belongs to a session."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return False
    expires, _, mac = (found.value if found else "").partition(".")
    return _is_signed(mac, secret_key, "session", expires) and _is_ahead(expires)


def raw_path(bucket: str, key: str, secret_key: str) -> str:
    """Return the path at which an object is served as it is, and so are the others of its folder.

    Such a page runs apart from the console, without its cookie: the path itself is what lets it in. A report of several
    files links from one to the other by relative addresses, so the folder is up to three levels deep.
    """
    depth = min(3, key.count("/"))
    expires = int(time.time() + RAW_SECONDS)
    ticket = f"{depth}.{expires}.{_mac(secret_key, 'raw', _raw_text(depth, expires, bucket, key))}"
    return f"{ROOT}/raw/{ticket}/{bucket}/{quote(key)}"


def opens(ticket: str, bucket: str, key: str, secret_key: str) -> bool:
    """Tell whether the ticket of such a path lets an object be read."""
    depth, _, rest = ticket.partition(".")
    expires, _, mac = rest.partition(".")
    if not is_number(depth) or not _is_ahead(expires):
        return False
    return _is_signed(mac, secret_key, "raw", _raw_text(int(depth), int(expires), bucket, key))


def _raw_text(depth: int, expires: int, bucket: str, key: str) -> str:
    folder = "/".join(key.split("/")[:depth])
    return f"{depth}\n{expires}\n{bucket}\n{folder}"


def _is_ahead(expires: str) -> bool:
    return is_number(expires) and int(expires) > time.time()


def _is_signed(mac: str, secret_key: str, purpose: str, text: str) -> bool:
    return hmac.compare_digest(mac.encode(), _mac(secret_key, purpose, text).encode())


def _mac(secret_key: str, purpose: str, text: str) -> str:
    return hmac.new(
        f"sagelocal console\n{secret_key}".encode(), f"{purpose}\n{text}".encode(), hashlib.sha256
    ).hexdigest()
