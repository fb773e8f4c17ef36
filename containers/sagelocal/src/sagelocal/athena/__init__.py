"""Athena over DuckDB, and the Glue data catalog that it reads."""

from sagelocal.athena import glue, glue_writes, metadata, prepared, queries

__all__ = ["glue", "glue_writes", "metadata", "prepared", "queries"]
