"""Athena over DuckDB, and the Glue data catalog that it reads."""

from sagelocal.athena import glue, metadata, prepared, queries

__all__ = ["glue", "metadata", "prepared", "queries"]
