"""One S3 call: what is asked of which bucket and key, and by which handler it is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpRequest, HttpResponse, decoded, is_number, query_pairs
from sagelocal.s3 import xml
from sagelocal.s3.errors import is_marker
from sagelocal.s3.info import ObjectInfo
from sagelocal.s3.multipart import Uploads
from sagelocal.s3.objects import ObjectStore
from sagelocal.s3.payload import Payload
from sagelocal.s3.versions import NULL, is_identifier


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

    @property
    def version(self) -> str | None:
        """Return the version that the call names."""
        version = self.query.get("versionId")
        if version is not None:
            check_identifier(version)
        return version

    def found(self) -> ObjectInfo:
        """Return the object, or the version of it, that the call reads."""
        if self.version is None:
            return self.store.get(self.bucket, self.key)
        return self.no_marker(self.store.version(self.bucket, self.key, self.version))

    def no_marker(self, info: ObjectInfo) -> ObjectInfo:
        """Return what is no delete marker; `MethodNotAllowed` if it is one."""
        if info.is_marker:
            raise is_marker(info, self.request.method)
        return info

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


def check_identifier(version: str, name: str = "versionId") -> None:
    """Raise `InvalidArgument` for what cannot be the identifier of a version."""
    if not is_identifier(version):
        message = "Invalid version id specified" if version else "Version id cannot be the empty string"
        raise AwsError("InvalidArgument", message, ArgumentName=name, ArgumentValue=version)


def version_header(info: ObjectInfo) -> dict[str, str]:
    """Return the header that names the version of an object in a bucket that has, or had, versions."""
    return {"x-amz-version-id": info.version} if info.version else {}


def new_version_header(info: ObjectInfo) -> dict[str, str]:
    """Return the header that names the version that was written; a write where versions are suspended has none."""
    return version_header(info) if info.version != NULL else {}


def split_path(path: str) -> tuple[str, str]:
    """Return the bucket and key of a path-style request."""
    bucket, _, key = path.removeprefix("/").partition("/")
    # a plus sign in a path is a plus sign
    return decoded(bucket.replace("+", "%2B")), decoded(key.replace("+", "%2B"))


def read_query(query: str) -> dict[str, str]:
    """Return the query's values by name."""
    return dict(query_pairs(query))
