"""A model with three feature groups joined to its labels, and years of their records as an offline store keeps them."""

from pathlib import Path

import duckdb

from boatyard.spec import FeatureGroupSpec, ModelSpec
from boatyard.spec.columns import joined_name
from boatyard.spec.model import Features
from boatyard.steps.sql import GLUE_TYPES

LABELS, LABEL_ROWS = "labels", 2_000_000
GROUPS, GROUP_ROWS = ("visits", "orders", "devices"), 5_000_000
CUSTOMERS = 100_000
FILE_SIZE = "32MB"
BEGIN, SPAN = 1_735_689_600, 300 * 86_400  # seconds since the epoch: 2025; the records follow each other evenly
AS_OF = "2026-01-01T00:00:00Z"

JOINED = {"amount": "Fractional", "score": "Fractional", "number": "Integral"}
FEATURES = {
    LABELS: {"label_id": "Integral", "event_time": "Fractional", "customer_id": "Integral", "target": "Integral"},
    **{group: {"customer_id": "Integral", "event_time": "Fractional", **JOINED} for group in GROUPS},
}
ROWS = {LABELS: LABEL_ROWS, **dict.fromkeys(GROUPS, GROUP_ROWS)}
# what the offline store adds to a record
OWN_COLUMNS = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}


def model() -> ModelSpec:
    """Return as much of a model as its training set depends on."""
    joins = [{"group": group, "features": tuple(JOINED)} for group in GROUPS]
    features = {"spine": {"group": LABELS, "label": "target"}, "join": tuple(joins)}
    groups = {
        group: FeatureGroupSpec.model_construct(
            name=group, record_identifier=next(iter(types)), event_time="event_time", features=types
        )
        for group, types in FEATURES.items()
    }
    return ModelSpec.model_construct(name="bench", features=Features.model_validate(features), groups=groups)


def columns(group: str) -> dict[str, str]:
    """Return the columns of a group's table with their Glue types."""
    return {name: GLUE_TYPES[kind] for name, kind in FEATURES[group].items()} | OWN_COLUMNS


def write_records(folder: Path) -> None:
    """Write the Parquet files of every group to `<folder>/<group>/`; the same ones each time."""
    with duckdb.connect() as connection:
        for salt, (group, rows) in enumerate(ROWS.items()):
            connection.execute(
                f"COPY ({_records(group, rows, salt)}) TO '{folder / group}' "
                f"(FORMAT parquet, COMPRESSION snappy, FILE_SIZE_BYTES '{FILE_SIZE}')"
            )


def _records(group: str, rows: int, salt: int) -> str:
    def number(column: int, below: int) -> str:
        return f"(hash(i, {salt}, {column}) % {below})::BIGINT"

    # half a step apart, so that no label and no feature have the same time: with ties the two forms would differ
    moment = f"({BEGIN} + (i + {0.5 if group == LABELS else 0.1 * salt}) * {SPAN / rows})::DOUBLE"
    values = {
        "label_id": "i",
        "event_time": moment,
        "customer_id": number(0, CUSTOMERS),
        "target": number(1, 2),
        "amount": f"{number(2, 1_000_000)} / 100",
        "score": f"{number(3, 1_000_000)} / 1e6",
        "number": number(4, 1000),
        "write_time": f"make_timestamp((({moment} + 60) * 1e6)::BIGINT)",
        "api_invocation_time": f"make_timestamp(({moment} * 1e6)::BIGINT)",
        "is_deleted": "false",
    }
    return f"SELECT {', '.join(f'{values[name]} AS {name}' for name in columns(group))} FROM range({rows}) AS r(i)"


def asof_join(folder: Path) -> str:
    """Return the training set as DuckDB's own form of a point-in-time join."""
    selected = ["l.label_id", "l.event_time", "l.customer_id"]
    selected += [f"{group}.{name} AS {joined_name(group, name)}" for group in GROUPS for name in JOINED]
    joins = [
        f"ASOF LEFT JOIN '{folder}/{group}/*.parquet' AS {group} "
        f"ON {group}.customer_id = l.customer_id AND {group}.event_time <= l.event_time"
        for group in GROUPS
    ]
    return "\n".join([f"SELECT {', '.join([*selected, 'l.target'])} FROM '{folder}/{LABELS}/*.parquet' AS l", *joins])
