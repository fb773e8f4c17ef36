"""From ingested records to a training set, in Athena: no row passes through a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from boatyard.aws import athena, features
from boatyard.aws.cache.contents import UnknownContentsError, stored
from boatyard.aws.cache.queries import QueryCache
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import Clients
from boatyard.aws.errors import EmptyTrainingSetError, InvisibleRecordsError, QueryError
from boatyard.aws.queries import Queries
from boatyard.aws.requests.asked import Asked
from boatyard.aws.s3 import storage
from boatyard.aws.waiting.pauses import looks, pause
from boatyard.spec.words import CONTENT_HASH, JOB_NAME, JOB_TABLE, database_token, fill, ingested_words, table_token

log = logging.getLogger(__name__)


def wait_visible(asked: Asked, clients: Clients, queries: Queries, seconds: float | None = None) -> dict[str, Any]:
    """Ask again and again how much of what was ingested is visible, until it is enough or the time is up.

    `seconds` is less than that time where somebody asks again later.
    """
    until = asked.only("WaitUntil")
    limit: float = until["TimeoutInSeconds"] if seconds is None else seconds
    ingested = ingested_words(storage.read_json(clients.get("s3"), storage.uri_of(asked.only("GetObject"))))
    wanted = int(fill(until["AtLeast"], ingested))
    if wanted == 0:
        return {"rows": 0}
    question = fill(asked.only("StartQueryExecution"), tables(asked, clients) | ingested)
    visible = 0
    for _ in looks(limit, lambda waited: pause(waited, longest=10.0)):
        visible = int(queries.first_row(queries.run(question))[until["Column"]] or 0)
        if visible >= wanted:
            return {"rows": visible}
        log.info("%d of %d ingested records are visible in the offline store", visible, wanted)
    raise InvisibleRecordsError(
        f"only {visible} of {wanted} ingested records became visible within {until['TimeoutInSeconds']} s"
    )


def training_set(
    asked: Asked,
    clients: Clients,
    queries: Queries,
    me: Claimant,
    result: Mapping[str, str],
    cache: QueryCache | None = None,
) -> dict[str, Any]:
    """Leave a training set; one of the same statements and records that an earlier run left is taken.

    `result` is what is known before: database, table and location, with the words that only the queries can fill.
    """
    if cache is None:
        return _made(asked, clients, queries, me, result)
    return cache.once(
        lambda: {
            "statements": [statement["QueryString"] for statement in asked.all("StartQueryExecution")],
            "result": dict(result),
            "records": _records(asked, clients),
        },
        lambda: _made(asked, clients, queries, me, result),
    )


def _records(asked: Asked, clients: Clients) -> dict[str, str]:
    """Return the digest of the offline store's files of each feature group."""
    found = {}
    for params in asked.all("DescribeFeatureGroup"):
        group = params["FeatureGroupName"]
        location = features.offline_table(clients.get("sagemaker"), group).location
        if not location:
            raise UnknownContentsError(f"where the records of feature group {group} lie is not told")
        found[group] = stored(clients.get("s3"), location).digest
    return found


def _made(asked: Asked, clients: Clients, queries: Queries, me: Claimant, result: Mapping[str, str]) -> dict[str, Any]:
    """Run the statements; what an earlier try of this step began is gone on with.

    The same request token answers with the same execution, a failed one too. So there may be as many failed attempts
    as there were tries before this one, and no more.
    """
    for attempt in range(me.tries):
        try:
            return _attempt(asked, clients, queries, me.job_name(attempt), result)
        except QueryError as error:
            log.info("attempt %d belongs to an earlier try: %s", attempt, error)
    return _attempt(asked, clients, queries, me.job_name(me.tries), result)


def tables(asked: Asked, clients: Clients) -> dict[str, str]:
    """Return the words that stand for the Glue tables of the feature groups that the requests describe."""
    words: dict[str, str] = {}
    for params in asked.all("DescribeFeatureGroup"):
        group = params["FeatureGroupName"]
        table = features.offline_table(clients.get("sagemaker"), group)
        words |= {table_token(group): table.table, database_token(group): table.database}
    return words


def _attempt(asked: Asked, clients: Clients, queries: Queries, name: str, result: Mapping[str, str]) -> dict[str, Any]:
    words = tables(asked, clients) | {JOB_NAME: name, JOB_TABLE: name.lower().replace("-", "_")}
    statements = asked.all("StartQueryExecution")
    known: dict[str, Any] = {}
    for statement in statements:
        execution = queries.run(fill(statement, words))
        verb = statement["QueryString"].split(None, 1)[0]
        if verb == "UNLOAD":
            known["query_execution_id"] = execution.id
        if verb == "SELECT":
            known |= _content(asked, queries, execution, lambda: queries.run(fill(statements[-1], words)))
            words[CONTENT_HASH] = known["content_hash"]
    return {**fill(result, words), **known}


def _content(asked: Asked, queries: Queries, execution: athena.Execution, tidy: Callable[[], object]) -> dict[str, Any]:
    rule = asked.only("RequireRows")
    answer = queries.first_row(execution)
    rows = int(answer[rule["Column"]] or 0)
    if rows < rule["AtLeast"]:
        tidy()
        raise EmptyTrainingSetError(
            f"feature group {rule['FeatureGroup']} has no rows for a training set: nothing was ingested, "
            "or everything is newer than as_of"
        )
    return {"rows": rows, "content_hash": str(answer["content_hash"])}
