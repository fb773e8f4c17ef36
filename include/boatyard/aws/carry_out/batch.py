"""A batch: its rows, the model that answers them, and the results where readers find them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from boatyard.aws import athena
from boatyard.aws.carry_out.data import tables
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import Clients
from boatyard.aws.errors import BatchResultError, EmptyBatchError, QueryError
from boatyard.aws.queries import Queries
from boatyard.aws.release import serving
from boatyard.aws.requests.asked import Asked
from boatyard.aws.s3 import pointer, storage
from boatyard.spec.words import JOB_NAME, JOB_TABLE, MODEL_NAME, fill

log = logging.getLogger(__name__)


def batch_input(
    asked: Asked, clients: Clients, queries: Queries, me: Claimant, result: Mapping[str, str]
) -> dict[str, Any]:
    """Write and count the rows; `EmptyBatchError` where there are none. `result` is what is known before."""
    groups = tables(asked, clients)
    rule = asked.only("RequireRows")

    def attempt(name: str) -> dict[str, Any]:
        words = _words(name) | groups
        answers = _run(asked, queries, words)
        rows = int(answers["row_count"] or 0)
        if rows < rule["AtLeast"]:
            raise EmptyBatchError(f"the batch is empty: {rule['Of']} has no rows; the results before stay the latest")
        return {**fill(result, words), "rows": rows}

    return _attempts(me, attempt)


def with_model_in_service(client: Any, request: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """Return CreateTransformJob with the model that an endpoint serves now."""
    filled: dict[str, Any] = fill(request, {MODEL_NAME: serving.model_in_service(client, endpoint)})
    return filled


def transformed(client: Any, description: Mapping[str, Any]) -> dict[str, str]:
    """Return which model a transform job asked: a retry may have found a job that an earlier model began."""
    model = description["ModelName"]
    return {
        "model_name": model,
        "model_package_arn": serving.model_package(client, model),
        "output": description["TransformOutput"]["S3OutputPath"],
    }


def publish(
    asked: Asked, clients: Clients, queries: Queries, me: Claimant, result: Mapping[str, str]
) -> dict[str, Any]:
    """Write the results, then the manifest, then the pointer; whatever fails before leaves the pointer as it was."""
    s3 = clients.get("s3")

    def attempt(name: str) -> dict[str, Any]:
        words = _words(name)
        answers = _run(asked, queries, words, lambda found: _require_answers(found, asked.only("RequireAnswers")))
        rows = int(answers["row_count"])
        files = storage.read_bytes(s3, athena.unloaded(clients.get("athena"), answers["unload"])).decode().split()
        manifest = fill(asked.only("PublishManifest"), words)
        content = {**manifest["Content"], "rows": rows, "files": files}
        storage.write_bytes(s3, storage.uri_of(manifest), f"{json.dumps(content, indent=1)}\n".encode())
        _point_to(s3, fill(asked.only("PointTo"), words), rows)
        return {**fill(result, words), "rows": rows}

    return _attempts(me, attempt)


def _point_to(s3: Any, request: Mapping[str, Any], rows: int) -> None:
    place = {"Bucket": request["Bucket"], "Key": request["Key"]}
    if pointer.point_to(s3, place, {**request["Content"], "rows": rows}):
        log.info("%s names these results: %d rows", storage.uri_of(place), rows)
    else:
        log.warning("%s names newer results and stays as it is", storage.uri_of(place))


def _attempts(me: Claimant, attempt: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Go on with what an earlier try of this step began.

    The same request token answers with the same execution, a failed one too. So there may be as many failed attempts
    as there were tries before this one, and no more.
    """
    for number in range(me.tries):
        try:
            return attempt(me.job_name(number))
        except QueryError as error:
            log.info("attempt %d belongs to an earlier try: %s", number, error)
    return attempt(me.job_name(me.tries))


def _words(name: str) -> dict[str, str]:
    return {JOB_NAME: name, JOB_TABLE: name.lower().replace("-", "_")}


def _run(
    asked: Asked,
    queries: Queries,
    words: Mapping[str, str],
    check: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the statements in order; return what the SELECT among them answered, and the id of UNLOAD's execution.

    If `check` refuses the answer, only the last statement still runs: it tidies up.
    """
    *statements, tidy = asked.all("StartQueryExecution")
    answers: dict[str, Any] = {}
    for statement in statements:
        execution = queries.run(fill(statement, words))
        verb = statement["QueryString"].split(None, 1)[0]
        if verb == "UNLOAD":
            answers["unload"] = execution.id
        if verb == "SELECT":
            answers |= queries.first_row(execution)
            try:
                check(answers)
            except BatchResultError:
                queries.run(fill(tidy, words))
                raise
    queries.run(fill(tidy, words))
    return answers


def _require_answers(found: Mapping[str, Any], rule: Mapping[str, Any]) -> None:
    """Refuse answers that are not one for each row, each whole."""
    wanted, rows = int(rule["Rows"]), int(found["row_count"])
    outputs = ", ".join(rule["Outputs"])
    if rows != wanted:
        raise BatchResultError(f"the transform job answered {rows} rows to the {wanted} of the batch")
    for key, message in (
        ("unnamed", "have no id"),
        ("overlong", f"have more columns than the ids, the model's own and {outputs}: see batch.columns and outputs"),
        ("unanswered", f"have no answer of the type that batch.outputs gives to {outputs}"),
    ):
        if count := int(found[key] or 0):
            raise BatchResultError(f"{count} of {rows} rows of the transform job's output {message}")
