"""A pipeline's definition: its parameters and its steps, read from the JSON text; pure.

https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sagelocal.errors import AwsError, validation_error
from sagelocal.pipelines import caching, conditions, graph, parameters, references, retries
from sagelocal.pipelines.kinds import CONDITION, FAIL, KINDS, TYPES
from sagelocal.pipelines.references import gets, step_of

Json = dict[str, Any]

VERSION = "2020-12-01"
DEEPEST = 100  # levels; whoever walks a definition does so without a second thought
EXECUTION_VARIABLES = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
    "TrainingJobName",
    "ProcessingJobName",
)
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_MEMBERS = {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps"}
_OF_ALL_STEPS = {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"}
_CACHED, _RETRIED, _WITH_FILES = {"CacheConfig"}, {"RetryPolicies"}, {"PropertyFiles"}
_OF_STEPS: dict[str, set[str]] = {
    "Processing": _CACHED | _RETRIED | _WITH_FILES,
    "Training": _CACHED | _RETRIED,
    "Transform": _CACHED | _RETRIED,
    "Tuning": _CACHED | _RETRIED,
    "EndpointConfig": _CACHED | _RETRIED,
    "Model": _RETRIED,
    "RegisterModel": _RETRIED,
    "Endpoint": _CACHED,
}
_OF_EXPERIMENTS = {"ExperimentName", "TrialName"}
_OF_CONDITIONS = {"Conditions", "IfSteps", "ElseSteps"}


@dataclass(frozen=True)
class Step:
    """One step, those inside of a Condition step included."""

    name: str
    type: str
    arguments: Json  # of a Condition step without the steps inside
    depends_on: frozenset[str]  # all that have to succeed before it begins
    branch: tuple[str, bool] | None  # the Condition step inside of which it is, and the outcome that wants it
    members: Json  # the whole object of the definition


@dataclass(frozen=True)
class Definition:
    """A pipeline's parameters and steps, the steps in an order in which they may run."""

    parameters: tuple[Json, ...]
    steps: tuple[Step, ...]
    experiment: Json | None

    def step(self, name: str) -> Step:
        """Return a step by its name."""
        return next(step for step in self.steps if step.name == name)


def broken(problem: str) -> AwsError:
    """Return the answer to a definition that is none."""
    return validation_error(f"Unable to parse pipeline definition. {problem}.")


@lru_cache(maxsize=64)
def parse(text: str) -> Definition:
    """Return the definition of a JSON text; ValidationException says what is wrong, and where."""
    found = _read(text)
    defined = tuple(_list(found, "Parameters", "the definition"))
    _refuse(problem for each in defined if (problem := parameters.problem(each)))
    _unique("Parameter", [each["Name"] for each in defined])
    steps = list(_steps(_list(found, "Steps", "the definition"), None))
    if not steps:
        raise broken("A pipeline needs at least one step in Steps")
    _unique("Step", [step.name for step in steps])
    experiment = found.get("PipelineExperimentConfig")
    _check_references(experiment, "PipelineExperimentConfig", defined, ())
    for step in steps:
        _check_references(step.arguments, f"step '{step.name}'", defined, steps)
    _check_dependencies(steps)
    order = graph.order({step.name: step.depends_on for step in steps})
    if isinstance(order, graph.Cycle):
        raise broken(f"Cyclic dependency between steps: {' -> '.join(order.names)}")
    by_name = {step.name: step for step in steps}
    return Definition(defined, tuple(by_name[name] for name in order), experiment)


def _read(text: str) -> Json:
    """Return the object of a JSON text, its own members checked."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise broken(f"It is not valid JSON: {error}") from error
    if _depth(found) > DEEPEST:
        raise broken(f"It is nested deeper than {DEEPEST} levels")
    if not isinstance(found, dict):
        raise broken("Expecting start of Json Object")
    if unknown := set(found) - _MEMBERS:
        raise broken(f"Unknown field '{sorted(unknown)[0]}'")
    if found.get("Version", VERSION) != VERSION:
        raise broken(f"Version must be {VERSION}")
    if found.get("MlflowConfig") is not None:
        raise validation_error("sagelocal does not support MlflowConfig in a pipeline definition yet. Leave it out.")
    experiment = found.get("PipelineExperimentConfig")
    if experiment is not None and (not isinstance(experiment, dict) or set(experiment) - _OF_EXPERIMENTS):
        raise broken(f"PipelineExperimentConfig has {' and '.join(sorted(_OF_EXPERIMENTS))}")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _depth(value: Any) -> int:
    """Return how deep a value is nested, counting no deeper than it may be."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        parts = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level, depth = [item for part in parts for item in part], depth + 1
    return depth


def _steps(found: list[Any], branch: tuple[str, bool] | None) -> Iterator[Step]:
    for each in found:
        step = _step(each, branch)
        yield step
        if step.type == CONDITION:
            for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
                inside = _list(each["Arguments"], member, f"step '{step.name}'")
                yield from _steps(inside, (step.name, outcome))


