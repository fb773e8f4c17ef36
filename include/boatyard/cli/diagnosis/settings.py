"""The variables that say where Boatyard runs, and the models' specs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boatyard.aws.inspection.identity import known_regions
from boatyard.aws.inspection.images import parse
from boatyard.aws.inspection.roles import account_and_name
from boatyard.aws.requests.shapes import shape_errors
from boatyard.cli.diagnosis.finding import Finding, ok, problem, warning
from boatyard.cli.diagnosis.subject import Subject
from boatyard.spec import SpecError, nearest
from boatyard.spec.deployment import VARIABLES, malformed_settings, missing_settings
from boatyard.spec.notify import NOTIFY_VARIABLE, deployment_notify

_LOCAL = "make up (for the local stack), or set it: "
# What each setting is, for somebody who has not set it.
_MEANINGS = {
    "BOATYARD_BUCKET": "the bucket of code, data and models",
    "BOATYARD_ROLE_ARN": "the execution role of jobs and endpoints, arn:aws:iam::<account>:role/<name>",
    "BOATYARD_IMAGE_REGISTRY": "what goes before an image's name, <account>.dkr.ecr.<region>.amazonaws.com/<prefix>",
    "AWS_REGION or AWS_DEFAULT_REGION": "the region, such as eu-central-1",
}
_SETTINGS = ("BOATYARD_BUCKET", "BOATYARD_ROLE_ARN", "BOATYARD_IMAGE_REGISTRY", "BOATYARD_DEPLOYMENT")
_PREFIX = "BOATYARD_"
_KNOWN = (*VARIABLES, "BOATYARD_CONSOLE_URL", NOTIFY_VARIABLE)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def settings(subject: Subject) -> Iterator[Finding]:
    """Look at the variables of a deployment."""
    missing = missing_settings(subject.environment)
    for name in missing:
        yield problem("settings", f"{name} is not set", _LOCAL + _MEANINGS[name])
    wrong = [*_malformed(subject)]
    yield from wrong
    yield from _strays(subject)
    if not missing and not wrong:
        shown = ", ".join(f"{name} {subject.environment[name]}" for name in _SETTINGS if subject.environment.get(name))
        yield ok("settings", shown)


def region(subject: Subject) -> Iterator[Finding]:
    """Look at the region's name."""
    known = known_regions("sagemaker")
    if subject.region in known:
        yield ok("region", subject.region)
    else:
        close = nearest(subject.region, known)
        hint = f"did you mean {close}? " if close else ""
        yield problem("region", f"SageMaker has no region {subject.region!r}", f"{hint}set AWS_REGION")
    other = subject.environment.get("AWS_DEFAULT_REGION")
    if other and other != subject.region:
        words = f"AWS_REGION is {subject.region} and AWS_DEFAULT_REGION {other}: clients differ in which one they read"
        yield warning("region", words, "set both to the same region")


def specs(subject: Subject) -> Iterator[Finding]:
    """Look at the specs of all models."""
    if not subject.models:
        yield warning("models", f"none in {subject.dags}", "boatyard new-model <name>")
    for name, spec in subject.models.items():
        if isinstance(spec, SpecError):
            yield from (problem("models", str(error), f"mend the file; boatyard check {name}") for error in spec.errors)
        else:
            yield ok("models", f"{name}, in {spec.folder}")


def requests(subject: Subject) -> Iterator[Finding]:
    """Look at what the models will ask of AWS."""
    refused = 0
    for name, words in subject.refusals():
        refused += 1
        yield problem("requests", f"{name}: {words}", f"boatyard check {name}")
    asked = [(name, request) for name, request in subject.requests() if request.service != "boatyard"]
    for name, request in asked:
        for error in shape_errors(request.service, request.operation, request.params):
            refused += 1
            words = f"{name}: AWS would refuse {request.operation}: {error}"
            yield problem("requests", words, f"mend its spec or a setting; boatyard check {name}")
    if asked and not refused:
        yield ok("requests", f"{len(asked)} of all models, each of a shape that AWS takes")


def _malformed(subject: Subject) -> Iterator[Finding]:
    bucket, role, registry = (subject.environment.get(name, "") for name in _SETTINGS[:3])
    if bucket and not _BUCKET.fullmatch(bucket):
        yield problem("settings", f"BOATYARD_BUCKET {bucket!r} is no bucket's name", "the name alone, without s3://")
    if role and account_and_name(role) is None:
        yield problem(
            "settings", f"BOATYARD_ROLE_ARN {role!r} is no role's ARN", "arn:aws:iam::<account>:role/<name>, no session"
        )
    if registry and (registry.endswith("/") or "://" in registry or ":" in registry.rpartition("/")[2]):
        yield problem(
            "settings",
            f"BOATYARD_IMAGE_REGISTRY {registry!r} does not go before an image's name",
            "<account>.dkr.ecr.<region>.amazonaws.com/<prefix>, without https://, tag or a slash at its end",
        )
    for words in malformed_settings(subject.environment):
        yield problem("settings", words, "set it as docs/long-and-cheap.md says, or unset it")
    try:
        deployment_notify(subject.environment.get(NOTIFY_VARIABLE, ""))
    except SpecError as error:
        yield problem("settings", str(error), "a list of places as in docs/notices.md")
    place = parse(f"{registry}/image:tag") if registry else None
    if place is not None and subject.region and place.region != subject.region:
        yield problem(
            "settings",
            f"BOATYARD_IMAGE_REGISTRY lies in {place.region}, jobs run in {subject.region}: SageMaker pulls from there",
            f"use the registry of {subject.region}",
        )


def _strays(subject: Subject) -> Iterator[Finding]:
    for name, value in sorted(subject.environment.items()):
        if name.startswith(_PREFIX) and value and name not in _KNOWN and (close := _meant(name)):
            yield warning("settings", f"{name} is set and means nothing", f"did you mean {close}?")
        if name.startswith("AWS_ENDPOINT_URL_") and value:
            service = name.removeprefix("AWS_ENDPOINT_URL_").lower()
            yield warning("settings", f"{name} is set: {service} alone goes to another address", f"unset {name}")


def _meant(name: str) -> str | None:
    """Return the setting whose name is most like this one; what all names begin with makes none of them alike."""
    close = nearest(
        name.removeprefix(_PREFIX), [known.removeprefix(_PREFIX) for known in _KNOWN if known.startswith(_PREFIX)]
    )
    return f"{_PREFIX}{close}" if close else None
