"""API destinations: an HTTP call for each event, with what its connection says of authorization.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

DESTINATION = "event_destination"
CONNECTION = "event_connection"
TIMEOUT = 5.0  # seconds, as on AWS
_TRY_AGAIN = frozenset({401, 407, 409, 429})  # and every 5xx

Document = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why a destination did not take an event."""

    words: str
    again: bool


def request_of(destination: Document, connection: Document, parameters: Document, text: str) -> urllib.request.Request:
    """Return the call that brings a text to a destination; `parameters` are the target's HttpParameters."""
    told = connection["auth"].get("InvocationHttpParameters") or {}
    url = destination["describe"]["InvocationEndpoint"]
    for value in parameters.get("PathParameterValues") or []:
        url = url.replace("*", quote(value, safe=""), 1)
    query = _pairs(told.get("QueryStringParameters")) | (parameters.get("QueryStringParameters") or {})
    if query:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Amazon/EventBridge/ApiDestinations"}
    headers |= (parameters.get("HeaderParameters") or {}) | _pairs(told.get("HeaderParameters"))
    headers |= AUTHORIZATIONS[connection["describe"]["AuthorizationType"]](connection["auth"])
    body = _with_members(text, _pairs(told.get("BodyParameters")))
    return urllib.request.Request(url, body.encode(), headers, method=destination["describe"]["HttpMethod"])


def send(request: urllib.request.Request) -> Refusal | None:
    """Make the call; return why it was not taken, None if it was."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return Refusal(f"{request.full_url} answered {error.code}", error.code in _TRY_AGAIN or error.code >= 500)
    except (OSError, ValueError) as error:
        return Refusal(f"{request.full_url}: {error}", True)


def _pairs(listed: list[Document] | None) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in listed or []}


def _with_members(text: str, members: dict[str, str]) -> str:
    if not members:
        return text
    body = json.loads(text)
    return json.dumps(body | members) if isinstance(body, dict) else text


def _api_key(auth: Document) -> dict[str, str]:
    key = auth["ApiKeyAuthParameters"]
    return {key["ApiKeyName"]: key["ApiKeyValue"]}


def _basic(auth: Document) -> dict[str, str]:
    login = auth["BasicAuthParameters"]
    pair = f"{login['Username']}:{login['Password']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


AUTHORIZATIONS: dict[str, Callable[[Document], dict[str, str]]] = {"API_KEY": _api_key, "BASIC": _basic}
