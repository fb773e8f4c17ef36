"""What a feature group is: the shape of feature_group.yaml, and the group that it describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from boatyard.spec.fields import Cron, Duration, Part, ShortText, Text, described, wrong
from boatyard.spec.images import TRAINING, AnyImage, ImageLock, ManagedImage, image_for
from boatyard.spec.script_job import ScriptJob

FeatureType = Literal["Integral", "Fractional", "String"]
RESERVED_FEATURES = ("is_deleted", "write_time", "api_invocation_time")  # columns that the offline store adds

_NAME = re.compile(r"[a-z0-9](_*[a-z0-9]){0,63}")
_RANGE = re.compile(r"([^{}]*)\{([0-9]+)\.\.([0-9]+)\}([^{}]*)")
_LIMIT = 2500  # SageMaker's, per feature group


def expand(name: str) -> list[str]:
    """Return the names that `pixel_{0..63}` stands for: brace expansion as a shell does it, one range per name.

    A lower bound with leading zeros keeps every number that wide.
    """
    match = _RANGE.fullmatch(name)
    if match is None:
        return [name]
    before, first, last, after = match.groups()
    if not int(first) <= int(last) < int(first) + _LIMIT:
        raise wrong(f"expected a rising range of at most {_LIMIT} names, got {name!r}")
    width = len(first) if first.startswith("0") else 1
    return [f"{before}{number:0{width}d}{after}" for number in range(int(first), int(last) + 1)]


def _expanded(features: object) -> object:
    if not isinstance(features, dict):
        raise wrong(f"expected features with their types, got {described(features)}")
    found: dict[str, object] = {}
    for key, feature_type in features.items():
        for name in expand(key):
            if not _NAME.fullmatch(name):
                raise wrong(f"expected names of lower-case letters, digits and '_' (at most 64), got {name!r}")
            if name in RESERVED_FEATURES:
                raise wrong(f"the offline store has a column {name!r} of its own: choose another name")
            if name in found:
                raise wrong(f"feature {name!r} is given twice, by {key!r} for the second time")
            found[name] = feature_type
    return found


class FeatureGroupFile(Part):
    """The keys of feature_group.yaml."""

    description: ShortText
    owner: Text
    record_identifier: str
    event_time: str
    features: Annotated[
        dict[str, FeatureType], BeforeValidator(_expanded), Field(min_length=2, max_length=_LIMIT)
    ]  # all of them, record identifier and event time included
    online_store: bool = True  # the offline store is always there: models are trained from it
    schedule: Cron | None = None  # of its own ingestion; default: started by hand
    image: AnyImage
    ingest: ScriptJob  # of jobs/ingest.py, which fills the group
    visible_within: Duration = 1800  # how long ingested records may take to appear in the offline store


class FeatureGroupSpec(FeatureGroupFile):
    """A feature group: its file and its folder."""

    name: str  # of the folder
    folder: Path
    code_hash: str  # of jobs/
    requirements: tuple[str, ...] = ()  # files of jobs/ whose packages are installed, in this order
    image_lock: ImageLock | None = None  # what `image` means, if it is one of AWS's

    @property
    def jobs(self) -> Path:
        """Return the folder of the code that runs in SageMaker."""
        return self.folder / "jobs"

    @property
    def ingest_image(self) -> str | ManagedImage:
        """Return the image of jobs/ingest.py."""
        return image_for(self.image, self.image_lock, TRAINING, self.ingest.instance_type)
