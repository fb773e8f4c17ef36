"""Jobs and endpoints whose end somebody is to be told of: kept in S3, for whoever waits for it may die before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from boatyard.aws.calls import call
from boatyard.aws.jobs.kinds import JOBS
from boatyard.aws.naming import Owner
from boatyard.aws.records.record import Subject
from boatyard.aws.s3 import storage
from boatyard.spec.notify import Notify, places

PREFIX = "boatyard/pending-notices/"


@dataclass(frozen=True)
class Pending:
    """What goes on as far as anybody knows, and who is to be told of it in which words."""

    kind: str
    name: str
    subject: Subject
    places: tuple[Notify, ...]
    task_page: str
    aws: dict[str, Any] = field(default_factory=dict)  # the task's connection, as SnsNotifier takes it
    wanted: str = ""  # the configuration that an endpoint is to serve

    @property
    def identity(self) -> str:
        """Return what changes once: a job, or the endpoint as this step of this run brings it about."""
        if self.kind in JOBS:
            return self.name
        return f"{self.name}-{self.subject.owner.digest}-{self.subject.generation}"

    @property
    def uri(self) -> str:
        """Return where it is kept: in the bucket of the step's records."""
        bucket, _ = storage.split_uri(self.subject.place)
        return f"s3://{bucket}/{PREFIX}{self.kind}/{self.identity}.json"


def remember(client: Any, pending: Pending) -> None:
    """Keep it until `forget`."""
    content = {
        "kind": pending.kind,
        "name": pending.name,
        "place": pending.subject.place,
        "owner": asdict(pending.subject.owner),
        "started": pending.subject.started.isoformat(),
        "tried": pending.subject.tried,
        "generation": pending.subject.generation,
        "places": [place.model_dump(mode="json", exclude_none=True) for place in pending.places],
        "task_page": pending.task_page,
        "aws": pending.aws,
        "wanted": pending.wanted,
    }
    storage.write_bytes(client, pending.uri, f"{json.dumps(content, indent=1)}\n".encode(), "application/json")


def forget(client: Any, pending: Pending) -> None:
    """Keep it no longer: everybody was told of its end."""
    bucket, key = storage.split_uri(pending.uri)
    call(client, "delete_object", {"Bucket": bucket, "Key": key})


def remembered(client: Any, bucket: str) -> Iterator[Pending]:
    """Yield what is kept in a bucket."""
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": PREFIX}
    while True:
        page = call(client, "list_objects_v2", request)
        for found in page.get("Contents", []):
            yield _read(storage.read_json(client, f"s3://{bucket}/{found['Key']}"))
        if not page.get("IsTruncated"):
            return
        request |= {"ContinuationToken": page["NextContinuationToken"]}


def _read(content: dict[str, Any]) -> Pending:
    subject = Subject(
        place=content["place"],
        owner=Owner(**content["owner"]),
        started=datetime.fromisoformat(content["started"]),
        tried=content["tried"],
        generation=content["generation"],
    )
    return Pending(
        kind=content["kind"],
        name=content["name"],
        subject=subject,
        places=places(content["places"]),
        task_page=content["task_page"],
        aws=content["aws"],
        wanted=content["wanted"],
    )
