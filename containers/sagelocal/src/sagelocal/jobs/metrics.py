"""The metrics that a job prints."""

import re
from collections.abc import Iterable, Mapping
from typing import Any


def final_metrics(definitions: Iterable[Mapping[str, str]], lines: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return FinalMetricDataList: the last value of each metric definition's regex in a log.

    `lines` are (epoch milliseconds, text). The value is the regex's first group and must be a number.
    """
    patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
    found: dict[str, dict[str, Any]] = {}
    for milliseconds, line in lines if patterns else ():
        for name, pattern in patterns:
            for match in pattern.finditer(line):
                value = _number(match)
                if value is not None:
                    found[name] = {"MetricName": name, "Value": value, "Timestamp": milliseconds / 1000}
    return [found[name] for name, _ in patterns if name in found]


def _number(match: re.Match[str]) -> float | None:
    try:
        return float(match[1])
    except (IndexError, TypeError, ValueError):  # no group, a group that took no part, or no number
        return None
