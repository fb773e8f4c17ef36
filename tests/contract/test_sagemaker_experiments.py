"""Experiments through unmodified boto3.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateExperiment.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListExperiments.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified


@pytest.fixture
def name(sagemaker: Any) -> str:
    """Return the name of an experiment."""
    made = f"e-{uuid.uuid4()}"
    sagemaker.create_experiment(ExperimentName=made, Description="boats")
    return made


def test_an_experiment_shows_its_name_where_it_has_no_other(sagemaker: Any, name: str) -> None:
    described = sagemaker.describe_experiment(ExperimentName=name)
    assert (described["DisplayName"], described["Description"]) == (name, "boats")
    assert described["ExperimentArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:experiment/{name}"
    assert described["CreationTime"] == described["LastModifiedTime"]


def test_the_name_of_an_experiment_is_taken(sagemaker: Any, name: str) -> None:
    with pytest.raises(ClientError, match=r"must be unique within an AWS account.*already exists") as taken:
        sagemaker.create_experiment(ExperimentName=name)
    assert taken.value.response["Error"]["Code"] == "ValidationException"


def test_an_update_changes_what_it_names(sagemaker: Any, name: str) -> None:
    sagemaker.update_experiment(ExperimentName=name, DisplayName="fast-boats")
    described = sagemaker.describe_experiment(ExperimentName=name)
    assert (described["DisplayName"], described["Description"]) == ("fast-boats", "boats")
    assert described["LastModifiedTime"] > described["CreationTime"]
    sagemaker.update_experiment(ExperimentName=name, Description="")
    assert sagemaker.describe_experiment(ExperimentName=name)["Description"] == ""


def test_experiments_are_listed_from_the_newest(sagemaker: Any, name: str) -> None:
    after = sagemaker.describe_experiment(ExperimentName=name)["CreationTime"]
    later = f"e-{uuid.uuid4()}"
    sagemaker.create_experiment(ExperimentName=later)
    newest = sagemaker.list_experiments(MaxResults=2)["ExperimentSummaries"]
    assert [found["ExperimentName"] for found in newest] == [later, name]
    listed = sagemaker.list_experiments(CreatedAfter=after)["ExperimentSummaries"]
    assert later in [found["ExperimentName"] for found in listed]
    before = sagemaker.list_experiments(CreatedBefore=after, MaxResults=100)["ExperimentSummaries"]
    assert later not in [found["ExperimentName"] for found in before]


def test_a_deleted_experiment_is_not_there(sagemaker: Any, name: str) -> None:
    sagemaker.delete_experiment(ExperimentName=name)
    for call in (sagemaker.describe_experiment, sagemaker.update_experiment, sagemaker.delete_experiment):
        with pytest.raises(ClientError, match="does not exist") as missing:
            call(ExperimentName=name)
        assert missing.value.response["Error"]["Code"] == "ResourceNotFound"


def test_trials_are_refused_by_their_operations_name(sagemaker: Any, name: str) -> None:
    with pytest.raises(ClientError, match="sagelocal does not have CreateTrial of sagemaker"):
        sagemaker.create_trial(TrialName="t", ExperimentName=name)
