"""From a console address to its page."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sagelocal.console import logs, resources, storage
from sagelocal.console.layout import asset, page, redirect
from sagelocal.console.markup import tag
from sagelocal.console.session import ROOT, cookie, cookie_name, is_logged_in, redeem
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse, query_pairs

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.exchange import HttpRequest

Query = dict[str, str]
Page = Callable[["Backend", list[str], Query], HttpResponse]


_OWN_ADDRESS = re.compile(
    rf"{ROOT}([/?#][!-\[\]-~]*)?"
)  # visible ASCII without a backslash: no other site, no new header


def is_console(path: str) -> bool:
    """Tell whether a path is one of the console's."""
    return path == ROOT or path.startswith(f"{ROOT}/")


def answer(backend: Backend, request: HttpRequest) -> HttpResponse:
    """Return the page at the request's address, or a page that says why there is none."""
    if request.method not in ("GET", "HEAD"):
        return page("Not allowed", tag("p", "These pages are for looking only."), status=405)
    parts = [unquote(part) for part in request.path.removeprefix(ROOT).strip("/").split("/")]
    query = dict(query_pairs(request.query))
    try:
        open_page = _OPEN.get(parts[0])
        if open_page:
            return open_page(backend, parts[1:], query)
        name = cookie_name(backend.endpoint_url)
        if not is_logged_in(request.headers.get("cookie", ""), name, backend.secret_key):
            return login_page(backend)
        return _PAGES.get(parts[0], _missing)(backend, parts[1:], query)
    except AwsError as error:
        status = 403 if error.status == 403 else 404 if error.status in (400, 404) else error.status
        return page(error.code, tag("p", error.message), status=status)
    except Exception:  # noqa: BLE001 - a page about what cannot be shown must not end the server
        traceback.print_exc(file=sys.stderr)
        return page("Failed", tag("p", "sagelocal failed; see its log."), status=500)


def login_page(backend: Backend) -> HttpResponse:
    """Return the page for a browser that is not logged in; the script comes back to the page that was asked for."""
    form = tag(
        "form",
        tag("label", "Login link", tag("input", name="token", autocomplete="off", autofocus="", size="60")),
        tag("input", type="hidden", name="next", value=f"{ROOT}/"),
        tag("button", "Log in"),
        action=f"{ROOT}/login",
        class_="login",
    )
    how = tag(
        "p",
        "These pages show everything in this local AWS, so they open for its owner only. Get a login link from ",
        tag("code", f"sagelocal console --state {backend.folder}"),
        " (with Boatyard: ",
        tag("code", "boatyard status"),
        ") and open it, or paste it here. It works once; this browser stays logged in for 30 days.",
    )
    return page("Log in", how, form, status=401)


def _login(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    token = query.get("token", "").strip().rpartition("token=")[2]
    if not redeem(unquote(token), backend.secret_key, backend.store):
        raise AwsError("AccessDenied", "This login link was used before, is too old, or belongs elsewhere.", 403)
    wanted = query.get("next", "")
    target = wanted if _OWN_ADDRESS.fullmatch(wanted) else f"{ROOT}/"
    name = cookie_name(backend.endpoint_url)
    return redirect(target, **{"Set-Cookie": cookie(name, backend.secret_key)})


def _static(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    return asset("/".join(parts)) or _missing(backend, parts, query)


def _raw(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    if len(parts) < 3:
        return _missing(backend, parts, query)
    ticket, bucket, *key = parts
    return storage.raw(backend, ticket, bucket, "/".join(key))


def _home(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    return resources.home(backend)


def _sagemaker(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    if parts == ["home"] or not parts:
        return _forward()
    return resources.listing(backend, parts[0]) if len(parts) == 1 else resources.resource(backend, *_two(parts))


def _cloudwatch(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    if parts == ["log"]:
        return logs.log_page(query.get("group", ""), query.get("prefix", ""))
    return _forward()


def _athena(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    if parts[:2] == ["query-editor", "history"] and len(parts) == 3:
        return resources.query(backend, parts[2])
    return _forward()


def _s3(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    if len(parts) < 2:
        return storage.buckets(backend)
    prefix = query.get("prefix", "")
    show = storage.stored_object if parts[0] == "object" else storage.folder
    return show(backend, parts[1], prefix)


def _log(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    return logs.new_lines(backend, query.get("group", ""), query.get("prefix", ""), query.get("after", ""))


def _missing(backend: Backend, parts: list[str], query: Query) -> HttpResponse:
    raise AwsError("NotFound", "There is no such page.", 404)


def _forward() -> HttpResponse:
    """Return the page whose script reads what AWS's console keeps behind the "#" of its addresses."""
    return page("One moment", tag("p", "Looking for the page...", data_forward=ROOT))


def _two(parts: list[str]) -> tuple[str, str]:
    return parts[0], "/".join(parts[1:])


# Before a login: what starts one, what its page is made of, and what carries its own ticket.
_OPEN: dict[str, Page] = {"login": _login, "static": _static, "raw": _raw}
_PAGES: dict[str, Page] = {
    "": _home,
    "athena": _athena,
    "cloudwatch": _cloudwatch,
    "log": _log,
    "s3": _s3,
    "sagemaker": _sagemaker,
}
