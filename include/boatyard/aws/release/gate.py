"""Is the model good enough, in itself and against the champion? No effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any

from boatyard.aws.errors import PermanentError

CURE = (
    "put another version into service, or take the rules with 'champion' out of the spec's gate until a new one serves"
)


class Comparison(Enum):
    """How a metric stands to another, seen in the direction that is better."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"


@dataclass(frozen=True)
class Verdict:
    """One rule's answer, and why."""

    passed: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """The gate's answer, every rule's verdict in the order of the spec, and the numbers they are about."""

    verdicts: tuple[Verdict, ...]
    values: dict[str, float]  # each rule's metric
    champion_values: dict[str, float]  # each compared metric, of the champion; empty without one

    @property
    def passed(self) -> bool:
        """Return whether every rule is kept."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def complaint(self) -> str:
        """Return why the gate is closed."""
        return "; ".join(verdict.reason for verdict in self.verdicts if not verdict.passed)


def compare(value: float, champion: float, direction: str, margin: float) -> Comparison:
    """Compare as the numbers are written: 0.905 is better than 0.9 by 0.005, not by 0.00500000000000000444.

    A difference of exactly the margin is equal. Neither number may be NaN or infinite.
    """
    difference = Decimal(repr(value)) - Decimal(repr(champion))
    gained = difference if direction == "higher" else -difference
    if abs(gained) <= Decimal(repr(margin)):
        return Comparison.EQUAL
    return Comparison.BETTER if gained > 0 else Comparison.WORSE


def decide(evaluation: Mapping[str, Any], rules: Sequence[Mapping[str, Any]], champion: str) -> Decision:
    """Return what the gate makes of an evaluation; `champion` is the name of the one in service, "" for none.

    A champion that could not be evaluated closes the gate where a rule asks for it.
    """
    values = {rule["Metric"]: metric_value(evaluation, rule["Metric"]) for rule in rules}
    compared = [rule["Metric"] for rule in rules if "Champion" in rule]
    found, problem = _champion(evaluation, champion) if champion else ({}, "")
    if compared and problem:
        closed = Verdict(False, f"champion {champion} cannot be compared with: {problem}; {CURE}")
        return Decision((closed,), values, {})
    of_champion = {name: metric_value(found, name) for name in compared} if champion else {}
    verdicts = (_verdicts(rule, values[rule["Metric"]], of_champion.get(rule["Metric"])) for rule in rules)
    return Decision(tuple(chain.from_iterable(verdicts)), values, of_champion)


def problem_of(evaluation: Mapping[str, Any], champion: str) -> str:
    """Return why the champion could not be evaluated, "" if it was or there is none."""
    return _champion(evaluation, champion)[1] if champion else ""


def _champion(evaluation: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], str]:
    found = evaluation.get("champion")
    if not isinstance(found, Mapping):
        return {}, "evaluate.py wrote no member 'champion' into evaluation.json"
    return found, str(found.get("problem") or "")


def _verdicts(rule: Mapping[str, Any], value: float, champion: float | None) -> Iterator[Verdict]:
    name = rule["Metric"].rpartition(".")[2]
    at_least, at_most, asked = rule.get("AtLeast"), rule.get("AtMost"), rule.get("Champion")
    # written so that NaN keeps no rule
    if at_least is not None:
        kept = value >= at_least
        yield Verdict(kept, f"{name} {_shown(value, at_least)} is {'at least' if kept else 'below'} {at_least:g}")
    if at_most is not None:
        kept = value <= at_most
        yield Verdict(kept, f"{name} {_shown(value, at_most)} is {'at most' if kept else 'above'} {at_most:g}")
    if asked is not None:
        yield _against_champion(name, value, champion, asked)


def _against_champion(name: str, value: float, champion: float | None, asked: Mapping[str, Any]) -> Verdict:
    if champion is None:
        return Verdict(True, f"{name} {value:.6g} is compared with nothing: there is no champion yet")
    both = f"{name} {value:.6g} against the champion's {champion:.6g}"
    if not (math.isfinite(value) and math.isfinite(champion)):
        return Verdict(False, f"{both} cannot be compared: {CURE}")
    margin = asked["Margin"]
    match compare(value, champion, asked["Direction"], margin):
        case Comparison.EQUAL:
            word = "passes" if asked["WhenEqual"] == "pass" else "fails"
            return Verdict(word == "passes", f"{both} is equal within the margin {margin:g}, which {word} by the spec")
        case Comparison.BETTER:
            return Verdict(True, f"{both} is better by more than the margin {margin:g}")
        case Comparison.WORSE:
            return Verdict(False, f"{both} is worse by more than the margin {margin:g}")


def metric_value(evaluation: Mapping[str, Any], path: str) -> float:
    """Return the metric at a dotted `path` of an evaluation; of a mapping, its member `value`."""
    found: Any = evaluation
    for number, key in enumerate(path.split(".")):
        if not isinstance(found, Mapping) or key not in found:
            where = ".".join(path.split(".")[:number]) or "the evaluation"
            there = ", ".join(sorted(map(str, found))) if isinstance(found, Mapping) else "no members"
            raise PermanentError(f"the evaluation has no metric {path}: {where} has {there}")
        found = found[key]
    value = found.get("value") if isinstance(found, Mapping) else found
    # SageMaker writes "NaN" as text
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PermanentError(f"metric {path} of the evaluation is no number: {value!r}")
    try:
        return float(value)
    except ValueError:
        raise PermanentError(f"metric {path} of the evaluation is no number: {value!r}") from None


def _shown(value: float, limit: float) -> str:
    """Return `value` with four digits, rounded away from `limit`: 0.87999 is not shown as the 0.88 it misses."""
    if not math.isfinite(value):
        return f"{value}"
    rounded = math.floor if value < limit else math.ceil
    digits = 4
    return f"{rounded(value * 10**digits) / 10**digits:g}"
