"""moto's backends in this process: they answer what sagelocal does not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sagelocal import wire
from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse
from sagelocal.moto_state import MotoState

# moto answers these by making up a success where nothing happened: what sagelocal has not, nobody has.
OURS_ALONE = frozenset(
    {
        "s3",
        "athena",
        "cloudwatch",
        "events",
        "glue",
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-featurestore-runtime",
        "sagemaker-metrics",
    }
)
_OUR_BACKENDS = frozenset(
    {"s3", "athena", "cloudwatch", "events", "glue", "sagemaker", "sagemakerruntime", "sagemakermetrics"}
)
# moto's own switchboard (it resets everything) and its instance metadata are no part of AWS's API.
_SAGEMAKER_ASSUMES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
# Calls that change nothing worth keeping: a message that was received and not deleted is received again.
_READS = re.compile(
    r"Get|List|Describe|BatchGet|Lookup|Query|Search|Filter|Test|Simulate|Validate|Check|ReceiveMessage|(GET|HEAD) /"
)
_CHANGED_WITH = {"sns": ("sqs",), "sts": ("iam",)}  # whose calls change another service too
_CLOSED_PATHS = ("/moto-api", "/latest/", "/favicon.ico")


class Moto:
    """Answer calls by moto's backends, each imported when its service is first called."""

    def __init__(self, state: MotoState, roles: Iterable[str] = ()) -> None:
        self._state = state
        self._roles = tuple(roles)
        self._dispatcher: Any = None

    def answer(self, request: HttpRequest, service: str, body: bytes) -> HttpResponse:
        """Return moto's response to an already authenticated call."""
        if request.path.startswith(_CLOSED_PATHS):
            raise _nobody_has(request, service, body)
        environ = request.environ
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        backend, application = self._application(request, service, body)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            started[:] = [(status, headers)]
            return lambda _: None

        try:
            answer = b"".join(application(environ, start_response))
        except NotImplementedError as error:
            raise _nobody_has(request, service, body) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:  # moto checks few of its parameters
            name = call_name(request, service, body)
            raise AwsError(
                "NotImplemented", f"moto, which answers {name} of {service} here, cannot take this call: {error}", 501
            ) from error
        status, headers = started[0]
        fields = dict(headers)
        if int(status[:3]) >= 400 and fields.get("Content-Type", "").startswith("text/html") and b"<!doctype" in answer:
            raise _nobody_has(request, service, body)  # flask found no route
        if not any(name.lower() in ("x-amzn-requestid", "x-amz-request-id") for name in fields):
            fields["x-amzn-RequestId"] = wire.request_id()
        if int(status[:3]) < 400 and not _READS.match(call_name(request, service, body)):
            self._state.changed(backend, *_CHANGED_WITH.get(backend, ()))
        return HttpResponse(int(status[:3]), fields, answer)

    def secret(self, access_key: str) -> str | None:
        """Return the secret of a key that moto's STS or IAM gave out and that is still valid."""
        if not self._state.has("iam"):
            return None
        key = self._state.of("iam")["aws"].access_keys.get(access_key)
        if key is None or key.status != "Active":
            return None
        roles = self._state.of("sts")["aws"].assumed_roles
        ends = [role.expiration.replace(tzinfo=UTC) for role in roles if role.access_key_id == access_key]
        return None if any(end < datetime.now(UTC) for end in ends) else str(key.secret_access_key)

    def _application(self, request: HttpRequest, service: str, body: bytes) -> tuple[str, Any]:
        """Return moto's name of a service, and what answers it."""
        dispatcher = self._load()
        host = dispatcher.infer_service_region_host(request.environ, request.environ.get("PATH_INFO", ""))
        backend = dispatcher.get_backend_for_host(host)
        if backend is None or backend in _OUR_BACKENDS:
            raise _nobody_has(request, service, body)
        with dispatcher.lock:
            if backend not in dispatcher.app_instances:
                try:
                    self._state.of(backend)
                    dispatcher.app_instances[backend] = dispatcher.create_app(backend)
                    if backend == "iam":
                        self._create_roles()
                except ImportError as error:
                    raise AwsError(
                        "NotImplemented", f"sagelocal cannot load its {service} backend: {error}.", 501
                    ) from error
            return backend, dispatcher.app_instances[backend]

    def _create_roles(self) -> None:
        """Create the account's roles that are not there yet."""
        iam = self._state.of("iam")["aws"]
        there = {role.name for role in iam.roles.values()}
        for name in self._roles:
            if name in there:
                continue
            iam.create_role(
                role_name=name,
                assume_role_policy_document=_SAGEMAKER_ASSUMES,
                path="/",
                permissions_boundary=None,
                description="Made by sagelocal, which enforces no policies",
                tags=[],
                max_session_duration="3600",
            )

    def _load(self) -> Any:
        if self._dispatcher is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._dispatcher = DomainDispatcherApplication(create_backend_app)
        return self._dispatcher


def _nobody_has(request: HttpRequest, service: str, body: bytes) -> AwsError:
    return not_there(service, call_name(request, service, body))


def call_name(request: HttpRequest, service: str, body: bytes) -> str:
    """Return the name of the operation that a request calls, or what it says in place of one."""
    try:
        return wire.route(request, service, body)[0]
    except AwsError:
        return request.headers.get("x-amz-target") or f"{request.method} {request.path}"


def not_there(service: str, call: str) -> AwsError:
    """Return the answer to a call that neither sagelocal nor moto has."""
    return AwsError("NotImplemented", f"sagelocal does not have {call} of {service}.", 501)
