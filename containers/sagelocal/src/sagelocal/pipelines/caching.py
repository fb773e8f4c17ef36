"""Step caching: when the result of an earlier execution stands for a step; pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_DAY = 86_400
_SECONDS = {
    "years": 365 * _DAY,
    "months": 30 * _DAY,
    "weeks": 7 * _DAY,
    "days": _DAY,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}


def problem(config: Any) -> str:
    """Return what is wrong with a CacheConfig, "" if nothing is."""
    if not isinstance(config, dict) or set(config) - {"Enabled", "ExpireAfter"}:
        return "a CacheConfig has Enabled and ExpireAfter"
    if not isinstance(config.get("Enabled", False), bool):
        return "Enabled of a CacheConfig must be true or false"
    expires = config.get("ExpireAfter")
    if expires is not None and seconds(expires) is None:
        return f"ExpireAfter {expires!r} of a CacheConfig is no ISO 8601 duration"
    return ""


def seconds(duration: Any) -> float | None:
    """Return the length of an ISO 8601 duration; None if it is none. The P may be left out before a T."""
    if not isinstance(duration, str):
        return None
    text = f"P{duration}" if duration[:1] in ("T", "t") else duration
    match = _DURATION.fullmatch(text)
    return None if match is None else float(sum(int(match[unit] or 0) * each for unit, each in _SECONDS.items()))


def apply(row: Json, executions: list[Json], config: Json, now: float) -> Json:
    """Return a step's row as that of an earlier execution if its result stands for it, else as it is.

    `executions` are those of the same pipeline. The latest success with the same arguments counts
    if it is not too old.
    """
    longest = seconds(config["ExpireAfter"]) if config.get("ExpireAfter") else None
    found = [
        (former, execution["describe"]["PipelineExecutionArn"])
        for execution in executions
        for former in execution["steps"]
        if former["status"] == "Succeeded"
        and "cached" not in former
        and all(former.get(member) == row[member] for member in ("name", "type", "arguments"))
        and (longest is None or now - former["EndTime"] <= longest)
    ]
    if not found:
        return row
    former, arn = max(found, key=lambda each: each[0]["EndTime"])
    kept = {member: former[member] for member in ("child", "arn", "properties")}
    return {**row, **kept, "status": "Succeeded", "EndTime": now, "cached": arn}
