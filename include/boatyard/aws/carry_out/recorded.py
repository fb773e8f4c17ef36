"""A step is carried out, then its record is written: the one place that does so, for Airflow and `boatyard run`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from boatyard.aws.clients import Clients
from boatyard.aws.cost import summary
from boatyard.aws.cost.step import step_cost, step_jobs
from boatyard.aws.errors import StepError, aws_failures
from boatyard.aws.records.journal import Journal, kept
from boatyard.aws.records.record import Subject, record, requests
from boatyard.aws.s3 import storage

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def recorded(
    subject: Subject,
    clients: Clients,
    work: Callable[[], Result],
    on_record: Callable[[dict[str, Any]], None] = lambda _: None,
    earlier: Sequence[dict[str, Any]] = (),
    on_pause: Callable[[list[dict[str, Any]]], None] = lambda _: None,
    failures: tuple[type[BaseException], ...] = (Exception,),
) -> Result:
    """Return what `work` returns, after a record of it was written; a failure leaves one too.

    Whatever is none of `failures` (Airflow's deferral, a person's Ctrl-C) is no end of the step and leaves none. A
    success is told only when its record is there: who dies before that is tried again, finds the work done, and
    writes it. `on_record` hears what was written. `on_pause` hears the requests of a try that goes on elsewhere, where
    they are `earlier`. The latest success of a step is kept under its own name too.
    """
    with kept() as journal:
        journal.earlier += earlier
        try:
            result = work()
        except failures as error:
            _record_failure(subject, clients, journal, error, on_record)
            raise
        except BaseException:
            on_pause(requests(journal))
            raise
        found = result if isinstance(result, dict) else {"result": result}
        ended = datetime.now(UTC)
        jobs = step_jobs(clients, subject.owner, journal)
        content = record(
            subject, journal, ended, result=found, jobs=jobs, cost=step_cost(clients, jobs, journal, found)
        )
        _write(subject, clients, content, on_record)
        storage.write_bytes(clients.get("s3"), subject.latest_uri, _body(content), "application/json")
        summary.add(clients.get("s3"), subject, content)
        return result


def _write(
    subject: Subject, clients: Clients, content: dict[str, Any], on_record: Callable[[dict[str, Any]], None]
) -> None:
    storage.write_bytes(clients.get("s3"), subject.uri, _body(content), "application/json")
    on_record(content)


def _body(content: dict[str, Any]) -> bytes:
    return f"{json.dumps(content, indent=1)}\n".encode()


def _record_failure(
    subject: Subject,
    clients: Clients,
    journal: Journal,
    error: BaseException,
    on_record: Callable[[dict[str, Any]], None],
) -> None:
    ended = datetime.now(UTC)
    refusals: tuple[type[Exception], ...] = (StepError, *aws_failures())
    try:
        jobs = step_jobs(clients, subject.owner, journal)
        content = record(subject, journal, ended, error=error, jobs=jobs, cost=step_cost(clients, jobs, journal, {}))
        _write(subject, clients, content, on_record)
        summary.add(clients.get("s3"), subject, content)
    except refusals as why:  # the step's own failure is what has to be told
        log.warning("the record of this failure could not be written to %s: %s", subject.uri, why)
