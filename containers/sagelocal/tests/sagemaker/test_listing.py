from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.errors import AwsError
from sagelocal.sagemaker.listing import Listing
from sagelocal.sagemaker.resources import MODEL_PACKAGE, TRAINING_JOB

LISTING = Listing(
    TRAINING_JOB,
    "TrainingJobSummaries",
    ("TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingJobStatus"),
    status="TrainingJobStatus",
)


def _job(name: str, created: float = 0.0, status: str = "Completed", **more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
        "CreationTime": created,
        "LastModifiedTime": created + 1000,
        "TrainingJobStatus": status,
        "RoleArn": "not in a summary",
        **more,
    }


JOBS = [_job("b-train", 1.0), _job("a-train", 2.0, "Failed"), _job("c-test", 3.0), _job("job", 4.0, "Stopped")]


def _names(request: dict[str, Any], jobs: list[dict[str, Any]] = JOBS) -> list[str]:
    return [item["TrainingJobName"] for item in LISTING.page(request, jobs)["TrainingJobSummaries"]]


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({}, ["b-train", "a-train", "c-test", "job"]),
        ({"SortOrder": "Descending"}, ["job", "c-test", "a-train", "b-train"]),
        ({"SortBy": "Name"}, ["a-train", "b-train", "c-test", "job"]),
        ({"SortBy": "Status"}, ["b-train", "c-test", "a-train", "job"]),
        ({"SortBy": "Status", "SortOrder": "Descending"}, ["job", "a-train", "c-test", "b-train"]),
        ({"NameContains": "train"}, ["b-train", "a-train"]),
        ({"NameContains": "job"}, ["job"]),
        ({"StatusEquals": "Failed"}, ["a-train"]),
        ({"CreationTimeAfter": datetime.fromtimestamp(2, UTC)}, ["c-test", "job"]),
        ({"CreationTimeBefore": 2.0}, ["b-train"]),
        ({"LastModifiedTimeAfter": 1003.0}, ["job"]),
        ({"CreationTimeAfter": 1.0, "StatusEquals": "Completed"}, ["c-test"]),
    ],
)
def test_a_list_is_filtered_and_sorted_as_asked(request_: dict[str, Any], names: list[str]) -> None:
    assert _names(request_) == names


def test_a_summary_has_the_members_of_aws_and_no_others() -> None:
    [summary] = LISTING.page({}, [_job("job")])["TrainingJobSummaries"]
    assert set(summary) == set(LISTING.summary)


def test_a_page_has_ten_items_unless_asked_otherwise() -> None:
    assert len(_names({}, [_job(str(number), number) for number in range(25)])) == 10


def _all_pages(request: dict[str, Any], jobs: list[dict[str, Any]]) -> list[str]:
    names: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = LISTING.page({**request, **token}, jobs)
        names += [item["TrainingJobName"] for item in page["TrainingJobSummaries"]]
        if "NextToken" not in page:
            return names
        token = {"NextToken": page["NextToken"]}


@given(
    times=st.lists(st.integers(0, 3), max_size=12),
    size=st.integers(1, 5),
    sort_by=st.sampled_from(["Name", "CreationTime", "Status"]),
    order=st.sampled_from(["Ascending", "Descending"]),
)
def test_the_pages_together_are_the_whole_list(times: list[int], size: int, sort_by: str, order: str) -> None:
    jobs = [_job(f"job-{number}", time) for number, time in enumerate(times)]
    request = {"SortBy": sort_by, "SortOrder": order}
    assert _all_pages({**request, "MaxResults": size}, jobs) == _names({**request, "MaxResults": 100}, jobs)


def test_items_that_come_or_go_between_pages_shift_nothing() -> None:
    first = LISTING.page({"MaxResults": 2}, JOBS)
    later = [_job("earliest", 0.0), *JOBS[1:]]
    assert _names({"MaxResults": 2, "NextToken": first["NextToken"]}, later) == ["c-test", "job"]


@pytest.mark.parametrize("token", ["", "x", "bm8=", "WzEsMiwzXQ=="])
def test_an_invented_token_is_refused(token: str) -> None:
    if token:
        with pytest.raises(AwsError, match="Invalid pagination token"):
            LISTING.page({"NextToken": token}, JOBS)
    else:
        assert len(_names({"NextToken": token})) == len(JOBS)


def test_a_token_of_another_query_is_refused() -> None:
    token = LISTING.page({"MaxResults": 1, "SortBy": "Name"}, JOBS)["NextToken"]
    with pytest.raises(AwsError, match="other parameters"):
        LISTING.page({"MaxResults": 1, "NextToken": token}, JOBS)


def test_version_ten_comes_after_version_nine() -> None:
    listing = Listing(MODEL_PACKAGE, "List", ("ModelPackageVersion",))
    packages = [
        {
            "ModelPackageVersion": version,
            "ModelPackageArn": f"arn:aws:sagemaker:us-east-1:123456789012:model-package/group/{version}",
            "CreationTime": 1.0,
        }
        for version in (10, 9, 1)
    ]
    page = listing.page({"SortBy": "Name", "NameContains": "grou"}, packages)
    assert [item["ModelPackageVersion"] for item in page["List"]] == [1, 9, 10]
    assert listing.page({"NameContains": "9"}, packages) == {"List": []}  # a version is no part of the name
