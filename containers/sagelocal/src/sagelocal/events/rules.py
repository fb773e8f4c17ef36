"""The operations on rules and their targets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.events import targets
from sagelocal.events.bus import RULE, rule_arn
from sagelocal.events.buses import require_bus
from sagelocal.events.inputs import check_input
from sagelocal.events.paging import page
from sagelocal.events.patterns import matches, read_pattern
from sagelocal.operations import Request, Response, operation

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

_KEPT = ("Description", "RoleArn")
_MOST_TARGETS = 5  # of a rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html


@operation("events", "PutRule")
def put_rule(backend: Backend, request: Request) -> Response:
    """Make a rule, or change one; its targets stay."""
    bus, name = require_bus(backend, request.get("EventBusName")), request["Name"]
    if request.get("ScheduleExpression"):
        raise validation_error(
            "sagelocal has rules with an EventPattern; there are no rules with a ScheduleExpression."
        )
    if not request.get("EventPattern"):
        raise validation_error("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    arn = rule_arn(backend, bus, name)
    described = {
        "Name": name,
        "Arn": arn,
        "EventPattern": request["EventPattern"],
        "State": request.get("State") or "ENABLED",
        "EventBusName": bus,
        "CreatedBy": backend.account,
        **{member: request[member] for member in _KEPT if request.get(member)},
    }
    document = {"describe": described, "pattern": read_pattern(request["EventPattern"]), "targets": {}}
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    with backend.store.transaction():
        if not backend.store.create(RULE, _key(bus, name), document | {"tags": tags}):
            backend.store.update(
                RULE, _key(bus, name), lambda old: {**document, "targets": old["targets"], "tags": old["tags"] | tags}
            )
    backend.events.reload_rules()
    return {"RuleArn": arn}


@operation("events", "DescribeRule")
def describe_rule(backend: Backend, request: Request) -> Response:
    """Tell what a rule is."""
    described: Response = _rule(backend, request.get("EventBusName"), request["Name"])["describe"]
    return described


@operation("events", "ListRules")
def list_rules(backend: Backend, request: Request) -> Response:
    """Tell the rules of a bus."""
    bus, prefix = require_bus(backend, request.get("EventBusName")), request.get("NamePrefix") or ""
    described = [
        {member: value for member, value in rule["describe"].items() if member != "CreatedBy"}
        for rule in backend.store.list(RULE)
        if rule["describe"]["EventBusName"] == bus and rule["describe"]["Name"].startswith(prefix)
    ]
    return page("Rules", sorted(described, key=lambda rule: str(rule["Name"])), request)


@operation("events", "ListRuleNamesByTarget")
def list_rule_names_by_target(backend: Backend, request: Request) -> Response:
    """Tell the rules that have a target."""
    bus = require_bus(backend, request.get("EventBusName"))
    names = [
        rule["describe"]["Name"]
        for rule in backend.store.list(RULE)
        if rule["describe"]["EventBusName"] == bus
        and any(target["Arn"] == request["TargetArn"] for target in rule["targets"].values())
    ]
    return page("RuleNames", sorted(names), request)


@operation("events", "DeleteRule")
def delete_rule(backend: Backend, request: Request) -> Response:
    """Remove a rule that has no targets; one that is not there is no error."""
    bus, name = require_bus(backend, request.get("EventBusName")), request["Name"]
    with backend.store.transaction():
        found = backend.store.get(RULE, _key(bus, name))
        if found and found["targets"]:
            raise validation_error("Rule can't be deleted since it has targets.")
        backend.store.delete(RULE, _key(bus, name))
    backend.events.reload_rules()
    return {}


@operation("events", "EnableRule")
def enable_rule(backend: Backend, request: Request) -> Response:
    """Let a rule want events again."""
    return _set_state(backend, request, "ENABLED")


@operation("events", "DisableRule")
def disable_rule(backend: Backend, request: Request) -> Response:
    """Let a rule want no events."""
    return _set_state(backend, request, "DISABLED")


@operation("events", "PutTargets")
def put_targets(backend: Backend, request: Request) -> Response:
    """Add targets to a rule, or change those that it has by their ids."""
    for target in request["Targets"]:
        targets.kind_of(target["Arn"])
        check_input(target)

    def change(rule: Document) -> None:
        rule["targets"] |= {target["Id"]: target for target in request["Targets"]}
        if len(rule["targets"]) > _MOST_TARGETS:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")

    _change(backend, request.get("EventBusName"), request["Rule"], change)
    return {"FailedEntryCount": 0, "FailedEntries": []}


@operation("events", "RemoveTargets")
def remove_targets(backend: Backend, request: Request) -> Response:
    """Remove targets of a rule by their ids."""
    unknown: list[str] = []

    def change(rule: Document) -> None:
        unknown.extend(one for one in request["Ids"] if rule["targets"].pop(one, None) is None)

    _change(backend, request.get("EventBusName"), request["Rule"], change)
    failed = [
        {"TargetId": one, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Target {one} does not exist."}
        for one in unknown
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


@operation("events", "ListTargetsByRule")
def list_targets_by_rule(backend: Backend, request: Request) -> Response:
    """Tell a rule's targets."""
    rule = _rule(backend, request.get("EventBusName"), request["Rule"])
    return page("Targets", list(rule["targets"].values()), request)


@operation("events", "TestEventPattern")
def test_event_pattern(backend: Backend, request: Request) -> Response:
    """Tell whether an event is what a pattern wants."""
    pattern = read_pattern(request["EventPattern"])
    try:
        event = json.loads(request["Event"])
    except ValueError:
        event = None
    needed = ("id", "account", "source", "time", "region", "resources", "detail-type")
    if not isinstance(event, dict) or any(member not in event for member in needed):
        raise AwsError("ValidationException", f"Parameter Event is not valid: it needs {', '.join(needed)}.")
    return {"Result": matches(pattern, event)}


def _key(bus: str, name: str) -> str:
    return f"{bus}/{name}"


def _missing(name: str, bus: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")


def _rule(backend: Backend, bus_name: str | None, name: str) -> Document:
    bus = require_bus(backend, bus_name)
    found = backend.store.get(RULE, _key(bus, name))
    if found is None:
        raise _missing(name, bus)
    return found


def _change(backend: Backend, bus_name: str | None, name: str, change: Any) -> None:
    bus = require_bus(backend, bus_name)
    if backend.store.update(RULE, _key(bus, name), change) is None:
        raise _missing(name, bus)
    backend.events.reload_rules()


def _set_state(backend: Backend, request: Request, state: str) -> Response:
    def change(rule: Document) -> None:
        rule["describe"]["State"] = state

    _change(backend, request.get("EventBusName"), request["Name"], change)
    return {}
