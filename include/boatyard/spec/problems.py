"""What is wrong with a spec, said so that it can be put right at once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """Name one error: where it is, what it is, and the nearest right name if there is one."""

    file: Path
    line: int  # 0: not a file's line but a setting of one run, which `file` quotes
    key: str  # dotted, such as train.hyperparameters.eta; empty for the file as a whole
    message: str
    suggestion: str | None = None

    @property
    def words(self) -> str:
        """Return what is wrong, without where."""
        hint = f" (did you mean '{self.suggestion}'?)" if self.suggestion else ""
        return f"{self.message}{hint}"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: {self.key}: " if self.key else f"{self.file}:{self.line}: "
        if self.line == 0:
            place = f"{self.file}: "
        return f"{place}{self.words}"


class SpecError(Exception):
    """Carry every error of a spec at once, in the order of its lines."""

    def __init__(self, errors: Iterable[Problem]) -> None:
        self.errors = tuple(sorted(set(errors), key=lambda error: (error.file, error.line, error.key, error.message)))
        super().__init__("\n".join(str(error) for error in self.errors))


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, or None if none is like it."""
    by_folded = {candidate.lower().replace("-", "_"): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None
