"""What a step knows of the run it belongs to, and the requests it answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.spec import Deployment
from boatyard.spec.words import (
    CLIENT_TOKEN,
    CONTENT_HASH,
    ENDPOINT_CONFIG_NAME,
    INGEST_FIRST_EVENT_TIME,
    INGEST_LAST_EVENT_TIME,
    INGEST_RECORDS,
    JOB_GENERATION,
    JOB_NAME,
    JOB_TABLE,
    MODEL_NAME,
    ROWS,
    database_token,
    fill,
    job_words,
    table_token,
)

__all__ = [
    "CLIENT_TOKEN",
    "CONTENT_HASH",
    "ENDPOINT_CONFIG_NAME",
    "INGEST_FIRST_EVENT_TIME",
    "INGEST_LAST_EVENT_TIME",
    "INGEST_RECORDS",
    "JOB_GENERATION",
    "JOB_NAME",
    "JOB_TABLE",
    "MODEL_NAME",
    "ROWS",
    "Request",
    "RunContext",
    "database_token",
    "fill",
    "job_words",
    "table_token",
]


@dataclass(frozen=True)
class Request:
    """One call of an AWS operation, spelt as botocore spells it.

    Service "boatyard" is work that the step does itself with the answers of the calls before it.
    """

    service: str
    operation: str
    params: dict[str, Any]


@dataclass(frozen=True)
class RunContext:
    """Say what only a run knows: as values, as Jinja, or as readable words."""

    deployment: Deployment
    as_of: str  # ISO 8601 with its zone: nothing that happened later is in the training set
    run_id: str
    parameter: Callable[[str, object], str]  # (name, default) -> a parameter of the run
    result: Callable[[str, str], str]  # (step, key) -> what an earlier step of this run returned

    @classmethod
    def for_airflow(cls, deployment: Deployment) -> RunContext:
        """Return the context in which a DAG is built: Jinja that Airflow renders just before a task runs."""
        return cls(
            deployment=deployment,
            as_of="{{ params['as_of'] or (dag_run.logical_date or dag_run.run_after).isoformat() }}",
            run_id="{{ run_id }}",
            parameter=lambda name, default: f"{{{{ params['{name}'] }}}}",
            result=lambda step, key: f"{{{{ ti.xcom_pull(task_ids='{step}')['{key}'] }}}}",
        )

    @classmethod
    def for_check(cls, deployment: Deployment) -> RunContext:
        """Return the context in which requests are shown: parameters have their defaults, the rest is named."""
        return cls(
            deployment=deployment,
            as_of="<as_of>",
            run_id="<run_id>",
            parameter=lambda name, default: str(default),
            result=lambda step, key: f"<{step}.{key}>",
        )

    @classmethod
    def for_run(
        cls,
        deployment: Deployment,
        *,
        as_of: str,
        run_id: str,
        parameters: Mapping[str, str],
        result: Callable[[str, str], str],
    ) -> RunContext:
        """Return the context of a run that is under way: nothing is left to render.

        A parameter that is not among `parameters` has its default.
        """
        return cls(
            deployment=deployment,
            as_of=as_of,
            run_id=run_id,
            parameter=lambda name, default: parameters.get(name, str(default)),
            result=result,
        )
