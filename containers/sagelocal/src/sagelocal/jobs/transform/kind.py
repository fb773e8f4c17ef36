"""Transform jobs as the runner knows them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.transfer import TransferError, download_archive, relative_path
from sagelocal.jobs.transform import run
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container
    from sagelocal.jobs.process import Outcome
    from sagelocal.store import Document

Json = dict[str, Any]


def command(container: Container, _: Document) -> list[str]:
    """Return the process that sends the records."""
    return [sys.executable, "-I", "-m", run.__name__, str(container.folder)]


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
    uri = _source(request)
    bucket, prefix = split_uri(uri)
    found = [info for info in objects.list(bucket, prefix) if not info.key.endswith("/")]
    if not found:
        raise TransferError(f'No S3 objects found under S3 URL "{uri}" given in input data source.')
    folder = container.folder / "input"
    folder.mkdir()
    for number, info in enumerate(found):
        _lay(info.path, folder / str(number))
    plan = {"request": request, "uris": [f"s3://{info.bucket}/{info.key}" for info in found]}
    (container.folder / "plan.json").write_text(json.dumps(plan))


def upload(container: Container, describe: Json, failed: bool) -> Json:
    """Store what became of the inputs, also of a job that `failed` at others; a stopped job stores nothing.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTransformJob.html
    """
    if describe["TransformJobStatus"] == "Stopping" or not (container.folder / "result.json").exists():
        return {}
    target, target_prefix = split_uri(describe["TransformOutput"]["S3OutputPath"])
    _, source_prefix = split_uri(_source(describe))
    for number, uri in enumerate(json.loads((container.folder / "plan.json").read_text())["uris"]):
        file = container.folder / "output" / str(number)
        if file.exists():
            name = f"{relative_path(source_prefix, split_uri(uri)[1])}.out"
            container.backend.objects.put(target, "/".join(filter(None, (target_prefix.rstrip("/"), name))), file)
    return {}


def failure(container: Container, outcome: Outcome) -> str:
    """Return why a job failed."""
    result = container.folder / "result.json"
    if result.exists():
        return str(json.loads(result.read_text())["failure"])
    return f"InternalServerError: {outcome.message or 'the process that sends the records failed'}"


def _source(request: Json) -> str:
    uri: str = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    return uri


def _lay(blob: Path, file: Path) -> None:
    """Show an object's bytes, which never change, without copying them where the disk can do that."""
    try:
        os.link(blob, file)
    except OSError:
        shutil.copyfile(blob, file)
