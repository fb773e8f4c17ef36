"""How an error looks in each of AWS's protocols."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.sax.saxutils import escape

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse
from sagelocal.wire import error_shape, request_id, service_model

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
    shape = error_shape(service, code)
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
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request, **error.headers}
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
