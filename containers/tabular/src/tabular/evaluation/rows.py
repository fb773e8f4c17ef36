"""The held-out rows: CSV without a header, the label first."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tabular.evaluation.errors import EvaluationError

CHUNK = 2000  # rows that a model is asked about at once


class HeldOut:
    """Read the rows as often as needed; never all at once, for a test set may be large."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.rglob("*.csv"))
        if not self._files:
            raise EvaluationError(f"there is no .csv file in {folder}")
        self.labels = [label for label, _, _ in map(_parted, self._lines())]
        if not self.labels:
            raise EvaluationError(f"the {len(self._files)} .csv files in {folder} hold no row")

    def __len__(self) -> int:
        return len(self.labels)

    def chunks(self) -> Iterator[list[str]]:
        """Yield the features of the rows, some at a time, as the lines of CSV that an endpoint gets."""
        lines = (features for _, _, features in map(_parted, self._lines()))
        while chunk := list(islice(lines, CHUNK)):
            yield chunk

    def sample(self, count: int) -> tuple[list[str], list[list[str]]]:
        """Return labels and cells of at most `count` rows, evenly spread over all."""
        step = -(-len(self) // count)
        chosen = [_parted(line) for line in islice(self._lines(), 0, None, step)]
        return [label for label, _, _ in chosen], [features.split(",") for _, _, features in chosen]

    @property
    def width(self) -> int:
        """Return the number of features."""
        return next(self._lines()).count(",")

    def _lines(self) -> Iterator[str]:
        for path in self._files:
            with path.open(encoding="utf-8") as file:
                yield from filter(None, (line.strip() for line in file))


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(",")
