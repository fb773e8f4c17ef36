"""What a tuning job knows from the beginning: the training jobs of its parents.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.tuning.search import Trial

if TYPE_CHECKING:
    from sagelocal.store import Document, Store

IDENTICAL = "IdenticalDataAndAlgorithm"


def parent_names(request: dict[str, Any]) -> list[str]:
    """Return the names of a tuning job's parents."""
    config = request.get("WarmStartConfig") or {}
    return [parent["HyperParameterTuningJobName"] for parent in config.get("ParentHyperParameterTuningJobs") or []]


def parents_children(store: Store, request: dict[str, Any]) -> list[Document]:
    """Return the rows of the parents' training jobs that have an objective."""
    found = []
    for name in parent_names(request):
        document = store.get("tuning_job", name)
        found += [child for child in (document or {}).get("children", ()) if child.get("objective") is not None]
    return found


def parents_trials(store: Store, request: dict[str, Any]) -> list[Trial]:
    """Return the parents' training jobs for the search, which leaves out those outside of its own ranges."""
    return [Trial(child["parameters"], child["objective"]) for child in parents_children(store, request)]
