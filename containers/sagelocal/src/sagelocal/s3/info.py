"""What there is to know of an object beside its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
DEFAULT_STORAGE_CLASS = "STANDARD"


@dataclass(frozen=True)
class Properties:
    """Hold what a client says of an object beside its bytes."""

    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # Cache-Control and the like, given back as they came
    tags: dict[str, str] = field(default_factory=dict)
    checksum: dict[str, str] = field(default_factory=dict)  # algorithm, value and type; empty if none was sent

    @property
    def storage_class(self) -> str:
        """Return what the client named at the last write."""
        return self.headers.get("x-amz-storage-class", DEFAULT_STORAGE_CLASS)

    def as_json(self) -> str:
        """Return the text that `from_json` reads."""
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> Properties:
        """Return what `as_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class ObjectInfo:
    """Describe an object, or one version of it. `path` is its blob: read it, never write to it."""

    bucket: str
    key: str
    size: int
    etag: str  # without quotes
    last_modified: float  # epoch seconds
    content_type: str
    metadata: dict[str, str]
    path: Path
    properties: Properties = field(default_factory=Properties)
    version: str | None = None  # None in a bucket that never had versions
    is_marker: bool = False  # a delete marker, which has no bytes


# Decides within the writing transaction, by the object there is now, whether to go on; raises if not.
Condition = Callable[[ObjectInfo | None], None]
