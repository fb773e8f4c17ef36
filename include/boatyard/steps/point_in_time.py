"""The training set as one Trino query: every label row once, with what was known at its time.

The spine gives one row per record: its newest version at or before `as_of`, unless that version is a deletion. A
joined group adds the newest version of its record at or before the row's own event time; a deleted or too old one adds
nothing (NULL). Versions with equal event times follow each other as api_invocation_time, then write_time say.

A join is a union of label rows and feature rows, sorted once per entity: linear in the length of history, where joining
every earlier row is not. A feature row travels as one ROW value, so that a NULL in the newest version stays NULL.
"""

import textwrap

from boatyard.spec import Join, ModelSpec
from boatyard.spec.columns import Column, joined_name, spine_names, training_columns
from boatyard.steps.sql import TRINO_TYPES, group_table, listed, moment, quoted

# Names of our own start with an underscore, which no feature's name does.
_MOMENT, _DELETED = quoted("__moment"), quoted("__deleted")
_ORDER = ("api_invocation_time", "write_time")


def columns(spec: ModelSpec) -> tuple[Column, ...]:
    """Return the columns of the training set: identifier, event time, features, joined features, label."""
    return training_columns(spec.features, spec.groups)


def query(spec: ModelSpec, as_of: str) -> str:
    """Return the query; `as_of` is an ISO 8601 time with its zone, or Jinja that renders to one."""
    # Not `literal`: it would double the quotes inside Jinja.
    cutoff = f"to_unixtime(from_iso8601_timestamp('{as_of}'))"
    tables = [f"spine AS (\n{_indented(_spine(spec, cutoff))}\n)"]
    selected = [f"spine.{quoted(name)}" for name in _spine_names(spec)]
    joins = []
    for number, join in enumerate(spec.features.join, start=1):
        latest = f"joined_{number}"
        tables.append(f"{latest} AS (\n{_indented(_latest(spec, join, cutoff))}\n)")
        selected[-1:-1] = [
            f"({latest}.{quoted('__row')}).{quoted(feature)} AS {quoted(joined_name(join.group, feature))}"
            for feature in join.features
        ]
        joins.append(f"LEFT JOIN {latest} ON {latest}.{quoted('__record')} = spine.{_identifier(spec)}")
    return "\n".join([f"WITH {', '.join(tables)}", f"SELECT {listed(selected)}", "FROM spine", *joins])


def _identifier(spec: ModelSpec) -> str:
    return quoted(spec.spine_group.record_identifier)


def _spine_names(spec: ModelSpec) -> tuple[str, ...]:
    return spine_names(spec.features.spine, spec.spine_group)


def _spine(spec: ModelSpec, cutoff: str) -> str:
    group = spec.spine_group
    names = list(dict.fromkeys([*_spine_names(spec), *(join.entity(spec.groups) for join in spec.features.join)]))
    kept = listed([quoted(name) for name in names])
    newest_first = ", ".join(f"{column} DESC" for column in (moment(group), *_ORDER))
    return f"""SELECT {kept}, {_MOMENT}
FROM (
  SELECT {kept},
    {moment(group)} AS {_MOMENT},
    coalesce(is_deleted, false) AS {_DELETED},
    row_number() OVER (
      PARTITION BY {_identifier(spec)}
      ORDER BY {newest_first}
    ) AS {quoted("__version")}
  FROM {group_table(group.name)}
  WHERE {moment(group)} <= {cutoff}
) AS versions
WHERE {quoted("__version")} = 1 AND NOT {_DELETED}"""


def _latest(spec: ModelSpec, join: Join, cutoff: str) -> str:
    group = spec.group(join.group)
    values = [moment(group), "coalesce(is_deleted, false)", *map(quoted, join.features)]
    fields = [f"{_MOMENT} double", f"{_DELETED} boolean"]
    fields += [f"{quoted(name)} {TRINO_TYPES[group.features[name]]}" for name in join.features]
    age = f" AND {_MOMENT} - ({quoted('__latest')}).{_MOMENT} <= {join.max_age}" if join.max_age else ""
    order = ", ".join([_MOMENT, quoted("__label"), *map(quoted, _ORDER)])
    return f"""SELECT {quoted("__record")},
  CASE WHEN NOT ({quoted("__latest")}).{_DELETED}{age}
    THEN {quoted("__latest")} END AS {quoted("__row")}
FROM (
  SELECT {quoted("__record")}, {quoted("__label")}, {_MOMENT},
    last_value({quoted("__feature")}) IGNORE NULLS OVER (
      PARTITION BY {quoted("__entity")}
      ORDER BY {order}
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS {quoted("__latest")}
  FROM (
    SELECT {quoted(join.entity(spec.groups))} AS {quoted("__entity")}, {_identifier(spec)} AS {quoted("__record")},
      {_MOMENT}, 1 AS {quoted("__label")},
      NULL AS {quoted(_ORDER[0])}, NULL AS {quoted(_ORDER[1])}, NULL AS {quoted("__feature")}
    FROM spine
    UNION ALL
    SELECT {quoted(group.record_identifier)}, NULL,
      {moment(group)}, 0,
      {quoted(_ORDER[0])}, {quoted(_ORDER[1])},
      CAST(ROW({listed(values)}) AS ROW({listed(fields)}))
    FROM {group_table(group.name)}
    WHERE {moment(group)} <= {cutoff}
  ) AS history
) AS walked
WHERE {quoted("__label")} = 1"""


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
