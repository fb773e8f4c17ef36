"""Every paginator that botocore has for an operation of sagelocal's SageMaker, Athena and S3, over more than one page.

https://docs.aws.amazon.com/boto3/latest/guide/paginators.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session
from tests.contract.listed import MADE

from sagelocal import coverage

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

SERVICES = ("sagemaker", "athena", "s3")
# AWS puts all of these on one page: at most 50 tags of a resource, one data catalog here.
ON_ONE_PAGE = {"ListTags", "ListDataCatalogs"}
PAGE_SIZES = {"ListTags": 50, "ListDataCatalogs": 2}


def _paginated(service: str) -> set[str]:
    real = {found.name for found in coverage.operations(service) if found.answered == coverage.REAL}
    data = Session().get_component("data_loader").load_service_model(service, "paginators-1")
    return real.intersection(data["pagination"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_paginator_of_an_operation_that_is_there_is_tested(service: str) -> None:
    assert _paginated(service) <= set(MADE[service])


@pytest.mark.parametrize(
    ("service", "operation"),
    [(service, name) for service in SERVICES for name in MADE[service] if name in _paginated(service)],
)
def test_small_pages_hold_what_one_large_page_holds(client: Client, data: str, service: str, operation: str) -> None:
    made = client(service)
    arguments = MADE[service][operation](made, f"p-{uuid.uuid4()}", data)
    paginator = made.get_paginator(xform_name(operation))
    size = PAGE_SIZES.get(operation, 1)
    pages = list(paginator.paginate(**arguments, PaginationConfig={"PageSize": size}))
    (key,) = [found.expression for found in paginator.result_keys][:1]
    small = [_identity(item) for page in pages for item in _search(page, key)]
    whole = [_identity(item) for page in paginator.paginate(**arguments) for item in _search(page, key)]
    assert small == whole
    assert len(small) == len(set(small))
    if operation not in ON_ONE_PAGE:
        assert len(small) >= 2
        assert max(len(_search(page, key)) for page in pages) == size


def _search(page: dict[str, Any], key: str) -> list[Any]:
    found: Any = page
    for part in key.split("."):
        found = found.get(part, [])
    return list(found)


def _identity(item: Any) -> str:
    """Return what tells one listed thing from another; states and times may change between two lists."""
    if isinstance(item, dict):
        names = [name for name in item if name.endswith(("Name", "Key", "PartNumber", "UploadId", "Arn"))]
        return "/".join(str(item[name]) for name in names) or str(item)
    return str(item)
