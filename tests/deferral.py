"""Deferred operators and sensors, as the scheduler and the triggerer run them."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.triggers.base import BaseTrigger


def defer(operator: Any, context: dict[str, Any]) -> TaskDeferred:
    """Execute an operator that defers, and return what it waits for."""
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    return deferred.value


def fire(trigger: BaseTrigger) -> Any:
    """Run a trigger, made anew from what the database keeps of it, and return the payload of its first event."""
    path, arguments = trigger.serialize()
    module, _, kind = path.rpartition(".")
    made = getattr(import_module(module), kind)(**arguments)

    async def first() -> Any:
        async for event in made.run():
            return event.payload
        raise AssertionError(f"{path} ended without an event")

    return asyncio.run(first())


def resume(operator: Any, context: dict[str, Any]) -> Any:
    """Execute an operator that defers, wait for its trigger and return what the resumed operator returns."""
    deferred = defer(operator, context)
    assert deferred.method_name == "execute_complete"
    return operator.execute_complete(context, fire(deferred.trigger))
