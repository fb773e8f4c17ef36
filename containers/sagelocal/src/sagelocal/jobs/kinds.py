"""What the kinds of jobs differ in. The runner takes each through the same life."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs import optml, processing, training
from sagelocal.jobs.engines.engine import TRAIN, Invocation
from sagelocal.jobs.optml import Cluster, Host, cluster_of
from sagelocal.jobs.transform import kind as transform
from sagelocal.jobs.transform import settings as transform_settings

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]
Containers = Sequence["Container"]  # one for each instance, the first one first


@dataclass(frozen=True)
class Kind:
    """One kind of job; `request` and `describe` are those of its document."""

    log_group: str
    cluster: Callable[[Json], Cluster]  # describe -> its instances
    image_uri: Callable[[Document], str]
    paths: Callable[[Json], list[str]]  # the folders it needs, as the job names them
    files: Callable[[Json, Json, Host], dict[str, Json]]  # (request, describe, ..) -> JSON files below /opt/ml
    download: Callable[[Container, Document], None]
    invocation: Callable[[Container, Document], Invocation]
    environment: Callable[[Document], dict[str, str]]  # variables that the user sets
    platform: Callable[[Json], dict[str, str]]  # describe -> variables that SageMaker sets
    continuous: Callable[[Json], list[tuple[str, str]]]  # folders that are kept in S3 while it runs, and their URIs
    complaint: Callable[[Containers], str]  # FailureReason of a job whose processes ended as they should, or ""
    upload: Callable[[Containers, Json, bool], Json]  # (.., describe, whether it failed) -> members of Describe
    told: Callable[[Containers, Json, list[Path]], Json]  # what logs and files tell: members of Describe
    failure: Callable[[Container, Outcome], str]  # FailureReason
    stream: Callable[[str, str], str] = lambda _, host: host  # (job, host) -> what its log streams are called after


def _instance_id(job: str, host: str) -> str:
    """Return the id of an instance: streams of transform jobs are called after it."""
    return f"i-{hashlib.sha256(f'{job}/{host}'.encode()).hexdigest()[:17]}"


def _requested_environment(document: Document) -> dict[str, str]:
    return document["request"].get("Environment") or {}


KINDS = {
    "training_job": Kind(
        log_group="/aws/sagemaker/TrainingJobs",
        cluster=lambda describe: cluster_of(describe["ResourceConfig"]),
        image_uri=lambda document: document["request"]["AlgorithmSpecification"]["TrainingImage"],
        paths=training.paths,
        files=lambda _, describe, host: optml.training_files(describe, host),
        download=training.download,
        invocation=lambda _, document: Invocation.requested(document["request"]["AlgorithmSpecification"], TRAIN),
        environment=_requested_environment,
        platform=training.platform,
        continuous=training.checkpoints,
        complaint=lambda _: "",
        upload=training.upload,
        told=training.told,
        failure=training.failure,
    ),
    "processing_job": Kind(
        log_group="/aws/sagemaker/ProcessingJobs",
        cluster=lambda describe: cluster_of(describe["ProcessingResources"]["ClusterConfig"]),
        image_uri=lambda document: document["request"]["AppSpecification"]["ImageUri"],
        paths=processing.paths,
        files=optml.processing_files,
        download=processing.download,
        invocation=lambda _, document: Invocation.requested(document["request"]["AppSpecification"]),
        environment=_requested_environment,
        platform=processing.platform,
        continuous=processing.continuous,
        complaint=lambda _: "",
        upload=processing.upload,
        told=processing.told,
        failure=processing.failure,
    ),
    "transform_job": Kind(
        log_group="/aws/sagemaker/TransformJobs",
        cluster=lambda describe: cluster_of(describe["TransformResources"]),
        image_uri=lambda document: document["container"]["Image"],
        paths=lambda _: [],
        files=lambda *_: {},
        download=transform.download,
        invocation=transform.invocation,
        environment=transform.environment,
        platform=transform_settings.variables,
        continuous=lambda _: [],
        complaint=transform.complaint,
        upload=transform.upload,
        told=lambda *_: {},
        failure=transform.failure,
        stream=_instance_id,
    ),
}
