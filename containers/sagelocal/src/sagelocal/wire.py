"""Between bytes and operations: the only module that knows moto's private wire layer.

`moto.core` parses and serializes by botocore's models. It is no public API: its version is pinned, and the contract
tests run every protocol through it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from os import urandom
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.errors import ErrorLookupFactory
from moto.core.model import OperationModel, ServiceModel, StructureShape
from moto.core.parse import JSONParser, QueryParser, RestJSONParser
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse, query_pairs

Operation = OperationModel
Parameters = dict[str, Any]

# Four APIs share one signing name; nothing but the call itself tells them apart.
_SAGEMAKER_PATHS = (
    ("/endpoints/", "sagemaker-runtime"),
    ("/BatchPutMetrics", "sagemaker-metrics"),
    ("/BatchGetMetrics", "sagemaker-metrics"),
    ("/FeatureGroup/", "sagemaker-featurestore-runtime"),
    ("/BatchGetRecord", "sagemaker-featurestore-runtime"),
    ("/BatchWriteRecord", "sagemaker-featurestore-runtime"),
)
_LONGEST_FORM = 4096  # bytes, in which the action stands

# Where botocore names a service otherwise than its signatures do.
_SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "states": "stepfunctions",
    "elasticmapreduce": "emr",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
}


def service_of(request: HttpRequest, signing_name: str) -> str:
    """Return the service as botocore names it, from the signing name in the credential's scope."""
    if signing_name != "sagemaker":
        return _SIGNING_NAMES.get(signing_name, signing_name)
    for prefix, service in _SAGEMAKER_PATHS:
        if request.path.startswith(prefix):
            return service
    return "sagemaker"


def service_model(service: str) -> ServiceModel | None:
    """Return botocore's model of a service, None if it has none."""
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


@lru_cache(maxsize=4096)
def operation_model(service: str, name: str) -> OperationModel | None:
    """Return botocore's model of an operation, None if there is no such operation."""
    model = service_model(service)
    return model.operation_model(name) if model and name in model.operation_names else None


def route(request: HttpRequest, service: str, body: bytes = b"") -> tuple[str, Parameters]:
    """Return the name of the operation that a request calls, and the parameters in its path.

    The calls of IAM, STS and their like are forms that name the operation: those need the body.
    """
    if action := form_action(body):
        return action, {}
    _, dot, name = request.headers.get("x-amz-target", "").rpartition(".")
    if dot and operation_model(service, name):
        return name, {}
    place = (service, request.method, request.path)
    if place in _FIXED and not request.query:
        return _FIXED[place], {}
    try:
        operation, parameters = get_service_router(service).match(Request(request.environ))
    except (HTTPException, NotImplementedError, UnknownServiceError):
        call = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
        raise AwsError("UnknownOperationException", f"{service} has no operation that answers {call}.", 404) from None
    if not parameters and not request.query:
        _FIXED[place] = operation.name
    return operation.name, parameters


# The operations whose paths have no parameters, by service, method and path, as they are met.
_FIXED: dict[tuple[str, str, str], str] = {}


def form_action(body: bytes) -> str:
    """Return the operation that a form calls, "" if the body is no such form."""
    if not body.startswith((b"Action=", b"Version=")):
        return ""
    return parse_qs(body[:_LONGEST_FORM].decode("latin-1")).get("Action", [""])[0]


def document_of(operation: OperationModel, body: bytes) -> Any:
    """Return the JSON document of a call's body, None if the body is none."""
    is_json = _spoken(operation) != "query" and not _has_blob_payload(operation)
    return _document(body) if is_json else None


