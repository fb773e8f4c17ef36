"""Pages about SageMaker's resources and Athena's queries, from the answers of their own operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sagelocal.console import logs
from sagelocal.console.kinds import HOME, INSIDE_OF, KINDS, Kind
from sagelocal.console.layout import page, section
from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.session import ROOT
from sagelocal.console.values import badge, moment, named, page_of, rows, shown, size, table
from sagelocal.errors import AwsError
from sagelocal.operations import OPERATIONS
from sagelocal.sagemaker.resources import pick

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.exchange import HttpResponse

_MOST = 100  # of AWS's list operations
_FEW = 8
_MACHINES = (("ResourceConfig",), ("ProcessingResources", "ClusterConfig"), ("TransformResources",))


def home(backend: Backend) -> HttpResponse:
    """Return the page with a little of everything."""
    parts = [_listed(backend, segment, _FEW) for segment in HOME]
    return page("Local AWS", tag("p", f"{backend.region}, account {backend.account}", class_="faint"), *parts)


def listing(backend: Backend, segment: str) -> HttpResponse:
    """Return the page with the newest of one kind."""
    if segment in INSIDE_OF:
        return listing(backend, INSIDE_OF[segment])
    menu = (tag("a", kind.title, href=f"{ROOT}/sagemaker/{name}") for name, kind in KINDS.items())
    return page(_kind(segment).title, tag("p", joined(*menu), class_="tabs"), _listed(backend, segment, _MOST))


def resource(backend: Backend, segment: str, name: str) -> HttpResponse:
    """Return the page about one resource."""
    kind = _kind(segment)
    found = _call(backend, "sagemaker", f"Describe{kind.noun}", {kind.name: name})
    parts: list[object] = [_summary(kind, found)]
    if found.get("FailureReason"):
        parts.append(tag("pre", found["FailureReason"], class_="failure"))
    if inside := _INSIDE.get(segment):
        parts.append(inside(backend, name))
    if kind.logs:
        group, alone = kind.logs
        prefix = "" if alone else f"{name}/"
        parts.append(section("Log", logs.panel(group.format(name=name), prefix)))
    parts.append(section("Description", table(found)))
    shown_name = str(found.get(f"{kind.noun}Name") or name) if segment not in INSIDE_OF else _short(name)
    return page(shown_name, tag("p", kind.title, class_="kind"), *parts)


def query(backend: Backend, execution_id: str) -> HttpResponse:
    """Return the page about one Athena query."""
    found = _call(backend, "athena", "GetQueryExecution", {"QueryExecutionId": execution_id})["QueryExecution"]
    status = found["Status"]
    facts = {
        "State": badge(status["State"]),
        "Submitted": moment(status["SubmissionDateTime"]),
        "Scanned": size(found.get("Statistics", {}).get("DataScannedInBytes", 0)),
    }
    reason = status.get("StateChangeReason") if status["State"] != "SUCCEEDED" else None
    return page(
        "Athena query",
        tag("p", execution_id, class_="kind"),
        _facts(facts),
        tag("pre", reason, class_="failure") if reason else None,
        section("Statement", tag("pre", found["Query"])),
        section("Description", table({key: value for key, value in found.items() if key != "Query"})),
    )


def _listed(backend: Backend, segment: str, count: int) -> Markup:
    kind = _kind(segment)
    order = {"SortBy": "CreationTime", "SortOrder": "Descending"} if kind.noun != "FeatureGroup" else {}
    found = _call(backend, "sagemaker", f"List{kind.noun}s", {"MaxResults": count, **order})[kind.listed]
    lines = [_line(kind, segment, one) for one in found]
    columns = ["Name", *(["Status"] if kind.status else []), "Created", *(["Ended"] if kind.ended else [])]
    title = tag("a", kind.title, href=f"{ROOT}/sagemaker/{segment}")
    return tag("section", tag("h2", title), rows(columns, lines, "none yet"))


def _line(kind: Kind, segment: str, found: Mapping[str, Any]) -> list[object]:
    name = found[f"{kind.noun}Name"]
    line: list[object] = [tag("a", name, href=page_of(segment, name))]
    if kind.status:
        line.append(badge(str(found.get(kind.status, "-"))))
    line.append(moment(found["CreationTime"]))
    if kind.ended:
        line.append(shown(found.get(kind.ended)) if not found.get(kind.ended) else moment(found[kind.ended]))
    return line


def _packages(backend: Backend, group: str) -> Markup:
    """Return the versions of a model package group, the newest first."""
    request = {"ModelPackageGroupName": group, "MaxResults": _MOST, "SortBy": "CreationTime", "SortOrder": "Descending"}
    found = _call(backend, "sagemaker", "ListModelPackages", request)["ModelPackageSummaryList"]
    lines = [
        [
            tag("a", f"version {one.get('ModelPackageVersion', '')}", href=page_of("model-packages", arn)),
            badge(one["ModelApprovalStatus"]),
            moment(one["CreationTime"]),
        ]
        for one in found
        for arn in [one["ModelPackageArn"]]
    ]
    return section("Versions", rows(["Version", "Approval", "Created"], lines, "none yet"))


def _trained(backend: Backend, tuning_job: str) -> Markup:
    """Return the training jobs of a tuning job, the newest first."""
    request = {"HyperParameterTuningJobName": tuning_job, "MaxResults": _MOST, "SortOrder": "Descending"}
    found = _call(backend, "sagemaker", "ListTrainingJobsForHyperParameterTuningJob", request)["TrainingJobSummaries"]
    lines = [
        [
            tag("a", one["TrainingJobName"], href=page_of("jobs", one["TrainingJobName"])),
            badge(one["TrainingJobStatus"]),
            shown(one.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")),
            ", ".join(f"{name}={value}" for name, value in sorted(one["TunedHyperParameters"].items())),
        ]
        for one in found
    ]
    return section("Training jobs", rows(["Name", "Status", "Objective", "Hyperparameters"], lines, "none yet"))


def _executions(backend: Backend, pipeline: str) -> Markup:
    """Return the executions of a pipeline, the newest first."""
    request = {"PipelineName": pipeline, "MaxResults": _MOST}
    found = _call(backend, "sagemaker", "ListPipelineExecutions", request)["PipelineExecutionSummaries"]
    lines = [
        [
            tag(
                "a",
                _short(one["PipelineExecutionArn"]),
                href=page_of("pipeline-executions", one["PipelineExecutionArn"]),
            ),
            badge(one["PipelineExecutionStatus"]),
            moment(one["StartTime"]),
            one["PipelineExecutionDisplayName"],
        ]
        for one in found
    ]
    return section("Executions", rows(["Execution", "Status", "Started", "Called"], lines, "none yet"))


def _steps(backend: Backend, execution: str) -> Markup:
    """Return the steps of an execution, in the order in which they began."""
    request = {"PipelineExecutionArn": execution, "MaxResults": _MOST, "SortOrder": "Ascending"}
    found = _call(backend, "sagemaker", "ListPipelineExecutionSteps", request)["PipelineExecutionSteps"]
    lines = [
        [
            one["StepName"],
            ", ".join(one["Metadata"]),
            badge(one["StepStatus"]),
            moment(one["StartTime"]),
            moment(one["EndTime"]) if "EndTime" in one else shown(None),
            joined(tag("div", named(text)) for text in _results(one)),
        ]
        for one in found
    ]
    return section("Steps", rows(["Step", "Type", "Status", "Began", "Ended", "Result"], lines, "none yet"))


def _results(step: dict[str, Any]) -> Iterable[str]:
    """Return what a step made, decided or said, each text once."""
    members = [str(value) for made in step["Metadata"].values() for value in made.values()]
    return dict.fromkeys([*members, *pick(step, "FailureReason").values()])


def _machines(resources: Mapping[str, Any]) -> str:
    groups = resources.get("InstanceGroups") or [resources]
    return ", ".join(f"{group.get('InstanceCount', 1)} x {group.get('InstanceType', '?')}" for group in groups)


def _summary(kind: Kind, found: Mapping[str, Any]) -> Markup:
    facts: dict[str, object] = {}
    if kind.status:
        facts["Status"] = badge(str(found.get(kind.status, "-")))
    facts["Created"] = moment(found["CreationTime"])
    ended = found.get(kind.ended) if kind.ended else None
    started = next((found[key] for key in found if key.endswith("StartTime") and key[:-9] == kind.noun[:-3]), None)
    if started and ended:
        facts["Ran for"] = f"{_epoch(ended) - _epoch(started):.1f} s"
    machine = next((one for path in _MACHINES if (one := _at(found, path))), None)
    if machine:
        facts["Machine"] = _machines(machine)
    return _facts(facts)


def _facts(facts: Mapping[str, object]) -> Markup:
    return tag("dl", (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()), class_="facts")


def _kind(segment: str) -> Kind:
    if segment not in KINDS:
        raise AwsError("ResourceNotFound", f"There is no page about {segment}.", 404)
    return KINDS[segment]


def _call(backend: Backend, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    return OPERATIONS[service, operation](backend, request)


def _epoch(value: datetime | float) -> float:
    return value.astimezone(UTC).timestamp() if isinstance(value, datetime) else float(value)


def _at(found: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any] | None:
    inner: Any = found
    for member in path:
        inner = inner.get(member) if isinstance(inner, Mapping) else None
    return inner if isinstance(inner, Mapping) else None


def _short(arn: str) -> str:
    return arn.partition("model-package/")[2] or arn.rpartition("/execution/")[2] or arn


# What the page about a resource shows of other ones.
_INSIDE: dict[str, Callable[[Backend, str], Markup]] = {
    "model-package-groups": _packages,
    "hyper-tuning-jobs": _trained,
    "pipelines": _executions,
    "pipeline-executions": _steps,
}
