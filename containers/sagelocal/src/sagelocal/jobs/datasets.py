"""Inputs of a processing job that are the result of a query.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AthenaDatasetDefinition.html
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.transfer import TransferError
from sagelocal.jobs.turns import Closing
from sagelocal.operations import OPERATIONS

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.jobs.container import Container

Json = dict[str, Any]

LOOK_AGAIN = 0.05  # seconds between two looks at the query
OVER = {"SUCCEEDED", "FAILED", "CANCELLED"}


def source_of(container: Container, name: str, definition: Json) -> Json:
    """Return the S3Input of a DatasetDefinition: its query runs once for all of the job's instances."""
    done = container.folder.parent / f"dataset-{uuid.uuid5(uuid.NAMESPACE_OID, name).hex}.json"
    if not done.exists():
        uri = _unloaded(container.backend, definition["AthenaDatasetDefinition"])
        new = done.with_suffix(".new")
        new.write_text(json.dumps(uri))
        new.replace(done)
    return {
        "S3Uri": json.loads(done.read_text()),
        "S3DataType": "S3Prefix",
        "LocalPath": definition["LocalPath"],
        "S3DataDistributionType": definition.get("DataDistributionType") or "FullyReplicated",
    }


def _unloaded(backend: Backend, definition: Json) -> str:
    """Run the query and return where its files are: below OutputS3Uri, in a place of their own."""
    token = uuid.uuid4().hex
    place = f"{definition['OutputS3Uri'].rstrip('/')}/{token}"
    options = [f"format = '{definition['OutputFormat']}'"]
    if compression := definition.get("OutputCompression"):
        options.append(f"compression = '{compression}'")
    query = f"UNLOAD ({definition['QueryString']}) TO '{place}/data/' WITH ({', '.join(options)})"
    started = OPERATIONS["athena", "StartQueryExecution"](
        backend,
        {
            "QueryString": query,
            "ClientRequestToken": token,
            "QueryExecutionContext": {"Catalog": definition["Catalog"], "Database": definition["Database"]},
            "ResultConfiguration": {"OutputLocation": f"{place}/query/"},
            **({"WorkGroup": definition["WorkGroup"]} if "WorkGroup" in definition else {}),
        },
    )
    status = _ended(backend, started["QueryExecutionId"])
    if status["State"] != "SUCCEEDED":
        if backend.athena.is_closing:
            raise Closing  # it is this server's end that ended the query: the next one runs it again
        raise TransferError(f"The Athena query of a dataset has ended {status['State']}: {_reason(status)}")
    return f"{place}/data/"


def _ended(backend: Backend, execution: str) -> Json:
    while True:
        request = {"QueryExecutionId": execution}
        status: Json = OPERATIONS["athena", "GetQueryExecution"](backend, request)["QueryExecution"]["Status"]
        if status["State"] in OVER:
            return status
        time.sleep(LOOK_AGAIN)


def _reason(status: Json) -> str:
    return str(status.get("StateChangeReason", "no reason was given"))
