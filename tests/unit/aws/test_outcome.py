from typing import Any

import botocore.session
import pytest

from boatyard.aws.jobs import JOBS
from boatyard.aws.outcome import OTHER, OUTCOMES, SERVES, WANTED, Outcome, outcome_of, serves

# kind -> service, the enum of its status, and the secondary statuses it is read with
SHAPES: dict[str, tuple[str, str, str | None]] = {
    "training": ("sagemaker", "TrainingJobStatus", "SecondaryStatus"),
    "processing": ("sagemaker", "ProcessingJobStatus", None),
    "transform": ("sagemaker", "TransformJobStatus", None),
    "tuning": ("sagemaker", "HyperParameterTuningJobStatus", None),
    "endpoint": ("sagemaker", "EndpointStatus", None),
    "model_package": ("sagemaker", "ModelPackageStatus", None),
    "feature_group": ("sagemaker", "FeatureGroupStatus", None),
    "query": ("athena", "QueryExecutionState", None),
}


def values(service: str, shape: str) -> set[str]:
    model = botocore.session.get_session().get_service_model(service)
    found: Any = model.shape_for(shape)
    return set(found.enum)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_status_that_botocore_knows_has_its_meaning(kind: str) -> None:
    service, status, secondary = SHAPES[kind]
    phases: set[str | None] = set(values(service, secondary)) if secondary else {None}
    if kind == "endpoint":
        phases = {WANTED, OTHER}
    expected = {(kind, value, phase) for value in values(service, status) for phase in phases}
    assert {key for key in OUTCOMES if key[0] == kind} == expected


def test_every_kind_of_the_table_is_checked_against_botocore() -> None:
    assert {kind for kind, _, _ in OUTCOMES} == set(SHAPES)
    assert set(JOBS) <= set(SHAPES)


def test_it_is_known_of_every_status_of_an_endpoint_whether_it_serves() -> None:
    assert set(SERVES) == values("sagemaker", "EndpointStatus")


def test_an_endpoint_out_of_service_has_no_champion_and_serves_no_batch() -> None:
    assert not serves("OutOfService")
    assert serves("UpdateRollbackFailed")


@pytest.mark.parametrize(
    ("kind", "status", "secondary", "outcome"),
    [
        ("training", "Stopped", "MaxRuntimeExceeded", Outcome.TIME_LIMIT),
        ("training", "Stopped", "MaxWaitTimeExceeded", Outcome.TIME_LIMIT),
        ("training", "Stopped", "Stopped", Outcome.STOPPED),
        ("training", "InProgress", "Interrupted", Outcome.RUNNING),
        ("endpoint", "InService", WANTED, Outcome.SUCCEEDED),
        ("endpoint", "InService", OTHER, Outcome.ROLLED_BACK),
        ("endpoint", "UpdateRollbackFailed", WANTED, Outcome.FAILED),
        ("endpoint", "OutOfService", WANTED, Outcome.FAILED),
        ("processing", "Stopped", None, Outcome.STOPPED),
    ],
)
def test_a_status_that_is_easily_misread(kind: str, status: str, secondary: str | None, outcome: Outcome) -> None:
    assert outcome_of(kind, status, secondary) is outcome


def test_a_status_that_nobody_knows_is_an_error_and_no_guess() -> None:
    with pytest.raises(ValueError, match=r"does not know the status 'Paused \(Resting\)' of a training"):
        outcome_of("training", "Paused", "Resting")
