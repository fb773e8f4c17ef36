"""The List operations: filters, sorting and paging, the same for every kind of resource."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error

if TYPE_CHECKING:
    from sagelocal.sagemaker.resources import Resource

Members = dict[str, Any]
Test = Callable[[Any, Any], bool]
Key = tuple[Any, Any, Any]  # the last of them make every key another

PAGE_SIZE = 10  # AWS's default where the request has no MaxResults


def epoch(moment: datetime | float) -> float:
    """Return a request's timestamp in epoch seconds."""
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _named(arn: Any, part: Any) -> bool:
    return str(part) in str(arn).split("/")[1]


def _equals(value: Any, wanted: Any) -> bool:
    return bool(value == wanted)


def _after(value: Any, moment: Any) -> bool:
    return bool(value > epoch(moment))


def _before(value: Any, moment: Any) -> bool:
    return bool(value < epoch(moment))


TIME_FILTERS: dict[str, tuple[str, Test]] = {
    "CreationTimeAfter": ("CreationTime", _after),
    "CreationTimeBefore": ("CreationTime", _before),
    "CreatedAfter": ("CreationTime", _after),
    "CreatedBefore": ("CreationTime", _before),
    "LastModifiedTimeAfter": ("LastModifiedTime", _after),
    "LastModifiedTimeBefore": ("LastModifiedTime", _before),
}


@dataclass(frozen=True)
class Listing:
    """Say how the resources of one kind are listed."""

    resource: Resource
    result: str  # the response's member
    summary: tuple[str, ...]  # the members of a Describe response that a summary has
    status: str = ""  # the member that StatusEquals and SortBy=Status mean
    order: str = "Ascending"  # where the request has no SortOrder
    filters: dict[str, str] = field(default_factory=dict)  # further equality filters: request member -> described

    def page(self, request: Members, described: Iterable[Members]) -> Members:
        """Return the response to a List request over the given Describe members."""
        tests = self._tests(request)
        chosen = [item for item in described if all(test(item) for test in tests)]
        key = self._sort_key(request)
        descending = request.get("SortOrder", self.order) == "Descending"
        chosen.sort(key=key, reverse=descending)
        query = query_of(self.result, request)
        if asked := request.get("NextToken"):
            last = position(asked, query)
            chosen = [item for item in chosen if (key(item) < last if descending else key(item) > last)]
        size = request.get("MaxResults") or PAGE_SIZE
        response: Members = {
            self.result: [{name: item[name] for name in self.summary if name in item} for item in chosen[:size]]
        }
        if len(chosen) > size:
            response["NextToken"] = token(key(chosen[size - 1]), query)
        return response

    def _tests(self, request: Members) -> list[Callable[[Members], bool]]:
        table: dict[str, tuple[str, Test]] = {
            **TIME_FILTERS,
            "NameContains": (self.resource.arn_member, _named),
            "StatusEquals": (self.status, _equals),
            **{asked: (member, _equals) for asked, member in self.filters.items()},
        }
        return [
            _bind(member, test, request[asked])
            for asked, (member, test) in table.items()
            if request.get(asked) is not None
        ]

    def _sort_key(self, request: Members) -> Callable[[Members], Key]:
        sorts = {"Name": "", "Status": self.status, "FinalObjectiveMetricValue": "FinalObjectiveMetricValue"}
        member = sorts.get(request.get("SortBy", ""), "CreationTime")
        # The name makes every key unique, so that a page can begin right after the last one.
        return lambda item: (item[member] if member else 0, *self._name(item))

    def _name(self, item: Members) -> tuple[str, int]:
        version = item.get("ModelPackageVersion", 0)  # so that version 10 comes after version 9
        return item[self.resource.arn_member].removesuffix(f"/{version}"), version


def query_of(what: str, request: Members) -> str:
    """Return what tells the pages of one question from those of all others."""
    asked = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    text = json.dumps([what, asked], sort_keys=True, default=epoch)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _bind(member: str, test: Test, wanted: Any) -> Callable[[Members], bool]:
    return lambda item: member in item and test(item[member], wanted)


def token(key: Key, query: str) -> str:
    """Return the NextToken of a page whose last item has this sort key."""
    return base64.urlsafe_b64encode(json.dumps([query, *key]).encode()).decode()


def position(token: str, query: str) -> Key:
    """Return the sort key that a NextToken holds; ValidationException if it is none of this question's."""
    try:
        asked, first, second, third = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, TypeError, ValueError) as error:
        raise validation_error("Invalid pagination token: it is not one that this operation returned.") from error
    if asked != query:
        raise validation_error("Invalid pagination token: it was returned for a request with other parameters.")
    return first, second, third
