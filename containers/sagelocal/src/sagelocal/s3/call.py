"""One S3 call: what is asked of which bucket and key, and by which handler it is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse, decoded, is_number, query_pairs
from sagelocal.s3 import xml
from sagelocal.s3.multipart import Uploads
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.payload import Payload


@dataclass
class Call:
    """Hold one call; `bucket` and `key` are empty where the path names none."""

    request: HttpRequest
    bucket: str
    key: str
    query: dict[str, str]
    payload: Payload = field(repr=False)
    store: ObjectStore
    uploads: Uploads
    region: str
    account: str

    @property
    def headers(self) -> dict[str, str]:
        return self.request.headers

    def number(self, name: str, default: int, highest: int) -> int:
        """Return a number from the query, at most `highest`."""
        text = self.query.get(name, "") or str(default)
        if not is_number(text):
            raise AwsError("InvalidArgument", f"Provided {name} not an integer or within integer range")
        return min(int(text), highest)


Handler = Callable[[Call], HttpResponse]
HANDLERS: dict[tuple[str, str, str], tuple[str, Handler]] = {}


def s3_operation(name: str, method: str, level: str, subresource: str = "") -> Callable[[Handler], Handler]:
    """Answer a method on a level (service, bucket or object) and a subresource such as `tagging`."""

    def register(handler: Handler) -> Handler:
        HANDLERS[method, level, subresource] = (name, handler)
        return handler

    return register


def answer_xml(name: str, members: list[tuple[str, Any]], headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a document as a response."""
    return HttpResponse(200, {"Content-Type": "application/xml", **(headers or {})}, xml.document(name, members))


def split_path(path: str) -> tuple[str, str]:
    """Return the bucket and key of a path-style request."""
    bucket, _, key = path.removeprefix("/").partition("/")
    # a plus sign in a path is a plus sign
    return decoded(bucket.replace("+", "%2B")), decoded(key.replace("+", "%2B"))


def read_query(query: str) -> dict[str, str]:
    """Return the query's values by name."""
    return dict(query_pairs(query))
