"""The operations on API destinations and their connections. What a connection holds of secrets is never told."""

from __future__ import annotations

import copy
import time
import uuid
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.events.http import AUTHORIZATIONS, CONNECTION, DESTINATION
from sagelocal.events.paging import page
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

_SECRETS = ("Password", "ApiKeyValue")
_ANSWERED = ("ConnectionArn", "ConnectionState", "CreationTime", "LastModifiedTime")
_DESTINATION_ANSWERED = ("ApiDestinationArn", "ApiDestinationState", "CreationTime", "LastModifiedTime")


@operation("events", "CreateConnection")
def create_connection(backend: Backend, request: Request) -> Response:
    """Keep how calls are authorized."""
    name, now = request["Name"], time.time()
    document = {
        "describe": {
            "Name": name,
            "ConnectionArn": backend.arn("events", f"connection/{name}/{uuid.uuid4()}"),
            "ConnectionState": "AUTHORIZED",
            "CreationTime": now,
        }
    }
    _authorize(document, request, now)
    if not backend.store.create(CONNECTION, name, document):
        raise AwsError("ResourceAlreadyExistsException", f"Connection {name} already exists.")
    return {member: document["describe"][member] for member in _ANSWERED}


@operation("events", "UpdateConnection")
def update_connection(backend: Backend, request: Request) -> Response:
    """Change how calls are authorized."""
    name = request["Name"]
    document = backend.store.update(CONNECTION, name, lambda old: _authorize(old, request, time.time()))
    if document is None:
        raise _missing("Connection", name)
    return {member: document["describe"][member] for member in _ANSWERED}


@operation("events", "DescribeConnection")
def describe_connection(backend: Backend, request: Request) -> Response:
    """Tell what a connection is, without its secrets."""
    document = _document(backend, CONNECTION, request["Name"])
    shown = copy.deepcopy(document["auth"])
    for secret in _SECRETS:
        for part in shown.values():
            if isinstance(part, dict):
                part.pop(secret, None)
    for listed in (shown.get("InvocationHttpParameters") or {}).values():
        for one in listed:
            if one.get("IsValueSecret"):
                one.pop("Value", None)
    return {**document["describe"], "AuthParameters": shown}


@operation("events", "ListConnections")
def list_connections(backend: Backend, request: Request) -> Response:
    """Tell the connections."""
    return _listed(backend, CONNECTION, "Connections", request)


@operation("events", "DeleteConnection")
def delete_connection(backend: Backend, request: Request) -> Response:
    """Remove a connection."""
    document = _document(backend, CONNECTION, request["Name"])
    backend.store.delete(CONNECTION, request["Name"])
    return {member: document["describe"][member] for member in _ANSWERED} | {"ConnectionState": "DELETING"}


@operation("events", "CreateApiDestination")
def create_api_destination(backend: Backend, request: Request) -> Response:
    """Keep where calls go."""
    name, now = request["Name"], time.time()
    arn = backend.arn("events", f"api-destination/{name}/{uuid.uuid4()}")
    described = {"Name": name, "ApiDestinationArn": arn, "ApiDestinationState": "ACTIVE", "CreationTime": now}
    document = _pointed(backend, {"describe": described}, request, now)
    if not backend.store.create(DESTINATION, name, document):
        raise AwsError("ResourceAlreadyExistsException", f"An api-destination '{name}' already exists.")
    return {member: described[member] for member in _DESTINATION_ANSWERED}


@operation("events", "UpdateApiDestination")
def update_api_destination(backend: Backend, request: Request) -> Response:
    """Change where calls go."""
    name = request["Name"]
    document = backend.store.update(DESTINATION, name, lambda old: _pointed(backend, old, request, time.time()))
    if document is None:
        raise _missing("ApiDestination", name)
    return {member: document["describe"][member] for member in _DESTINATION_ANSWERED}


@operation("events", "DescribeApiDestination")
def describe_api_destination(backend: Backend, request: Request) -> Response:
    """Tell what a destination is."""
    described: Response = _document(backend, DESTINATION, request["Name"])["describe"]
    return described


@operation("events", "ListApiDestinations")
def list_api_destinations(backend: Backend, request: Request) -> Response:
    """Tell the destinations."""
    return _listed(backend, DESTINATION, "ApiDestinations", request)


@operation("events", "DeleteApiDestination")
def delete_api_destination(backend: Backend, request: Request) -> Response:
    """Remove a destination."""
    _document(backend, DESTINATION, request["Name"])
    backend.store.delete(DESTINATION, request["Name"])
    return {}


def _authorize(document: Document, request: Request, now: float) -> None:
    described = document["describe"]
    kind = request.get("AuthorizationType") or described.get("AuthorizationType", "")
    if kind not in AUTHORIZATIONS:
        raise validation_error(f"sagelocal has connections of type {' and '.join(AUTHORIZATIONS)}, not {kind}.")
    auth = request.get("AuthParameters") or document.get("auth") or {}
    part = {"API_KEY": "ApiKeyAuthParameters", "BASIC": "BasicAuthParameters"}[kind]
    if not auth.get(part):
        raise validation_error(f"Parameter(s) AuthParameters are not valid: {kind} takes {part}.")
    document["auth"] = auth
    described.update(AuthorizationType=kind, LastModifiedTime=now, LastAuthorizedTime=now)
    if request.get("Description"):
        described["Description"] = request["Description"]


def _pointed(backend: Backend, document: Document, request: Request, now: float) -> Document:
    described = document["describe"]
    if request.get("ConnectionArn"):
        name = request["ConnectionArn"].rpartition(":")[2].split("/")[1]
        _document(backend, CONNECTION, name)
        document["connection"] = name
    members = ("ConnectionArn", "InvocationEndpoint", "HttpMethod", "InvocationRateLimitPerSecond", "Description")
    described.update({member: request[member] for member in members if request.get(member)}, LastModifiedTime=now)
    return document


def _document(backend: Backend, kind: str, name: str) -> Document:
    document = backend.store.get(kind, name)
    if document is None:
        raise _missing({CONNECTION: "Connection", DESTINATION: "ApiDestination"}[kind], name)
    return document


def _missing(noun: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Failed to describe the {noun}(s). {noun} '{name}' does not exist.")


def _listed(backend: Backend, kind: str, member: str, request: Request) -> Response:
    prefix = request.get("NamePrefix") or ""
    described: list[dict[str, Any]] = [document["describe"] for document in backend.store.list(kind)]
    return page(member, [one for one in described if one["Name"].startswith(prefix)], request)
