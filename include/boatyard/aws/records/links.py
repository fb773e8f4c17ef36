"""Pages about a step: where its job, its log, its data and its report can be looked at. No effects.

The addresses are those of AWS's console; another console that answers the same addresses can stand in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from boatyard.aws.records.record import summary_of
from boatyard.aws.s3.storage import split_uri

CONSOLE_VARIABLE = "BOATYARD_CONSOLE_URL"
_DOMAINS = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}

JOB, LOG, DATA, REPORT, QUERY, ENDPOINT, PACKAGE, RECORD, CACHED_FROM, RUN_SUMMARY = (
    "Job",
    "Log",
    "Data",
    "Report",
    "Query",
    "Endpoint",
    "Model package",
    "Record",
    "Cached from",
    "Run summary",
)

_JOB_PAGES = {
    "training": "jobs",
    "processing": "processing-jobs",
    "transform": "transform-jobs",
    "tuning": "hyper-tuning-jobs",
}
_REPORTS = ("report", "data_docs_uri")
# What a step reads says which report it is about.
_BESIDE = {"evaluation.json": "report.html"}


@dataclass(frozen=True)
class Console:
    """A console of one region."""

    base: str  # such as https://us-east-1.console.aws.amazon.com
    region: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], region: str) -> Console:
        """Return the console at BOATYARD_CONSOLE_URL; by default AWS's own of the region's partition."""
        domain = next((name for start, name in _DOMAINS.items() if region.startswith(start)), "console.aws.amazon.com")
        return cls((environment.get(CONSOLE_VARIABLE) or f"https://{region}.{domain}").rstrip("/"), region)

    def job(self, kind: str, name: str) -> str:
        """Return the page of a job."""
        return self._sagemaker(f"{_JOB_PAGES[kind]}/{name}")

    def endpoint(self, name: str) -> str:
        """Return the page of an endpoint."""
        return self._sagemaker(f"endpoints/{name}")

    def package(self, arn: str) -> str:
        """Return the page of a model package."""
        return self._sagemaker(f"model-packages/{quote(arn, safe='')}")

    def log(self, group: str, prefix: str = "") -> str:
        """Return the page of a log group's streams whose names begin with `prefix`."""
        page = f"log-groups/log-group/{_twice(group)}"
        streams = f"$3FlogStreamNameFilter$3D{_twice(prefix)}" if prefix else ""
        return f"{self.base}/cloudwatch/home?region={self.region}#logsV2:{page}{streams}"

    def query(self, execution_id: str) -> str:
        """Return the page of an Athena query."""
        return f"{self.base}/athena/home?region={self.region}#/query-editor/history/{execution_id}"

    def stored(self, uri: str) -> str:
        """Return the page of an S3 object, or of all objects below a prefix that ends in a slash."""
        bucket, key = split_uri(uri)
        page = "buckets" if not key or key.endswith("/") else "object"
        return f"{self.base}/s3/{page}/{bucket}?region={self.region}&prefix={quote(key, safe='/')}"

    def _sagemaker(self, page: str) -> str:
        return f"{self.base}/sagemaker/home?region={self.region}#/{page}"


def job_links(console: Console, kind: str, name: str, log_group: str) -> dict[str, str]:
    """Return the links of a job: they are known as soon as it has a name."""
    return {JOB: console.job(kind, name), LOG: console.log(log_group, f"{name}/")}


def endpoint_logs(endpoint: str) -> str:
    """Return the log group of an endpoint."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def record_links(console: Console, record: Mapping[str, Any], uri: str) -> dict[str, str]:
    """Return the links of a step from its record, by their names; what it does not have is not among them."""
    inputs, outputs, result, job = (record[key] or {} for key in ("inputs", "outputs", "result", "job"))
    links = job_links(console, job["kind"], job["name"], job["log_group"]) if job else {}
    data = next((one for one in (*outputs.values(), *inputs.values()) if _is_stored(one)), None)
    report = next((result[key] for key in _REPORTS if result.get(key)), None) or _report_elsewhere(record)
    executions = [entry["answer"].get("QueryExecutionId") for entry in record["requests"]]
    queries = [*executions, result.get("query_execution_id")]  # the one that the step tells of, or else its last
    found = {
        DATA: data and console.stored(data),
        REPORT: report and console.stored(report),
        QUERY: next((console.query(one) for one in reversed(queries) if one), None),
        ENDPOINT: _endpoint(console, record),
        PACKAGE: result.get("model_package_arn") and console.package(result["model_package_arn"]),
        RECORD: console.stored(uri),
        CACHED_FROM: _cached_from(console, record),
        RUN_SUMMARY: console.stored(summary_of(uri)),
    }
    if found[ENDPOINT] and LOG not in links:
        found[LOG] = console.log(endpoint_logs(_endpoint_name(record) or ""))
    return links | {name: link for name, link in found.items() if link}


def _cached_from(console: Console, record: Mapping[str, Any]) -> str | None:
    """Return the page of the record of whose work was taken."""
    uri = (record.get("cached_from") or {}).get("record")
    return console.stored(uri) if uri else None


def _endpoint_name(record: Mapping[str, Any]) -> str | None:
    asked = (entry["params"].get("EndpointName") for entry in record["requests"])
    name = record["result"].get("endpoint_name") or next((one for one in asked if one), None)
    return str(name) if name else None


def _endpoint(console: Console, record: Mapping[str, Any]) -> str | None:
    name = _endpoint_name(record)
    return console.endpoint(name) if name else None


def _report_elsewhere(record: Mapping[str, Any]) -> str | None:
    """Return the report beside what was read, or the one that was written on a model package."""
    inputs = record["inputs"]
    for file, report in _BESIDE.items():
        if file in inputs:
            return f"{inputs[file].removesuffix(file)}{report}"
    written = (entry["params"].get("CustomerMetadataProperties", {}) for entry in record["requests"])
    return next((found["report"] for found in written if found.get("report")), None)


def _is_stored(value: str) -> bool:
    return value.startswith("s3://")


def _twice(text: str) -> str:
    """Return text as CloudWatch's pages have it in their addresses: encoded twice, "$" in place of "%"."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
