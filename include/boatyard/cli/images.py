"""boatyard images: find out which images of AWS's the specs mean, and write it down beside them."""

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from boatyard.cli.home import StackError
from boatyard.cli.project import dags_folder
from boatyard.cli.sdk import ask
from boatyard.spec import Problem, nearest
from boatyard.spec.images import LOCK_FILE, FrameworkImage
from boatyard.spec.load import GROUP_FILE, GROUPS_FOLDER, MODEL_FILE
from boatyard.spec.source import Source, read

HELP = "resolve images named by framework and version with the SageMaker SDK, into image.lock beside the spec"

_KEYS = frozenset(FrameworkImage.model_fields)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the verb and the folders."""
    parser.add_argument("verb", choices=("resolve",))
    parser.add_argument("folder", nargs="*", help="models, or features/<group> (default: all of the project)")
    parser.add_argument("--dags", type=Path, metavar="DIR", help="folder of the models (default: the project's dags)")


def run(arguments: argparse.Namespace) -> int:
    """Resolve each spec's image and return 0, or print what is wrong and return 1."""
    dags = arguments.dags or dags_folder()
    problems = []
    for folder in _folders(dags, arguments.folder):
        source = read(_file(folder))
        image = framework_image(source)
        if image is None:
            print(f"{folder}: its image is not one of AWS's by framework and version")
            continue
        answer = ask.images(image, source.data)
        if "problem" in answer:
            problems.append(_problem(source, answer["problem"]))
            continue
        _write(folder / LOCK_FILE, {"image": image.model_dump(), **answer})
        named = sorted({name for images in answer["images"].values() for name in images.values()})
        print(f"{folder / LOCK_FILE}: {image} is {', '.join(named)} in {len(answer['registries'])} regions")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def explained(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems; that of an image which is not resolved says why it cannot be, if the SDK knows."""
    return [_explained(problem) for problem in problems]


def framework_image(source: Source) -> FrameworkImage | None:
    """Return the framework image of a spec that need not be sound otherwise."""
    value = source.data.get("image")
    if not isinstance(value, dict) or not value.keys() <= _KEYS or not {"framework", "version"} <= value.keys():
        return None
    if not all(isinstance(part, str) and part for part in value.values()):
        return None
    return FrameworkImage(**value)


def _explained(problem: Problem) -> Problem:
    if problem.key != "image" or "is not resolved" not in problem.message:
        return problem
    source = read(problem.file)
    image = framework_image(source)
    if image is None:
        return problem
    try:
        answer = ask.images(image, source.data)
    except StackError as error:
        return replace(problem, message=f"{problem.message} ({error})")
    return _problem(source, answer["problem"]) if "problem" in answer else problem


def _problem(source: Source, found: dict[str, Any]) -> Problem:
    key, choices = found["key"], found["choices"]
    image = framework_image(source)
    given = getattr(image, key, None) or ""
    suggestion = nearest(given, choices)
    listed = "" if suggestion or not choices else f"; there is {', '.join(choices)}"
    return source.problem(("image", key), f"{found['message']}{listed}", suggestion)


def _folders(dags: Path, names: list[str]) -> list[Path]:
    there = sorted(
        path.parent for name in (f"*/{MODEL_FILE}", f"{GROUPS_FOLDER}/*/{GROUP_FILE}") for path in dags.glob(name)
    )
    if not names:
        return [folder for folder in there if framework_image(read(_file(folder)))]
    known = [folder.relative_to(dags).as_posix() for folder in there]
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean '{close}'?" if close else f"there is {', '.join(known) or 'none'}"
            raise StackError(f"no model or feature group {name!r} in {dags}: {hint}")
    return [dags / name for name in names]


def _file(folder: Path) -> Path:
    return folder / (GROUP_FILE if folder.parent.name == GROUPS_FOLDER else MODEL_FILE)


def _write(path: Path, content: dict[str, object]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
