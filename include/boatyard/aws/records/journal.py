"""What a step asked of AWS while it was carried out, for its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boatyard.aws.jobs import Job


@dataclass
class Entry:
    """A call that AWS took, or several with the same parameters."""

    service: str
    operation: str  # as the API spells it, such as CreateTrainingJob
    params: dict[str, Any]
    answer: dict[str, Any]  # of the last of them
    times: int = 1


@dataclass
class Journal:
    """Hold the calls in their order, and the job that was looked at last."""

    entries: list[Entry] = field(default_factory=list)
    earlier: list[dict[str, Any]] = field(default_factory=list)  # requests of the same try before it was put off
    job: Job | None = None
    job_request: dict[str, Any] = field(default_factory=dict)  # as AWS remembers it
    cached: dict[str, Any] | None = None  # the cache's entry whose work was taken instead of doing it again

    def add(self, service: str, operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Add a call; equal ones, such as looks at something that takes its time, are one entry."""
        for entry in self.entries:
            if (entry.service, entry.operation, entry.params) == (service, operation, params):
                entry.times += 1
                entry.answer = dict(answer)
                return
        self.entries.append(Entry(service, operation, dict(params), dict(answer)))


_CURRENT: ContextVar[Journal | None] = ContextVar("journal", default=None)


@contextmanager
def kept() -> Iterator[Journal]:
    """Keep a journal of what is asked in here."""
    journal = Journal()
    token = _CURRENT.set(journal)
    try:
        yield journal
    finally:
        _CURRENT.reset(token)


def note_call(client: Any, method: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Note a call that AWS took."""
    journal = _CURRENT.get()
    if journal is not None:
        operation = client.meta.method_to_api_mapping[method]
        journal.add(client.meta.service_model.service_name, operation, params, answer)


def note_job(job: Job, request: dict[str, Any]) -> None:
    """Note how a job stands and what it was created with."""
    journal = _CURRENT.get()
    if journal is not None:
        journal.job, journal.job_request = job, request


def note_cached(entry: Mapping[str, Any]) -> None:
    """Note that earlier work was taken instead of doing it again."""
    journal = _CURRENT.get()
    if journal is not None:
        journal.cached = dict(entry)
