"""What the account says: who calls, the role, the bucket, the images, the quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from boatyard.aws.inspection import roles
from boatyard.aws.inspection.asking import Unanswered
from boatyard.aws.inspection.bucket import ForbiddenBucketError, MissingBucketError, region_of, try_writing
from boatyard.aws.inspection.identity import CredentialsError, NoAnswerError
from boatyard.aws.inspection.images import ImageUri, missing, parse
from boatyard.aws.inspection.quotas import sagemaker_quotas
from boatyard.cli.diagnosis.finding import Finding, not_checked, ok, problem, warning
from boatyard.cli.diagnosis.subject import Subject, values_of

_IMAGES = frozenset({"TrainingImage", "ImageUri", "Image"})
# Operation -> where its request says which instances it takes, and how Service Quotas calls their use.
_USES: dict[str, tuple[frozenset[str], str]] = {
    "CreateProcessingJob": (frozenset({"ClusterConfig"}), "processing job"),
    "CreateTrainingJob": (frozenset({"ResourceConfig"}), "training job"),
    "CreateTransformJob": (frozenset({"TransformResources"}), "transform job"),
    "CreateEndpointConfig": (frozenset({"ProductionVariants"}), "endpoint"),
}


def credentials(subject: Subject) -> Iterator[Finding]:
    """Ask AWS who calls."""
    try:
        caller = subject.caller
    except NoAnswerError as error:
        address = subject.environment.get("AWS_ENDPOINT_URL")
        mend = (
            f"does a server run at {address}? make up starts the local one; unset AWS_ENDPOINT_URL for AWS itself"
            if address
            else "check the network, HTTPS_PROXY and AWS_CA_BUNDLE"
        )
        yield problem("endpoint", str(error), mend)
        return
    except CredentialsError as error:
        yield problem("credentials", str(error), error.mend)
        return
    yield ok("credentials", f"account {caller.account}, {caller.arn}")
    yield from _other_accounts(subject, caller.account)


def role(subject: Subject) -> Iterator[Finding]:
    """Ask IAM for the execution role."""
    arn = subject.deployment.role_arn
    account, name = roles.account_and_name(arn) or ("", "")
    if account != subject.caller.account:
        yield not_checked("role", f"{arn} is account {account}'s: IAM of {subject.caller.account} does not know it")
        return
    iam = subject.clients.get("iam")
    services = roles.trusted_services(iam, name)
    if services is None:
        yield problem("role", f"{arn} does not exist", f"create it with a trust policy for {roles.SAGEMAKER}")
        return
    if roles.SAGEMAKER not in services:
        words = f"{arn} does not let SageMaker assume it; it trusts {', '.join(services) or 'no service'}"
        yield problem("role", words, f"add {roles.SAGEMAKER} to the role's trust policy")
        return
    yield ok("role", f"{arn}, which SageMaker may assume")
    try:
        if roles.may_pass(iam, subject.caller.arn, arn):
            yield ok("role", "the caller may pass it to SageMaker")
        else:
            who = roles.principal(subject.caller.arn)
            yield problem("role", "the caller may not pass it to SageMaker", f"grant {who} iam:PassRole on {arn}")
    except Unanswered as answer:
        yield not_checked("role", f"whether the caller may pass it (iam:PassRole): {answer}")


def bucket(subject: Subject) -> Iterator[Finding]:
    """Look at the bucket, write to it and delete what was written."""
    name, s3 = subject.deployment.bucket, subject.clients.get("s3")
    try:
        region = region_of(s3, name)
    except MissingBucketError:
        yield problem("bucket", f"{name} does not exist", "boatyard make-bucket")
        return
    except ForbiddenBucketError:
        yield problem(
            "bucket", f"{name} is another's or forbidden", "name a bucket of this account, or get access to it"
        )
        return
    if region and region != subject.region:
        words = f"{name} lies in {region}, jobs run in {subject.region}: SageMaker reads and writes its own region only"
        yield problem("bucket", words, f"name a bucket of {subject.region}")
        return
    probe = try_writing(s3, name)
    if probe.not_written:
        yield problem("bucket", f"{name} cannot be written to: {probe.not_written}", f"grant s3:PutObject on {name}/*")
    elif probe.not_deleted:
        words = f"{name} keeps the probe {probe.key}: {probe.not_deleted}"
        yield warning("bucket", words, f"grant s3:DeleteObject on {name}/*")
    else:
        yield ok("bucket", f"{name}, written to")


def images(subject: Subject) -> Iterator[Finding]:
    """Ask ECR for each image that a model names."""
    named: dict[str, list[str]] = {}
    for model, request in subject.requests():
        for uri in values_of(request.params, _IMAGES):
            if isinstance(uri, str) and model not in named.setdefault(uri, []):
                named[uri].append(model)
    for uri, models in named.items():
        yield _image(subject, uri, parse(uri), ", ".join(models))


def quotas(subject: Subject) -> Iterator[Finding]:
    """Compare the account's quotas with the instances that a run of each model takes."""
    wanted: Counter[str] = Counter()
    for _, request in subject.requests():
        for name, count in _instances(request.operation, request.params):
            wanted[name] = max(wanted[name], count)
    allowed = sagemaker_quotas(subject.clients.get("service-quotas"))
    for name, count in sorted(wanted.items()):
        if name not in allowed:
            yield not_checked("quotas", f"{name}: service-quotas does not list it")
        elif allowed[name] < count:
            words = f"{name}: {allowed[name]:.0f} of the {count} that a spec asks for"
            yield problem("quotas", words, "ask for more in the Service Quotas console, or name another instance type")
        else:
            yield ok("quotas", f"{name}: {allowed[name]:.0f}, {count} needed")


