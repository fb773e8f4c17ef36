"""Where events go: topics, queues, log groups, API destinations and other buses; one function for each."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.events import http

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Target = dict[str, Any]


class DeliveryError(Exception):
    """A target did not take an event; `again` says that it may later."""

    def __init__(self, message: str, *, again: bool = True) -> None:
        super().__init__(message)
        self.again = again


def kind_of(arn: str) -> str:
    """Return the key of DELIVER for an ARN; ValidationException where nothing is delivered to."""
    parts = arn.split(":", 5)
    service = parts[2] if len(parts) == 6 else ""
    resource = parts[-1].partition(":" if service == "logs" else "/")[0]
    kind = f"{service}:{resource}" if service in ("events", "logs") else service
    if kind not in DELIVER:
        raise validation_error(
            f"sagelocal delivers events to SNS topics, SQS queues, CloudWatch log groups, API destinations and event "
            f"buses, not to {arn}."
        )
    return kind


def deliver(backend: Backend, target: Target, text: str) -> None:
    """Hand a text to a target; DeliveryError says that it was not taken."""
    DELIVER[kind_of(target["Arn"])](backend, target, text)


def _moto(backend: Backend, service: str) -> Any:
    return backend.moto.of(service)[backend.region]


def _name(target: Target) -> str:
    return str(target["Arn"]).rpartition(":")[2]


def _sns(backend: Backend, target: Target, text: str) -> None:
    sns = _moto(backend, "sns")
    if target["Arn"] not in sns.topics:
        raise DeliveryError(f"there is no topic {target['Arn']}")
    sns.publish(message=text, arn=target["Arn"], subject=target.get("Subject"))
    backend.moto.changed("sqs")  # where its subscribers are


def _sqs(backend: Backend, target: Target, text: str) -> None:
    sqs = _moto(backend, "sqs")
    if _name(target) not in sqs.queues:
        raise DeliveryError(f"there is no queue {target['Arn']}")
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    sqs.send_message(_name(target), text, group_id=group, deduplication_id=str(uuid.uuid4()) if group else None)
    backend.moto.changed("sqs")


def dead_letter(backend: Backend, queue: str, text: str, attributes: dict[str, Any]) -> None:
    """Leave what could not be delivered in a queue; a queue that is not there loses it, as on AWS."""
    sqs = _moto(backend, "sqs")
    name = queue.rpartition(":")[2]
    if name in sqs.queues:
        sqs.send_message(name, text, message_attributes=attributes)
        backend.moto.changed("sqs")


def _log_group(backend: Backend, target: Target, text: str) -> None:
    logs = _moto(backend, "logs")
    group = str(target["Arn"]).split(":log-group:", 1)[1].removesuffix(":*")
    if group not in logs.groups:
        raise DeliveryError(f"there is no log group {group}")
    stream = str(uuid.uuid4())
    logs.create_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": text}])
    backend.moto.changed("logs")


def _api_destination(backend: Backend, target: Target, text: str) -> None:
    name = _name(target).split("/")[1]
    destination = backend.store.get(http.DESTINATION, name)
    connection = destination and backend.store.get(http.CONNECTION, destination["connection"])
    if not destination or not connection:
        raise DeliveryError(f"there is no API destination {name}, or no connection of it")
    request = http.request_of(destination, connection, target.get("HttpParameters") or {}, text)
    refusal = http.send(request)
    if refusal is not None:
        raise DeliveryError(refusal.words, again=refusal.again)


def _event_bus(backend: Backend, target: Target, text: str) -> None:
    backend.events.put(json.loads(text), _name(target).partition("/")[2])


DELIVER: dict[str, Callable[[Any, Target, str], None]] = {
    "sns": _sns,
    "sqs": _sqs,
    "logs:log-group": _log_group,
    "events:api-destination": _api_destination,
    "events:event-bus": _event_bus,
}
