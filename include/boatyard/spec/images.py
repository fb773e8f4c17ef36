"""Images: one of the project's own by name, any by its URI, or one of AWS's by framework and version.

Which URI the last means is the SageMaker SDK's knowledge. `boatyard images resolve` asks it once and writes the answer
beside the spec, in image.lock; from there it is read, by a parse as by a worker, without the SDK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from boatyard.spec.fields import Image, Part, Text

LOCK_FILE = "image.lock"
TRAINING, INFERENCE = "training", "inference"

# Frameworks whose image trains and serves without a script: AWS's built-in algorithms.
ALGORITHMS = frozenset(
    {
        "blazingtext",
        "factorization-machines",
        "forecasting-deepar",
        "image-classification",
        "ipinsights",
        "kmeans",
        "knn",
        "lda",
        "linear-learner",
        "ntm",
        "object-detection",
        "object2vec",
        "pca",
        "randomcutforest",
        "semantic-segmentation",
        "seq2seq",
        "xgboost",
    }
)
# Frameworks whose image fetches the code it serves from S3; the others look for it in model.tar.gz, under code/.
_FETCHES_CODE = frozenset({"sklearn", "xgboost"})

# Of the members of an instance type's family, such as g5 or m6g, those that need another image.
_PROCESSORS = (
    (re.compile(r"(p|g)\d[a-z]*"), "gpu"),
    (re.compile(r"trn\d.*"), "trainium"),
    (re.compile(r"inf\d.*"), "inferentia"),
    (re.compile(r"[a-z]+\d+g[a-z]*"), "graviton"),
)
# Where a spec names an instance, and what the image does there.
_USES = (
    (("process", "instance_type"), TRAINING),
    (("train", "instance_type"), TRAINING),
    (("evaluate", "instance_type"), TRAINING),
    (("ingest", "instance_type"), TRAINING),
    (("deploy", "instance_type"), INFERENCE),
    (("batch", "instance_type"), INFERENCE),
)


class FrameworkImage(Part):
    """An image of AWS's, named as the SageMaker SDK names it."""

    framework: Text
    version: Text
    py_version: Text | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, (self.framework, self.version, self.py_version)))


def _form(value: object) -> str:
    return "[framework]" if isinstance(value, dict | FrameworkImage) else "[image]"


AnyImage = Annotated[
    Annotated[Image, Tag("[image]")] | Annotated[FrameworkImage, Tag("[framework]")],
    Discriminator(_form),
]


@dataclass(frozen=True)
class ManagedImage:
    """An image of AWS's whose registry depends on the region."""

    repository: str  # with its tag
    registries: Mapping[str, str]  # region -> host


@dataclass(frozen=True)
class ImageLock:
    """What the SageMaker SDK answered for a framework image."""

    image: FrameworkImage
    images: Mapping[str, Mapping[str, str]]  # scope -> processor -> repository:tag
    registries: Mapping[str, str]  # region -> host

    def managed(self, scope: str, instance_type: str) -> ManagedImage | None:
        """Return the image for a kind of machine, None if there is none."""
        repository = self.images.get(scope, {}).get(processor(instance_type))
        return ManagedImage(repository, self.registries) if repository else None


@dataclass(frozen=True)
class Use:
    """Say where a spec runs its image on which machine."""

    path: tuple[str, ...]
    scope: str
    instance_type: str


def processor(instance_type: str) -> str:
    """Return what of a machine decides about its image: cpu, gpu, graviton, trainium or inferentia."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    return next((name for pattern, name in _PROCESSORS if pattern.fullmatch(family)), "cpu")


def uses(data: Mapping[str, Any]) -> Iterator[Use]:
    """Yield where the data of a spec, which need not be sound, names an instance for its image."""
    for path, scope in _USES:
        part = data.get(path[0])
        instance = part.get(path[1]) if isinstance(part, dict) else None
        if isinstance(instance, str):
            yield Use(path, scope, instance)


def read_lock(folder: Path, image: FrameworkImage) -> ImageLock | None:
    """Return what was resolved for the image, None if nothing was or something else."""
    try:
        written = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
        lock = ImageLock(FrameworkImage(**written["image"]), written["images"], written["registries"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return lock if lock.image == image else None


def image_for(
    image: str | FrameworkImage, lock: ImageLock | None, scope: str, instance_type: str
) -> str | ManagedImage:
    """Return the image of a sound spec for a scope and a machine."""
    if isinstance(image, str):
        return image
    managed = lock.managed(scope, instance_type) if lock else None
    if managed is None:
        raise ValueError(f"{image} is not resolved for {scope} on {instance_type}")
    return managed


def is_algorithm(image: object) -> bool:
    """Return whether the image, as a spec's file has it, can do without train.py and inference.py."""
    framework = image.get("framework") if isinstance(image, dict) else getattr(image, "framework", None)
    return framework in ALGORITHMS


def fetches_code(image: object) -> bool:
    """Return whether what serves fetches its code from S3 itself."""
    return not isinstance(image, FrameworkImage) or image.framework in _FETCHES_CODE