def parse(
    request: HttpRequest, operation: OperationModel, uri: Parameters, body: bytes, document: Any = None
) -> Parameters:
    """Return the parameters of a call; of one with a JSON body, `document` is what it says."""
    spoken = _spoken(operation)
    parser = _PARSERS[spoken](operation, timestamp_parser=_timestamp)
    parts: Any = {
        "body": body if document is None else document,
        "headers": _Headers(request.headers),
        "method": request.method,
        "url_params": uri,
        "url_path": request.path,
        "values": _Query(query_pairs(body.decode("latin-1") if spoken == "query" else request.query)),
    }
    try:
        parsed = parser.parse(parts)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise AwsError("SerializationException", f"The request cannot be read: {error}") from error
    return {name: value for name, value in parsed.items() if value is not None}


def _spoken(operation: OperationModel) -> str:
    """Return the protocol of an operation's calls: JSON where a service has several, for botocore chooses it."""
    protocol = str(operation.service_model.protocol)
    return protocol if protocol in _PARSERS else "json"


class _Query(MultiDict[str, str]):
    """Tell a list that was not sent (None) from an empty one; moto's parser asks for every list of the shape."""

    def getlist(self, key: str, type: Any = None) -> Any:  # noqa: A002 - werkzeug's signature
        return super().getlist(key, type) if key in self else None


class _JsonParser(JSONParser):
    def _parse_body_as_json(self, body_contents: Any) -> Any:
        return body_contents


class _RestJsonParser(RestJSONParser):
    def _parse_body_as_json(self, body_contents: Any) -> Any:
        return body_contents


_PARSERS = {"json": _JsonParser, "rest-json": _RestJsonParser, "query": QueryParser}


class _Headers(dict[str, str]):
    """Find headers, kept in lower case, by any spelling."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


def _has_blob_payload(operation: OperationModel) -> bool:
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if isinstance(shape, StructureShape) else None
    return isinstance(shape, StructureShape) and payload is not None and shape.members[payload].type_name == "blob"


def _document(body: bytes) -> Any:
    """Return a body's JSON document, which holds only what JSON has: no NaN, and no text that UTF-8 cannot write."""
    try:
        document = _JSON.decode(body.decode()) if body else {}
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair cannot be
    except (ValueError, RecursionError) as error:
        raise AwsError("SerializationException", f"The request body is no JSON: {error}") from error
    if document is None:
        raise AwsError("SerializationException", "The request body is null.")
    return document


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_no_number)


def _timestamp(value: Any) -> datetime:
    try:
        moment: datetime = parse_timestamp(value)
        return moment.astimezone(UTC)
    except RuntimeError as error:  # botocore's word for a year that no clock has
        raise ValueError(f"{value} is no time") from error


def serialize(operation: OperationModel, result: Mapping[str, Any]) -> HttpResponse:
    """Return the response that carries the members of the operation's output shape."""
    name = operation.service_model.service_name
    response = get_serializer_class(name, _spoken(operation))(operation).serialize(result)
    body = response["body"]
    headers = dict(response["headers"])
    if isinstance(result.get("Body"), bytes) and _CONTENT_TYPE in result:
        headers["Content-Type"] = result[_CONTENT_TYPE]  # the serializer names its own type for a payload it passes on
    headers["x-amzn-RequestId"] = request_id()
    return HttpResponse(response["status_code"], headers, body.encode() if isinstance(body, str) else body)


def events(service: str, name: str, members: list[Any]) -> bytes:
    """Return members of an operation's event stream as bytes."""
    operation = operation_model(service, name)
    assert operation is not None  # noqa: S101 - the caller names an operation that there is
    serializer = get_serializer_class(service, operation.service_model.protocol)(operation)
    body = serializer.serialize({"Body": members})["body"]
    return body.encode() if isinstance(body, str) else body


_CONTENT_TYPE = "ContentType"


def request_id() -> str:
    """Return a new identifier of a request."""
    digits = urandom(16).hex()  # as uuid.uuid4, in a quarter of its time: every answer has one
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=1024)
def error_shape(service: str, code: str) -> StructureShape | None:
    """Return the shape of a service's error, None if it has none of that code."""
    model = service_model(service)
    return ErrorLookupFactory().for_service(model).from_code(code) if model else None
