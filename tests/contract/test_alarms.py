"""CloudWatch: what is measured can be asked for, and alarms follow it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.eventing import Queue, rule, unique
from tests.waiting import until

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

pytestmark = pytest.mark.unverified

Client = Callable[..., Any]


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    return client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    return unique("harbour")


def measure(cloudwatch: Any, namespace: str, *values: float, **more: Any) -> None:
    data = [{"MetricName": "wind", "Value": value, **more} for value in values]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def alarm(cloudwatch: Any, namespace: str, **more: Any) -> str:
    """Make an alarm on more wind than 10, and return its name."""
    name = unique("a")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        **{
            "Namespace": namespace,
            "MetricName": "wind",
            "Statistic": "Maximum",
            "Period": 10,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        },
    )
    return name


def described(cloudwatch: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return found


def wait_for(cloudwatch: Any, name: str, state: str) -> dict[str, Any]:
    found: dict[str, Any] = until(
        lambda: (seen := described(cloudwatch, name))["StateValue"] == state and seen, f"{name} is in state {state}"
    )
    return found


def test_statistics_are_those_of_each_period(cloudwatch: Any, namespace: str) -> None:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    for minute, values in enumerate([(1.0, 3.0), (), (5.0,)]):
        if values:
            measure(
                cloudwatch, namespace, *values, Timestamp=start + timedelta(minutes=minute, seconds=7), Unit="Count"
            )
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="wind",
        StartTime=start,
        EndTime=start + timedelta(minutes=5),
        Period=60,
        Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
        Unit="Count",
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    assert [(point["Timestamp"] - start).total_seconds() for point in points] == [0, 120]
    assert [points[0][name] for name in ("SampleCount", "Average", "Sum", "Minimum", "Maximum")] == [2, 2, 4, 1, 3]


def test_percentiles_and_sets_of_values_and_of_statistics_are_known(cloudwatch: Any, namespace: str) -> None:
    now = datetime.now(UTC)
    values = {"Values": [float(value) for value in range(1, 101)], "Counts": [1.0] * 100}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "wind", **values}])
    told = {"SampleCount": 4.0, "Sum": 40.0, "Minimum": 1.0, "Maximum": 20.0}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "rain", "StatisticValues": told}])

    def query(name: str, stat: str) -> dict[str, Any]:
        metric = {"Namespace": namespace, "MetricName": name}
        return {"Id": f"q{stat.lower()}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}

    queries = [query("wind", "p90"), query("wind", "Sum"), query("rain", "Average"), query("rain", "p50")]
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(hours=2), EndTime=now + timedelta(hours=1)
    )
    assert [result["Values"] for result in answer["MetricDataResults"]] == [[90.0], [5050.0], [10.0], []]


def test_metrics_of_other_dimensions_are_other_metrics(cloudwatch: Any, namespace: str) -> None:
    measure(cloudwatch, namespace, 1.0, Dimensions=[{"Name": "pier", "Value": "a"}, {"Name": "side", "Value": "n"}])
    measure(cloudwatch, namespace, 2.0, Dimensions=[{"Name": "pier", "Value": "b"}])
    measure(cloudwatch, namespace, 3.0)
    found = cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "pier"}])["Metrics"]
    assert [len(metric["Dimensions"]) for metric in found] == [2, 1]
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="wind",
        Dimensions=[{"Name": "side", "Value": "n"}, {"Name": "pier", "Value": "a"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 1.0


def test_an_alarm_follows_what_is_measured_and_tells_its_topic(client: Client, cloudwatch: Any, namespace: str) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic, queue = sns.create_topic(Name=unique("t"))["TopicArn"], Queue(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    name = alarm(cloudwatch, namespace, AlarmActions=[topic], AlarmDescription="reef the sails")
    assert described(cloudwatch, name)["StateValue"] == "INSUFFICIENT_DATA"
    measure(cloudwatch, namespace, 3.0)
    wait_for(cloudwatch, name, "OK")
    measure(cloudwatch, namespace, 30.0)
    found = wait_for(cloudwatch, name, "ALARM")
    assert "was greater than the threshold (10.0)" in found["StateReason"]
    body = json.loads(queue.bodies(bool)[0])
    message = json.loads(body["Message"])
    assert body["Subject"] == f'ALARM: "{name}" in us-east-1'
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert message["Trigger"]["MetricName"] == "wind"
    history = cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]


def test_an_alarms_change_is_an_event(client: Client, cloudwatch: Any, namespace: str) -> None:
    name, queue = alarm(cloudwatch, namespace), Queue(client("sqs"))
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": [name]}}
    rule(client("events"), queue.arn, pattern)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    detail = queue.events(1)[0]["detail"]
    assert (detail["previousState"]["value"], detail["state"]["value"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert detail["state"]["reason"] == "a drill"


def test_a_state_that_somebody_sets_gives_way_to_what_is_measured(cloudwatch: Any, namespace: str) -> None:
    name = alarm(cloudwatch, namespace, TreatMissingData="notBreaching")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    assert described(cloudwatch, name)["StateValue"] == "ALARM"
    wait_for(cloudwatch, name, "OK")


def test_silence_is_what_an_alarm_says_it_is(cloudwatch: Any, namespace: str) -> None:
    alarmed = alarm(cloudwatch, namespace, TreatMissingData="breaching")
    calm = alarm(cloudwatch, namespace, TreatMissingData="notBreaching")
    unknown = alarm(cloudwatch, namespace)
    wait_for(cloudwatch, alarmed, "ALARM")
    wait_for(cloudwatch, calm, "OK")
    assert described(cloudwatch, unknown)["StateValue"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Period": 15}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"Statistic": "p99", "Period": 60}, "Value 'p99' at 'statistic'|needs one of Statistic"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "no anomaly detection"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be at most EvaluationPeriods"),
        ({"AlarmActions": ["arn:aws:lambda:us-east-1:123456789012:function:f"]}, "act on SNS topics"),
    ],
)
def test_an_alarm_that_could_not_work_is_refused(
    cloudwatch: Any, namespace: str, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        alarm(cloudwatch, namespace, **more)


def test_what_moto_would_only_pretend_is_refused(cloudwatch: Any, namespace: str) -> None:
    with pytest.raises(ClientError, match="does not have PutCompositeAlarm of cloudwatch"):
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)")
    with pytest.raises(ClientError, match="no metric math"):
        cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "e", "Expression": "1 + 1"}],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC),
        )
    with pytest.raises(ClientError, match="Alarm nobody does not exist"):
        cloudwatch.delete_alarms(AlarmNames=["nobody"])


def test_metrics_and_alarms_outlive_the_server(start_server: Callable[..., LocalServer]) -> None:
    import signal

    server = start_server()
    with server.clients() as client:
        measure(client("cloudwatch"), "harbour", 30.0)
        name = alarm(client("cloudwatch"), "harbour", Period=3600)
    server.end(signal.SIGKILL)
    server.start()
    with server.clients() as client:
        wait_for(client("cloudwatch"), name, "ALARM")
