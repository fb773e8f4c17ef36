"""Validate a training set: what is expected of it in the spec, before any job starts."""

from __future__ import annotations

import logging
import mimetypes
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import Clients
from boatyard.aws.errors import FailedChecksError, UnevaluatedChecksError
from boatyard.aws.queries import Queries
from boatyard.aws.requests.asked import Asked
from boatyard.aws.s3 import storage
from boatyard.aws.validation.outcome import Outcome, Table, failed_names, failure, lines
from boatyard.spec.checks import expanded
from boatyard.spec.words import JOB_NAME, fill

log = logging.getLogger(__name__)

RESULT = "result.json"
DATA_DOCS = "data_docs/"
LISTED = 50  # failed checks in the step's result, which must stay small


def validate(asked: Asked, clients: Clients, queries: Queries, me: Claimant) -> dict[str, Any]:
    """Evaluate the checks and keep what came of them in S3; a failed critical check is `FailedChecksError`.

    One that could not be evaluated is `UnevaluatedChecksError`: it may be Athena's fault, so it is worth another try.
    """
    validation = asked.only("Validate")
    if not validation["Expectations"]:
        log.info("the spec has no `checks:`; `boatyard profile` writes first ones from the data")
        return {"success": True, "failed": [], "warnings": 0, "result_uri": None, "data_docs_uri": None}
    place = fill(validation["OutputLocation"], {JOB_NAME: me.job_name(me.tries)})
    outcomes, page = _evaluate(validation, clients, queries, place, me)
    for line in lines(outcomes):
        log.info("%s", line)
    result = _result(outcomes, place, page)
    log.info("results: %s, Data Docs: %s", result["result_uri"], result["data_docs_uri"])
    stopping = failure(outcomes)
    if stopping:
        unevaluated = any(outcome.error for outcome in outcomes if outcome.critical)
        kind = UnevaluatedChecksError if unevaluated else FailedChecksError
        raise kind(f"{stopping}; see {result['data_docs_uri']}", result)
    if result["warnings"]:
        log.warning("%d checks failed, none of them critical: %s", result["warnings"], "; ".join(result["failed"]))
    return result


def _result(outcomes: Sequence[Outcome], place: str, page: str) -> dict[str, Any]:
    failed = [outcome for outcome in outcomes if not outcome.success]
    return {
        "success": not any(outcome.critical for outcome in failed),
        "failed": failed_names(outcomes)[:LISTED],
        "warnings": sum(not outcome.critical for outcome in failed),
        "result_uri": f"{place}{RESULT}",
        "data_docs_uri": f"{place}{DATA_DOCS}{page}",
    }


def _evaluate(
    validation: Mapping[str, Any], clients: Clients, queries: Queries, place: str, me: Claimant
) -> tuple[list[Outcome], str]:
    """Return what came of the checks and which of the Data Docs tells of it."""
    from boatyard.aws.validation import site
    from boatyard.aws.validation.evaluate import evaluated

    checks = [
        (number, check)
        for number, item in enumerate(validation["Expectations"])
        for check in expanded(item, validation["Columns"])
    ]
    table = Table(validation["Database"], validation["Table"], int(validation["Rows"]))
    found = evaluated(table, checks, clients, queries, f"{place}athena/")
    suite = found.suite(validation["Suite"])
    whole = site.suite_result(suite, found.results, table.name, me.job_name(me.tries))
    s3 = clients.get("s3")
    storage.write_bytes(s3, f"{place}{RESULT}", site.as_json(whole))
    page = ""
    with tempfile.TemporaryDirectory(prefix="boatyard-data-docs-") as folder:
        for path, content in site.pages(found.context, suite, whole, Path(folder)):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            storage.write_bytes(s3, f"{place}{DATA_DOCS}{path}", content, kind)
            page = path if site.is_of_validation(path) else page
    return list(found.outcomes()), page
