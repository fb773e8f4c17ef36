"""boatyard check: print what a model will ask of AWS, or everything that is wrong with its spec."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from boatyard.aws.cost.prices import PriceTableError, prices
from boatyard.aws.requests.shapes import shape_errors
from boatyard.cli.images import explained
from boatyard.cli.plan_cost import cost_lines
from boatyard.cli.project import dags_folder, model_folder
from boatyard.spec import DeploymentError, ModelSpec, SpecError, load_model
from boatyard.spec.deployment import missing_settings, with_examples
from boatyard.steps import BATCH_STEPS, Request, RunContext, model_steps

HELP = "print every step's request of a model, or every error of its spec"

_LINE = 90
_OWN_WORK = "boatyard"  # the service of requests that are no calls of AWS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the model's name."""
    parser.add_argument("model", help="name of a folder with a model.yaml, such as digits")
    parser.add_argument("--dags", type=Path, metavar="DIR", help="folder of the models (default: the project's dags)")
    parser.add_argument("--json", action="store_true", help="print JSON, not YAML")


def run(arguments: argparse.Namespace) -> int:
    """Print the requests and return 0, or the errors and return 1."""
    try:
        spec = load_model(model_folder(arguments.dags or dags_folder(), arguments.model))
    except SpecError as error:
        return _fail(str(problem) for problem in explained(error.errors))
    missing = missing_settings(os.environ)
    if missing:
        print(f"# not set in the environment, shown with example values: {', '.join(missing)}", file=sys.stderr)
    try:
        plan = _plan(spec, RunContext.for_check(with_examples(os.environ)))
    except DeploymentError as error:
        return _fail([f"{spec.folder}: {error}"])
    errors = [
        f"{step}: {request.service} {request.operation}: {error}"
        for step, requests in plan.items()
        for request in requests
        if request.service != _OWN_WORK
        for error in shape_errors(request.service, request.operation, request.params)
    ]
    if errors:
        return _fail(errors)
    for line in _cost(plan, spec):
        print(f"# {line}", file=sys.stderr)
    shown = [{"step": step, "requests": [_shown(request) for request in requests]} for step, requests in plan.items()]
    print(json.dumps(shown, indent=2) if arguments.json else _yaml(shown).rstrip())
    return 0


def _cost(plan: dict[str, tuple[Request, ...]], spec: ModelSpec) -> Iterator[str]:
    region = with_examples(os.environ).region
    try:
        table = prices()
    except PriceTableError as error:
        yield str(error)
        return
    yield f"what the steps may cost, at {table.words(region)}:"
    yield from cost_lines(plan, spec, region, table)


def _plan(spec: ModelSpec, run: RunContext) -> dict[str, tuple[Request, ...]]:
    steps = model_steps(spec) if spec.batch is None else (*model_steps(spec), *BATCH_STEPS)
    return {step.name: step.build(spec, run) for step in steps}


def _shown(request: Request) -> dict[str, Any]:
    return {"service": request.service, "operation": request.operation, "params": request.params}


def _fail(errors: Iterable[str]) -> int:
    for error in errors:
        print(error, file=sys.stderr)
    return 1


class _Dumper(yaml.SafeDumper):
    """Write a text of several lines as such and a short mapping on one line: statements and lists stay readable."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _mapping(dumper: yaml.SafeDumper, mapping: dict[str, Any]) -> yaml.MappingNode:
    short = len(str(mapping)) < _LINE and not any(isinstance(value, dict | list) for value in mapping.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True, default_flow_style=False)
