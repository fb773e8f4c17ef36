"""What the kinds of jobs differ in. The runner takes each through the same life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs import optml
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.logfiles import lines_from
from sagelocal.jobs.metrics import final_metrics
from sagelocal.jobs.status import MAX_REASON
from sagelocal.jobs.transfer import TransferError, download_prefix, files, upload_archive, upload_folder
from sagelocal.jobs.transform import kind as transform
from sagelocal.jobs.transform import settings as transform_settings

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]
SEE_LOGS = "See job logs for more information"


@dataclass(frozen=True)
class Kind:
    """One kind of job; `request` and `describe` are those of its document."""

    log_group: str
    image_uri: Callable[[Document], str]
    paths: Callable[[Json], list[str]]  # the folders it needs, as the job names them
    files: Callable[[Json, Json], dict[str, Json]]  # (request, describe) -> JSON files below /opt/ml
    download: Callable[[Container, Document], None]
    command: Callable[[Container, Document], list[str]]
    environment: Callable[[Document], dict[str, str]]  # variables that the user sets
    platform: Callable[[Json], dict[str, str]]  # describe -> variables that SageMaker sets
    upload: Callable[[Container, Json, bool], Json]  # (.., describe, whether it failed) -> members of Describe
    told: Callable[[Container, Json, Path], Json]  # what its log and files tell: members of Describe
    failure: Callable[[Container, Outcome], str]  # FailureReason


def _existing(container: Container, path: str) -> bool:
    return next(files(container.locate(path)), None) is not None


def _requested_environment(document: Document) -> dict[str, str]:
    return document["request"].get("Environment") or {}


def _command(default: list[str], specification: Json) -> list[str]:
    entrypoint = specification.get("ContainerEntrypoint") or default
    arguments = specification.get("ContainerArguments") or []
    if not entrypoint or (arguments and not specification.get("ContainerEntrypoint")):
        raise TransferError("ContainerEntrypoint is missing: sagelocal's images have no entry point of their own.")
    return [*entrypoint, *arguments]


# training


def _checkpoints(request: Json) -> tuple[str, str] | None:
    config = request.get("CheckpointConfig")
    return (config["S3Uri"], config.get("LocalPath") or f"{OPT_ML}/checkpoints") if config else None


def _training_paths(request: Json) -> list[str]:
    checkpoints = _checkpoints(request)
    return [checkpoints[1]] if checkpoints else []


def _training_download(container: Container, document: Document) -> None:
    request = document["request"]
    for folder in ("model", "output/data", "input/data"):
        container.locate(f"{OPT_ML}/{folder}").mkdir(parents=True, exist_ok=True)
    objects = container.backend.objects
    for channel in request.get("InputDataConfig") or []:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        if not download_prefix(objects, uri, container.locate(f"{OPT_ML}/input/data/{channel['ChannelName']}")):
            raise TransferError(f"Data download failed: no object under '{uri}' of channel '{channel['ChannelName']}'.")
    if checkpoints := _checkpoints(request):
        download_prefix(objects, checkpoints[0].rstrip("/") + "/", container.locate(checkpoints[1]))


def _training_upload(container: Container, describe: Json, failed: bool) -> Json:
    backend, scratch = container.backend, container.folder / "upload.tar.gz"
    place = f"{describe['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{describe['TrainingJobName']}/output"
    if checkpoints := _checkpoints(describe):
        upload_folder(backend.objects, container.locate(checkpoints[1]), checkpoints[0])
    if _existing(container, f"{OPT_ML}/output/data"):
        data = container.locate(f"{OPT_ML}/output/data")
        upload_archive(backend.objects, data, f"{place}/output.tar.gz", scratch)
    if failed:
        return {}
    model = container.locate(f"{OPT_ML}/model")
    uri = upload_archive(backend.objects, model, f"{place}/model.tar.gz", scratch)
    return {"ModelArtifacts": {"S3ModelArtifacts": uri}}


def _training_told(_: Container, describe: Json, log: Path) -> Json:
    definitions = describe["AlgorithmSpecification"].get("MetricDefinitions") or []
    lines = ((line.time, line.text) for line in lines_from(log)) if definitions and log.exists() else iter(())
    metrics = final_metrics(definitions, lines)
    return {"FinalMetricDataList": metrics} if metrics else {}


def _training_failure(container: Container, outcome: Outcome) -> str:
    written = _first_text(container, "failure", MAX_REASON)
    begin, end = "AlgorithmError: ", f", exit code: {outcome.exit_code}"
    message = (written or outcome.message or SEE_LOGS)[: MAX_REASON - len(begin) - len(end)]
    return f"{begin}{message}{end}"


# processing


def _outputs(request: Json) -> Iterator[Json]:
    for output in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []:
        yield output["S3Output"]


def _processing_paths(request: Json) -> list[str]:
    inputs = [item["S3Input"]["LocalPath"] for item in request.get("ProcessingInputs") or []]
    return [*inputs, *(output["LocalPath"] for output in _outputs(request))]


def _processing_download(container: Container, document: Document) -> None:
    request = document["request"]
    container.locate(f"{OPT_ML}/output").mkdir(parents=True, exist_ok=True)
    for item in request.get("ProcessingInputs") or []:
        source = item["S3Input"]
        if not download_prefix(container.backend.objects, source["S3Uri"], container.locate(source["LocalPath"])):
            raise TransferError(
                f"Data download failed: no object under '{source['S3Uri']}' of input '{item['InputName']}'."
            )
    for output in _outputs(request):
        container.locate(output["LocalPath"]).mkdir(parents=True, exist_ok=True)


def _processing_upload(container: Container, describe: Json, failed: bool) -> Json:
    for output in () if failed else _outputs(describe):
        upload_folder(container.backend.objects, container.locate(output["LocalPath"]), output["S3Uri"])
    return {}


def _processing_told(container: Container, _: Json, __: Path) -> Json:
    message = _first_text(container, "message", 1024)
    return {"ExitMessage": message} if message else {}


def _processing_failure(_: Container, outcome: Outcome) -> str:
    return f"AlgorithmError: {outcome.message or SEE_LOGS}, exit code: {outcome.exit_code}"


def _first_text(container: Container, name: str, size: int) -> str:
    """Return the beginning of a file that a job may leave in /opt/ml/output."""
    file = container.locate(f"{OPT_ML}/output/{name}")
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return stream.read(size * 4).decode(errors="replace")[:size].strip()


KINDS = {
    "training_job": Kind(
        log_group="/aws/sagemaker/TrainingJobs",
        image_uri=lambda document: document["request"]["AlgorithmSpecification"]["TrainingImage"],
        paths=_training_paths,
        files=lambda _, describe: optml.training_files(describe),
        download=_training_download,
        command=lambda _, document: _command(["train"], document["request"]["AlgorithmSpecification"]),
        environment=_requested_environment,
        platform=lambda describe: {
            "TRAINING_JOB_NAME": describe["TrainingJobName"],
            "TRAINING_JOB_ARN": describe["TrainingJobArn"],
        },
        upload=_training_upload,
        told=_training_told,
        failure=_training_failure,
    ),
    "processing_job": Kind(
        log_group="/aws/sagemaker/ProcessingJobs",
        image_uri=lambda document: document["request"]["AppSpecification"]["ImageUri"],
        paths=_processing_paths,
        files=optml.processing_files,
        download=_processing_download,
        command=lambda _, document: _command([], document["request"]["AppSpecification"]),
        environment=_requested_environment,
        platform=lambda describe: {
            "PROCESSING_JOB_NAME": describe["ProcessingJobName"],
            "PROCESSING_JOB_ARN": describe["ProcessingJobArn"],
        },
        upload=_processing_upload,
        told=_processing_told,
        failure=_processing_failure,
    ),
    "transform_job": Kind(
        log_group="/aws/sagemaker/TransformJobs",
        image_uri=lambda document: document["container"]["Image"],
        paths=lambda _: [],
        files=lambda *_: {},
        download=transform.download,
        command=transform.command,
        environment=transform.environment,
        platform=transform_settings.variables,
        upload=transform.upload,
        told=lambda *_: {},
        failure=transform.failure,
    ),
}
