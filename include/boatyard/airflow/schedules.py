"""From a spec's schedule to Airflow's, and the assets between ingestion and training."""

from __future__ import annotations

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable

from boatyard.spec import Schedule

TIMEZONE = "UTC"

DagSchedule = str | list[Asset] | AssetOrTimeSchedule | None


def features(group: str) -> Asset:
    """Return the asset that a feature group's ingestion updates."""
    return Asset(name=f"features_{group}", uri=f"x-boatyard://features/{group}", group="boatyard")


def dag_schedule(schedule: Schedule | None) -> DagSchedule:
    """Return what a DAG's `schedule` takes; several assets mean that all of them were updated."""
    if schedule is None:
        return None
    assets = [features(group) for group in schedule.assets]
    if not assets:
        return schedule.cron
    if schedule.cron is None:
        return assets
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(schedule.cron, timezone=TIMEZONE), assets=assets)
