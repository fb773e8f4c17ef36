"""The record that a finished step leaves: what it asked, what ran where, for how long, on what, with what result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boatyard.aws.jobs import JOBS, Job
from boatyard.aws.jobs.attempts import attempts, billable_seconds, spot
from boatyard.aws.jobs.facts import job_facts, job_inputs, job_outputs
from boatyard.aws.naming import Owner
from boatyard.aws.records.journal import Entry, Journal
from boatyard.aws.requests.plain import plain

VERSION = 1

# What is read is an input, with a name of its own; everything else that AWS was asked is a request.
_READS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "GetObject": lambda params: (params["Key"].rpartition("/")[2], f"s3://{params['Bucket']}/{params['Key']}"),
    "DescribeFeatureGroup": lambda params: (f"feature_group {params['FeatureGroupName']}", params["FeatureGroupName"]),
    "DescribeModelPackage": lambda params: ("model_package", params["ModelPackageName"]),
    "InvokeEndpoint": lambda params: ("endpoint", params["EndpointName"]),
}
_REQUESTS_ALTHOUGH_READ = frozenset({"InvokeEndpoint"})
_LOOKS = re.compile(r"(Describe|Get|List|Head|BatchGet)[A-Z]\w*")
_WITHOUT_CONTENT = frozenset({"Body"})  # rows and files are data, no part of a record
_HANDLE = re.compile(r"\w*(Arn|Id)")  # members of an answer that name what was made
_FILES = frozenset({"s3"})  # the outputs say which files there are

# Mappings whose values are a user's own: a name that sounds like a secret hides its value.
_NAMED_VALUES = frozenset({"Environment", "HyperParameters"})
_SECRET = re.compile(r"(?i)passw(or)?d|secret|token|credential|api_?key|access_?key|private_?key")
_REFERENCE = "_FROM_SECRET"  # such a variable says where a secret is kept, and everybody may know that
_HIDDEN = "***"

# What a step returns that is an output of it, by the name that it has there.
_RESULTS = ("location", "output", "manifest", "report", "result_uri", "data_docs_uri")
_RESOURCES = ("model_package_arn", "endpoint_name", "model_name", "table")


@dataclass(frozen=True)
class Subject:
    """One try of a step, and where the records of its model lie."""

    place: str  # s3://bucket/<model>/records
    owner: Owner
    started: datetime
    tried: int = 1  # which try of Airflow's this is
    generation: int = 0
    used: Mapping[str, str] | None = None  # earlier step -> the run whose result was taken; None: this very run's

    @property
    def uri(self) -> str:
        """Return where the record goes: the last try of a step of a run is the one that is kept."""
        return f"{self.place}/{key_of(self.owner.run)}/{self.step}.json"

    @property
    def step(self) -> str:
        """Return the step's name in its run."""
        return step_name(self.owner.task, self.owner.map_index)

    @property
    def notices_uri(self) -> str:
        """Return below which place it is kept which notices were sent."""
        return f"{self.place.rpartition('/')[0]}/notices"

    @property
    def summary_uri(self) -> str:
        """Return where the summary of the whole run goes."""
        return summary_of(self.uri)

    @property
    def latest_uri(self) -> str:
        """Return where the record of the step's latest success goes besides: there a step alone finds its inputs."""
        return latest_uri(self.place.rpartition("/")[0], self.owner.task)


def summary_of(record: str) -> str:
    """Return where the summary of a run lies, by the URI of a record of it: beside the folder of its records."""
    return f"{record.rpartition('/')[0]}.json"


def step_name(task: str, map_index: int) -> str:
    """Return the name of a task in its run: a mapped one has its index."""
    return task if map_index < 0 else f"{task}-{map_index}"


def latest_uri(model: str, step: str) -> str:
    """Return where the latest success of a step lies, below a model's s3://bucket/<model>."""
    return f"{model}/latest/{step}.json"


