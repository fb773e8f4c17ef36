"""What `batch:` says: predictions for many rows at a fixed time."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from boatyard.spec.feature_group import FeatureType
from boatyard.spec.fields import Cron, JobResources, Part, wrong

RECORDS = "records"  # stands for the rows that a training set would have
AS_OF = "as_of"  # stands for the time of the run, ISO 8601

_WORD = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
_SELECT = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_OUTPUT = re.compile(r"[a-z](_*[a-z0-9]){0,63}")
_PREFIX = re.compile(r"(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/)?[^/:\s{}][^:\s{}]*")


def query_words(query: str) -> tuple[str, ...]:
    """Return the words in braces of a query: what Boatyard puts in their place is its own to know."""
    return tuple(dict.fromkeys(_WORD.findall(query)))


def with_words(query: str, words: dict[str, str]) -> str:
    """Return a query with its words in braces replaced."""
    return _WORD.sub(lambda match: words[match[1]], query)


def _prediction() -> dict[str, FeatureType]:
    return {"prediction": "Fractional"}


def _query(query: str) -> str:
    text = query.strip().removesuffix(";").rstrip()
    if not _SELECT.match(text):
        raise wrong(f"expected one SELECT, got {query.strip()[:40]!r}")
    return text


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise wrong(f"expected s3://bucket/folder/ or a folder of the deployment's bucket, got {prefix!r}")
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _outputs(outputs: dict[str, FeatureType]) -> dict[str, FeatureType]:
    for name in outputs:
        if not _OUTPUT.fullmatch(name):
            raise wrong(f"expected names of lower-case letters, digits and '_' (at most 64), got {name!r}")
    return outputs


class BatchInput(Part):
    """The rows of a batch: what a query answers, or the CSV files under a prefix."""

    query: Annotated[str, AfterValidator(_query)] | None = None  # with columns of these names: `id` and `columns`
    prefix: Annotated[str, AfterValidator(_prefix)] | None = None  # `id` first, then `columns`; no header
    compression: Literal["gzip"] | None = None  # of the files under the prefix

    @model_validator(mode="after")
    def _is_one_of_both(self) -> BatchInput:
        if (self.query is None) == (self.prefix is None):
            raise wrong("expected either query or prefix")
        if self.compression and self.prefix is None:
            raise wrong("compression is for the files under a prefix")
        return self


class Batch(JobResources):
    """Predictions of the model in service for many rows, as Parquet beside the rows' ids."""

    schedule: Cron | None = None  # cron or preset; default: started by hand
    instance_count: Annotated[int, Field(ge=1)] = 1
    id: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1, max_length=16)] | None = (
        None  # column or columns that tell the rows apart; default: the record identifier
    )
    columns: Annotated[tuple[str, ...], Field(min_length=1)] | None = (
        None  # what the model takes, in its order; default: the features of the training set
    )
    input: BatchInput | None = None  # default: the rows that a training set would have
    outputs: Annotated[dict[str, FeatureType], AfterValidator(_outputs), Field(min_length=1, max_length=100)] = Field(
        default_factory=_prediction
    )  # the columns that the model answers, in their order
    max_payload_in_mb: Annotated[int, Field(ge=1, le=100)] | None = None
    max_concurrent_transforms: Annotated[int, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _payloads_fit(self) -> Batch:
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
        if (self.max_payload_in_mb or 1) * (self.max_concurrent_transforms or 1) > 100:
            raise wrong("max_payload_in_mb times max_concurrent_transforms must be at most 100")
        return self
