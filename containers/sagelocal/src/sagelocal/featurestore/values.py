"""Feature values as the API carries them: text, checked against the feature's type."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGRAL = re.compile(r"[+-]?[0-9]{1,19}")
_FRACTIONAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_ISO_8601 = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?Z")
_LONG = 2**63

NANOSECONDS = 1_000_000_000


def is_integral(text: str) -> bool:
    """Return whether the text is a 64-bit integer."""
    return _INTEGRAL.fullmatch(text) is not None and -_LONG <= int(text) < _LONG


def is_fractional(text: str) -> bool:
    """Return whether the text is a decimal number."""
    return _FRACTIONAL.fullmatch(text) is not None


def _plain(characters: str, number: Callable[[str], object], longest: int) -> Callable[[Sequence[str]], bool]:
    def ask(texts: Sequence[str]) -> bool:
        if "".join(texts).strip(characters) or max(map(len, texts)) > longest:
            return False
        try:
            deque(map(number, texts), maxlen=0)
        except ValueError:  # 1-2
            return False
        return True

    return ask


# By type: what is true of nearly all right values, and found at once; every value of every record is asked. Of texts
# of these characters alone Python's numbers take what the types allow.
PLAIN: dict[str, Callable[[Sequence[str]], bool]] = {
    "Integral": _plain("0123456789+-", int, 18),  # no such number is too large
    "Fractional": _plain("0123456789+-.", float, 64),
}
_CHECKS = {"Integral": is_integral, "Fractional": is_fractional}


def is_value(text: str, feature_type: str) -> bool:
    """Return whether the text is a value of the type `Integral`, `Fractional` or `String`."""
    check = _CHECKS.get(feature_type)
    return check is None or check(text)


@lru_cache(maxsize=10_000)  # the records of a batch often share theirs
def event_time(text: str, feature_type: str) -> int | None:
    """Return an event time as nanoseconds since the epoch, or None if the text is none.

    `String` is ISO 8601 in UTC with seconds or milliseconds, `Fractional` is seconds since the epoch:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
    """
    nanoseconds = _from_iso_8601(text) if feature_type == "String" else _from_seconds(text)
    return nanoseconds if nanoseconds is not None and -_LONG <= nanoseconds < _LONG else None


def _from_iso_8601(text: str) -> int | None:
    match = _ISO_8601.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * NANOSECONDS + int(match.group(7) or 0) * 1_000_000


def _from_seconds(text: str) -> int | None:
    return int(Decimal(text) * NANOSECONDS) if is_fractional(text) else None


def moment_of(nanoseconds: int) -> datetime:
    """Return an event time as a datetime, rounded down to the second."""
    return datetime.fromtimestamp(nanoseconds // NANOSECONDS, tz=UTC)
