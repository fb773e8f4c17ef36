"""AddTags, ListTags and DeleteTags, for every kind of resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error
from sagelocal.operations import Request, Response, operation
from sagelocal.sagemaker.resources import RESOURCES, Resource

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

MAX_TAGS = 50  # per resource, https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html

_BY_SEGMENT = {resource.segment: resource for resource in RESOURCES}


def tags_of(document: Document) -> dict[str, str]:
    """Return a document's tags: those it was created with until somebody changes them."""
    tags = document.get("tags")
    if tags is None:
        tags = {tag["Key"]: tag["Value"] for tag in document["request"].get("Tags") or []}
    return dict(tags)


def _resource(backend: Backend, arn: str) -> tuple[Resource, str]:
    prefix = backend.arn("sagemaker", "")
    segment, _, name = arn.removeprefix(prefix).partition("/")
    if not arn.startswith(prefix) or segment not in _BY_SEGMENT or not name:
        raise validation_error(
            f"Invalid ARN: {arn}. sagelocal keeps tags of {prefix}<{'|'.join(sorted(_BY_SEGMENT))}>/<name>."
        )
    return _BY_SEGMENT[segment], name


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS's responses have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@operation("sagemaker", "AddTags")
def add_tags(backend: Backend, request: Request) -> Response:
    """Add tags to a resource, replacing those with the same key."""
    resource, name = _resource(backend, request["ResourceArn"])

    def change(document: dict[str, Any]) -> None:
        tags = tags_of(document) | {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        if len(tags) > MAX_TAGS:
            raise validation_error(f"A resource can have at most {MAX_TAGS} tags, this one would have {len(tags)}.")
        document["tags"] = tags

    return {"Tags": as_list(tags_of(resource.update(backend, name, change)))}


@operation("sagemaker", "ListTags")
def list_tags(backend: Backend, request: Request) -> Response:
    """Return a resource's tags, all on one page: there are at most 50."""
    resource, name = _resource(backend, request["ResourceArn"])
    return {"Tags": as_list(tags_of(resource.document(backend, name)))}


@operation("sagemaker", "DeleteTags")
def delete_tags(backend: Backend, request: Request) -> Response:
    """Remove tags from a resource; keys it does not have are passed over."""
    resource, name = _resource(backend, request["ResourceArn"])

    def change(document: dict[str, Any]) -> None:
        tags = tags_of(document)
        document["tags"] = {key: value for key, value in tags.items() if key not in request["TagKeys"]}

    resource.update(backend, name, change)
    return {}
