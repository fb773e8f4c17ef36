"""How names and literals become SQL; every identifier of a query passes through here."""

import textwrap
from collections.abc import Sequence

from boatyard.spec import FeatureGroupSpec
from boatyard.steps.run import database_token, table_token

# SageMaker's feature types as Glue's column types (the offline store's own mapping) and as Trino's.
GLUE_TYPES = {"Integral": "bigint", "Fractional": "double", "String": "string"}
TRINO_TYPES = {"Integral": "bigint", "Fractional": "double", "String": "varchar"}


def quoted(name: str) -> str:
    """Return an identifier of a query (Trino)."""
    return '"' + name.replace('"', '""') + '"'


def backquoted(name: str) -> str:
    """Return an identifier of a data definition (Hive)."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def moment(group: FeatureGroupSpec) -> str:
    """Return the event time of a row as seconds since the epoch, whichever of SageMaker's two forms it has."""
    return moment_of(group, quoted(group.event_time))


def moment_of(group: FeatureGroupSpec, event_time: str) -> str:
    """Return an event time of the group's form, a column or a literal, as seconds since the epoch."""
    if group.features[group.event_time] == "String":
        return f"to_unixtime(from_iso8601_timestamp({event_time}))"
    return event_time if event_time.startswith('"') else f"CAST({event_time} AS double)"


def listed(items: Sequence[str]) -> str:
    """Return the items separated by commas, on lines that a person can read."""
    return textwrap.fill(", ".join(items), 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def group_table(group: str) -> str:
    """Return the table of a feature group; its names are filled in from DescribeFeatureGroup."""
    return f"{quoted(database_token(group))}.{quoted(table_token(group))}"
