"""Names that are a pure function of who asks, so that whoever asks again finds what is there already."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAME_LIMIT = 63
TUNING_NAME_LIMIT = 32
DIGEST_LENGTH = 12
TAG_PREFIX = "boatyard:"
OWNER_TAG = TAG_PREFIX + "owner"
GENERATION_TAG = TAG_PREFIX + "generation"
# A job with this tag is stopped when its task does not want it any more, even if whoever should have stopped it died.
LIVES_WITH_TASK = {"Key": TAG_PREFIX + "lives-with", "Value": "airflow-task"}
TAG_VALUE_LIMIT = 256
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True)
class Owner:
    """One task of one DAG run of one Airflow deployment: whoever a job belongs to."""

    deployment: str
    dag: str
    run: str
    task: str
    map_index: int = -1

    @property
    def digest(self) -> str:
        """Return the owner's hash: 12 characters (60 bits) of a-z and 2-7."""
        return _digest([self.deployment, self.dag, self.run, self.task, self.map_index])

    def tags(self, generation: int) -> list[dict[str, str]]:
        """Return the tags that say whose job it is, as SageMaker takes them."""
        values = {
            OWNER_TAG: self.digest,
            TAG_PREFIX + "deployment": self.deployment,
            TAG_PREFIX + "dag": self.dag,
            TAG_PREFIX + "run": self.run,
            TAG_PREFIX + "task": self.task,
            TAG_PREFIX + "map-index": str(self.map_index),
            GENERATION_TAG: str(generation),
        }
        return [{"Key": key, "Value": _tag_value(value)} for key, value in values.items()]


def owner_of(tags: Mapping[str, str]) -> Owner | None:
    """Return whose job these tags are on; None where they cannot tell: not every name fits into a tag."""
    try:
        owner = Owner(
            deployment=tags[TAG_PREFIX + "deployment"],
            dag=tags[TAG_PREFIX + "dag"],
            run=tags[TAG_PREFIX + "run"],
            task=tags[TAG_PREFIX + "task"],
            map_index=int(tags[TAG_PREFIX + "map-index"]),
        )
    except (KeyError, ValueError):
        return None
    return owner if owner.digest == tags.get(OWNER_TAG) else None


def job_name(prefix: str, owner: Owner, generation: int, attempt: int, limit: int = NAME_LIMIT) -> str:
    """Return `<prefix>-<owner's hash>-<generation>-<attempt>`, the prefix cut so that the name fits `limit`."""
    tail = f"{owner.digest}-{generation}-{attempt}"
    head = readable(prefix)[: limit - len(tail) - 1].rstrip("-")
    return f"{head}-{tail}" if head else tail


@dataclass(frozen=True)
class JobName:
    """The name of a job, and what it says."""

    text: str
    head: str
    generation: int


def read_job_name(text: str, owner: Owner) -> JobName | None:
    """Return what a name of `job_name` says; None for one that is not of this owner's job."""
    found = re.fullmatch(rf"(?:(.+)-)?{owner.digest}-(\d+)-\d+", text)
    return JobName(text, found[1] or "", int(found[2])) if found else None


def earlier_attempts(name: str) -> list[str]:
    """Return the names of the attempts of the same generation before the job `name`, the oldest first."""
    head, _, attempt = name.rpartition("-")
    return [f"{head}-{number}" for number in range(int(attempt))]


def content_name(prefix: str, content: Any, limit: int = NAME_LIMIT) -> str:
    """Return `<prefix>-<hash of the JSON value `content`>`: equal content, equal name."""
    head = readable(prefix)[: limit - DIGEST_LENGTH - 1].rstrip("-")
    return f"{head}-{_digest(content)}" if head else _digest(content)


def request_token(*parts: str | int) -> str:
    """Return an idempotency token for `parts`: 32 hexadecimal digits, as both Athena and the registry take it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def readable(text: str) -> str:
    """Return `text` with whatever SageMaker does not allow in a name turned into single dashes."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")


def _digest(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    number = int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:8], "big")
    return "".join(BASE32[(number >> shift) & 31] for shift in range(0, 5 * DIGEST_LENGTH, 5))


def _tag_value(value: str) -> str:
    # the owner's digest tells apart what this makes equal
    return re.sub(r"[^\w .:/=+\-@]", "_", value)[:TAG_VALUE_LIMIT]
