"""What a tuned hyperparameter may be, and on which scale it is searched; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sagelocal.errors import validation_error

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Json = dict[str, Any]

# https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html says that SageMaker chooses
# for `Auto`, not how. A range over two orders of magnitude is searched logarithmically here.
AUTO_LOGARITHMIC = 100


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter's range; a categorical one has `values`, the others `low` and `high`."""

    name: str
    integer: bool = False
    low: float = 0.0
    high: float = 0.0
    scaling: str = "Linear"  # or Logarithmic or ReverseLogarithmic
    values: tuple[str, ...] = ()

    def distribution(self) -> BaseDistribution:
        """Return what the optimiser samples; for a reverse logarithmic range that is one minus the value."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.values:
            return CategoricalDistribution(self.values)
        if self.integer:
            return IntDistribution(int(self.low), int(self.high), log=self.scaling == "Logarithmic")
        if self.scaling == "ReverseLogarithmic":
            return FloatDistribution(1 - self.high, 1 - self.low, log=True)
        return FloatDistribution(self.low, self.high, log=self.scaling == "Logarithmic")

    def text(self, sampled: float | str) -> str:
        """Return the hyperparameter, as the job gets it, for what the optimiser sampled."""
        if isinstance(sampled, str) or self.integer:
            return str(sampled)
        value = 1 - sampled if self.scaling == "ReverseLogarithmic" else sampled
        return repr(min(max(value, self.low), self.high))

    def sampled(self, text: str) -> float | str | None:
        """Return what the optimiser would have sampled for a job's hyperparameter; None if it is out of this range."""
        if self.values:
            return text if text in self.values else None
        try:
            value = int(text) if self.integer else float(text)
        except ValueError:
            return None
        if not self.low <= value <= self.high:
            return None
        if self.scaling != "ReverseLogarithmic":
            return value
        return min(max(1 - value, 1 - self.high), 1 - self.low)


def parameters(ranges: Json) -> tuple[Parameter, ...]:
    """Return the hyperparameters of a request's ranges; ValidationException if they are none."""
    found = (
        *(
            Parameter(item["Name"], values=tuple(item["Values"]))
            for item in ranges.get("CategoricalParameterRanges") or []
        ),
        *(_numeric(item, integer=True) for item in ranges.get("IntegerParameterRanges") or []),
        *(_numeric(item, integer=False) for item in ranges.get("ContinuousParameterRanges") or []),
    )
    names = [parameter.name for parameter in found]
    if not found:
        raise validation_error("A tuning job needs the range of one hyperparameter at least in its ParameterRanges.")
    if len(set(names)) != len(names):
        raise validation_error(f"A hyperparameter may have one range only: {', '.join(names)}.")
    return found


def _numeric(item: Json, *, integer: bool) -> Parameter:
    number = int if integer else float
    try:
        low, high = number(item["MinValue"]), number(item["MaxValue"])
    except ValueError as error:
        raise validation_error(f"The range of {item['Name']} is not made of numbers: {error}.") from error
    if low > high:
        raise validation_error(
            f"The range of {item['Name']} is empty: its MinValue {low} is above its MaxValue {high}."
        )
    scaling = item.get("ScalingType") or "Auto"
    if scaling == "Logarithmic" and low <= 0:
        raise validation_error(f"Logarithmic scaling works only for ranges above 0: {item['Name']} begins at {low}.")
    if scaling == "ReverseLogarithmic" and (integer or low < 0 or high >= 1):
        raise validation_error(
            f"Reverse logarithmic scaling works only for continuous ranges within 0<=x<1.0, not for {item['Name']}."
        )
    if scaling == "Auto":
        scaling = "Logarithmic" if low > 0 and high / low >= AUTO_LOGARITHMIC else "Linear"
    return Parameter(item["Name"], integer, low, high, scaling)
