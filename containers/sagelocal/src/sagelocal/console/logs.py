"""A job's log as it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.console.layout import page, section
from sagelocal.console.markup import Markup, tag
from sagelocal.console.session import ROOT
from sagelocal.exchange import HttpResponse
from sagelocal.jobs.logfiles import GROUP_ROOT, group_folder, lines_before, lines_from, streams, whole_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sagelocal.backend import Backend

_FIRST = 2000  # lines of a stream that are shown at first
_AT_ONCE = 5000


def panel(group: str, prefix: str) -> Markup:
    """Return the element that the browser's script fills, and goes on filling."""
    source = f"{ROOT}/log/lines"
    return tag("pre", class_="log", data_log=source, data_group=group, data_prefix=prefix, tabindex="0")


def log_page(group: str, prefix: str) -> HttpResponse:
    """Return the page of a log group's streams whose names begin with `prefix`."""
    return page(prefix.rstrip("/") or group, tag("p", group, class_="kind"), section("Log", panel(group, prefix)))


def new_lines(backend: Backend, group: str, prefix: str, after: str) -> HttpResponse:
    """Return what was written since `after`: {"lines": [[epoch milliseconds, stream, text]], "after": ...}."""
    places = _places(after)
    found: list[tuple[int, str, str]] = []
    for name, file in _streams(backend, group, prefix).items():
        start = places.get(name)
        if start is None:
            first = lines_before(file, whole_size(file), _FIRST)
            start = first[0].start if first else 0
        for line in lines_from(file, start):
            if len(found) >= _AT_ONCE:
                break
            found.append((line.time, name, line.text))
            start = line.end
        places[name] = start
    found.sort(key=lambda line: line[0])
    body = json.dumps({"lines": found, "after": json.dumps(places)}).encode()
    return HttpResponse(200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, body)


def _places(after: str) -> dict[str, int]:
    try:
        given = json.loads(after or "{}")
    except ValueError:
        return {}
    pairs: Mapping[str, object] = given if isinstance(given, dict) else {}
    return {str(name): place for name, place in pairs.items() if isinstance(place, int) and place >= 0}


def _streams(backend: Backend, group: str, prefix: str) -> dict[str, Path]:
    if not group.startswith(GROUP_ROOT) or ".." in group or ".." in prefix:
        return {}
    folder = group_folder(backend.folder, group)
    return streams(folder, prefix) if folder.is_dir() else {}
