"""The order of steps; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Cycle:
    """Steps that wait for each other; the first one is named again at the end."""

    names: tuple[str, ...]


def order(depends_on: Mapping[str, Collection[str]]) -> tuple[str, ...] | Cycle:
    """Return the steps in an order in which each comes after all that it depends on; a Cycle if there is none."""
    try:
        return tuple(TopologicalSorter(depends_on).static_order())
    except CycleError as error:
        return Cycle(tuple(error.args[1]))
