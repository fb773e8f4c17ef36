"""Ask a live endpoint about the rows that were held out from training."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ROWS_PER_CALL = 100
_REGRESSION = "regression_metrics"  # the member of evaluation.json by which a regression is known


@dataclass(frozen=True)
class Row:
    """Pair what a row is with what the endpoint says it is."""

    label: float
    answer: float

    @property
    def right(self) -> bool:
        return self.label == self.answer


@dataclass(frozen=True)
class HeldOut:
    """Hold the endpoint's answers for every held-out row."""

    endpoint: str
    rows: tuple[Row, ...]
    regression: bool  # numbers are near the label or far from it, classes are right or wrong

    @property
    def figures(self) -> dict[str, float]:
        """Return how good the answers are: accuracy, or rmse and r2."""
        return _regression(self.rows) if self.regression else {"accuracy": _accuracy(self.rows)}

    def sentence(self, row: Row) -> str:
        """Return what there is to say about one row."""
        if self.regression:
            return f"it is {row.label:g}, the endpoint says {row.answer:.1f}   {row.answer - row.label:+.1f}"
        return f"it is a {row.label:g}, the endpoint says {row.answer:g}   {'right' if row.right else 'wrong'}"

    def verdict(self) -> str:
        """Return what there is to say about all of them."""
        names = {"accuracy": "Accuracy", "rmse": "RMSE", "r2": "R2"}
        numbers = ", ".join(f"{names[name]} {value:.4f}" for name, value in self.figures.items())
        return f"{numbers} on {len(self.rows)} held-out rows"


def check_endpoint(
    s3: Any, runtime: Any, *, bucket: str, model: str, results: Mapping[str, Mapping[str, Any]]
) -> HeldOut:
    """Send the process step's test rows to the endpoint, without their labels, as CSV.

    `results` holds what the steps process, evaluate and deploy returned. The test set is headerless CSV with the label
    first, as SageMaker's built-in algorithms take it.
    """

    def read(step: str, path: str) -> Any:
        return s3.get_object(Bucket=bucket, Key=f"{model}/{step}/{results[step]['job_name']}/{path}")["Body"]

    table = list(csv.reader(io.TextIOWrapper(read("process", "test/test.csv"), "utf-8")))
    regression = _REGRESSION in json.loads(read("evaluate", "evaluation/evaluation.json").read())
    endpoint = results["deploy"]["endpoint_name"]
    rows: list[Row] = []
    for start in range(0, len(table), _ROWS_PER_CALL):
        chunk = table[start : start + _ROWS_PER_CALL]
        body = "\n".join(",".join(values[1:]) for values in chunk)
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
        answers = answer["Body"].read().decode().split()
        rows += [Row(float(values[0]), float(said)) for values, said in zip(chunk, answers, strict=True)]
    return HeldOut(endpoint, tuple(rows), regression)


def _accuracy(rows: Sequence[Row]) -> float:
    return sum(row.right for row in rows) / len(rows)


def _regression(rows: Sequence[Row]) -> dict[str, float]:
    squares = sum((row.label - row.answer) ** 2 for row in rows)
    mean = sum(row.label for row in rows) / len(rows)
    spread = sum((row.label - mean) ** 2 for row in rows)
    # of equal labels nothing can be explained
    return {"rmse": math.sqrt(squares / len(rows)), "r2": 1 - squares / spread if spread else math.nan}
