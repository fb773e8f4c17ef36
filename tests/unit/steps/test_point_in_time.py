"""The training set's query against a brute-force reading of what it promises, on DuckDB."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from boatyard.spec import FeatureGroupSpec, ModelSpec, load_model
from boatyard.steps.point_in_time import columns, query
from boatyard.steps.run import database_token, fill, table_token

START = datetime(2025, 1, 1, tzinfo=UTC)
MAX_AGE_MINUTES = 3

MODEL = """
description: d
owner: o
image: tabular:0.1.0
features:
  spine: {group: sales, label: label}
  join:
    - {group: shoppers, on: shopper, features: [age, note], max_age: 3m}
    - {group: shop-items, features: [price]}
process: {instance_type: ml.m5.large}
train: {instance_type: ml.m5.large}
evaluate: {instance_type: ml.m5.large}
gate: [{metric: multiclass_classification_metrics.accuracy, at_least: 0.5}]
register: {group: sales}
approve: {policy: auto}
deploy: {endpoint: sales, instance_type: ml.m5.large}
"""

GROUPS = {
    "sales": ("sale", "at", {"sale": "String", "at": "String", "shopper": "Integral", "item": "String"}, "label"),
    "shoppers": ("id", "at", {"id": "Integral", "at": "Fractional", "age": "Fractional"}, "note"),
    "shop-items": ("item", "at", {"item": "String", "at": "String"}, "price"),
}
LAST_FEATURE = {"label": "Integral", "note": "String", "price": "Fractional"}


class Row(NamedTuple):
    """A version of a record in an offline store."""

    identifier: Any
    minute: int  # of its event time
    invoked: int
    written: int
    deleted: bool
    values: dict[str, Any]

    @property
    def order(self) -> tuple[int, int, int]:
        return self.minute, self.invoked, self.written


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    root = tmp_path_factory.mktemp("dags")
    write(root / "sales" / "model.yaml", MODEL)
    for script in ("process", "train", "evaluate", "inference"):
        write(root / "sales" / "jobs" / f"{script}.py", "")
    for name, (identifier, event_time, features, last) in GROUPS.items():
        listed = "\n".join(f"  {feature}: {kind}" for feature, kind in (features | {last: LAST_FEATURE[last]}).items())
        text = f"""
