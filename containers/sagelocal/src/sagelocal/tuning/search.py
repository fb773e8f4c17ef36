"""Which hyperparameters the next training job gets; the same answer for the same past, so nothing needs to be kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from sagelocal.tuning.space import Parameter

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

RANDOM_FIRST = (3, 10)  # at least and at most so many jobs are chosen at random before a Bayesian search learns


@dataclass(frozen=True)
class Trial:
    """A training job of the past; one that still runs has no value yet."""

    parameters: dict[str, str]
    value: float | None


@dataclass(frozen=True)
class Search:
    """Hold what the choice depends on besides the past."""

    strategy: str  # Bayesian, Random or Grid
    maximize: bool
    parameters: tuple[Parameter, ...]
    budget: int  # how many jobs there will be
    seed: int

    def propose(self, number: int, past: Iterable[Trial]) -> dict[str, str]:
        """Return the tuned hyperparameters of job `number` (from 0), as strings."""
        if self.strategy == "Grid":
            row = next(islice(product(*(parameter.values for parameter in self.parameters)), number, None))
            return {parameter.name: value for parameter, value in zip(self.parameters, row, strict=True)}
        optuna = _optuna()
        study = optuna.create_study(
            sampler=self._sampler(number), direction="maximize" if self.maximize else "minimize"
        )
        if self.strategy == "Bayesian":
            study.add_trials([trial for each in past if (trial := self._frozen(each)) is not None])
        trial = study.ask({parameter.name: parameter.distribution() for parameter in self.parameters})
        return {parameter.name: parameter.text(trial.params[parameter.name]) for parameter in self.parameters}

    def _sampler(self, number: int) -> BaseSampler:
        samplers = _optuna().samplers
        seed = (self.seed + number * 0x9E3779B1) % (1 << 32)  # every job has draws of its own
        if self.strategy == "Random":
            sampler: BaseSampler = samplers.RandomSampler(seed=seed)
            return sampler
        least, most = RANDOM_FIRST
        startup = min(most, max(least, self.budget // 4))
        # constant_liar: jobs that run at the same time are kept apart
        learning: BaseSampler = samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)
        return learning

    def _frozen(self, trial: Trial) -> FrozenTrial | None:
        """Return a past job for the optimiser; None if it lies outside of the ranges, as a parent's may."""
        sampled = {one.name: one.sampled(trial.parameters.get(one.name, "")) for one in self.parameters}
        if None in sampled.values() or (trial.value is not None and not math.isfinite(trial.value)):
            return None
        module = _optuna().trial
        frozen: FrozenTrial = module.create_trial(
            state=module.TrialState.RUNNING if trial.value is None else module.TrialState.COMPLETE,
            params=sampled,
            distributions={one.name: one.distribution() for one in self.parameters},
            value=trial.value,
        )
        return frozen


def grid_size(parameters: tuple[Parameter, ...]) -> int:
    """Return how many combinations a grid has."""
    return math.prod(len(parameter.values) for parameter in parameters)


@cache
def _optuna() -> Any:
    """Import the optimiser when the first tuning job wants it: a server without one does not pay for it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
