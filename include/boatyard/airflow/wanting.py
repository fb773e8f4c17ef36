"""Whether Airflow still wants what a task started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from boatyard.aws.naming import Owner

# A task runs, or goes on by itself with what an earlier try of it started; or nobody wants that any more.
STATES: dict[str | None, bool] = {
    "running": True,
    "deferred": True,
    "awaiting_input": True,
    "scheduled": True,
    "queued": True,
    "up_for_retry": True,
    "up_for_reschedule": True,
    # A person cleared it, or a scheduler lost it when it died. Both times a new try comes; it stops what an older
    # generation started, and takes over what its own did.
    None: True,
    "restarting": False,  # cleared while it ran
    "success": False,
    "failed": False,
    "upstream_failed": False,
    "skipped": False,
    "removed": False,
}


class AsksForStates(Protocol):
    """Airflow's running task instance, as far as it tells of others."""

    def get_task_states(
        self, dag_id: str, map_index: int | None = ..., task_ids: list[str] | None = ..., *, run_ids: list[str]
    ) -> Mapping[str, Any]:
        """Return run id -> task id (with the map index, where it has one) -> state."""


def state_of(ti: AsksForStates, owner: Owner) -> str | None:
    """Ask Airflow for the state of a task; one that is not there any more is "removed"."""
    index = owner.map_index if owner.map_index >= 0 else None
    found = ti.get_task_states(owner.dag, index, [owner.task], run_ids=[owner.run])
    return _state(found, owner)


def states_of(ti: AsksForStates, owners: Iterable[Owner]) -> dict[Owner, str | None]:
    """Ask Airflow for the states of many tasks: one question for each DAG run."""
    runs: dict[tuple[str, str], list[Owner]] = {}
    for owner in owners:
        runs.setdefault((owner.dag, owner.run), []).append(owner)
    states: dict[Owner, str | None] = {}
    for (dag, run), tasks in runs.items():
        found = ti.get_task_states(dag, None, sorted({owner.task for owner in tasks}), run_ids=[run])
        states |= {owner: _state(found, owner) for owner in tasks}
    return states


async def still_deferred(owner: Owner) -> bool:
    """Tell, in the triggerer, whether a task waits there yet: then nobody killed it, but its trigger went elsewhere.

    Airflow calls a trigger's `on_kill` as well when another triggerer has taken it over.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from asgiref.sync import sync_to_async

    ti: Any = RuntimeTaskInstance  # its question takes no instance
    return await sync_to_async(state_of)(ti, owner) == "deferred"


def wanted(state: str | None) -> bool:
    """Tell whether a task in this state wants the job that it started."""
    try:
        return STATES[state]
    except KeyError:
        raise ValueError(f"boatyard does not know the state {state!r} of a task") from None


def _state(found: Mapping[str, Any], owner: Owner) -> str | None:
    key = owner.task if owner.map_index < 0 else f"{owner.task}_{owner.map_index}"
    states: Mapping[str, str | None] = found.get(owner.run) or {}
    return states.get(key, "removed")
