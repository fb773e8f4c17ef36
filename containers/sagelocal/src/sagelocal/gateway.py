"""The front door: who calls, what they call, and who answers."""

from __future__ import annotations

import errno
import hashlib
import sys
import traceback
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from sagelocal import auth, validation, wire
from sagelocal.backend import Backend
from sagelocal.console import site as console
from sagelocal.error_formats import error_response
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse, UnreadableError
from sagelocal.fallthrough import OURS_ALONE, Moto, not_there
from sagelocal.faults import admin
from sagelocal.faults import calls as faults
from sagelocal.operations import OPERATIONS, FallThrough
from sagelocal.plain import plain
from sagelocal.s3.api import S3Api

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

LONGEST_REQUEST = 64 << 20  # bytes of a call that is no object traffic; AWS's own limits are lower
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
# These have one endpoint for the whole world, and their calls are signed for us-east-1 wherever they come from.
_GLOBAL_SERVICES = frozenset({"iam", "sts", "route53", "cloudfront", "organizations", "budgets", "ce"})


class Gateway:
    """Answer every AWS call: by an own operation, by moto, or by an error that says neither has it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._moto = Moto(backend.moto, backend.roles)
        self._s3 = S3Api(backend, self.secret)
        self._own = frozenset(service for service, _ in OPERATIONS) | OURS_ALONE
        self.hosts = LOCAL_HOSTS | backend.hosts

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        response = self.respond(environ)
        start_response(response.status_line, list(response.headers.items()))
        return () if environ["REQUEST_METHOD"] == "HEAD" else response.pieces()

    def respond(self, environ: dict[str, Any]) -> HttpResponse:
        """Return the response to a request in its WSGI environment."""
        environ["RAW_URI"] = environ["REQUEST_URI"]
        try:
            response = self._answer(HttpRequest.from_environ(environ))
        except UnreadableError as error:
            response = error_response(error.request, "s3", error)
            response.headers["Connection"] = "close"  # nobody knows where the next request would begin
        if isinstance(response.body, bytes):
            is_head = environ["REQUEST_METHOD"] == "HEAD"
            response.headers.setdefault("Content-Length", "0" if is_head else str(len(response.body)))
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        service = "s3"  # until the signature names it; S3 is what unsigned requests are for
        try:
            check_origin(request, self.hosts)
            if console.is_console(request.path):
                return console.answer(self._backend, request)
            if admin.is_admin(request.path):
                service = admin.SERVICE
                return admin.answer(self._backend, request)
            signature = auth.read_signature(request)
            service = service_named(request, signature)
            response = self._respond(request, signature, service)
        except AwsError as error:
            response = error_response(request, service, error)
        except faults.Unanswered:
            raise
        except Exception as error:  # noqa: BLE001 - the client gets AWS's answer to a fault, the log gets the fault
            traceback.print_exc(file=sys.stderr)
            response = error_response(request, service, fault(service, error))
        try:
            request.drain()
        except AwsError:
            response.headers["Connection"] = "close"  # nobody knows where the next request would begin
        return response

    def _respond(self, request: HttpRequest, signature: auth.Signature | None, service: str) -> HttpResponse:
        """Return the response to a call, or what a fault makes of it."""
        if not self._backend.faults.any:
            return self._call(request, signature, service)
        act = partial(self._call, request, signature, service)
        return faults.answer(self._backend.faults, request, service, LONGEST_REQUEST, act)

    def _call(self, request: HttpRequest, signature: auth.Signature | None, service: str) -> HttpResponse:
        if service == "s3":
            return self._s3.answer(request, signature)
        if signature is None:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        check_region(signature, self._backend.region)
        body = request.read_body(LONGEST_REQUEST)
        digest = hashlib.sha256(body).hexdigest()
        payload = request.headers.get("x-amz-content-sha256", digest)
        if payload not in (digest, auth.UNSIGNED_PAYLOAD):
            raise auth.mismatch()
        auth.verify(request, signature, payload, self.secret)
        if service not in self._own:
            return self._moto.answer(request, service, body)
        return self._operate(request, service, body)

    def _operate(self, request: HttpRequest, service: str, body: bytes) -> HttpResponse:
        name, uri = wire.route(request, service, body)
        handler = OPERATIONS.get((service, name))
        operation = wire.operation_model(service, name)
        if handler is None or operation is None:
            if service in OURS_ALONE:
                raise not_there(service, name)
            return self._moto.answer(request, service, body)
        try:
            return wire.serialize(operation, handler(self._backend, _parameters(request, operation, uri, body)))
        except FallThrough:
            return self._moto.answer(request, service, body)

    def secret(self, access_key: str) -> str | None:
        """Return the secret that belongs to an access key: the folder's, or one that STS or IAM gave out."""
        backend = self._backend
        return backend.secret_key if access_key == backend.access_key else self._moto.secret(access_key)


def _parameters(request: HttpRequest, operation: wire.Operation, uri: wire.Parameters, body: bytes) -> wire.Parameters:
    """Return what a call asks for, or raise what is wrong with it."""
    if not uri and (parameters := plain(operation)(body)) is not None:
        return parameters
    document = wire.document_of(operation, body)
    if document is not None:
        validation.check_types(operation, document)
    parameters = wire.parse(request, operation, uri, body, document)
    validation.validate(operation, parameters)
    return parameters


def check_origin(request: HttpRequest, hosts: Collection[str]) -> None:
    """Refuse what a web page in a browser could send: only programs that call one of `hosts` by its name are served."""
    host = host_of(f"//{request.headers.get('host', '')}")
    origin = request.headers.get("origin")
    if host not in hosts or (origin is not None and host_of(origin) not in hosts):
        names = " or ".join(sorted(hosts))
        raise AwsError(
            "AccessDenied", f"sagelocal serves clients of this machine that call it {names}; see --accept-host.", 403
        )


@lru_cache(maxsize=256)
def host_of(url: str) -> str | None:
    """Return the host that a URL names, None if it names none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def fault(service: str, error: Exception) -> AwsError:
    """Return the answer to a call that failed through no fault of its own; what was done of it was taken back."""
    code = "InternalError" if service == "s3" else "InternalFailure"
    full = getattr(error, "errno", None) in _NO_ROOM or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
    return AwsError(code, f"sagelocal has no room to write: {error}" if full else "sagelocal failed; see its log.", 500)


def service_named(request: HttpRequest, signature: auth.Signature | None) -> str:
    """Return the service a request is for; unsigned ones are S3's unless they name a JSON target."""
    if signature is not None:
        return wire.service_of(request, signature.service)
    return "sagemaker" if "x-amz-target" in request.headers else "s3"


def check_region(signature: auth.Signature, region: str) -> None:
    """Refuse a request that was signed for another region than the one served here."""
    if signature.region == region or (signature.service in _GLOBAL_SERVICES and signature.region == "us-east-1"):
        return
    message = (
        f"Credential should be scoped to a valid region, not '{signature.region}': this sagelocal serves {region}."
    )
    raise AwsError("SignatureDoesNotMatch", message, 403)
