"""boatyard profile: write a model's first checks from its data."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from boatyard.aws.errors import StepError, aws_failures
from boatyard.cli.home import Home, StackError
from boatyard.cli.project import dags_folder, model_folder
from boatyard.cli.runs.target import find_target
from boatyard.spec import SpecError, load_model
from boatyard.spec.load import MODEL_FILE
from boatyard.spec.source import read

HELP = "write a model's first checks from its data, into model.yaml if it has none"

_KEY = "checks"
_AFTER = "features"  # the key that the checks are put behind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the model's name."""
    parser.add_argument("model", help="name of a folder with a model.yaml, such as digits")
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the checks and change no file")
    parser.add_argument("--dags", type=Path, metavar="DIR", help="folder of the models (default: the project's dags)")


def run(arguments: argparse.Namespace) -> int:
    """Print the checks, and put them into a spec without any."""
    from boatyard.cli.profile_data import first_checks

    folder = model_folder(arguments.dags or dags_folder(), arguments.model)
    try:
        spec = load_model(folder)
    except SpecError as error:
        for problem in error.errors:
            print(problem, file=sys.stderr)
        return 1
    target = find_target(Home.here(), _report)
    failures: tuple[type[Exception], ...] = (StepError, *aws_failures())
    now = datetime.now(UTC).isoformat()
    try:
        checks, described = first_checks(spec, target, now)
    except failures as error:
        raise StackError(f"no profile of {spec.name}: {error}") from None
    text = as_yaml(checks)
    print(text, end="")
    _report(f"from {described}")
    file = folder / MODEL_FILE
    if arguments.only_print:
        return 0
    if _KEY in read(file).data:
        _report(f"{file} has checks of its own: nothing was changed")
        return 0
    insert(file, text)
    _report(f"written to {file}: bounds are what the data show today, widen them as you know better")
    return 0


def as_yaml(checks: list[dict[str, dict[str, Any]]]) -> str:
    """Return checks as they stand in a spec, one on each line."""
    lines = [f"{_KEY}:"]
    for item in checks:
        ((name, arguments),) = item.items()
        dumped = yaml.safe_dump(arguments, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
        lines.append(f"  - {name}: {dumped.strip()}")
    return "\n".join(lines) + "\n"


def insert(file: Path, text: str) -> None:
    """Put `text` behind the features of a spec; all else stays as it was written."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    source = read(file)
    later = [line for path, line in source.lines.items() if len(path) == 1 and line > source.lines[_AFTER,]]
    place = min(later, default=len(lines) + 1) - 1
    while place and (lines[place - 1].startswith("#") or (place == len(lines) and not lines[place - 1].strip())):
        place -= 1  # comments right above a key belong to it
    if place and not lines[place - 1].endswith("\n"):
        lines[place - 1] += "\n"
    lines.insert(place, f"{text}\n")
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text("".join(lines), encoding="utf-8")
    temporary.replace(file)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