def key_of(run: str) -> str:
    """Return a run's id as part of an S3 key; ids that differ stay different."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", run)
    if readable == run:
        return run
    return f"{readable}-{hashlib.sha256(run.encode()).hexdigest()[:6]}"


def record(
    subject: Subject,
    journal: Journal,
    ended: datetime,
    *,
    result: Mapping[str, Any] | None = None,
    error: BaseException | None = None,
    jobs: Sequence[Job] = (),
    cost: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record as JSON values; times are ISO 8601, `error` says that the step failed.

    `jobs` are all that the step had in its run, those of earlier tries too; `cost` is theirs.
    """
    owner, job = subject.owner, journal.job
    found = dict(result or getattr(error, "result", None) or {})
    facts = job_facts(job) if job else None
    return {
        "version": VERSION,
        "step": owner.task,
        "state": getattr(error, "state", "failed") if error else "succeeded",
        "reason": str(error) if error else None,
        "started_at": subject.started.isoformat(),
        "ended_at": ended.isoformat(),
        "seconds": round((ended - subject.started).total_seconds(), 3),
        "billable_seconds": 0 if facts and journal.cached else billable_seconds(jobs),
        "spot": spot(jobs),
        "cost": dict(cost) if cost is not None else None,
        "cached_from": _cached_from(journal),
        "owner": {
            "deployment": owner.deployment,
            "dag": owner.dag,
            "run": owner.run,
            "task": owner.task,
            "map_index": owner.map_index,
            "try": subject.tried,
            "generation": subject.generation,
        },
        "requests": requests(journal),
        "job": facts,
        "jobs": attempts(jobs),
        "inputs": (job_inputs(job) if job else {}) | _inputs(journal),
        "outputs": (job_outputs(job) if job else {}) | dict(_outputs(found)),
        "used": dict(subject.used) if subject.used is not None else None,
        "result": _shown(found),
    }


def _cached_from(journal: Journal) -> dict[str, Any] | None:
    """Return whose work a step took instead of doing it again."""
    if journal.cached is None:
        return None
    return {key: journal.cached[key] for key in ("dag", "run", "record", "key")}


def requests(journal: Journal) -> list[dict[str, Any]]:
    """Return what the step asked for, by what an earlier part of the same try asked first.

    A job that is there already, from a try that was killed, was asked for as AWS describes it.
    """
    asked = [*journal.earlier, *(_request(entry) for entry in journal.entries if _is_request(entry))]
    job = journal.job
    create = JOBS[job.kind].create if job else None
    if job is None or journal.cached or any(one["operation"] == create for one in asked):
        return asked
    spelling = JOBS[job.kind]
    told = {"service": "sagemaker", "operation": create, "params": _shown(journal.job_request)}
    return [*asked, told | {"answer": {spelling.arn_key: job.arn}}]


def _is_request(entry: Entry) -> bool:
    if entry.operation in _REQUESTS_ALTHOUGH_READ:
        return True
    return entry.service not in _FILES and not _LOOKS.fullmatch(entry.operation)


def _request(entry: Entry) -> dict[str, Any]:
    shown = {
        "service": entry.service,
        "operation": entry.operation,
        "params": _shown({key: value for key, value in entry.params.items() if key not in _WITHOUT_CONTENT}),
        "answer": {
            key: value for key, value in entry.answer.items() if isinstance(value, str) and _HANDLE.fullmatch(key)
        },
    }
    return shown if entry.times == 1 else shown | {"times": entry.times}


def _shown(value: Any, *, named: bool = False) -> Any:
    """Return a request as JSON values, without what sounds like a secret."""
    if isinstance(value, Mapping):
        return {
            key: _HIDDEN if named and _is_secret(key) else _shown(item, named=key in _NAMED_VALUES)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return plain(value)


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None and not name.endswith(_REFERENCE)


def _inputs(journal: Journal) -> dict[str, str]:
    """Return what was read, each under its own name."""
    return dict(_READS[entry.operation](entry.params) for entry in journal.entries if entry.operation in _READS)


def _outputs(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in (*_RESULTS, *_RESOURCES):
        if isinstance(result.get(key), str) and result[key]:
            yield key, result[key]
