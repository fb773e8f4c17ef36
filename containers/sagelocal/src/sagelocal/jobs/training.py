"""What is particular to training jobs."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs import channels
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.logfiles import lines_from
from sagelocal.jobs.metrics import Curve, final_metrics, printed
from sagelocal.jobs.outputs import SEE_LOGS, first_text
from sagelocal.jobs.sources import download_prefix
from sagelocal.jobs.status import MAX_REASON
from sagelocal.jobs.transfer import files, upload_archive

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]


def checkpoints(request: Json) -> list[tuple[str, str]]:
    """Return the folder of the checkpoints and its S3 URI, if there is one."""
    config = request.get("CheckpointConfig")
    return [(config.get("LocalPath") or f"{OPT_ML}/checkpoints", config["S3Uri"])] if config else []


def paths(request: Json) -> list[str]:
    """Return the folders that the job needs besides those below /opt/ml."""
    return [path for path, _ in checkpoints(request)]


def platform(describe: Json) -> dict[str, str]:
    """Return the variables that SageMaker sets."""
    return {"TRAINING_JOB_NAME": describe["TrainingJobName"], "TRAINING_JOB_ARN": describe["TrainingJobArn"]}


def download(container: Container, document: Document) -> None:
    """Lay out the folders, the channels and the checkpoints."""
    request = document["request"]
    for folder in ("model", "output/data", "input/data"):
        container.locate(f"{OPT_ML}/{folder}").mkdir(parents=True, exist_ok=True)
    for channel in request.get("InputDataConfig") or []:
        channels.bring(container, request, channel)
    for path, uri in checkpoints(request):
        download_prefix(container.backend.objects, uri.rstrip("/") + "/", container.locate(path))


def upload(containers: Sequence[Container], describe: Json, failed: bool) -> Json:
    """Store the model, unless the job `failed`, and what lies in output/data.

    Of a file that several instances have written, that of the first one is kept.
    """
    objects, scratch = containers[0].backend.objects, containers[0].folder / "upload.tar.gz"
    place = f"{describe['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{describe['TrainingJobName']}/output"
    data = [container.locate(f"{OPT_ML}/output/data") for container in containers]
    if any(next(files(folder), None) is not None for folder in data):
        upload_archive(objects, data, f"{place}/output.tar.gz", scratch)
    if failed:
        return {}
    models = [container.locate(f"{OPT_ML}/model") for container in containers]
    uri = upload_archive(objects, models, f"{place}/model.tar.gz", scratch)
    return {"ModelArtifacts": {"S3ModelArtifacts": uri}}


def told(containers: Sequence[Container], describe: Json, logs: list[Path]) -> Json:
    """Return the metrics that the logs tell, and let CloudWatch have them too."""
    definitions = describe["AlgorithmSpecification"].get("MetricDefinitions") or []
    lines = heapq.merge(*(lines_from(log) for log in logs if log.exists()), key=lambda line: line.time)
    curve = Curve(describe["TrainingJobName"])
    values = curve.passing(printed(definitions, ((line.time, line.text) for line in lines)))
    metrics = final_metrics(definitions, values)
    curve.publish(containers[0].backend.metrics)
    return {"FinalMetricDataList": metrics} if metrics else {}


def failure(container: Container, outcome: Outcome) -> str:
    """Return the FailureReason: what the job wrote into output/failure, else what is known of its end."""
    written = first_text(container, "failure", MAX_REASON)
    begin, end = "AlgorithmError: ", f", exit code: {outcome.exit_code}"
    message = (written or outcome.message or SEE_LOGS)[: MAX_REASON - len(begin) - len(end)]
    return f"{begin}{message}{end}"
