"""Search: the resources that satisfy an expression.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.model import StructureShape

from sagelocal import wire
from sagelocal.errors import AwsError
from sagelocal.operations import OPERATIONS, Request, Response, operation
from sagelocal.sagemaker.fields import check_fields
from sagelocal.sagemaker.listing import PAGE_SIZE, position, query_of, token
from sagelocal.sagemaker.resources import RESOURCES, Resource
from sagelocal.sagemaker.search_expressions import Properties
from sagelocal.sagemaker.tags import as_list, tags_of

if TYPE_CHECKING:
    from sagelocal.backend import Backend

Members = dict[str, Any]

_BY_MEMBER = {resource.member: resource for resource in RESOURCES}


@operation("sagemaker", "Search")
def search(backend: Backend, request: Request) -> Response:
    """Find resources; what was created or changed last comes first."""
    check_fields("Search", request)
    resource = _BY_MEMBER[request["Resource"]]
    shape = _shape(resource)
    properties = Properties(resource.member, shape)
    expression = request.get("SearchExpression")
    test = (lambda _: True) if expression is None else properties.test(expression)
    found = [record for record in _records(backend, resource, shape) if test(record)]
    descending = request.get("SortOrder", "Descending") == "Descending"
    key = _sort_key(resource, properties, request.get("SortBy") or "LastModifiedTime", descending)
    found.sort(key=key, reverse=descending)
    total, query = len(found), query_of("Search", request)
    if asked := request.get("NextToken"):
        last = position(asked, query)
        found = [record for record in found if (key(record) < last if descending else key(record) > last)]
    size = request.get("MaxResults") or PAGE_SIZE
    response: Members = {
        "Results": [{resource.member: record} for record in found[:size]],
        "TotalHits": {"Value": total, "Relation": "EqualTo"},
    }
    if len(found) > size:
        response["NextToken"] = token(key(found[size - 1]), query)
    return response


def _shape(resource: Resource) -> StructureShape:
    model = wire.service_model("sagemaker")
    assert model is not None  # noqa: S101 - botocore knows SageMaker
    shape = model.shape_for("SearchRecord")
    assert isinstance(shape, StructureShape)  # noqa: S101 - botocore says so
    record = shape.members[resource.member]
    assert isinstance(record, StructureShape)  # noqa: S101 - the same
    return record


def _records(backend: Backend, resource: Resource, shape: StructureShape) -> Iterator[Members]:
    """Yield every resource of a kind as its Describe operation shows it, with its tags."""
    describe = OPERATIONS["sagemaker", f"Describe{resource.member}"]
    for document in backend.store.list(resource.kind):
        name = document["describe"][resource.arn_member].removeprefix(resource.arn(backend, ""))
        try:
            described = describe(backend, {resource.name_member: name})
        except AwsError:  # deleted just now
            continue
        tags = as_list(tags_of(document))
        members = described | ({"Tags": tags} if tags else {})
        yield {member: value for member, value in members.items() if member in shape.members and value is not None}


def _sort_key(
    resource: Resource, properties: Properties, name: str, descending: bool
) -> Callable[[Members], tuple[bool, Any, str]]:
    """Return the place of a record; one without the property comes last, and the ARN makes every place another."""
    if name != "LastModifiedTime":  # the default, which groups of model packages have not
        properties.kind(name)

    def key(record: Members) -> tuple[bool, Any, str]:
        values = properties.values(record, name)
        if not values and name == "LastModifiedTime":
            values = [record["CreationTime"]]
        value = values[0] if values and isinstance(values[0], str | int | float) else None
        return (value is not None) == descending, 0 if value is None else value, record[resource.arn_member]

    return key
