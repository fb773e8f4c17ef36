"""What the triggerer does with the job of a task that a person killed while it was deferred."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

from boatyard.airflow.clients import Clients
from boatyard.airflow.failures import KilledError
from boatyard.aws import jobs
from boatyard.aws.carry_out.recorded import recorded
from boatyard.aws.naming import Owner
from boatyard.aws.records.record import Subject
from boatyard.aws.s3 import storage


def record_of(subject: Subject) -> dict[str, Any]:
    """Return what a trigger keeps of a try, as JSON values, to leave a record of its end."""
    return {
        "place": subject.place,
        "started": subject.started.isoformat(),
        "tried": subject.tried,
        "generation": subject.generation,
    }


def stop_killed(clients: Clients, kind: str, name: str, owner: Owner | None, kept: dict[str, Any] | None) -> None:
    """Stop the job of a killed try, and leave its record (`kept` as of `record_of`) unless a newer try left one."""

    def stop() -> NoReturn:
        jobs.stop(clients.get("sagemaker"), kind, name)
        jobs.describe(clients.get("sagemaker"), kind, name)  # for the record
        raise KilledError(f"a person killed this try while it was deferred: {kind} job {name} is stopped")

    if owner is None or kept is None:
        jobs.stop(clients.get("sagemaker"), kind, name)
        return
    subject = Subject(**{**kept, "started": datetime.fromisoformat(kept["started"])}, owner=owner)
    if _newer(clients, subject):
        jobs.stop(clients.get("sagemaker"), kind, name)
        return
    with suppress(KilledError):
        recorded(subject, clients, stop)


def _newer(clients: Clients, subject: Subject) -> bool:
    body = storage.read_bytes(clients.get("s3"), subject.uri) if storage.exists(clients.get("s3"), subject.uri) else b""
    tried: int = json.loads(body)["owner"]["try"] if body else 0
    return tried > subject.tried
