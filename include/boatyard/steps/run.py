"""What a step knows of the run it belongs to, and the requests it answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.spec import Deployment

# Words that only the moment of sending can fill. They are written like this in requests and replaced by `fill`.
JOB_NAME = "{job_name}"  # the name of the step's own job, of at most 63 characters
JOB_TABLE = "{job_table}"  # the same name as an Athena table's name: lower case, "-" becomes "_"
CLIENT_TOKEN = "{client_token}"  # noqa: S105 - an idempotency token of at most 36 characters made from the job name
MODEL_NAME = "{model_name}"  # derived from what CreateModel asks for
ENDPOINT_CONFIG_NAME = "{endpoint_config_name}"  # derived from what CreateEndpointConfig asks for
CONTENT_HASH = "{content_hash}"  # what the content query of the training set answered
# Members of ingested.json: how many records the ingest job covers and the event times between which they lie. What
# fills them is `wait_visible.ingested_words`.
INGEST_RECORDS = "{ingest.records}"
INGEST_FIRST_EVENT_TIME = "{ingest.first_event_time}"
INGEST_LAST_EVENT_TIME = "{ingest.last_event_time}"
ROWS = "{rows}"  # the first rows of test.csv without their label


def table_token(group: str) -> str:
    """Return the token that stands for the name of a feature group's Glue table."""
    return f"{{{group}.table}}"


def database_token(group: str) -> str:
    """Return the token that stands for the name of the Glue database of a feature group's table."""
    return f"{{{group}.database}}"


def fill(value: Any, words: Mapping[str, str]) -> Any:
    """Return `value` with every token in its strings replaced, mappings and lists gone through."""
    if isinstance(value, str):
        for token, word in words.items():
            value = value.replace(token, word)
        return value
    if isinstance(value, Mapping):
        return {key: fill(item, words) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, words) for item in value]
    return value


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
