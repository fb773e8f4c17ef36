"""Alarms: each is looked at every second, and what it is to do when its state changes is done at least once."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sagelocal.cloudwatch.evaluation import evaluate
from sagelocal.cloudwatch.metric_api import dimensions_of
from sagelocal.cloudwatch.metrics import Metric
from sagelocal.cloudwatch.statistics import merged, statistic
from sagelocal.events.event import new_event

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

KIND = "alarm"
EVERY = 1.0  # seconds; AWS looks once a minute, every ten seconds at alarms of shorter periods
HOLD = 3.0  # seconds that a state stays which somebody set
LONGEST_HISTORY = 100
ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}

_log = logging.getLogger(__name__)


class Alarms:
    """Evaluate the alarms of one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Look at the alarms from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join()
        self._backend.metrics.close()

    def state(self, name: str) -> str | None:
        """Return an alarm's state, None if there is no such alarm."""
        document = self._backend.store.get(KIND, name)
        return None if document is None else str(document["describe"]["StateValue"])

    def set_state(self, name: str, value: str, reason: str, data: str = "", hold: float = 0.0) -> bool:
        """Put an alarm into a state, and do what it is to do then; return False if there is no such alarm.

        `hold` seconds long it then stays so.
        """
        now = time.time()
        with self._backend.store.transaction():
            before = self._backend.store.get(KIND, name)
            if before is None:
                return False
            document = self._backend.store.update(KIND, name, lambda found: _enter(found, value, reason, data, now))
            if document is None:
                return False
            self._backend.store.update(KIND, name, lambda found: found.update(held_until=now + hold))
            if before["describe"]["StateValue"] != value:
                self._act(before["describe"], document["describe"], now)
        return True

    def _run(self) -> None:
        while not self._closed.wait(EVERY):
            self._backend.metrics.flush()
            for document in self._backend.store.list(KIND):
                try:
                    self._look(document)
                except Exception:  # noqa: BLE001 - one alarm that cannot be understood must not hold up the others
                    _log.exception("alarm %s", document["describe"]["AlarmName"])

    def _look(self, document: Document) -> None:
        alarm, now = document["describe"], time.time()
        if document.get("held_until", 0.0) > now:
            return
        found = evaluate(alarm, self._points(alarm, now))
        if found is not None and found[0] != alarm["StateValue"]:
            self.set_state(alarm["AlarmName"], *found)

    def _points(self, alarm: dict[str, Any], now: float) -> list[float | None]:
        """Return the statistic of each of the last periods, newest first; the newest ends now."""
        period, number = alarm["Period"], alarm["EvaluationPeriods"]
        end = int(now) + 1
        metric = Metric.of(alarm["Namespace"], alarm["MetricName"], dimensions_of(alarm.get("Dimensions")))
        samples = self._backend.metrics.samples(metric, end - period * number, end, alarm.get("Unit"))
        name = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        points: list[float | None] = []
        for index in range(number):
            low, high = end - period * (index + 1), end - period * index
            whole = merged(sample for second, sample in samples if low <= second < high)
            points.append(None if whole is None else statistic(name, whole))
        return points

    def _act(self, before: dict[str, Any], after: dict[str, Any], now: float) -> None:
        events = self._backend.events
        events.put(self._event(before, after, now))
        if after["ActionsEnabled"]:
            message = json.dumps(self._message(before, after))
            subject = f'{after["StateValue"]}: "{after["AlarmName"]}" in {self._backend.region}'
            for arn in after[ACTIONS[after["StateValue"]]]:
                events.hand({"Id": "action", "Arn": arn, "Input": message, "Subject": subject}, after["AlarmArn"])

    def _event(self, before: dict[str, Any], after: dict[str, Any], now: float) -> dict[str, Any]:
        detail = {
            "alarmName": after["AlarmName"],
            "state": _state(after),
            "previousState": _state(before),
            "configuration": {"description": after.get("AlarmDescription", ""), "metrics": [_metric(after)]},
        }
        kind = "CloudWatch Alarm State Change"
        return new_event(self._backend, "aws.cloudwatch", kind, detail, [after["AlarmArn"]], now)

    def _message(self, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        trigger = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Unit", "Period", "EvaluationPeriods")
        return {
            "AlarmName": after["AlarmName"],
            "AlarmDescription": after.get("AlarmDescription"),
            "AWSAccountId": self._backend.account,
            "NewStateValue": after["StateValue"],
            "NewStateReason": after["StateReason"],
            "StateChangeTime": _iso(after["StateUpdatedTimestamp"]),
            "Region": self._backend.region,
            "AlarmArn": after["AlarmArn"],
            "OldStateValue": before["StateValue"],
            "OKActions": after["OKActions"],
            "AlarmActions": after["AlarmActions"],
            "InsufficientDataActions": after["InsufficientDataActions"],
            "Trigger": {name: after.get(name) for name in trigger}
            | {
                "Dimensions": [{"name": one["Name"], "value": one["Value"]} for one in after.get("Dimensions") or []],
                "ComparisonOperator": after["ComparisonOperator"],
                "Threshold": after["Threshold"],
                "TreatMissingData": after.get("TreatMissingData", "missing"),
            },
        }


def _enter(document: Document, value: str, reason: str, data: str, now: float) -> None:
    alarm = document["describe"]
    old = alarm["StateValue"]
    if old != value:
        alarm["StateTransitionedTimestamp"] = now
        history = {"old": old, "new": value, "reason": reason, "at": now}
        document["history"] = [*document["history"], history][-LONGEST_HISTORY:]
    alarm.update(StateValue=value, StateReason=reason, StateReasonData=data, StateUpdatedTimestamp=now)


def _state(alarm: dict[str, Any]) -> dict[str, str]:
    return {
        "value": alarm["StateValue"],
        "reason": alarm["StateReason"],
        "reasonData": alarm.get("StateReasonData", ""),
        "timestamp": _iso(alarm["StateUpdatedTimestamp"]),
    }


def _metric(alarm: dict[str, Any]) -> dict[str, Any]:
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": dimensions_of(alarm.get("Dimensions")),
    }
    stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    return {"metricStat": {"metric": metric, "period": alarm["Period"], "stat": stat}, "returnData": True}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
