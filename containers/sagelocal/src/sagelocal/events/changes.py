"""From a stored document that changed its state to SageMaker's event about it.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sagelocal.events import pipeline_changes
from sagelocal.events.event import iso
from sagelocal.sagemaker.resources import PIPELINE_EXECUTION
from sagelocal.sagemaker.tags import tags_of

if TYPE_CHECKING:
    from sagelocal.store import Document

SOURCE = "aws.sagemaker"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


@dataclass(frozen=True)
class Watched:
    """Say which members of a kind's Describe response are its state, and how its event spells them."""

    detail_type: str
    member: str  # <member>Arn names the resource
    state: tuple[str, ...]
    times: Callable[[float], Any] = _milliseconds
    spelled: tuple[str, ...] = ()  # members whose words are IN_SERVICE in the event, InService in the description


def _job(noun: str, *state: str) -> Watched:
    return Watched(f"SageMaker {noun} Job State Change", f"{noun.replace(' ', '')}Job", state)


WATCHED: dict[str, Watched] = {
    "training_job": _job("Training", "TrainingJobStatus", "SecondaryStatus"),
    "processing_job": _job("Processing", "ProcessingJobStatus"),
    "transform_job": _job("Transform", "TransformJobStatus"),
    "tuning_job": _job("HyperParameter Tuning", "HyperParameterTuningJobStatus"),
    "endpoint": Watched(
        "SageMaker Endpoint State Change",
        "Endpoint",
        ("EndpointStatus", "EndpointConfigName"),
        spelled=("EndpointStatus",),
    ),
    "model_package": Watched(
        "SageMaker Model Package State Change",
        "ModelPackage",
        ("ModelPackageStatus", "ModelApprovalStatus"),
        times=iso,
    ),
    "feature_group": Watched(
        "SageMaker Feature Group State Change", "FeatureGroup", ("FeatureGroupStatus", "OfflineStoreStatus")
    ),
}


# All kinds whose changes are told.
TOLD = frozenset({*WATCHED, PIPELINE_EXECUTION.kind})


def changes_of(kind: str, before: Document | None, after: Document) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield detail type, resources and detail of each event about a document that is new or changed."""
    if kind == PIPELINE_EXECUTION.kind:
        yield from pipeline_changes.changes_of(before, after)
    elif before is None or state_of(kind, before) != state_of(kind, after):
        yield WATCHED[kind].detail_type, [resource_of(kind, after)], detail_of(kind, after)


def state_of(kind: str, document: Document) -> tuple[Any, ...]:
    """Return a document's state."""
    return tuple(document["describe"].get(member) for member in WATCHED[kind].state)


def resource_of(kind: str, document: Document) -> str:
    """Return the ARN of the resource that an event is about."""
    arn: str = document["describe"][f"{WATCHED[kind].member}Arn"]
    return arn


def detail_of(kind: str, document: Document) -> dict[str, Any]:
    """Return an event's detail: the members of the Describe response, times and tags as events have them."""
    watched = WATCHED[kind]
    detail = {name: _timed(name, value, watched.times) for name, value in document["describe"].items()}
    for member in watched.spelled:
        detail[member] = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", detail[member]).upper()
    return detail | {"Tags": tags_of(document)}


def _timed(name: str, value: Any, times: Callable[[float], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _timed(key, item, times) for key, item in value.items()}
    if isinstance(value, list):
        return [_timed(name, item, times) for item in value]
    is_time = name.endswith("Time") and isinstance(value, int | float) and not isinstance(value, bool)
    return times(value) if is_time else value
