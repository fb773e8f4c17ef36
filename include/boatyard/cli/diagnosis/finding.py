"""What a check found."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is."""

    OK = "OK"
    WARNING = "WARNING"
    PROBLEM = "PROBLEM"
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis: what was looked at, how it is, and how to mend it."""

    level: Level
    what: str
    words: str
    mend: str = ""


def ok(what: str, words: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, what, words)


def warning(what: str, words: str, mend: str) -> Finding:
    """Return what will work, but perhaps not as wanted."""
    return Finding(Level.WARNING, what, words, mend)


def problem(what: str, words: str, mend: str) -> Finding:
    """Return what will not work."""
    return Finding(Level.PROBLEM, what, words, mend)


def not_checked(what: str, words: str) -> Finding:
    """Return what nobody could say."""
    return Finding(Level.NOT_CHECKED, what, words)
