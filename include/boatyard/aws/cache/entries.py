"""The cache's entries: one S3 object for each key, which tells who did the work and what it left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boatyard.aws.cache.contents import stored
from boatyard.aws.errors import PermanentError
from boatyard.aws.s3 import storage
from boatyard.spec.problems import nearest

VERSION = 1

Entry = dict[str, Any]

_MEMBERS = frozenset({"place", "contents", "force"})


@dataclass(frozen=True)
class Rule:
    """Where a step's entries lie and when they count."""

    place: str  # s3://bucket/prefix, of this step alone
    contents: Mapping[str, str]  # inputs whose contents are known by another name than their files
    force: bool  # whether the work is to be done whatever the cache has

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rule:
        """Read the rule as an operator is given it; Jinja makes text of `force`. `PermanentError` for what is none."""
        if not isinstance(given, Mapping) or "place" not in given:
            raise PermanentError(f"cache: expected {{'place': 's3://bucket/prefix'}}, got {given!r}")
        for unknown in given.keys() - _MEMBERS:
            close = nearest(unknown, _MEMBERS)
            hint = f" (did you mean {close!r}?)" if close else f"; there is {', '.join(sorted(_MEMBERS))}"
            raise PermanentError(f"cache: unknown key {unknown!r}{hint}")
        return cls(
            place=str(given["place"]).rstrip("/"),
            contents={str(name): str(value) for name, value in given.get("contents", {}).items()},
            force=str(given.get("force", False)).lower() == "true",
        )

    def uri(self, key: str) -> str:
        """Return where the entry of a key lies."""
        return f"{self.place}/{key}.json"


def read(s3: Any, rule: Rule, key: str) -> Entry | None:
    """Return the entry of a key, None if there is none whose outputs are still what they were."""
    entry: Entry | None = storage.find_json(s3, rule.uri(key))
    if entry is None or entry.get("version") != VERSION or outputs(s3, _places(entry)) != entry["outputs"]:
        return None
    return entry


def write(s3: Any, rule: Rule, key: str, entry: Mapping[str, Any], places: Mapping[str, str]) -> bool:
    """Keep an entry with what lies at its outputs' places now; False where nothing lies there.

    One object, written whole: of several runs that did the same work at the same time the last one stays, and each
    would do.
    """
    left = outputs(s3, places)
    if any(one["objects"] == 0 for one in left.values()):
        return False
    body = json.dumps({"version": VERSION, "key": key, **entry, "outputs": left}, indent=1)
    storage.write_bytes(s3, rule.uri(key), f"{body}\n".encode(), "application/json")
    return True


def outputs(s3: Any, places: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what lies at each of these S3 prefixes."""
    found = {}
    for name, uri in places.items():
        contents = stored(s3, uri)
        found[name] = {"uri": uri, "objects": contents.objects, "digest": contents.digest}
    return found


def _places(entry: Entry) -> dict[str, str]:
    return {name: one["uri"] for name, one in entry["outputs"].items()}
