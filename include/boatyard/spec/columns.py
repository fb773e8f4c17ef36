"""The columns of a training set, as far as the spec decides them: all but their values."""

from collections.abc import Mapping
from dataclasses import dataclass

from boatyard.spec.feature_group import FeatureGroupSpec
from boatyard.spec.model import Features, Spine


@dataclass(frozen=True)
class Column:
    """Describe a column of the training set."""

    name: str
    feature_type: str  # Integral, Fractional or String


def training_columns(features: Features, groups: Mapping[str, FeatureGroupSpec]) -> tuple[Column, ...]:
    """Return the columns of the training set: identifier, event time, features, joined features, label.

    A joined feature is called `<group>__<feature>`, as Feast calls it ("-" becomes "_").
    """
    spine = groups[features.spine.group]
    plain = [Column(name, spine.features[name]) for name in spine_names(features.spine, spine)]
    joined = [
        Column(joined_name(join.group, feature), groups[join.group].features[feature])
        for join in features.join
        for feature in join.features
    ]
    return (*plain[:-1], *joined, plain[-1])


def joined_name(group: str, feature: str) -> str:
    """Return the name of a joined feature's column."""
    return f"{group.replace('-', '_')}__{feature}"


def spine_names(spine: Spine, group: FeatureGroupSpec) -> tuple[str, ...]:
    """Return the columns that the spine gives: identifier, event time, features, label."""
    reserved = (group.record_identifier, group.event_time, spine.label)
    features = spine.features or tuple(name for name in group.features if name not in reserved)
    return (group.record_identifier, group.event_time, *features, spine.label)
