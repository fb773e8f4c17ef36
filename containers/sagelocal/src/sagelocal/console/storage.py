"""Pages about buckets and objects, and the objects themselves."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from sagelocal.console.layout import page, section
from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.preview import preview
from sagelocal.console.session import opens, raw_path
from sagelocal.console.values import moment, rows, size, stored_page, table
from sagelocal.errors import AwsError
from sagelocal.exchange import FileRange, HttpResponse

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.s3.info import ObjectInfo

_MOST = 1000  # entries of a folder on one page
_DEFAULT_TYPE = "binary/octet-stream"
# A page that a job wrote may run its own script, but in no origin of ours: it has no cookie and reads no other page.
_RAW_HEADERS = {
    "Content-Security-Policy": "sandbox allow-scripts allow-popups allow-downloads; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def buckets(backend: Backend) -> HttpResponse:
    """Return the page with all buckets."""
    lines = [
        [tag("a", name, href=stored_page(name, "")), moment(created)] for name, created in backend.objects.buckets()
    ]
    return page("Storage", rows(["Bucket", "Created"], lines, "no buckets yet"))


def folder(backend: Backend, bucket: str, prefix: str) -> HttpResponse:
    """Return the page with what lies right below a prefix."""
    backend.objects.require_bucket(bucket)
    folders, objects, more = _below(backend, bucket, prefix)
    lines: list[list[object]] = [
        [tag("a", f"{name.removeprefix(prefix)}", href=stored_page(bucket, name), class_="folder"), "", ""]
        for name in folders
    ]
    lines += [
        [
            tag("a", one.key.removeprefix(prefix), href=stored_page(bucket, one.key)),
            size(one.size),
            moment(one.last_modified),
        ]
        for one in objects
    ]
    note = tag("p", f"the first {_MOST} are shown", class_="faint") if more else None
    return page(_name(bucket, prefix), _crumbs(bucket, prefix), rows(["Name", "Size", "Changed"], lines, "empty"), note)


def stored_object(backend: Backend, bucket: str, key: str) -> HttpResponse:
    """Return the page about an object, with its contents as far as they can be shown."""
    try:
        found = backend.objects.get(bucket, key)
    except AwsError:
        if next(iter(backend.objects.page(bucket, key, key, 1)), None) is None:
            raise
        return folder(backend, bucket, key)  # a prefix that was named without its slash
    raw = raw_path(bucket, key, backend.secret_key)
    kind = content_type(found)
    facts = {
        "Size": size(found.size),
        "Changed": moment(found.last_modified),
        "Type": kind,
        "Address": f"s3://{bucket}/{key}",
    }
    links = joined(
        tag("a", "Open alone", href=raw, class_="button"), tag("a", "Download", href=raw, class_="button", download="")
    )
    shown = preview(found, kind, raw)
    return page(
        _name(bucket, key),
        _crumbs(bucket, key),
        tag("p", links),
        section("Contents", shown),
        section("Object", table(facts)),
    )


def raw(backend: Backend, ticket: str, bucket: str, key: str) -> HttpResponse:
    """Return an object as it is, for whoever has a ticket to its folder."""
    if not opens(ticket, bucket, key, backend.secret_key):
        raise AwsError("AccessDenied", "This address is not valid any more: open the object's page again.", 403)
    found = backend.objects.get(bucket, key)
    kind = content_type(found)
    charset = "; charset=utf-8" if kind.startswith("text/") and "charset" not in kind else ""
    headers = {"Content-Type": f"{kind}{charset}", "Content-Length": str(found.size), **_RAW_HEADERS}
    return HttpResponse(200, headers, FileRange(found.path.open("rb"), 0, found.size))


def content_type(found: ObjectInfo) -> str:
    """Return the object's own type, or what its name says where it was written without one."""
    if found.content_type not in (_DEFAULT_TYPE, "application/octet-stream"):
        return found.content_type
    kind, encoding = mimetypes.guess_type(found.key)
    return "application/gzip" if encoding == "gzip" else kind or _DEFAULT_TYPE


def _below(backend: Backend, bucket: str, prefix: str) -> tuple[list[str], list[ObjectInfo], bool]:
    folders: list[str] = []
    objects: list[ObjectInfo] = []
    start = prefix
    while len(folders) + len(objects) < _MOST:
        found = next(iter(backend.objects.page(bucket, start, prefix, 1)), None)
        if found is None:
            return folders, objects, False
        first, slash, _ = found.key.removeprefix(prefix).partition("/")
        if slash:
            folders.append(f"{prefix}{first}/")
            start = f"{prefix}{first}0"  # "0" is what follows "/": the rest of the folder is not looked at
        else:
            objects.append(found)
            start = f"{found.key}\0"
    return folders, objects, True


def _crumbs(bucket: str, key: str) -> Markup:
    parts = key.split("/")
    crumbs = [tag("a", bucket, href=stored_page(bucket, ""))]
    for number, part in enumerate(parts[:-1], 1):
        crumbs.append(tag("a", part, href=stored_page(bucket, "/".join(parts[:number]) + "/")))
    return tag("p", joined(*(joined(crumb, Markup(" / ")) for crumb in crumbs)), parts[-1], class_="crumbs")


def _name(bucket: str, key: str) -> str:
    return key.rstrip("/").rpartition("/")[2] or bucket
