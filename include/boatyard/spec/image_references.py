"""An image of AWS's must have been resolved for every machine, and what the spec asks of it must be in its power."""

from collections.abc import Iterable
from pathlib import Path

from boatyard.spec.code import STAGES
from boatyard.spec.images import (
    ALGORITHMS,
    FrameworkImage,
    ImageLock,
    is_algorithm,
    processor,
    read_lock,
    uses,
)
from boatyard.spec.problems import nearest
from boatyard.spec.source import Source

_OPTIONAL = frozenset({"train.py", "inference.py"})  # where an algorithm of AWS's does their work


def required_jobs(jobs: Iterable[str], image: object) -> tuple[str, ...]:
    """Return the scripts that a jobs/ folder must have."""
    return tuple(name for name in jobs if not (name in _OPTIONAL and is_algorithm(image)))


def image_references(source: Source, folder: Path, image: object, requirements: tuple[str, ...]) -> ImageLock | None:
    """Report what is wrong with a framework image; return what was resolved for it."""
    if not isinstance(image, FrameworkImage):
        return None
    jobs = folder / "jobs"
    if is_algorithm(image) and not (jobs / "train.py").exists() and _metrics(source):
        source.report(
            ("train", "metrics"),
            f"{image.framework} trains by itself here (there is no jobs/train.py), and AWS's algorithm brings its own "
            "metric definitions and takes no others: leave them out",
        )
    if any(name.startswith(f"{STAGES}/") for name in requirements):
        source.report(("image",), f"AWS's images install jobs/requirements.txt only, not the stages in jobs/{STAGES}/")
    lock = read_lock(folder, image)
    name = folder.name if folder.parent.name != "features" else f"features/{folder.name}"
    command = f"`boatyard images resolve {name}`"
    if lock is None:
        close = None if image.framework in ALGORITHMS else nearest(image.framework, ALGORITHMS)
        source.report(("image",), f"{image} is not resolved: run {command}", close)
        return None
    for use in uses(source.data):
        if lock.managed(use.scope, use.instance_type) is None:
            kind = processor(use.instance_type)
            there = ", ".join(lock.images.get(use.scope, {})) or "none"
            source.report(
                use.path,
                f"{image} has no {use.scope} image for {kind} in image.lock, which has {there}: run {command}, "
                "or choose another instance",
            )
    return lock


def _metrics(source: Source) -> object:
    train = source.data.get("train")
    return train.get("metrics") if isinstance(train, dict) else None
