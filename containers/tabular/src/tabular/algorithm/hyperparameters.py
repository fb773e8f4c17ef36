"""The hyperparameters of the built-in XGBoost algorithm, checked before any data is read.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tabular.algorithm.metrics import METRICS
from tabular.sources import ConfigurationError

Parse = Callable[[str], Any]
NUM_ROUND = "num_round"

_OBJECTIVES = (
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
    "reg:linear",
    "reg:squarederror",
    "reg:logistic",
    "reg:gamma",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:squaredlogerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
)
_THRESHOLDS = ("error", "ndcg", "map")  # metrics that may be followed by @<number>
_INFINITY = math.inf


@dataclass(frozen=True)
class Range:
    """A range of numbers; each end belongs to it unless said otherwise."""

    low: float = -_INFINITY
    high: float = _INFINITY
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low, high = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"{low}{self.low:g}, {self.high:g}{high}"


def _number(kind: type[int] | type[float], allowed: Range) -> Parse:
    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise ConfigurationError(f"expected {expected}, got {text!r}") from None
        if value not in allowed:
            raise ConfigurationError(f"value {text} is not in range {allowed}")
        return value

    return parse


def _one_of(*choices: str) -> Parse:
    def parse(text: str) -> str:
        if text not in choices:
            raise ConfigurationError(f"value {text!r} is not one of {', '.join(choices)}{nearest(text, choices)}")
        return text

    return parse


def _listed(*choices: str) -> Parse:
    each = _one_of(*choices)
    return lambda text: ",".join(each(part.strip()) for part in text.split(","))


def _metrics(text: str) -> list[str]:
    return [_metric(part.strip()) for part in text.strip("[]").split(",")]


def _metric(text: str) -> str:
    name, at, threshold = text.strip("\"' ").partition("@")
    if at:
        _one_of(*_THRESHOLDS)(name)
        _number(float, Range())(threshold.rstrip("-"))
    else:
        _one_of(*METRICS)(name)
    return name + at + threshold


def _text(text: str) -> str:
    return text


def _at_least(low: float) -> Range:
    return Range(low=low)


_UNIT, _SHARE, _FLAG = Range(0, 1), Range(0, 1, open_low=True), Range(0, 1)
_ANY_SEED = Range(-(2**31), 2**31 - 1, open_low=True, open_high=True)

HYPERPARAMETERS: dict[str, Parse] = {
    NUM_ROUND: _number(int, _at_least(1)),
    "csv_weights": _number(int, _FLAG),
    "early_stopping_rounds": _number(int, _at_least(1)),
    "booster": _one_of("gbtree", "gblinear", "dart"),
    "verbosity": _number(int, Range(0, 3)),
    "nthread": _number(int, _at_least(1)),
    "eta": _number(float, _UNIT),
    "gamma": _number(float, _at_least(0)),
    "max_depth": _number(int, _at_least(0)),
    "min_child_weight": _number(float, _at_least(0)),
    "max_delta_step": _number(float, _at_least(0)),
    "subsample": _number(float, _SHARE),
    "colsample_bytree": _number(float, _SHARE),
    "colsample_bylevel": _number(float, _SHARE),
    "colsample_bynode": _number(float, _SHARE),
    "lambda": _number(float, _at_least(0)),
    "alpha": _number(float, _at_least(0)),
    "tree_method": _one_of("auto", "exact", "approx", "hist", "gpu_hist"),
    "scale_pos_weight": _number(float, Range(0, open_low=True)),
    "updater": _listed(
        "grow_colmaker",
        "grow_histmaker",
        "grow_quantile_histmaker",
        "sync",
        "refresh",
        "prune",
        "shotgun",
        "coord_descent",
    ),
    "refresh_leaf": _number(int, _FLAG),
    "process_type": _one_of("default", "update"),
    "grow_policy": _one_of("depthwise", "lossguide"),
    "max_leaves": _number(int, _at_least(0)),
    "max_bin": _number(int, _at_least(0)),
    "monotone_constraints": _text,
    "interaction_constraints": _text,
    "sample_type": _one_of("uniform", "weighted"),
    "normalize_type": _one_of("tree", "forest"),
    "rate_drop": _number(float, _UNIT),
    "one_drop": _number(int, _FLAG),
    "skip_drop": _number(float, _UNIT),
    "lambda_bias": _number(float, _UNIT),
    "tweedie_variance_power": _number(float, Range(1, 2, open_low=True, open_high=True)),
    "objective": _one_of(*_OBJECTIVES),
    "num_class": _number(int, _at_least(2)),
    "base_score": _number(float, _at_least(0)),
    "eval_metric": _metrics,
    "seed": _number(int, _ANY_SEED),
    "num_parallel_tree": _number(int, _at_least(1)),
    "save_model_on_termination": _one_of("true", "false"),
    "aft_loss_distribution": _one_of("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _number(float, _at_least(0)),
    "sampling_method": _one_of("uniform", "gradient_based"),
}

# Other names for the same thing, as XGBoost has them.
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
    "_tuning_objective_metric": "",  # the tuner's: it names a metric that the job prints anyhow
}

# AWS's versions have these; the XGBoost of this image has not, and nothing pretends.
GONE = {
    "predictor": "XGBoost chooses it by the device",
    "sketch_eps": "XGBoost has max_bin in its place",
    "dsplit": "it concerned several instances",
    "deterministic_histogram": "histograms are deterministic",
    "prob_buffer_row": "it was replaced by sampling_method",
    "use_dask_gpu_training": "this image has no GPU training",
    "_kfold": "this image does not cross-validate",
    "_num_cv_round": "this image does not cross-validate",
}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters under their own names, parsed.

    Raises ConfigurationError for the first that is unknown, missing or out of range, with the nearest right name.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        known = ALIASES.get(name, name)
        if not known:
            continue
        if known in GONE:
            raise ConfigurationError(f"hyperparameter {name} is not there: {GONE[known]}")
        if known not in HYPERPARAMETERS:
            hint = nearest(name, [*HYPERPARAMETERS, *ALIASES])
            raise ConfigurationError(f"Extraneous hyperparameter found: {name}{hint}")
        found[known] = _parsed(name, known, value)
    if NUM_ROUND not in found:
        raise ConfigurationError(
            f"Missing required hyperparameter: {NUM_ROUND} (no script was named by sagemaker_program, "
            "so the built-in XGBoost algorithm trains)"
        )
    if str(found.get("objective", "")).startswith("multi:") and "num_class" not in found:
        raise ConfigurationError("Require input for parameter 'num_class' for multi-classification")
    return found


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return ` (did you mean ...?)` if a candidate is like the name."""
    close = difflib.get_close_matches(name.lower().replace("-", "_"), list(candidates), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _parsed(name: str, known: str, value: Any) -> Any:
    if isinstance(value, bool):
        value = str(value).lower()
    try:
        return HYPERPARAMETERS[known](",".join(map(str, value)) if isinstance(value, list) else str(value))
    except ConfigurationError as error:
        raise ConfigurationError(f"Hyperparameter {name}: {error}") from None
