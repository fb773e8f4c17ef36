"""Prices, estimates and costs: arithmetic on what SageMaker asks and tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from boatyard.aws.cost.actual import endpoint_hourly, job_cost, total
from boatyard.aws.cost.estimate import Estimate, UnlimitedError, dollars, estimate
from boatyard.aws.cost.prices import Prices, PriceTableError, UnpricedError, prices
from boatyard.aws.cost.summary import Summary, total_words, with_launch, with_step
from boatyard.aws.jobs import Job
from boatyard.aws.naming import Owner
from boatyard.aws.outcome import Outcome
from boatyard.aws.records.record import Subject

TABLE = Prices("2026-01-01", "a test", 0.7, {"us-east-1": {"ml.m5.large": 0.5, "ml.g5.xlarge": 2.0}})
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def training(**members: Any) -> dict[str, Any]:
    return {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
    } | members


def job(kind: str = "training", outcome: Outcome = Outcome.SUCCEEDED, **description: Any) -> Job:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/one"
    return Job(kind, "one", arn, outcome, "", "", description)


def bound(kind: str, request: dict[str, Any], limit: float | None = None) -> Estimate:
    return estimate(TABLE, kind, request, "us-east-1", limit)


def test_our_own_table_can_be_read_and_says_of_when_and_whence_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOATYARD_PRICES", raising=False)
    own = prices()
    datetime.fromisoformat(own.date)
    assert "aws.amazon.com/sagemaker/pricing" in own.source
    assert own.hourly("us-east-1", "ml.m5.large") == 0.115
    assert 0 < own.spot_discount < 0.9
    assert all(usd > 0 for table in own.regions.values() for usd in table.values())


def test_a_larger_machine_of_a_family_costs_more() -> None:
    sizes = ["large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "18xlarge", "24xlarge"]
    for table in prices().regions.values():
        for family in ("m5", "c5"):
            listed = [table[name] for size in sizes if (name := f"ml.{family}.{size}") in table]
            assert listed == sorted(listed)


def test_a_table_of_ones_own_takes_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    monkeypatch.setenv("BOATYARD_PRICES", str(file))
    with pytest.raises(PriceTableError, match="No such file"):
        prices()
    file.write_text("{}")
    with pytest.raises(PriceTableError, match="no table of prices of version 1"):
        prices()
    table = {"version": 1, "date": "2026-02-01", "currency": "USD", "source": "us", "spot_discount": 0}
    file.write_text(json.dumps(table | {"regions": {"eu-west-1": {"ml.m5.large": 9}}}))
    assert prices().hourly("eu-west-1", "ml.m5.large") == 9.0


def test_what_the_table_lacks_is_told_with_the_nearest_that_it_has() -> None:
    with pytest.raises(UnpricedError, match=r"no ml\.m5\.lrge in us-east-1 \(it has ml\.m5\.large\)"):
        TABLE.hourly("us-east-1", "ml.m5.lrge")
    with pytest.raises(
        UnpricedError, match=r"those of us-east-1, not of eu-west-1: `boatyard prices --region eu-west-1"
    ):
        TABLE.hourly("eu-west-1", "ml.m5.large")


def test_a_jobs_bound_is_its_instances_for_as_long_as_they_may_run() -> None:
    found = bound("training", training())
    assert found.usd == 2 * 0.5 * 2
    assert str(found) == "at most $2.00 (2 x ml.m5.large at $1.00 an hour for at most 2 h)"


def test_who_waits_less_long_than_the_job_may_run_bounds_it() -> None:
    assert bound("training", training(), limit=3600).usd == 1.0


def test_without_a_limit_of_its_own_a_job_has_amazons_day() -> None:
    cluster = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
    assert bound("processing", {"ProcessingResources": cluster}).usd == 24 * 0.5


def test_spot_promises_nothing_but_is_told() -> None:
    found = bound("training", training(EnableManagedSpotTraining=True))
    assert found.usd == 2.0
    assert "perhaps 70% less" in str(found)


def test_groups_of_instances_are_added_up() -> None:
    groups = [{"InstanceType": "ml.m5.large", "InstanceCount": 2}, {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}]
    assert bound("training", training(ResourceConfig={"InstanceGroups": groups})).hourly == 3.0


def test_a_transform_job_is_bounded_only_by_who_waits_for_it() -> None:
    request = {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
    assert bound("transform", request, limit=3600).usd == 0.5
    with pytest.raises(UnlimitedError, match="max_ingestion_time"):
        bound("transform", request)


@pytest.mark.parametrize(
    ("limits", "hours"),
    [
        ({"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 2}, 20),
        ({"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 3600}, 2),
    ],
)
def test_a_tuning_job_is_bounded_by_its_training_jobs_or_its_own_limit(limits: dict[str, int], hours: int) -> None:
    request = {
        "HyperParameterTuningJobConfig": {"ResourceLimits": limits},
        "TrainingJobDefinition": training(),
    }
    assert bound("tuning", request).usd == hours * 1.0


def test_a_tuning_job_without_limits_is_told() -> None:
    request = {
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 1}},
        "TrainingJobDefinitions": [training()],
    }
    with pytest.raises(UnlimitedError, match="no limit"):
        bound("tuning", request)


def test_a_request_without_instances_cannot_be_told() -> None:
    with pytest.raises(UnlimitedError, match="names no instances"):
        bound("training", training(ResourceConfig={}))


@pytest.mark.unverified
def test_a_training_job_costs_its_billable_seconds_and_spot_saves_the_others() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html: BillableTimeInSeconds."""
    cost = job_cost(TABLE, job(**training(), BillableTimeInSeconds=900, TrainingTimeInSeconds=3600))
    assert (cost.usd, cost.spot_saved) == (0.25, 0.75)


