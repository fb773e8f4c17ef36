"""The server's own API for faults: not AWS's, and off unless the server was started with `--faults`."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sagelocal import auth
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.faults.fault import read

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.exchange import HttpRequest

PATH = "/_sagelocal/faults"
SERVICE = "sagelocal"  # in the scope of the signature
LONGEST = 1 << 16  # bytes


def is_admin(path: str) -> bool:
    """Tell whether a path is one of this API."""
    return path == PATH or path.startswith(f"{PATH}/")


def answer(backend: Backend, request: HttpRequest) -> HttpResponse:
    """Return the response to a call of the folder's owner."""
    body = request.read_body(LONGEST)
    _check_owner(backend, request, body)
    if not backend.faults.enabled:
        raise AwsError("AccessDenied", "Faults are off. Start the server with `sagelocal serve --faults`.", 403)
    name = request.path.removeprefix(PATH).strip("/")
    return _json(_act(backend, request.method, name, body))


def _act(backend: Backend, method: str, name: str, body: bytes) -> dict[str, Any]:
    faults = backend.faults
    if method == "GET" and not name:
        return {"faults": faults.list()}
    if method == "POST" and not name:
        try:
            return faults.add(read(json.loads(body)))
        except ValueError as error:
            raise AwsError("SerializationException", f"The request body is no JSON: {error}") from error
    if method == "DELETE":
        faults.remove(name) if name else faults.clear()
        return {}
    raise AwsError("UnknownOperationException", f"Faults have no {method} of {request_path(name)}.", 404)


def request_path(name: str) -> str:
    """Return the address of a fault, or of all of them."""
    return f"{PATH}/{name}" if name else PATH


def _check_owner(backend: Backend, request: HttpRequest, body: bytes) -> None:
    """Let in whoever holds the folder's own key pair; keys that STS or IAM gave out open nothing here."""
    signature = auth.read_signature(request)
    if signature is None:
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    keys = {backend.access_key: backend.secret_key}
    auth.verify(request, signature, hashlib.sha256(body).hexdigest(), keys.get)


def _json(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "application/json"}, json.dumps(document).encode())
