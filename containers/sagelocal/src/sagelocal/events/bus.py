"""Event buses: an event goes to every target of every rule that wants it, at least once, whatever dies."""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING

from sagelocal.events import targets
from sagelocal.events.changes import SOURCE, TOLD, changes_of
from sagelocal.events.event import Event, iso, new_event
from sagelocal.events.inputs import text_of
from sagelocal.events.patterns import matches

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

RULE = "event_rule"
DELIVERY = "event_delivery"
DEFAULT = "default"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
LONGEST_AGE = 86_400  # seconds
MOST_RETRIES = 185
LONGEST_PAUSE = 300.0  # seconds between two tries
CLOSE_PATIENCE = 10.0  # seconds that a closing server waits for what is under way; the next server sends it again

_log = logging.getLogger(__name__)


class EventBus:
    """Match events with rules, and bring them to targets.

    A delivery is stored in the same transaction as the change that its event tells of, and removed after the target
    took it: a server that dies in between leaves it to the next one. Events of one target go in their order; one that
    the target did not take is tried again later, past the others.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Condition()
        self._closed = False
        self._rules: dict[str, list[Document]] = {}
        self._lanes: dict[str, deque[str]] = {}  # deliveries of each target; a lane that is there is being emptied
        self._later: list[tuple[float, int, str, str]] = []  # when, order, target, delivery
        self._order = itertools.count()
        self._threads: dict[str, threading.Thread] = {}  # by target

    def start(self) -> None:
        """Listen to the store, and go on with what a former server left undelivered."""
        self.reload_rules()
        self._backend.store.watch(TOLD, self._changed)
        threading.Thread(target=self._retry, name="events", daemon=True).start()
        for document in self._backend.store.list(DELIVERY):
            self._enqueue(document)

    def close(self) -> None:
        """Leave what is not delivered to the next server."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            threads = list(self._threads.values())
        deadline = time.monotonic() + CLOSE_PATIENCE
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def reload_rules(self) -> None:
        """Take the rules as they are stored now."""
        rules: dict[str, list[Document]] = {}
        for rule in self._backend.store.list(RULE):
            if rule["describe"]["State"] != "DISABLED":
                rules.setdefault(rule["describe"]["EventBusName"], []).append(rule)
        self._rules = rules

    def put(self, event: Event, bus: str = DEFAULT) -> None:
        """Store an event's deliveries, within the caller's transaction if there is one."""
        wanting = [rule for rule in self._rules.get(bus, []) if matches(rule["pattern"], event)]
        deliveries = [
            _delivery(
                f"{event['id']}/{bus}/{rule['describe']['Name']}/{target['Id']}", event, rule["describe"]["Arn"], target
            )
            for rule in wanting
            for target in rule["targets"].values()
        ]
        with self._backend.store.transaction():
            for delivery in deliveries:
                self._backend.store.create(DELIVERY, delivery["name"], delivery)
        for delivery in deliveries:
            self._enqueue(delivery)

    def hand(self, target: Document, sender: str) -> None:
        """Bring a text, the target's `Input`, to a target without an event and a rule: `sender` is who wants it."""
        event = {"id": str(uuid.uuid4())}
        delivery = _delivery(f"{event['id']}/{target['Id']}", event, sender, target)
        self._backend.store.create(DELIVERY, delivery["name"], delivery)
        self._enqueue(delivery)

    def _changed(self, kind: str, before: Document | None, after: Document) -> None:
        """Put the events of a document that changed its state."""
        if self._rules:
            for detail_type, resources, detail in changes_of(kind, before, after):
                self.put(new_event(self._backend, SOURCE, detail_type, detail, resources, time.time()))

    # deliveries

    def _enqueue(self, delivery: Document) -> None:
        self._into_lane(delivery["target"]["Arn"], delivery["name"])

    def _into_lane(self, target: str, name: str) -> None:
        with self._lock:
            if self._closed:
                return
            if target in self._lanes:
                self._lanes[target].append(name)
                return
            self._lanes[target] = deque([name])
            self._threads[target] = threading.Thread(target=self._empty, args=(target,), name="events", daemon=True)
            self._threads[target].start()

    def _empty(self, target: str) -> None:
        while True:
            with self._lock:
                lane = self._lanes[target]
                if not lane or self._closed:
                    del self._lanes[target], self._threads[target]
                    return
                name = lane.popleft()
            try:
                self._deliver(target, name)
            except Exception:  # noqa: BLE001 - one delivery that cannot be understood must not hold up the others
                _log.exception("delivery %s", name)
                self._put_off(target, name, LONGEST_PAUSE)

    def _deliver(self, arn: str, name: str) -> None:
        # whoever stored it has the store's lock until it is durable; what was rolled back is not there
        delivery = self._backend.store.get(DELIVERY, name)
        if delivery is None:
            return
        target = delivery["target"]
        text = text_of(target, delivery["event"], delivery["rule"], iso(delivery["since"]))
        try:
            targets.deliver(self._backend, target, text)
        except targets.DeliveryError as error:
            self._failed(arn, delivery, error)
            return
        self._backend.store.delete(DELIVERY, name)

    def _failed(self, arn: str, delivery: Document, error: targets.DeliveryError) -> None:
        policy = delivery["target"].get("RetryPolicy") or {}
        tries = delivery["tries"] + 1
        age = time.time() - delivery["since"]
        too_old = age > policy.get("MaximumEventAgeInSeconds", LONGEST_AGE)
        if error.again and not too_old and tries <= policy.get("MaximumRetryAttempts", MOST_RETRIES):
            self._backend.store.update(DELIVERY, delivery["name"], lambda document: document.update(tries=tries))
            self._put_off(arn, delivery["name"], min(2.0**tries / 2, LONGEST_PAUSE))
            return
        _log.warning("rule %s: event %s is lost to %s: %s", delivery["rule"], delivery["event"]["id"], arn, error)
        self._give_up(delivery, error)

    def _give_up(self, delivery: Document, error: targets.DeliveryError) -> None:
        queue = (delivery["target"].get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            told = {
                "RULE_ARN": delivery["rule"],
                "TARGET_ARN": delivery["target"]["Arn"],
                "ERROR_MESSAGE": str(error),
                "RETRY_ATTEMPTS": str(delivery["tries"]),
            }
            attributes = {name: {"data_type": "String", "string_value": value} for name, value in told.items()}
            targets.dead_letter(self._backend, queue, json.dumps(delivery["event"]), attributes)
        self._backend.store.delete(DELIVERY, delivery["name"])

    def _put_off(self, target: str, name: str, seconds: float) -> None:
        with self._lock:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), target, name))
            self._lock.notify_all()

    def _retry(self) -> None:
        while True:
            with self._lock:
                while not self._closed and (not self._later or self._later[0][0] > time.monotonic()):
                    self._lock.wait(self._later[0][0] - time.monotonic() if self._later else None)
                if self._closed:
                    return
                _, _, target, name = heapq.heappop(self._later)
            self._into_lane(target, name)


def _delivery(name: str, event: Event, sender: str, target: Document) -> Document:
    return {"name": name, "event": event, "rule": sender, "target": target, "since": time.time(), "tries": 0}


def rule_arn(backend: Backend, bus: str, name: str) -> str:
    """Return the ARN of a rule."""
    return backend.arn("events", f"rule/{name}" if bus == DEFAULT else f"rule/{bus}/{name}")


def bus_name(backend: Backend, name_or_arn: str | None) -> str:
    """Return the name of the bus that a request gives by name or ARN; `default` where it gives none."""
    return (name_or_arn or DEFAULT).removeprefix(backend.arn("events", "event-bus/"))
