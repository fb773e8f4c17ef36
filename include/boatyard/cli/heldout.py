"""Ask a live endpoint about the rows that were held out from training."""

import csv
import io
from dataclasses import dataclass
from typing import Any

_ROWS_PER_CALL = 100


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

    @property
    def accuracy(self) -> float:
        return sum(row.right for row in self.rows) / len(self.rows)


def check_endpoint(s3: Any, runtime: Any, *, bucket: str, model: str, process_job: str, endpoint: str) -> HeldOut:
    """Send the process step's test rows to the endpoint, without their labels, as CSV.

    The test set is headerless CSV with the label first, as SageMaker's built-in algorithms take it.
    """
    key = f"{model}/process/{process_job}/test/test.csv"
    table = list(csv.reader(io.TextIOWrapper(s3.get_object(Bucket=bucket, Key=key)["Body"], "utf-8")))
    rows: list[Row] = []
    for start in range(0, len(table), _ROWS_PER_CALL):
        chunk = table[start : start + _ROWS_PER_CALL]
        body = "\n".join(",".join(values[1:]) for values in chunk)
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
        answers = answer["Body"].read().decode().split()
        rows += [Row(float(values[0]), float(said)) for values, said in zip(chunk, answers, strict=True)]
    return HeldOut(endpoint, tuple(rows))
