"""The contents of an object, as far as a page can show them."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.values import rows, shown, size

if TYPE_CHECKING:
    from sagelocal.s3.info import ObjectInfo

_LINES = 100
_BYTES = 256 << 10
_COLUMNS = 100


def preview(found: ObjectInfo, kind: str, raw: str) -> Markup:
    """Return what can be shown of an object of a content type; `raw` is where it is served as it is."""
    suffix = found.key.rpartition(".")[2].lower()
    show = _BY_SUFFIX.get(suffix) or next((one for start, one in _BY_TYPE if kind.startswith(start)), None)
    try:
        return (show or _guess)(found, raw)
    except (OSError, ValueError, csv.Error, tarfile.TarError) as error:
        return joined(tag("p", f"It is no readable .{suffix}: {error}", class_="faint"), _text(found, raw))


def _frame(found: ObjectInfo, raw: str) -> Markup:
    return tag(
        "iframe", src=raw, class_="report", sandbox="allow-scripts allow-popups allow-downloads", title=found.key
    )


def _image(found: ObjectInfo, raw: str) -> Markup:
    return tag("img", src=raw, alt=found.key)


def _json(found: ObjectInfo, raw: str) -> Markup:
    if found.size > _BYTES:
        return _text(found, raw)
    value = json.loads(found.path.read_bytes())
    pretty = tag("details", tag("summary", "as JSON"), tag("pre", json.dumps(value, indent=2, ensure_ascii=False)))
    return joined(shown(value), pretty)


def _csv(found: ObjectInfo, raw: str) -> Markup:
    lines = list(csv.reader(io.StringIO(_head(found))))
    if found.size > _BYTES:
        lines = lines[:-1]  # cut off in the middle
    if not lines:
        return tag("p", "empty", class_="faint")
    first = lines[0]
    has_names = not any(_is_number(cell) for cell in first)
    columns = first if has_names else [str(number) for number in range(1, len(first) + 1)]
    body = lines[1:] if has_names else lines
    return _table(columns, body, len(body) > _LINES or found.size > _BYTES)


def _parquet(found: ObjectInfo, raw: str) -> Markup:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(found.path)
    batch = next(file.iter_batches(batch_size=_LINES), None)
    columns = file.schema_arrow.names
    values = [batch.column(number).to_pylist() for number in range(len(columns))] if batch is not None else []
    count = file.metadata.num_rows
    note = tag("p", f"{count} rows, {len(columns)} columns", class_="faint")
    return joined(note, _table(columns, list(zip(*values, strict=True)), count > _LINES))


def _archive(found: ObjectInfo, raw: str) -> Markup:
    with tarfile.open(found.path, mode="r:*") as archive:
        lines = [[member.name, size(member.size)] for _, member in zip(range(_LINES), archive, strict=False)]
    return rows(["File", "Size"], lines, "an empty archive")


def _guess(found: ObjectInfo, raw: str) -> Markup:
    with found.path.open("rb") as file:
        head = file.read(4096)
    if b"\0" in head:
        return tag("p", f"{size(found.size)} of a kind that has no preview", class_="faint")
    return _text(found, raw)


def _text(found: ObjectInfo, raw: str) -> Markup:
    cut = tag("p", f"the first {size(_BYTES)} of {size(found.size)}", class_="faint") if found.size > _BYTES else None
    return joined(cut, tag("pre", _head(found)))


def _table(columns: list[str], body: list[list[str]] | list[tuple[object, ...]], more: bool) -> Markup:
    lines = [["" if cell is None else cell for cell in line[:_COLUMNS]] for line in body[:_LINES]]
    note = tag("p", f"the first {len(lines)} rows", class_="faint") if more else None
    return joined(note, rows(columns[:_COLUMNS], lines, "no rows"))


def _head(found: ObjectInfo) -> str:
    with found.path.open("rb") as file:
        return file.read(_BYTES).decode(errors="replace")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Show = Callable[["ObjectInfo", str], Markup]

_BY_SUFFIX: dict[str, Show] = {
    "csv": _csv,
    "gz": _archive,
    "html": _frame,
    "json": _json,
    "parquet": _parquet,
    "tar": _archive,
}
_BY_TYPE: tuple[tuple[str, Show], ...] = (
    ("text/html", _frame),
    ("text/csv", _csv),
    ("image/", _image),
    ("application/json", _json),
    ("application/pdf", _frame),
)
