"""The statements that sagelocal's Athena has; `kind` is (StatementType, SubstatementType)."""

from __future__ import annotations

from dataclasses import dataclass

from sagelocal.athena.catalog import Table


@dataclass(frozen=True)
class Select:
    """Read rows: SELECT, WITH, VALUES."""

    sql: str
    kind = ("DML", "SELECT")


@dataclass(frozen=True)
class Unload:
    """Write rows to files: UNLOAD (query) TO location WITH (options); option names are in lower case."""

    sql: str
    location: str
    options: dict[str, str]
    kind = ("DML", "UNLOAD")


@dataclass(frozen=True)
class CreateTable:
    """Name files as a table: CREATE EXTERNAL TABLE."""

    table: Table
    if_not_exists: bool
    kind = ("DDL", "CREATE_TABLE")


@dataclass(frozen=True)
class CreateDatabase:
    """Make a database: CREATE DATABASE, CREATE SCHEMA."""

    name: str
    if_not_exists: bool
    kind = ("DDL", "CREATE_DATABASE")


@dataclass(frozen=True)
class DropTable:
    """Remove a table from the catalog and leave its files."""

    database: str
    name: str
    if_exists: bool
    kind = ("DDL", "DROP_TABLE")


@dataclass(frozen=True)
class DropDatabase:
    """Remove a database, with CASCADE its tables too."""

    name: str
    if_exists: bool
    cascade: bool
    kind = ("DDL", "DROP_DATABASE")


@dataclass(frozen=True)
class ShowTables:
    """List the tables of a database whose names match a Hive pattern (`*` and `|`)."""

    database: str
    pattern: str = "*"
    kind = ("UTILITY", "SHOW_TABLES")


@dataclass(frozen=True)
class ShowDatabases:
    """List the databases whose names match a Hive pattern."""

    pattern: str = "*"
    kind = ("UTILITY", "SHOW_DATABASES")


@dataclass(frozen=True)
class Describe:
    """List a table's columns."""

    database: str
    name: str
    kind = ("UTILITY", "DESCRIBE_TABLE")


@dataclass(frozen=True)
class CreateTableAs:
    """Make a table of a query's rows: CREATE TABLE AS; option names are in lower case."""

    database: str
    name: str
    sql: str
    options: dict[str, str]
    if_not_exists: bool
    with_data: bool
    kind = ("DDL", "CREATE_TABLE_AS_SELECT")


@dataclass(frozen=True)
class InsertInto:
    """Add a query's rows to a table; `columns` are those that it gives, empty for all."""

    database: str
    name: str
    columns: tuple[str, ...]
    sql: str
    kind = ("DML", "INSERT")


@dataclass(frozen=True)
class CreateView:
    """Name a query: CREATE VIEW."""

    database: str
    name: str
    sql: str
    replace: bool
    kind = ("DDL", "CREATE_VIEW")


@dataclass(frozen=True)
class DropView:
    """Remove a view."""

    database: str
    name: str
    if_exists: bool
    kind = ("DDL", "DROP_VIEW")


@dataclass(frozen=True)
class ShowCreateView:
    """Show a view's query."""

    database: str
    name: str
    kind = ("UTILITY", "SHOW_CREATE_VIEW")


@dataclass(frozen=True)
class ShowCreateTable:
    """Show the statement that makes a table."""

    database: str
    name: str
    kind = ("UTILITY", "SHOW_CREATE_TABLE")


@dataclass(frozen=True)
class ShowViews:
    """List the views of a database whose names match a Hive pattern."""

    database: str
    pattern: str = "*"
    kind = ("UTILITY", "SHOW_VIEWS")


@dataclass(frozen=True)
class ShowColumns:
    """List the names of a table's columns."""

    database: str
    name: str
    kind = ("UTILITY", "SHOW_COLUMNS")


@dataclass(frozen=True)
class ShowPartitions:
    """List a table's partitions."""

    database: str
    name: str
    kind = ("UTILITY", "SHOW_PARTITIONS")


@dataclass(frozen=True)
class RepairTable:
    """Add the partitions for which there are folders: MSCK REPAIR TABLE."""

    database: str
    name: str
    kind = ("DDL", "MSCK_REPAIR_TABLE")


@dataclass(frozen=True)
class AddPartitions:
    """Add partitions, each with its values by column and its location, None for the usual one."""

    database: str
    name: str
    partitions: tuple[tuple[dict[str, str], str | None], ...]
    if_not_exists: bool
    kind = ("DDL", "ALTER_TABLE_ADD_PARTITION")


@dataclass(frozen=True)
class DropPartitions:
    """Remove the partitions that have the values of one of the given sets."""

    database: str
    name: str
    partitions: tuple[dict[str, str], ...]
    if_exists: bool
    kind = ("DDL", "ALTER_TABLE_DROP_PARTITION")


@dataclass(frozen=True)
class Prepare:
    """Keep a statement under a name."""

    name: str
    sql: str
    kind = ("DDL", "PREPARE")


@dataclass(frozen=True)
class Execute:
    """Run a prepared statement."""

    name: str
    parameters: tuple[str, ...]
    kind = ("DML", "EXECUTE")


@dataclass(frozen=True)
class Deallocate:
    """Remove a prepared statement."""

    name: str
    kind = ("DDL", "DEALLOCATE")


Query = Select | Unload | CreateTableAs | InsertInto | CreateView
Ddl = (
    CreateTable
    | CreateDatabase
    | DropTable
    | DropDatabase
    | DropView
    | ShowTables
    | ShowViews
    | ShowDatabases
    | ShowColumns
    | ShowCreateTable
    | ShowCreateView
    | ShowPartitions
    | Describe
    | RepairTable
    | AddPartitions
    | DropPartitions
)
Statement = Query | Ddl | Prepare | Execute | Deallocate
