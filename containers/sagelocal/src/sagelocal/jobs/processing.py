"""What is particular to processing jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.datasets import source_of
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.outputs import SEE_LOGS, first_text
from sagelocal.jobs.sources import SOURCES, copy_all, share
from sagelocal.jobs.transfer import TransferError, upload_folder

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]

MAX_MESSAGE = 1024  # characters of ExitMessage


def inputs(request: Json) -> Iterator[tuple[str, Json]]:
    """Yield the name and the S3Input of every input that SageMaker, not the job itself, downloads."""
    for item in request.get("ProcessingInputs") or []:
        if item.get("S3Input") and not item.get("AppManaged"):
            yield item["InputName"], item["S3Input"]


def datasets(request: Json) -> Iterator[tuple[str, Json]]:
    """Yield the name and the DatasetDefinition of every input that is the result of a query."""
    for item in request.get("ProcessingInputs") or []:
        if item.get("DatasetDefinition") and not item.get("AppManaged"):
            yield item["InputName"], item["DatasetDefinition"]


def outputs(request: Json) -> Iterator[Json]:
    """Yield the S3Output of every output that SageMaker, not the job itself, uploads."""
    for output in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []:
        if output.get("S3Output") and not output.get("AppManaged"):
            yield output["S3Output"]


def paths(request: Json) -> list[str]:
    """Return the folders that the job needs, wherever they are to be."""
    sources = [source for _, source in (*inputs(request), *datasets(request))]
    return [each["LocalPath"] for each in (*sources, *outputs(request))]


def continuous(request: Json) -> list[tuple[str, str]]:
    """Return the folders that are uploaded while the job runs, and their S3 URIs."""
    return [(each["LocalPath"], each["S3Uri"]) for each in outputs(request) if each["S3UploadMode"] == "Continuous"]


def platform(describe: Json) -> dict[str, str]:
    """Return the variables that SageMaker sets."""
    return {"PROCESSING_JOB_NAME": describe["ProcessingJobName"], "PROCESSING_JOB_ARN": describe["ProcessingJobArn"]}


def download(container: Container, document: Document) -> None:
    """Lay out the inputs and the folders for the outputs."""
    request = document["request"]
    container.locate(f"{OPT_ML}/output").mkdir(parents=True, exist_ok=True)
    queried = ((name, source_of(container, name, definition)) for name, definition in datasets(request))
    for name, source in (*inputs(request), *queried):
        found = list(SOURCES[source["S3DataType"]](container.backend.objects, source["S3Uri"]))
        if not found:
            raise TransferError(f"Data download failed: no object under '{source['S3Uri']}' of input '{name}'.")
        if source.get("S3DataDistributionType") == "ShardedByS3Key":
            found = share(found, container.cluster.index(container.host), len(container.cluster))
        copy_all(found, container.locate(source["LocalPath"]))
    for output in outputs(request):
        container.locate(output["LocalPath"]).mkdir(parents=True, exist_ok=True)


def upload(containers: Sequence[Container], describe: Json, failed: bool) -> Json:
    """Store the outputs that are uploaded at the end, unless the job `failed`."""
    for output in () if failed else outputs(describe):
        for container in containers if output["S3UploadMode"] == "EndOfJob" else ():
            upload_folder(container.backend.objects, container.locate(output["LocalPath"]), output["S3Uri"])
    return {}


def told(containers: Sequence[Container], _: Json, __: list[Path]) -> Json:
    """Return what the first instance that did so left in output/message."""
    for container in containers:
        if message := first_text(container, "message", MAX_MESSAGE):
            return {"ExitMessage": message}
    return {}


def failure(_: Container, outcome: Outcome) -> str:
    """Return the FailureReason."""
    return f"AlgorithmError: {outcome.message or SEE_LOGS}, exit code: {outcome.exit_code}"
