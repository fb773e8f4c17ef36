"""Words in a request that only the moment of sending can fill: steps write them, who sends the request fills them."""

from collections.abc import Mapping
from typing import Any

JOB_NAME = "{job_name}"  # the name of the step's own job, of at most 63 characters
JOB_GENERATION = "{job_generation}"  # what the names of all attempts at the same job begin with, new after a clear
JOB_TABLE = "{job_table}"  # the same name as an Athena table's name: lower case, "-" becomes "_"
CLIENT_TOKEN = "{client_token}"  # noqa: S105 - an idempotency token of at most 36 characters made from the job name
MODEL_NAME = "{model_name}"  # derived from what CreateModel asks for
ENDPOINT_CONFIG_NAME = "{endpoint_config_name}"  # derived from what CreateEndpointConfig asks for
CONTENT_HASH = "{content_hash}"  # what the content query of the training set answered
# Members of ingested.json: how many records the ingest job covers and the event times between which they lie.
INGEST_RECORDS = "{ingest.records}"
INGEST_FIRST_EVENT_TIME = "{ingest.first_event_time}"
INGEST_LAST_EVENT_TIME = "{ingest.last_event_time}"
# The model package in service, and why it cannot be evaluated if so; a word without a champion is left out.
CHAMPION_PACKAGE = "{champion.model_package}"
CHAMPION_MODEL_DATA = "{champion.model_data}"
CHAMPION_CODE = "{champion.code}"
CHAMPION_PROGRAM = "{champion.program}"
CHAMPION_PROBLEM = "{champion.problem}"
ROWS = "{rows}"  # the first rows of test.csv without their label


def job_words(name: str) -> dict[str, str]:
    """Return the words that a job's name `...-<generation>-<attempt>` fills in."""
    return {JOB_NAME: name, JOB_GENERATION: name.rpartition("-")[0]}


def table_token(group: str) -> str:
    """Return the token that stands for the name of a feature group's Glue table."""
    return f"{{{group}.table}}"


def database_token(group: str) -> str:
    """Return the token that stands for the name of the Glue database of a feature group's table."""
    return f"{{{group}.database}}"


def ingested_words(ingested: Mapping[str, Any]) -> dict[str, str]:
    """Return the words that ingested.json fills in; without records there are no event times."""
    records = int(ingested["records"])
    if records == 0:
        return {INGEST_RECORDS: "0"}
    return {
        INGEST_RECORDS: str(records),
        INGEST_FIRST_EVENT_TIME: str(ingested["first_event_time"]),
        INGEST_LAST_EVENT_TIME: str(ingested["last_event_time"]),
    }


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
