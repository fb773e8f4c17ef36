"""The operations on event buses and on events themselves."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.events.bus import DEFAULT, RULE, bus_name
from sagelocal.events.event import new_event
from sagelocal.events.paging import page
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend

BUS = "event_bus"
LONGEST_ENTRY = 1 << 20  # bytes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
_NEEDED = ("Source", "DetailType", "Detail")


def require_bus(backend: Backend, name_or_arn: str | None) -> str:
    """Return the name of a bus that is there."""
    name = bus_name(backend, name_or_arn)
    if name != DEFAULT and backend.store.get(BUS, name) is None:
        raise AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return name


@operation("events", "CreateEventBus")
def create_event_bus(backend: Backend, request: Request) -> Response:
    """Make a bus beside the default one."""
    name, now = request["Name"], time.time()
    if "/" in name:
        raise validation_error("Event bus name must not contain '/'.")
    document = {"Name": name, "Arn": _arn(backend, name), "CreationTime": now, "LastModifiedTime": now}
    if request.get("Description"):
        document["Description"] = request["Description"]
    if name == DEFAULT or not backend.store.create(BUS, name, document):
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    return {"EventBusArn": document["Arn"], **_pick(document, "Description")}


@operation("events", "DescribeEventBus")
def describe_event_bus(backend: Backend, request: Request) -> Response:
    """Tell what a bus is."""
    name = require_bus(backend, request.get("Name"))
    return backend.store.get(BUS, name) or {"Name": DEFAULT, "Arn": _arn(backend, DEFAULT)}


@operation("events", "ListEventBuses")
def list_event_buses(backend: Backend, request: Request) -> Response:
    """Tell the buses."""
    prefix = request.get("NamePrefix") or ""
    buses = [{"Name": DEFAULT, "Arn": _arn(backend, DEFAULT)}, *backend.store.list(BUS)]
    return page("EventBuses", [bus for bus in buses if bus["Name"].startswith(prefix)], request)


@operation("events", "DeleteEventBus")
def delete_event_bus(backend: Backend, request: Request) -> Response:
    """Remove a bus with its rules; one that is not there is no error."""
    name = request["Name"]
    if name == DEFAULT:
        raise validation_error("Cannot delete event bus default.")
    with backend.store.transaction():
        for rule in backend.store.list(RULE):
            if rule["describe"]["EventBusName"] == name:
                backend.store.delete(RULE, f"{name}/{rule['describe']['Name']}")
        backend.store.delete(BUS, name)
    backend.events.reload_rules()
    return {}


@operation("events", "PutEvents")
def put_events(backend: Backend, request: Request) -> Response:
    """Take events of a client; each is answered for itself."""
    answers = [_put(backend, entry) for entry in request["Entries"]]
    return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}


def _put(backend: Backend, entry: dict[str, Any]) -> dict[str, str]:
    try:
        detail = _detail(entry)
        bus = require_bus(backend, entry.get("EventBusName"))
    except AwsError as error:
        return {"ErrorCode": error.code, "ErrorMessage": error.message}
    moment = entry.get("Time")
    seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment or time.time())
    event = new_event(backend, entry["Source"], entry["DetailType"], detail, entry.get("Resources") or [], seconds)
    backend.events.put(event, bus)
    return {"EventId": event["id"]}


def _detail(entry: dict[str, Any]) -> dict[str, Any]:
    for member in _NEEDED:
        if not entry.get(member):
            raise AwsError(
                "InvalidArgument", f"Parameter {member} is not valid. Reason: {member} is a required argument."
            )
    if entry["Source"].startswith("aws."):
        raise AwsError("NotAuthorizedForSourceException", "Not authorized for the source.")
    if len(json.dumps(entry, default=str).encode()) > LONGEST_ENTRY:
        raise AwsError("InvalidArgument", "Total size of the entries in the request is over the limit.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise AwsError("MalformedDetail", "Detail is malformed.")
    return detail


def _arn(backend: Backend, name: str) -> str:
    return backend.arn("events", f"event-bus/{name}")


def _pick(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: members[name] for name in names if name in members}
