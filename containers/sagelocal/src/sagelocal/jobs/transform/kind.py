"""Transform jobs as the runner knows them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.engines.engine import SERVE, Invocation
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.sources import SOURCES, Found, share
from sagelocal.jobs.transfer import TransferError, download_archive
from sagelocal.jobs.transform import run
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]


def invocation(container: Container, _: Document) -> Invocation:
    """Return the model's container, and the process that sends it the records."""
    sender = (sys.executable, "-I", "-m", run.__name__, str(container.folder))
    return Invocation(arguments=SERVE, asked_by=sender)


def environment(document: Document) -> dict[str, str]:
    """Return the model's variables with the job's own in their place."""
    return {**(document["container"].get("Environment") or {}), **(document["request"].get("Environment") or {})}


def download(container: Container, document: Document) -> None:
    """Unpack the model, and lay out the inputs by number."""
    objects, request = container.backend.objects, document["request"]
    model = container.locate(f"{OPT_ML}/model")
    model.mkdir(parents=True, exist_ok=True)
    if url := document["container"].get("ModelDataUrl"):
        download_archive(objects, url, model)
        container.fix(f"{OPT_ML}/model")
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    found = [each for each in SOURCES[source["S3DataType"]](objects, source["S3Uri"]) if each.path]
    if not found:
        raise TransferError(f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source.')
    mine = share(found, container.cluster.index(container.host), len(container.cluster))
    inputs = container.hold((Found(each.info, str(number)) for number, each in enumerate(mine)), "input")
    plan = {
        "request": request,
        "inputs": str(inputs),
        "uris": [f"s3://{each.info.bucket}/{each.info.key}" for each in mine],
        "names": [f"{each.path}.out" for each in mine],
    }
    (container.work / "plan.json").write_text(json.dumps(plan))


def upload(containers: Sequence[Container], describe: Json, _: bool) -> Json:
    """Store what became of the inputs, also of a job that failed at others; a stopped job stores nothing.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTransformJob.html
    """
    target, prefix = split_uri(describe["TransformOutput"]["S3OutputPath"])
    for container in containers if describe["TransformJobStatus"] != "Stopping" else ():
        if not (container.work / "result.json").exists():
            continue
        for number, name in enumerate(json.loads((container.work / "plan.json").read_text())["names"]):
            file = container.work / "output" / str(number)
            if file.exists():
                container.backend.objects.put(target, "/".join(filter(None, (prefix.rstrip("/"), name))), file)
    return {}


def complaint(containers: Sequence[Container]) -> str:
    """Return why a job failed whose processes ended as they should."""
    results = [container.work / "result.json" for container in containers]
    failures = [json.loads(result.read_text())["failure"] for result in results if result.exists()]
    return next((str(failure) for failure in failures if failure), "")


def failure(container: Container, outcome: Outcome) -> str:
    """Return why a process failed that was to send the records."""
    return (
        f"InternalServerError: {outcome.message or 'the process that sends the records failed'}, "
        f"exit code: {outcome.exit_code}"
    )
