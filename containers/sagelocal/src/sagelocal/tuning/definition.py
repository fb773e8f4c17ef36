"""What a tuning job's request says: its definitions, its limits, and the requests of its training jobs; pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sagelocal.errors import validation_error
from sagelocal.tuning.search import Search, grid_size
from sagelocal.tuning.space import Parameter, parameters

Json = dict[str, Any]

# https://docs.aws.amazon.com/general/latest/gr/sagemaker.html: training jobs per tuning job
MOST_JOBS = 750
OBJECTIVE_HYPERPARAMETER = "_tuning_objective_metric"
# Members of a definition that a training job's request does not have.
_OWN = ("DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")


@dataclass(frozen=True)
class Definition:
    """One kind of training job that a tuning job launches."""

    name: str  # "" where the request has only one
    metric: str
    maximize: bool
    parameters: tuple[Parameter, ...]
    members: Json


def definitions(request: Json) -> list[Definition]:
    """Return the request's definitions, at least one; ValidationException if they do not make sense."""
    config = request["HyperParameterTuningJobConfig"]
    single, several = request.get("TrainingJobDefinition"), request.get("TrainingJobDefinitions") or []
    if bool(single) == bool(several):
        raise validation_error("Give either TrainingJobDefinition or TrainingJobDefinitions.")
    if single:
        objective, ranges = config.get("HyperParameterTuningJobObjective"), config.get("ParameterRanges")
        return [_definition(single, objective, ranges, single.get("DefinitionName") or "")]
    found = [
        _definition(
            each, each.get("TuningObjective"), each.get("HyperParameterRanges"), each.get("DefinitionName") or ""
        )
        for each in several
    ]
    names = {each.name for each in found}
    if "" in names or len(names) != len(found):
        raise validation_error("Every one of TrainingJobDefinitions needs a DefinitionName of its own.")
    if len({(each.metric, each.maximize) for each in found}) > 1:
        raise validation_error("sagelocal supports one TuningObjective for all of TrainingJobDefinitions only.")
    return found


def _definition(members: Json, objective: Json | None, ranges: Json | None, name: str) -> Definition:
    if not objective:
        raise validation_error("A tuning job needs an objective: HyperParameterTuningJobObjective, or TuningObjective.")
    found = parameters(ranges or {})
    both = sorted({each.name for each in found} & set(members.get("StaticHyperParameters") or {}))
    if both:
        raise validation_error(f"Hyperparameters must be either static or tuned, not both: {', '.join(both)}.")
    return Definition(name, objective["MetricName"], objective["Type"] == "Maximize", found, members)


def job_limit(request: Json, of: list[Definition]) -> int:
    """Return how many training jobs there will be; ValidationException if a grid has another number of points."""
    config = request["HyperParameterTuningJobConfig"]
    wanted: int | None = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if config["Strategy"] != "Grid":
        return wanted or MOST_JOBS
    if any(not parameter.values for each in of for parameter in each.parameters):
        raise validation_error("Grid search supports categorical parameters only.")
    size = sum(grid_size(each.parameters) for each in of)
    if wanted not in (None, size):
        raise validation_error(f"A grid search launches one training job for each of its {size} points, not {wanted}.")
    return size


def search(request: Json, of: list[Definition], index: int) -> Search:
    """Return how the values of a definition's jobs are chosen."""
    config = request["HyperParameterTuningJobConfig"]
    text = f"{request['HyperParameterTuningJobName']}/{index}"
    seed = config.get("RandomSeed")
    if seed is None:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    chosen = of[index]
    budget = job_limit(request, of) // len(of)
    return Search(config["Strategy"], chosen.maximize, chosen.parameters, budget, seed + index)


def next_definition(request: Json, of: list[Definition], counts: list[int]) -> int:
    """Return the index of the definition whose turn it is; `counts` says how many jobs each has had."""
    if request["HyperParameterTuningJobConfig"]["Strategy"] != "Grid":
        return min(range(len(of)), key=lambda index: counts[index])
    return next(index for index in range(len(of)) if counts[index] < grid_size(of[index].parameters))


def child_name(tuning_job: str, number: int, created: float) -> str:
    """Return the name of a training job, `<tuning job>-NNN-<8 hexadecimal digits>`; the same one after a restart."""
    digest = hashlib.sha256(f"{tuning_job}/{created!r}/{number}".encode()).hexdigest()[:8]
    return f"{tuning_job}-{number:03d}-{digest}"


def child_request(request: Json, definition: Definition, name: str, tuned: dict[str, str]) -> Json:
    """Return the CreateTrainingJob request of one of its jobs."""
    members = {member: value for member, value in definition.members.items() if member not in _OWN}
    resources = members.pop("HyperParameterTuningResourceConfig", None)
    if resources:
        members["ResourceConfig"] = resources
    static = definition.members.get("StaticHyperParameters") or {}
    return {
        **members,
        "TrainingJobName": name,
        "HyperParameters": {**static, **tuned, OBJECTIVE_HYPERPARAMETER: definition.metric},
        "Tags": request.get("Tags") or [],  # AWS gives a tuning job's tags to its training jobs
    }
