"""Data Docs: Great Expectations' own pages on one validation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boatyard.aws.validation.library import great_expectations, quiet

# Films that explain Data Docs: three megabytes, in a dialogue that is switched off.
_LEFT_OUT = (".gif",)
_SITE = "boatyard"


def suite_result(suite: Any, results: Sequence[Any], table: str, run: str) -> Any:
    """Return the results of a suite as one of GX's own."""
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier

    good = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=good == len(results),
        results=list(results),
        suite_name=suite.name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results) if results else None,
        },
        meta={
            "great_expectations_version": great_expectations().__version__,
            "batch_kwargs": {"data_asset_name": table},  # what the pages call the data
            "run_id": RunIdentifier(run_name=run, run_time=datetime.now(UTC)),
            "active_batch_definition": {
                "datasource_name": "athena",
                "data_connector_name": "fluent",
                "data_asset_name": table,
                "batch_identifiers": {},
            },
        },
        batch_id=f"athena-{table}",
    )


def as_json(result: Any) -> bytes:
    """Return GX's own JSON of a suite's result."""
    return (json.dumps(result.to_json_dict(), indent=1) + "\n").encode()


def pages(context: Any, suite: Any, result: Any, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Build the site in an empty folder and yield its files, by their paths in it."""
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(suite.name),
        run_id=result.meta["run_id"],
        batch_identifier=result.meta["active_batch_definition"]["data_asset_name"],
    )
    with quiet():
        context.suites.add(suite)
        context.validation_results_store.set(key, result)
        for name in list(context.list_data_docs_sites()):
            context.delete_data_docs_site(name)
        context.add_data_docs_site(
            _SITE,
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        context.build_data_docs(site_names=[_SITE])
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in _LEFT_OUT:
            content = path.read_bytes()
            yield path.relative_to(folder).as_posix(), _styled(content) if path.suffix == ".html" else content


def is_of_validation(path: str) -> bool:
    """Return whether a file of the site is the page on the validation; the index needs scripts to show anything."""
    return path.startswith("validations/") and path.endswith(".html")


def _styled(page: bytes) -> bytes:
    """Return a page that can be read where its stylesheets cannot be loaded."""
    style = Path(__file__).with_name("offline.css").read_bytes()
    return page.replace(b"<head>", b"<head>\n<style>\n" + style + b"</style>", 1)
