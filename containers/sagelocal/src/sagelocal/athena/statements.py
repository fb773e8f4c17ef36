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


Query = Select | Unload
Ddl = CreateTable | CreateDatabase | DropTable | DropDatabase | ShowTables | ShowDatabases | Describe
Statement = Query | Ddl