def _step(found: Any, branch: tuple[str, bool] | None) -> Step:
    if not isinstance(found, dict):
        raise broken("A step must be an object")
    name, kind = found.get("Name"), found.get("Type")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise broken(f"The step name {name!r} does not match {_NAME.pattern}")
    where = f"step '{name}'"
    if not isinstance(kind, str):
        raise broken(f"{where} needs a Type")
    if kind not in TYPES:
        raise validation_error(
            f"sagelocal does not support steps of Type {kind} ({where}) yet; it supports {', '.join(TYPES)}."
        )
    arguments = found.get("Arguments")
    if not isinstance(arguments, dict):
        raise broken(f"{where} needs Arguments")
    if any(not isinstance(found.get(member) or "", str) for member in ("DisplayName", "Description")):
        raise broken(f"DisplayName and Description of {where} must be strings")
    if unknown := set(found) - _OF_ALL_STEPS - _OF_STEPS.get(kind, set()):
        raise broken(f"Unknown field '{sorted(unknown)[0]}' in {where} of Type {kind}")
    _refuse(f"{problem} in {where}" for problem in _problems(found, kind, arguments))
    depends = _list(found, "DependsOn", where)
    if any(not isinstance(each, str) for each in depends):
        raise validation_error(f"sagelocal supports step names only in DependsOn ({where}), no run conditions yet.")
    if kind == CONDITION:
        arguments = {"Conditions": arguments["Conditions"]}
    named = {step for text in gets(arguments) if (step := step_of(text))}
    inside = {branch[0]} if branch else set()
    return Step(name, kind, arguments, frozenset({*depends, *named, *inside}), branch, found)


def _problems(found: Json, kind: str, arguments: Json) -> Iterator[str]:
    """Yield what is wrong with a step's own members."""
    if kind == CONDITION:
        if unknown := set(arguments) - _OF_CONDITIONS:
            yield f"Unknown field '{sorted(unknown)[0]}'"
        if not isinstance(arguments.get("Conditions"), list) or not arguments["Conditions"]:
            yield "Conditions must be a list of at least one condition"
            return
        yield from filter(None, map(conditions.problem, arguments["Conditions"]))
    if kind == FAIL and set(arguments) - {"ErrorMessage"}:
        yield "A Fail step has the argument ErrorMessage only"
    for policy in _list(found, "RetryPolicies", found["Name"]):
        yield from filter(None, [retries.problem(policy)])
    if found.get("CacheConfig") is not None:
        yield from filter(None, [caching.problem(found["CacheConfig"])])
    for file in _list(found, "PropertyFiles", found["Name"]):
        strings = isinstance(file, dict) and all(isinstance(value, str) for value in file.values())
        if not strings or set(file) != {"PropertyFileName", "OutputName", "FilePath"}:
            yield "A property file has PropertyFileName, OutputName and FilePath"
            return
        config = arguments.get("ProcessingOutputConfig")
        outputs = _list(config if isinstance(config, dict) else {}, "Outputs", found["Name"])
        if file["OutputName"] not in [output.get("OutputName") for output in outputs if isinstance(output, dict)]:
            name, output = file["PropertyFileName"], file["OutputName"]
            yield f"Property file '{name}' names the output '{output}', which is not there"


def _check_references(value: Any, where: str, defined: tuple[Json, ...], steps: Any) -> None:
    if found := references.problem(value):
        raise broken(f"{found} in {where}")
    names = {parameter["Name"] for parameter in defined}
    by_name = {step.name: step for step in steps}
    for text in gets(value):
        root, _, rest = text.partition(".")
        step = step_of(text)
        if root == "Parameters" and rest in names:
            continue
        if root == "Execution" and rest in EXECUTION_VARIABLES:
            continue
        if step in by_name and by_name[step].type != FAIL:
            _check_property_file(by_name[step], text, where)
            continue
        raise broken(f"Invalid reference [{text}] in {where}: there is no such thing")


def _check_property_file(step: Step, text: str, where: str) -> None:
    _, _, rest = text.partition(f"Steps.{step.name}.PropertyFiles.")
    if rest and rest not in [file["PropertyFileName"] for file in step.members.get("PropertyFiles") or ()]:
        raise broken(f"Invalid reference [{text}] in {where}: step '{step.name}' has no such property file")


def _check_dependencies(steps: list[Step]) -> None:
    names = {step.name for step in steps}
    for step in steps:
        if unknown := sorted(step.depends_on - names):
            raise broken(f"step '{step.name}' depends on '{unknown[0]}', which is not a step of the pipeline")


def _list(found: Json, member: str, where: str) -> list[Any]:
    value = found.get(member)
    if value is None:
        return []
    if not isinstance(value, list):
        raise broken(f"Expecting start of Json Array for {member} in {where}")
    return value


def _unique(what: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise broken(f"{what} names must be unique: '{twice[0]}' is there {names.count(twice[0])} times")


def _refuse(problems: Iterator[str]) -> None:
    for problem in problems:
        raise broken(problem[0].upper() + problem[1:])


def creates(step: Step) -> bool:
    """Tell whether a step creates a resource."""
    return step.type in KINDS
