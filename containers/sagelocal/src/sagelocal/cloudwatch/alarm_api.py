"""The operations on alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sagelocal.cloudwatch.alarms import ACTIONS, HOLD, KIND
from sagelocal.cloudwatch.evaluation import COMPARISONS, INSUFFICIENT_DATA
from sagelocal.cloudwatch.metric_api import BAD_TOKEN, dimensions_of
from sagelocal.cloudwatch.statistics import is_statistic
from sagelocal.errors import AwsError
from sagelocal.events import targets
from sagelocal.operations import Request, Response, operation
from sagelocal.paging import position

if TYPE_CHECKING:
    from sagelocal.backend import Backend

_NEEDED = ("MetricName", "Namespace", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator")
_KEPT = (
    *_NEEDED,
    "AlarmName",
    "AlarmDescription",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Unit",
    "DatapointsToAlarm",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)
_ELSEWHERE = ("Metrics", "ThresholdMetricId", "EvaluationCriteria")
_PAGE = 100


def _refused(message: str) -> AwsError:
    return AwsError("ValidationError", message)


@operation("cloudwatch", "PutMetricAlarm")
def put_metric_alarm(backend: Backend, request: Request) -> Response:
    """Make an alarm, or change one; a new one has no data until it was looked at."""
    _check(request)
    name, now = request["AlarmName"], time.time()
    alarm = {member: request[member] for member in _KEPT if request.get(member) is not None}
    alarm |= {member: request.get(member) or [] for member in ACTIONS.values()}
    alarm |= {
        "AlarmArn": backend.arn("cloudwatch", f"alarm:{name}"),
        "ActionsEnabled": request.get("ActionsEnabled", True),
        "AlarmConfigurationUpdatedTimestamp": now,
    }
    state = {
        "StateValue": INSUFFICIENT_DATA,
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    with backend.store.transaction():
        if not backend.store.create(KIND, name, {"describe": alarm | state, "history": []}):
            backend.store.update(KIND, name, lambda old: {**old, "describe": _with_state(alarm, old["describe"])})
    return {}


def _with_state(alarm: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    return alarm | {member: value for member, value in old.items() if member.startswith("State")}


def _check(request: Request) -> None:
    for member in _ELSEWHERE:
        if request.get(member):
            raise _refused(f"sagelocal's alarms watch one metric by a threshold; {member} is not there.")
    missing = [member for member in _NEEDED if request.get(member) is None]
    if missing:
        raise AwsError("MissingParameter", f"The parameter {missing[0]} is required.")
    named = request.get("Statistic") or request.get("ExtendedStatistic") or ""
    if bool(request.get("Statistic")) == bool(request.get("ExtendedStatistic")) or not is_statistic(named):
        raise _refused("An alarm needs one of Statistic and ExtendedStatistic (p0 to p100).")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise _refused(f"sagelocal has no anomaly detection: {request['ComparisonOperator']} is not there.")
    period = request["Period"]
    if period not in (10, 20, 30) and (period <= 0 or period % 60):
        raise _refused("Period must be 10, 20, 30 or a multiple of 60.")
    if (request.get("DatapointsToAlarm") or 1) > request["EvaluationPeriods"]:
        raise _refused("DatapointsToAlarm must be at most EvaluationPeriods.")
    for arn in (arn for member in ACTIONS.values() for arn in request.get(member) or []):
        if not arn.startswith("arn:aws:sns:"):
            raise _refused(f"sagelocal's alarms act on SNS topics, not on {arn}.")
        targets.kind_of(arn)


@operation("cloudwatch", "DescribeAlarms")
def describe_alarms(backend: Backend, request: Request) -> Response:
    """Tell alarms and their states."""
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix") or ""
    found = [
        alarm
        for alarm in _alarms(backend)
        if (not names or alarm["AlarmName"] in names)
        and alarm["AlarmName"].startswith(prefix)
        and request.get("StateValue") in (None, alarm["StateValue"])
        and any(arn.startswith(request.get("ActionPrefix") or "") for arn in _actions(alarm) or [""])
    ]
    if "MetricAlarm" not in (request.get("AlarmTypes") or ["MetricAlarm"]):
        found = []
    start, size = position(request.get("NextToken"), BAD_TOKEN), request.get("MaxRecords") or _PAGE
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {"MetricAlarms": found[start : start + size], "CompositeAlarms": [], **more}


@operation("cloudwatch", "DescribeAlarmsForMetric")
def describe_alarms_for_metric(backend: Backend, request: Request) -> Response:
    """Tell the alarms of one metric."""
    wanted = dimensions_of(request.get("Dimensions"))
    optional = ("Statistic", "ExtendedStatistic", "Period", "Unit")
    return {
        "MetricAlarms": [
            alarm
            for alarm in _alarms(backend)
            if (alarm["Namespace"], alarm["MetricName"]) == (request["Namespace"], request["MetricName"])
            and dimensions_of(alarm.get("Dimensions")) == wanted
            and all(request.get(member) in (None, alarm.get(member)) for member in optional)
        ]
    }


@operation("cloudwatch", "DeleteAlarms")
def delete_alarms(backend: Backend, request: Request) -> Response:
    """Remove alarms; if one is not there, none is removed."""
    with backend.store.transaction():
        for name in request["AlarmNames"]:
            if not backend.store.delete(KIND, name):
                raise _missing(name)
    return {}


@operation("cloudwatch", "SetAlarmState")
def set_alarm_state(backend: Backend, request: Request) -> Response:
    """Put an alarm into a state for a moment; then what is measured counts again."""
    name, data = request["AlarmName"], request.get("StateReasonData") or ""
    try:
        json.loads(data or "{}")
    except ValueError:
        raise AwsError("InvalidFormat", "StateReasonData is no JSON.") from None
    if not backend.alarms.set_state(name, request["StateValue"], request["StateReason"], data, HOLD):
        raise _missing(name)
    return {}


@operation("cloudwatch", "EnableAlarmActions")
def enable_alarm_actions(backend: Backend, request: Request) -> Response:
    """Let alarms act again."""
    return _set_actions(backend, request, True)


@operation("cloudwatch", "DisableAlarmActions")
def disable_alarm_actions(backend: Backend, request: Request) -> Response:
    """Let alarms change their states and do nothing."""
    return _set_actions(backend, request, False)


@operation("cloudwatch", "DescribeAlarmHistory")
def describe_alarm_history(backend: Backend, request: Request) -> Response:
    """Tell how alarms changed their states, newest first."""
    wanted = request.get("AlarmName")
    items = [
        _history_item(document["describe"]["AlarmName"], entry)
        for document in backend.store.list(KIND)
        if wanted in (None, document["describe"]["AlarmName"])
        for entry in document["history"]
    ]
    if request.get("HistoryItemType") not in (None, "StateUpdate"):
        items = []
    items.sort(key=lambda item: float(item["Timestamp"]), reverse=request.get("ScanBy") != "TimestampAscending")
    return {"AlarmHistoryItems": items[: request.get("MaxRecords") or _PAGE]}


def _history_item(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    data = {
        "version": "1.0",
        "oldState": {"stateValue": entry["old"]},
        "newState": {"stateValue": entry["new"], "stateReason": entry["reason"]},
    }
    return {
        "AlarmName": name,
        "AlarmType": "MetricAlarm",
        "Timestamp": entry["at"],
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {entry['old']} to {entry['new']}",
        "HistoryData": json.dumps(data),
    }


def _alarms(backend: Backend) -> list[dict[str, Any]]:
    return sorted(
        (document["describe"] for document in backend.store.list(KIND)), key=lambda one: str(one["AlarmName"])
    )


def _actions(alarm: dict[str, Any]) -> list[str]:
    return [arn for member in ACTIONS.values() for arn in alarm[member]]


def _missing(name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"Alarm {name} does not exist.", 404)


def _set_actions(backend: Backend, request: Request, enabled: bool) -> Response:
    for name in request["AlarmNames"]:
        backend.store.update(KIND, name, lambda document: document["describe"].update(ActionsEnabled=enabled))
    return {}
