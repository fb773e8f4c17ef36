"""Tuning jobs: their training jobs really run, and what they print decides."""

from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError

# the fixture `account` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]


pytestmark = pytest.mark.unverified


def _limits(most: int, parallel: int, **more: int) -> dict[str, Any]:
    limits = {"MaxNumberOfTrainingJobs": most, "MaxParallelTrainingJobs": parallel, **more}
    return {"ResourceLimits": limits}


def _value(summary: dict[str, Any]) -> float:
    value: float = summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    return value


def test_every_training_job_gets_values_of_its_own_and_the_best_one_is_named(account: Account) -> None:
    account.tune("tune", config=_limits(4, 2), members={"Tags": [{"Key": "owner", "Value": "me"}]}, alpha="7")
    describe = account.tuned("tune")
    assert describe["HyperParameterTuningJobStatus"] == "Completed"
    assert describe["TrainingJobStatusCounters"] == {
        "Completed": 4,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert describe["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    jobs = account.tuned_jobs("tune", SortBy="Name", SortOrder="Ascending")
    assert [job["TrainingJobName"][:9] for job in jobs] == ["tune-001-", "tune-002-", "tune-003-", "tune-004-"]
    assert len({job["TunedHyperParameters"]["x"] for job in jobs}) == 4
    assert all(_value(job) == float(job["TunedHyperParameters"]["x"]) for job in jobs)
    assert describe["BestTrainingJob"]["TrainingJobName"] == max(jobs, key=_value)["TrainingJobName"]
    child = account.training(jobs[0]["TrainingJobName"])
    assert child["TuningJobArn"] == describe["HyperParameterTuningJobArn"]
    assert child["HyperParameters"] == {
        "alpha": "7",
        "message": "score={x}",
        "x": jobs[0]["TunedHyperParameters"]["x"],
        "_tuning_objective_metric": "score",
    }
    tags = account.call("ListTags", ResourceArn=child["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "owner", "Value": "me"}]


def test_a_grid_runs_each_combination_once(account_relocated: Account) -> None:
    values = [{"Name": "x", "Values": ["1", "2", "3"]}, {"Name": "y", "Values": ["a", "b"]}]
    config = {
        "Strategy": "Grid",
        "ResourceLimits": {"MaxParallelTrainingJobs": 4},
        "ParameterRanges": {"CategoricalParameterRanges": values},
    }
    account_relocated.tune("grid", config=config)
    assert account_relocated.tuned("grid")["BestTrainingJob"]["TunedHyperParameters"]["x"] == "3"
    tuned = [job["TunedHyperParameters"] for job in account_relocated.tuned_jobs("grid")]
    assert sorted((job["x"], job["y"]) for job in tuned) == [(x, y) for x in "123" for y in "ab"]


def test_a_bayesian_search_of_the_same_seed_finds_the_same(account_relocated: Account) -> None:
    config = {"Strategy": "Bayesian", "RandomSeed": 5, **_limits(5, 1)}
    found = []
    for name in ("one", "two"):
        account_relocated.tune(name, config=config)
        account_relocated.tuned(name)
        found.append([job["TunedHyperParameters"] for job in account_relocated.tuned_jobs(name)])
    assert found[0] == found[1]


def test_a_tuning_job_whose_training_jobs_all_fail_has_failed(account_relocated: Account) -> None:
    account_relocated.tune("tune", config=_limits(9, 1), failure="no good")
    describe = account_relocated.tuned("tune")
    assert describe["HyperParameterTuningJobStatus"] == "Failed"
    assert describe["FailureReason"].startswith("No training job succeeded after 5 attempts.")
    assert describe["TrainingJobStatusCounters"]["NonRetryableError"] == 5
    assert "BestTrainingJob" not in describe
    assert {job["ObjectiveStatus"] for job in account_relocated.tuned_jobs("tune")} == {"Failed"}


def test_a_training_job_without_the_metric_has_no_objective(account_relocated: Account) -> None:
    account_relocated.tune("tune", config=_limits(1, 1), message="nothing to see")
    describe = account_relocated.tuned("tune")
    assert describe["HyperParameterTuningJobStatus"] == "Completed"
    assert describe["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 1}


def test_stopping_a_tuning_job_stops_its_training_jobs(account: Account) -> None:
    account.tune("tune", config=_limits(9, 2), seconds="600")
    account.await_line("TrainingJobs", "waiting")
    account.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    assert account.tuned("tune")["HyperParameterTuningJobStatus"] == "Stopped"
    assert {job["TrainingJobStatus"] for job in account.tuned_jobs("tune")} == {"Stopped"}
    with pytest.raises(AwsError, match="is in status Stopped"):
        account.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")


def test_a_target_that_is_reached_ends_the_tuning_job(account_relocated: Account) -> None:
    criteria = {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 0.5}}
    account_relocated.tune("tune", config={**_limits(100, 1), **criteria}, message="score=0.75")
    assert account_relocated.tuned("tune")["HyperParameterTuningJobStatus"] == "Completed"
    assert len(account_relocated.tuned_jobs("tune")) == 1


def test_the_end_of_its_time_ends_the_tuning_job_and_what_it_runs(account_relocated: Account) -> None:
    account_relocated.tune("tune", config=_limits(100, 1, MaxRuntimeInSeconds=1), seconds="600")
    assert account_relocated.tuned("tune")["HyperParameterTuningJobStatus"] == "Completed"
    assert [job["TrainingJobStatus"] for job in account_relocated.tuned_jobs("tune")] == ["Stopped"]


def test_a_search_that_gets_no_better_ends(account_relocated: Account) -> None:
    criteria = {
        "TuningJobCompletionCriteria": {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    }
    account_relocated.tune("tune", config={**_limits(100, 1), **criteria}, message="score=0.75")
    describe = account_relocated.tuned("tune")
    assert describe["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] == 3
    assert len(account_relocated.tuned_jobs("tune")) == 4


def test_a_training_job_that_does_worse_than_the_median_is_stopped_early(account_relocated: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html"""
    ranges = {"ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": ["9", "1"]}]}}
    config = {
        "Strategy": "Grid",
        "TrainingJobEarlyStoppingType": "Auto",
        "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        **ranges,
    }
    # the first one is done at once, the second would go on for ten minutes
    account_relocated.tune("tune", config=config, seconds_unless="9:600")
    assert account_relocated.tuned("tune")["BestTrainingJob"]["TunedHyperParameters"] == {"x": "9"}
    worse = account_relocated.tuned_jobs("tune")[1]
    assert worse["TrainingJobStatus"] == "Stopped"
    assert (worse["ObjectiveStatus"], _value(worse)) == ("Succeeded", 1.0)


def test_a_new_server_goes_on_with_a_tuning_job(account: Account) -> None:
    account.tune("tune", config=_limits(4, 2), seconds="0.3")
    account.await_line("TrainingJobs", "waiting")
    account.restart()
    describe = account.tuned("tune")
    assert describe["HyperParameterTuningJobStatus"] == "Completed"
    jobs = account.tuned_jobs("tune")
    assert len(jobs) == describe["TrainingJobStatusCounters"]["Completed"] == 4
    listed = account.call("ListTrainingJobs", MaxResults=100)["TrainingJobSummaries"]
    assert {job["TrainingJobName"] for job in listed} == {job["TrainingJobName"] for job in jobs}


def _planned_only(account: Account, eventually: Eventually, status: str) -> str:
    """Leave what the disk held when a server died between planning a training job and creating it; return its name."""
    account.tune("tune", config=_limits(1, 1), seconds="600")
    name: str = eventually(lambda: account.tuned_jobs("tune"), "planned")[0]["TrainingJobName"]
    account.await_line("TrainingJobs", "waiting")
    account.call("StopTrainingJob", TrainingJobName=name)
    account.tuned("tune")
    store = account.backend.store
    store.delete("training_job", name)

    def before(document: dict[str, Any]) -> None:
        document.pop("ending")
        document["describe"]["HyperParameterTuningJobStatus"] = status
        document["children"][0]["status"] = "InProgress"

    store.update("tuning_job", "tune", before)
    return name


def test_a_training_job_that_was_only_planned_is_launched_by_the_next_server(
    account_relocated: Account, eventually: Eventually
) -> None:
    name = _planned_only(account_relocated, eventually, "InProgress")
    account_relocated.restart()
    eventually(
        lambda: account_relocated.call("ListTrainingJobs", NameContains=name)["TrainingJobSummaries"], "launched"
    )
    account_relocated.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    assert account_relocated.tuned("tune")["HyperParameterTuningJobStatus"] == "Stopped"


def test_a_tuning_job_that_is_stopped_does_not_name_a_training_job_that_was_only_planned(
    account_relocated: Account, eventually: Eventually
) -> None:
    _planned_only(account_relocated, eventually, "Stopping")
    account_relocated.restart()
    describe = account_relocated.tuned("tune")
    assert describe["HyperParameterTuningJobStatus"] == "Stopped"
    assert describe["TrainingJobStatusCounters"]["Stopped"] == 0
    assert account_relocated.tuned_jobs("tune") == []
    assert account_relocated.call("ListTrainingJobs")["TrainingJobSummaries"] == []


def test_a_warm_start_knows_what_its_parent_found(account_relocated: Account) -> None:
    account_relocated.tune("parent", config=_limits(1, 1), message="score=0.99")
    account_relocated.tuned("parent")
    parents = [{"HyperParameterTuningJobName": "parent"}]
    start = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    account_relocated.tune("child", config=_limits(1, 1), members={"WarmStartConfig": start}, message="score=0.5")
    describe = account_relocated.tuned("child")
    assert _value(describe["BestTrainingJob"]) == 0.5
    assert _value(describe["OverallBestTrainingJob"]) == 0.99


def test_several_definitions_share_the_training_jobs(account_relocated: Account) -> None:
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}
    own = {"HyperParameterRanges": ranges, "TuningObjective": {"Type": "Minimize", "MetricName": "score"}}
    definitions = [{**account_relocated.definition(), "DefinitionName": name, **own} for name in ("linear", "deep")]
    account_relocated.call(
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="tune",
        HyperParameterTuningJobConfig={"Strategy": "Bayesian", **_limits(4, 2)},
        TrainingJobDefinitions=definitions,
    )
    best = account_relocated.tuned("tune")["BestTrainingJob"]
    jobs = account_relocated.tuned_jobs("tune")
    assert _value(best) == min(map(_value, jobs))
    assert sorted(job["TrainingJobDefinitionName"] for job in jobs) == ["deep", "deep", "linear", "linear"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"Strategy": "Hyperband"}, "Strategy = Hyperband"),
        ({"Strategy": "Grid"}, "categorical parameters only"),
        ({"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"}}, '"f1" is not one of'),
        ({"ParameterRanges": {}}, "needs the range of one hyperparameter"),
        (
            {"ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "2", "MaxValue": "1"}]}},
            "above its MaxValue",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    account_relocated: Account, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        account_relocated.tune("tune", config=config)


def test_a_name_is_given_once(account_relocated: Account) -> None:
    account_relocated.tune("tune", config=_limits(1, 1))
    with pytest.raises(AwsError) as caught:
        account_relocated.tune("tune", config=_limits(1, 1))
    assert caught.value.code == "ResourceInUse"
    with pytest.raises(AwsError) as missing:
        account_relocated.tuning("other")
    assert missing.value.code == "ResourceNotFound"
    account_relocated.tuned("tune")