def _other_accounts(subject: Subject, account: str) -> Iterator[Finding]:
    registry = parse(f"{subject.environment.get('BOATYARD_IMAGE_REGISTRY', '')}/image:tag")
    role_of = roles.account_and_name(subject.environment.get("BOATYARD_ROLE_ARN", ""))
    if role_of is not None and role_of[0] != account:
        yield problem(
            "role",
            f"BOATYARD_ROLE_ARN is account {role_of[0]}'s, the credentials are {account}'s",
            "SageMaker takes a role of its own account only: use one of the two accounts for both",
        )
    if registry is not None and registry.account != account:
        yield warning(
            "images",
            f"BOATYARD_IMAGE_REGISTRY is account {registry.account}'s, the credentials are {account}'s",
            "its repositories need a policy that lets this account pull",
        )


def _image(subject: Subject, uri: str, image: ImageUri | None, models: str) -> Finding:
    if image is None:
        return not_checked("images", f"{uri} ({models}): it lies in no ECR registry")
    if image.region != subject.region:
        words = f"{uri} ({models}) lies in {image.region}, jobs run in {subject.region}"
        return problem("images", words, f"push it to ECR in {subject.region}")
    try:
        absent = missing(subject.clients.get("ecr"), image)
    except Unanswered as answer:
        return not_checked("images", f"{uri} ({models}): {answer}")
    if absent is None:
        return ok("images", f"{uri} ({models})")
    name = image.repository.rpartition("/")[2]
    return problem(
        "images", f"{uri} ({models}): {absent}", f"build containers/{name} and push it, or mend the spec's image"
    )


def _instances(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    members, use = _USES.get(operation, (frozenset(), ""))
    use = f"spot {use}" if params.get("EnableManagedSpotTraining") else use  # counted apart
    for resources in values_of(params, members):
        for one in resources if isinstance(resources, list | tuple) else (resources,):
            count = one.get("InstanceCount", one.get("InitialInstanceCount", 1))
            if "InstanceType" in one:
                yield f"{one['InstanceType']} for {use} usage", int(count)
