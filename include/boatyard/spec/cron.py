"""Cron expressions and presets as Airflow takes them, with the error that a wrong one gets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boatyard.spec.problems import nearest

PRESETS = ("@once", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\w+))?", re.ASCII)


@dataclass(frozen=True)
class Field:
    """One of the five fields of an expression."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()  # the first one stands for `least`


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 0, 7, WEEKDAYS),  # both 0 and 7 are Sunday
)


class CronError(ValueError):
    """Say what is wrong with an expression; `suggestion` is the nearest right word of it."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def check_cron(text: str) -> None:
    """Raise `CronError` unless Airflow would take `text` as a schedule that comes true at some time."""
    if text in PRESETS:
        return
    parts = text.split()
    if len(parts) != len(FIELDS):
        expected = f"a cron expression of five fields or one of {', '.join(PRESETS)}"
        raise CronError(f"expected {expected}, got {text!r}", nearest(f"@{text.lstrip('@')}", PRESETS))
    _, _, days, months, _ = (_values(part, field) for part, field in zip(parts, FIELDS, strict=True))
    if parts[4] == "*" and not any(day <= _LONGEST_MONTHS[month - 1] for month in months for day in days):
        raise CronError(f"there is no such day: {text!r} never comes true")


def _values(part: str, field: Field) -> set[int]:
    found: set[int] = set()
    for item in part.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise CronError(f"{field.name}: {item!r} is no number, range, list or step")
        first, last, step = match["first"], match["last"], match["step"]
        if first == "*" and last is not None:
            raise CronError(f"{field.name}: {item!r} is no range")
        least = field.least if first == "*" else _number(first, field)
        most = field.most if first == "*" or (step and not last) else least
        most = most if last is None else _number(last, field)
        if most < least:
            raise CronError(f"{field.name}: nothing lies between {first} and {last}")
        found.update(range(least, most + 1, _step(step, field)))
    return found


def _number(text: str, field: Field) -> int:
    if text.lower() in field.words:
        return field.words.index(text.lower()) + field.least
    if text.isdigit() and field.least <= int(text) <= field.most:
        return int(text)
    if not text.isdigit() and (close := nearest(text, field.words)):
        raise CronError(f"{field.name}: there is no {text!r}", close)
    raise CronError(f"{field.name}: expected {field.least} to {field.most}, got {text}")


def _step(text: str | None, field: Field) -> int:
    if text is None:
        return 1
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise CronError(f"{field.name}: expected a step of at least 1, got {text}")
