# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["sagemaker-core==2.27.0"]
# ///
"""Resolve AWS's own images with the SageMaker SDK: a question as JSON on stdin, the answer as JSON on stdout.

Question: framework, version, py_version (or null) and instances, {scope: {processor: instance type}}.
Answer: sdk, images {scope: {processor: repository:tag}} and registries {region: host}; or problem, {key, message,
choices}.

`uv run --script` gives it the environment that image_uris.py.lock pins; nothing else imports it.
"""

import contextlib
import json
import logging
import sys
from importlib.metadata import version
from typing import Any

Json = dict[str, Any]
PACKAGE = "sagemaker-core"
REGION = "us-east-1"  # has every image


class QuestionError(Exception):
    """Say which key of the question has no answer, why, and what it could be."""

    def __init__(self, key: str, message: str, choices: list[str]) -> None:
        super().__init__(message)
        self.answer = {"problem": {"key": key, "message": message, "choices": choices}}


def main() -> int:
    """Answer one question."""
    question = json.load(sys.stdin)
    logging.disable()  # defaults that the SDK fills in are no news
    with contextlib.redirect_stdout(sys.stderr):
        try:
            answer = resolved(question)
        except QuestionError as problem:
            answer = problem.answer
    json.dump(answer, sys.stdout)
    return 0


def resolved(question: Json) -> Json:
    """Return the images of a framework for each scope and processor that it has one for."""
    from sagemaker.core import image_uris  # type: ignore[import-not-found]  # it is in the program's own environment

    check(image_uris, question)
    wanted = {
        (scope, processor): question | {"scope": scope, "instance": instance}
        for scope, instances in question["instances"].items()
        for processor, instance in instances.items()
    }
    found: dict[str, Json] = {}
    refused = ""
    for (scope, processor), one in wanted.items():
        try:
            found.setdefault(scope, {})[processor] = uri(image_uris, one, REGION).partition("/")[2]
        except (ValueError, KeyError, TypeError) as error:
            refused = str(error)
    found = {scope: images for scope, images in found.items() if images}
    if not found:
        raise QuestionError("framework", f"the SDK gives no image: {refused}", [])
    scope = next(iter(found))
    first = wanted[scope, next(iter(found[scope]))]
    return {"sdk": f"{PACKAGE} {version(PACKAGE)}", "images": found, "registries": registries(image_uris, first)}


def check(image_uris: Any, question: Json) -> None:
    """Raise QuestionError for a framework, version or Python version that there is not."""
    framework, wanted, python = question["framework"], question["version"], question["py_version"]
    frameworks = image_uris.list_frameworks()
    if framework not in frameworks:
        raise QuestionError("framework", f"the SageMaker SDK knows no framework {framework!r}", frameworks)
    versions = image_uris.list_versions(framework)
    if versions and wanted not in versions and wanted not in aliases(image_uris, framework):
        raise QuestionError("version", f"there is no version {wanted!r} of {framework}", versions)
    pythons = image_uris.list_py_versions(framework, wanted) if versions else []
    if python is not None and python not in pythons:
        has = f"; it has {', '.join(pythons)}" if pythons else ": leave py_version out"
        raise QuestionError("py_version", f"{framework} {wanted} has no Python version {python!r}{has}", pythons)


def aliases(image_uris: Any, framework: str) -> set[str]:
    """Return the short forms of versions, such as 2.3 for 2.3.0."""
    found: set[str] = set()
    configs = [image_uris.config_for_framework(framework)]
    while configs:
        config = configs.pop()
        found |= set(config.get("version_aliases", {}))
        configs += [part for key, part in config.items() if isinstance(part, dict) and key != "versions"]
    return found


def uri(image_uris: Any, question: Json, region: str) -> str:
    """Return the URI of one image."""
    found: str = image_uris.retrieve(
        question["framework"],
        region,
        version=question["version"],
        py_version=question["py_version"],
        instance_type=question["instance"],
        image_scope=question["scope"],
    )
    return found


def registries(image_uris: Any, question: Json) -> dict[str, str]:
    """Return the host of the image's registry in each region that has it."""
    import boto3

    found = {}
    session = boto3.Session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("sagemaker", partition_name=partition):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                found[region] = uri(image_uris, question, region).partition("/")[0]
    return dict(sorted(found.items()))


if __name__ == "__main__":
    sys.exit(main())
