"""Answers of AWS as tables for people, with links to whatever they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.session import ROOT

_STORED = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
_ARN = re.compile(r"arn:aws:sagemaker:[^:]+:\d+:([a-z-]+)/(.+)")
# Segments of ARNs, and of the pages about them.
ARN_PAGES = {
    "training-job": "jobs",
    "processing-job": "processing-jobs",
    "transform-job": "transform-jobs",
    "hyper-parameter-tuning-job": "hyper-tuning-jobs",
    "pipeline": "pipelines",
    "model": "models",
    "model-package": "model-packages",
    "model-package-group": "model-package-groups",
    "endpoint": "endpoints",
    "endpoint-config": "endpointConfig",
    "feature-group": "feature-groups",
}
# Members whose value is another resource's name.
NAME_PAGES = {
    "ModelName": "models",
    "EndpointName": "endpoints",
    "EndpointConfigName": "endpointConfig",
    "FeatureGroupName": "feature-groups",
    "ModelPackageGroupName": "model-package-groups",
}
_GOOD = frozenset({"Completed", "InService", "Approved", "Created", "Active", "Succeeded", "SUCCEEDED"})
_BAD = frozenset({"Failed", "Stopped", "Rejected", "CreateFailed", "FAILED", "CANCELLED", "OutOfService"})
_LONG = 120


def page_of(segment: str, name: str) -> str:
    """Return the address of the page about a SageMaker resource."""
    return f"{ROOT}/sagemaker/{segment}/{quote(name, safe='')}"


def stored_page(bucket: str, key: str) -> str:
    """Return the address of the page about an object, or about a prefix that ends in a slash."""
    page = "buckets" if not key or key.endswith("/") else "object"
    return f"{ROOT}/s3/{page}/{quote(bucket)}?prefix={quote(key)}"


def badge(status: str) -> Markup:
    """Return a status with its colour."""
    tone = "good" if status in _GOOD else "bad" if status in _BAD else "going"
    return tag("span", status, class_=f"badge {tone}")


def moment(value: datetime | float) -> Markup:
    """Return a time, which the browser shows in its own zone."""
    time = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    shown = time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return tag("time", shown, datetime=time.astimezone(UTC).isoformat())


def size(count: float) -> str:
    """Return a number of bytes in words."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def shown(value: Any, member: str = "") -> Markup:
    """Return any value of an answer."""
    match value:
        case Mapping():
            return table(value) if value else tag("span", "none", class_="faint")
        case datetime():
            return moment(value)
        case bool():
            return tag("span", "yes" if value else "no")
        case int() | float() if member.endswith("Time"):
            return moment(value)
        case str():
            return _text(value, member)
        case Sequence():
            return _list(value, member)
        case None:
            return tag("span", "-", class_="faint")
        case _:
            return tag("span", str(value))


def table(members: Mapping[str, Any]) -> Markup:
    """Return members with their values, one in each row."""
    rows = (tag("tr", tag("th", name), tag("td", shown(value, name))) for name, value in members.items())
    return tag("table", rows, class_="members")


def rows(columns: Sequence[str], lines: Sequence[Sequence[object]], empty: str) -> Markup:
    """Return a table with a head, or `empty` where it has no lines."""
    if not lines:
        return tag("p", empty, class_="faint")
    head = tag("tr", (tag("th", column) for column in columns))
    body = (tag("tr", (tag("td", cell) for cell in line)) for line in lines)
    return tag("div", tag("table", tag("thead", head), tag("tbody", body), class_="rows"), class_="wide")


def _list(values: Sequence[Any], member: str) -> Markup:
    if not values:
        return tag("span", "none", class_="faint")
    if all(isinstance(value, Mapping) and set(value) == {"Key", "Value"} for value in values):
        return table({value["Key"]: value["Value"] for value in values})
    if all(isinstance(value, str | int | float) for value in values):
        return joined(tag("div", shown(value, member.removesuffix("s"))) for value in values)
    return joined(tag("div", shown(value), class_="item") for value in values)


def _text(text: str, member: str) -> Markup:
    if stored := _STORED.fullmatch(text):
        return tag("a", text, href=stored_page(*stored.groups()))
    if page := _page_at(text):
        return tag("a", text, href=page)
    if member in NAME_PAGES and text:
        return tag("a", text, href=page_of(NAME_PAGES[member], text))
    if member.endswith("Status"):
        return badge(text)
    return tag("pre" if "\n" in text or len(text) > _LONG else "span", text)


def _page_at(arn: str) -> str | None:
    """Return the address of the page about what an ARN names, None if there is none."""
    parts = _ARN.fullmatch(arn)
    if parts is None or parts[1] not in ARN_PAGES:
        return None
    if "/execution/" in arn:
        return page_of("pipeline-executions", arn)
    return page_of(ARN_PAGES[parts[1]], arn if parts[1] == "model-package" else parts[2])


def named(text: str) -> Markup:
    """Return an ARN as a link that shows the name alone, any other text as it is."""
    page = _page_at(text)
    return tag("a", text.partition("/")[2], href=page) if page else shown(text)
