"""A view as Glue keeps it: a comment of base64 around JSON, as Trino writes it."""

from __future__ import annotations

import base64
import json

from sagelocal.athena.catalog import CATALOG_NAME, Table
from sagelocal.athena.types import to_trino


def view_text(view: Table) -> str:
    """Return `ViewOriginalText`."""
    columns = [{"name": column.name, "type": to_trino(column.type).lower()} for column in view.columns]
    content = {
        "originalSql": view.view,
        "catalog": CATALOG_NAME.lower(),
        "schema": view.view_database,
        "columns": columns,
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(content).encode()).decode()} */"
