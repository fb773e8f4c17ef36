"""The operations on metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sagelocal.cloudwatch.metrics import NO_UNIT, Datum, Metric
from sagelocal.cloudwatch.statistics import Sample, is_statistic, merged, statistic
from sagelocal.errors import AwsError
from sagelocal.operations import Request, Response, operation
from sagelocal.paging import position

if TYPE_CHECKING:
    from sagelocal.backend import Backend

BAD_TOKEN = AwsError("InvalidNextToken", "The NextToken was not given out here.")
_PAGE = 500
_MOST_POINTS = 1440  # of GetMetricStatistics


def invalid(message: str) -> AwsError:
    """Return CloudWatch's answer to a parameter that it cannot take."""
    return AwsError("InvalidParameterValue", message)


def dimensions_of(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Return dimensions by their names."""
    return {one["Name"]: one.get("Value", "") for one in listed or []}


@operation("cloudwatch", "PutMetricData")
def put_metric_data(backend: Backend, request: Request) -> Response:
    """Keep what a client measured."""
    if request["Namespace"].startswith("AWS/"):
        raise invalid("The value AWS/ for parameter Namespace is invalid: it is AWS's own.")
    data = [_datum(request["Namespace"], one, number + 1) for number, one in enumerate(request.get("MetricData") or [])]
    if not data:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    backend.metrics.write(data)
    return {}


def _datum(namespace: str, one: dict[str, Any], number: int) -> Datum:
    metric = Metric.of(namespace, one["MetricName"], dimensions_of(one.get("Dimensions")))
    second = int(epoch(one.get("Timestamp") or time.time()))
    return Datum(metric, second, _sample(one, f"MetricData.member.{number}"), one.get("Unit") or NO_UNIT)


def _sample(one: dict[str, Any], place: str) -> Sample:
    given = [name for name in ("Value", "StatisticValues", "Values") if one.get(name) is not None]
    if len(given) != 1:
        raise AwsError("InvalidParameterCombination", f"{place} must have one of Value, StatisticValues and Values.")
    if given == ["StatisticValues"]:
        told = one["StatisticValues"]
        sample = Sample(told["SampleCount"], told["Sum"], told["Minimum"], told["Maximum"])
        if sample.count <= 0:
            raise invalid(f"{place}.StatisticValues.SampleCount must be greater than 0.")
        return sample
    values = [one["Value"]] if given == ["Value"] else one["Values"]
    counts = one.get("Counts") or [1.0] * len(values)
    if len(counts) != len(values) or not values:
        raise AwsError("InvalidParameterCombination", f"{place}: Values and Counts must be of one length.")
    if any(not math.isfinite(value) for value in values):
        raise invalid(f"{place}: a value must be a number.")
    return Sample.of(zip(map(float, values), map(float, counts), strict=True))


@operation("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(backend: Backend, request: Request) -> Response:
    """Tell statistics of a metric, period by period."""
    names = [*(request.get("Statistics") or []), *(request.get("ExtendedStatistics") or [])]
    if not names:
        raise AwsError("MissingParameter", "The parameter Statistics or ExtendedStatistics is required.")
    metric = Metric.of(request["Namespace"], request["MetricName"], dimensions_of(request.get("Dimensions")))
    start, end, period = epoch(request["StartTime"]), epoch(request["EndTime"]), request["Period"]
    if (end - start) / period > _MOST_POINTS:
        message = f"You have requested up to {math.ceil((end - start) / period):,} datapoints, which exceeds the limit"
        raise AwsError("InvalidParameterCombination", f"{message} of 1,440.")
    points = []
    for second, sample in by_period(backend, metric, start, end, period, request.get("Unit")):
        point: dict[str, Any] = {"Timestamp": second, "Unit": request.get("Unit") or NO_UNIT}
        for name in names:
            value = statistic(_known(name), sample)
            if value is not None and name in (request.get("Statistics") or []):
                point[name] = value
            elif value is not None:
                point.setdefault("ExtendedStatistics", {})[name] = value
        points.append(point)
    return {"Label": metric.name, "Datapoints": points}


@operation("cloudwatch", "GetMetricData")
def get_metric_data(backend: Backend, request: Request) -> Response:
    """Tell several metrics at once."""
    start, end = epoch(request["StartTime"]), epoch(request["EndTime"])
    oldest_first = request.get("ScanBy") == "TimestampAscending"
    results = []
    for query in request["MetricDataQueries"]:
        stat = metric_stat_of(query)
        metric = metric_of(stat)
        found = by_period(backend, metric, start, end, stat["Period"], stat.get("Unit"))
        known = ((second, statistic(_known(stat["Stat"]), sample)) for second, sample in found)
        points = [(second, value) for second, value in known if value is not None]
        points.sort(reverse=not oldest_first)
        if query.get("ReturnData", True):
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or metric.name,
                    "Timestamps": [second for second, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
    return {"MetricDataResults": results, "Messages": []}


@operation("cloudwatch", "ListMetrics")
def list_metrics(backend: Backend, request: Request) -> Response:
    """Tell which metrics there are."""
    backend.metrics.flush()
    filters = [(one["Name"], one.get("Value")) for one in request.get("Dimensions") or []]
    found = [
        metric
        for metric in backend.metrics.metrics()
        if request.get("Namespace") in (None, metric.namespace)
        and request.get("MetricName") in (None, metric.name)
        and all(
            any(key == name and wanted in (None, value) for key, value in metric.dimensions) for name, wanted in filters
        )
    ]
    start = position(request.get("NextToken"), BAD_TOKEN)
    shown = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions],
        }
        for metric in found[start : start + _PAGE]
    ]
    return {"Metrics": shown, **({"NextToken": str(start + _PAGE)} if start + _PAGE < len(found) else {})}


def metric_of(stat: dict[str, Any]) -> Metric:
    """Return the metric of a MetricStat."""
    metric = stat["Metric"]
    return Metric.of(metric["Namespace"], metric["MetricName"], dimensions_of(metric.get("Dimensions")))


def metric_stat_of(query: dict[str, Any]) -> dict[str, Any]:
    """Return the MetricStat of a query; there is no metric math."""
    if query.get("Expression") or not query.get("MetricStat"):
        raise AwsError("ValidationError", "sagelocal has no metric math: each query needs a MetricStat.")
    stat: dict[str, Any] = query["MetricStat"]
    return stat


def by_period(
    backend: Backend, metric: Metric, start: float, end: float, period: int, unit: str | None
) -> Iterator[tuple[int, Sample]]:
    """Yield the sample of each period that has data, by the period's start, which is a multiple of its length."""
    backend.metrics.flush()
    periods: dict[int, list[Sample]] = {}
    for second, sample in backend.metrics.samples(metric, start // period * period, end, unit):
        periods.setdefault(second // period * period, []).append(sample)
    for second, samples in periods.items():
        whole = merged(samples)
        if whole is not None:
            yield second, whole


def epoch(moment: datetime | float) -> float:
    """Return a request's time in epoch seconds."""
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _known(name: str) -> str:
    if not is_statistic(name):
        raise AwsError("ValidationError", f"sagelocal computes no statistic {name}; percentiles are p0 to p100.")
    return name
