"""Between bytes and operations: the only module that knows moto's private wire layer.

`moto.core` parses and serializes by botocore's models. It is no public API: its version is pinned, and the contract
tests run every protocol through it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.errors import ErrorLookupFactory
from moto.core.model import OperationModel, ServiceModel, StructureShape
from moto.core.parse import JSONParser, RestJSONParser
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse, query_pairs

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


def route(request: HttpRequest, service: str) -> tuple[str, Parameters]:
    """Return the name of the operation that a request calls, and the parameters in its path."""
    _, dot, name = request.headers.get("x-amz-target", "").rpartition(".")
    if dot and operation_model(service, name):
        return name, {}
    try:
        operation, parameters = get_service_router(service).match(Request(request.environ))
    except (HTTPException, NotImplementedError, UnknownServiceError):
        call = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
        raise AwsError("UnknownOperationException", f"{service} has no operation that answers {call}.", 404) from None
    return operation.name, parameters


def parse(
    request: HttpRequest, operation: OperationModel, uri: Parameters, body: bytes, check: Callable[[Any], None]
) -> Parameters:
    """Return the parameters of a call in a JSON protocol; `check` sees the document before its values are converted."""
    is_blob = _has_blob_payload(operation)
    document = body if is_blob else _document(body)
    if not is_blob:
        check(document)
    parser = _PARSERS[_spoken(operation)](operation, timestamp_parser=_timestamp)
    parts: Any = {
        "body": document,
        "headers": _Headers(request.headers),
        "method": request.method,
        "url_params": uri,
        "url_path": request.path,
        "values": _Query(query_pairs(request.query)),
    }
    try:
        parsed = parser.parse(parts)
    except (ValueError, TypeError, AttributeError) as error:
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


_PARSERS = {"json": _JsonParser, "rest-json": _RestJsonParser}


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
    try:
        return json.loads(body) if body else {}
    except ValueError as error:
        raise AwsError("SerializationException", f"The request body is no JSON: {error}") from error


def _timestamp(value: Any) -> datetime:
    moment: datetime = parse_timestamp(value)
    return moment.astimezone(UTC)


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
    return str(uuid.uuid4())


# What authentication calls its findings in the JSON protocols; the XML ones keep S3's names.
_JSON_CODES = {
    "SignatureDoesNotMatch": ("InvalidSignatureException", 400),
    "RequestTimeTooSkewed": ("InvalidSignatureException", 400),
    "InvalidAccessKeyId": ("UnrecognizedClientException", 400),
    "IncompleteSignature": ("IncompleteSignatureException", 400),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", 400),
}
_JSON_MESSAGES = {"InvalidAccessKeyId": "The security token included in the request is invalid."}
_QUERY_CODES = {
    "InvalidAccessKeyId": "InvalidClientTokenId",
    "RequestTimeTooSkewed": "SignatureDoesNotMatch",
    "UnknownOperationException": "InvalidAction",
    "InternalFailure": "InternalFailure",
}


def error_response(request: HttpRequest, service: str, error: AwsError) -> HttpResponse:
    """Return an error in the protocol that the request came in."""
    return _ERROR_FORMATS[_protocol(request, service)](service, error)


def _protocol(request: HttpRequest, service: str) -> str:
    if service == "s3":
        return "s3"
    if "smithy-protocol" in request.headers:
        return "smithy-rpc-v2-cbor"
    content_type = request.headers.get("content-type", "")
    if "x-amz-target" in request.headers or content_type.startswith("application/x-amz-json"):
        return "json"
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "query"
    model = service_model(service)
    return str(model.protocol) if model else "json"


def _json_error(service: str, error: AwsError) -> HttpResponse:
    code, status = _JSON_CODES.get(error.code, (error.code, error.status))
    shape = _error_shape(service, code)
    status = shape.metadata.get("error", {}).get("httpStatusCode", status) if shape else status
    key = "Message" if shape and "Message" in shape.members else "message"
    message = _JSON_MESSAGES.get(error.code, error.message)
    body = json.dumps({"__type": code, key: message, **error.fields}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-ErrorType": code,
        "x-amzn-RequestId": request_id(),
    }
    return HttpResponse(status, headers, body)


@lru_cache(maxsize=1024)
def _error_shape(service: str, code: str) -> StructureShape | None:
    model = service_model(service)
    return ErrorLookupFactory().for_service(model).from_code(code) if model else None


def _query_error(_: str, error: AwsError) -> HttpResponse:
    request = request_id()
    code = _QUERY_CODES.get(error.code, error.code)
    fault = "Sender" if error.status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
    )
    return HttpResponse(error.status, {"Content-Type": "text/xml", "x-amzn-RequestId": request}, body.encode())


def _s3_error(_: str, error: AwsError) -> HttpResponse:
    request = request_id()
    fields = {"Code": error.code, "Message": error.message, **error.fields, "RequestId": request}
    members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{members}</Error>'
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request}
    return HttpResponse(error.status, headers, body.encode())


def _cbor_error(_: str, error: AwsError) -> HttpResponse:
    code = _JSON_CODES.get(error.code, (error.code, 0))[0]
    body = b"\xa2" + b"".join(_cbor_text(text) for text in ("__type", code, "message", error.message))
    headers = {
        "Content-Type": "application/cbor",
        "smithy-protocol": "rpc-v2-cbor",
        "x-amzn-RequestId": request_id(),
    }
    return HttpResponse(error.status, headers, body)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data  # a text whose length has two bytes


_ERROR_FORMATS: dict[str, Callable[[str, AwsError], HttpResponse]] = {
    "s3": _s3_error,
    "json": _json_error,
    "rest-json": _json_error,
    "query": _query_error,
    "ec2": _query_error,
    "rest-xml": _query_error,
    "smithy-rpc-v2-cbor": _cbor_error,
}
