"""When something runs by itself: at times, after feature groups were filled, or both."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from boatyard.spec.fields import Cron, Part, cron, described, wrong

ONCE = "@once"


class Schedule(Part):
    """Times, and feature groups whose ingestion starts a run."""

    cron: Cron | None = None
    assets: tuple[str, ...] = Field(default=(), max_length=20)  # feature groups; all of them must have been filled anew

    @model_validator(mode="after")
    def _something(self) -> Schedule:
        if self.cron is None and not self.assets:
            raise wrong("expected cron, assets or both")
        if self.cron == ONCE and self.assets:
            raise wrong(f"{ONCE} does not go with assets: their first update is the first run")
        return self


def _as_keys(value: Any) -> Any:
    if isinstance(value, str):
        return {"cron": cron(value)}
    if isinstance(value, dict):
        assets = value.get("assets")
        return value | ({"assets": tuple(assets)} if isinstance(assets, list) else {})
    raise wrong(f"expected a cron expression, or keys cron and assets, got {described(value)}")


When = Annotated[Schedule, BeforeValidator(_as_keys)]  # a cron expression alone may stand for itself