def test_other_jobs_cost_their_time_from_start_to_end() -> None:
    description: dict[str, Any] = {
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
        "ProcessingStartTime": BEGAN,
        "ProcessingEndTime": BEGAN + timedelta(hours=2),
    }
    assert job_cost(TABLE, job("processing", **description)).usd == 1.0


def test_a_job_that_never_started_costs_nothing_and_one_that_runs_cannot_be_told() -> None:
    assert job_cost(TABLE, job(outcome=Outcome.FAILED, **training())).usd == 0
    assert not job_cost(TABLE, job(outcome=Outcome.FAILED, **training())).problem
    assert "has not ended" in job_cost(TABLE, job(outcome=Outcome.RUNNING, **training())).problem


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    known = job(**training(), BillableTimeInSeconds=3600)
    unknown = job(ResourceConfig={"InstanceType": "ml.x1.large", "InstanceCount": 1}, BillableTimeInSeconds=1)
    cost = total(TABLE, [known, unknown])
    assert cost.usd == 1.0
    assert "ml.x1.large" in cost.problem


def test_an_endpoint_costs_by_the_hour_unless_it_is_serverless() -> None:
    variants = [
        {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2},
        {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1},
    ]
    assert endpoint_hourly(TABLE, "us-east-1", {"ProductionVariants": variants}) == 3.0
    serverless = {"ProductionVariants": [{"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}]}
    assert endpoint_hourly(TABLE, "us-east-1", serverless) is None


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0.00"),
        (0.00003, "$0.00003"),
        (0.115, "$0.115"),
        (0.23, "$0.23"),
        (0.001, "$0.001"),
        (1.5, "$1.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_dollars_are_told_as_finely_as_they_say_something(usd: float, text: str) -> None:
    assert dollars(usd) == text


def record(step: str, cost: dict[str, Any] | None, state: str = "succeeded", run: str | None = None) -> dict[str, Any]:
    return {
        "state": state,
        "started_at": "2026-01-01T00:00:00+00:00",
        "ended_at": "2026-01-01T00:01:00+00:00",
        "seconds": 60.0,
        "cost": cost,
        "cached_from": {"run": run} if run else None,
        "job": None,
        "owner": {"dag": "digits", "run": "r", "task": step, "map_index": -1},
    }


def summed(*records: dict[str, Any]) -> Summary:
    summary: Summary | None = None
    for one in records:
        summary = with_step(summary, one)
    assert summary is not None
    return summary


def test_a_runs_summary_adds_its_steps_up() -> None:
    found = summed(
        record("validate", None),
        record("process", {"usd": 0.0, "cache_saved_usd": 0.5}, run="yesterday"),
        record("train", {"usd": 2.0, "spot_saved_usd": 6.0}),
        record("deploy", {"usd": 0.0, "usd_per_hour": 0.115}),
    )
    assert (found["usd"], found["unpriced"]) == (2.0, [])
    assert total_words(found) == [
        "cost at list prices: $2.00",
        "taken from earlier runs: process; that saved $0.50",
        "saved by spot instances: $6.00",
        "what is in service costs $0.115 an hour",
    ]


def test_what_a_step_may_spend_gives_way_to_what_it_did_cost() -> None:
    owner = Owner("test", "digits", "r", "train", -1)
    launched = with_launch(None, Subject("s3://b/digits/records", owner, datetime.now(UTC)), 3.0)
    assert (launched["usd"], launched["launches"], total_words(launched)[1:]) == (0.0, {"train": 3.0}, [])
    found = with_step(launched, record("train", {"usd": 2.0}))
    assert (found["usd"], found["launches"]) == (2.0, {})


def test_a_later_try_takes_the_place_of_the_one_before() -> None:
    found = summed(record("train", {"usd": 2.0}, "failed"), record("train", {"usd": 3.0}))
    assert found["usd"] == 3.0
    assert found["steps"]["train"]["state"] == "succeeded"


def test_what_nobody_knows_is_named() -> None:
    found = summed(record("train", {"usd": None, "problem": "no price"}))
    assert total_words(found)[-1] == "not in it, for nobody knows their prices: train"