description: d
owner: o
image: tabular:0.1.0
record_identifier: {identifier}
event_time: {event_time}
ingest: {{instance_type: ml.m5.large}}
features:
{listed}
"""
        write(root / "features" / name / "feature_group.yaml", text)
        write(root / "features" / name / "jobs" / "ingest.py", "")
    return load_model(root / "sales")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def versions(identifiers: st.SearchStrategy[Any], **values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    """Return histories in which few records have many versions and times collide, in no order."""
    version = st.builds(
        Row,
        identifier=identifiers,
        minute=st.integers(0, 4),
        invoked=st.integers(0, 1),
        written=st.integers(0, 99),
        deleted=st.sampled_from([False] * 4 + [True]),
        values=st.fixed_dictionaries(values),
    )
    return st.lists(version, max_size=25, unique_by=lambda row: row.written)


SHOPPERS = st.integers(1, 2)
ITEMS = st.sampled_from(["a", "b"])
HISTORIES = st.fixed_dictionaries(
    {
        "sales": versions(
            st.sampled_from(["s1", "s2", "s3", "s4", "s5"]),
            shopper=st.none() | SHOPPERS,
            item=st.none() | ITEMS,
            label=st.integers(0, 1),
        ),
        "shoppers": versions(
            SHOPPERS, age=st.none() | st.integers(1, 9).map(float), note=st.none() | st.sampled_from(["x", "it's"])
        ),
        "shop-items": versions(ITEMS, price=st.none() | st.integers(1, 9).map(float)),
    }
)


@settings(max_examples=100, deadline=None)
@given(histories=HISTORIES, as_of=st.integers(0, 6))
def test_every_label_row_comes_once_with_what_was_known_at_its_time(
    spec: ModelSpec, histories: dict[str, list[Row]], as_of: int
) -> None:
    found = run(spec, histories, as_of)
    assert sorted(found, key=repr) == sorted(expected(histories, as_of), key=repr)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((0, 9), (1, 2), id="by api_invocation_time"),
        pytest.param((1, 2), (1, 9), id="then by write_time"),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_versions_of_one_event_time_are_told_apart(
    spec: ModelSpec, first: tuple[int, int], second: tuple[int, int], reverse: bool
) -> None:
    sales = [Row("s", 2, *order, False, sale(label=label)) for label, order in enumerate((first, second))]
    shoppers = [
        Row(1, 1, *order, False, {"age": float(age), "note": None}) for age, order in enumerate((first, second))
    ]
    if reverse:
        sales, shoppers = sales[::-1], shoppers[::-1]
    histories = {"sales": sales, "shoppers": shoppers, "shop-items": []}
    assert run(spec, histories, 9) == [("s", text(2), 1, "a", 1.0, None, None, 1)]


def sale(label: int) -> dict[str, Any]:
    return {"shopper": 1, "item": "a", "label": label}


def test_the_columns_are_identifier_time_features_joined_features_label(spec: ModelSpec) -> None:
    assert [(column.name, column.feature_type) for column in columns(spec)] == [
        ("sale", "String"),
        ("at", "String"),
        ("shopper", "Integral"),
        ("item", "String"),
        ("shoppers__age", "Fractional"),
        ("shoppers__note", "String"),
        ("shop_items__price", "Fractional"),
        ("label", "Integral"),
    ]


def test_a_group_without_rows_gives_no_rows_but_all_columns(spec: ModelSpec) -> None:
    assert run(spec, {name: [] for name in GROUPS}, 9) == []


def newest(rows: Iterable[Row]) -> Row | None:
    row = max(rows, key=lambda one: one.order, default=None)
    return None if row is None or row.deleted else row


def expected(histories: dict[str, list[Row]], as_of: int) -> list[tuple[Any, ...]]:
    """Return the training set as the promise reads, row by row."""
    answers = []
    for sale in sorted({row.identifier for row in histories["sales"]}):
        row = newest(one for one in histories["sales"] if one.identifier == sale and one.minute <= as_of)
        if row is None:
            continue
        shopper = at(histories["shoppers"], row.values["shopper"], row.minute, MAX_AGE_MINUTES)
        item = at(histories["shop-items"], row.values["item"], row.minute, None)
        answers.append(
            (
                sale,
                text(row.minute),
                row.values["shopper"],
                row.values["item"],
                shopper.values["age"] if shopper else None,
                shopper.values["note"] if shopper else None,
                item.values["price"] if item else None,
                row.values["label"],
            )
        )
    return answers


def at(history: list[Row], identifier: Any, minute: int, max_age: int | None) -> Row | None:
    row = newest(one for one in history if one.identifier == identifier and one.minute <= minute)
    return row if row and (max_age is None or minute - row.minute <= max_age) else None


def run(spec: ModelSpec, histories: dict[str, list[Row]], as_of: int) -> list[tuple[Any, ...]]:
    words: dict[str, str] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, group in spec.groups.items():
            words |= {database_token(name): "main", table_token(name): f"offline_{name}"}
            offline_store(connection, group, histories[name])
        trino = fill(query(spec, text(as_of)), words)
        (translated,) = sqlglot.transpile(trino, read="athena", write="duckdb")
        return connection.execute(translated).fetchall()


def offline_store(connection: duckdb.DuckDBPyConnection, group: FeatureGroupSpec, rows: list[Row]) -> None:
    """Make the table that SageMaker keeps of a feature group, and fill it."""
    types = {"Integral": "BIGINT", "Fractional": "DOUBLE", "String": "VARCHAR"}
    own = {"write_time": "TIMESTAMP", "api_invocation_time": "TIMESTAMP", "is_deleted": "BOOLEAN"}
    described = {name: types[kind] for name, kind in group.features.items()} | own
    table = f'"offline_{group.name}"'
    listed = ", ".join(f'"{name}" {kind}' for name, kind in described.items())
    connection.execute(f"CREATE TABLE {table} ({listed})")
    for row in rows:
        moment = text(row.minute) if group.features[group.event_time] == "String" else seconds(row.minute)
        values = row.values | {
            group.record_identifier: row.identifier,
            group.event_time: moment,
            "write_time": START + timedelta(hours=1, milliseconds=row.written),
            "api_invocation_time": START + timedelta(hours=1, milliseconds=row.invoked),
            "is_deleted": row.deleted,
        }
        marks = ", ".join("?" for _ in described)
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", [values[name] for name in described])


def text(minute: int) -> str:
    return (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def seconds(minute: int) -> float:
    return (START + timedelta(minutes=minute)).timestamp()
