"""The tree of a query in Trino's SQL."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from sagelocal.athena.errors import invalid_request, malformed
from sagelocal.athena.syntax import check_syntax


def parse_query(sql: str) -> exp.Query:
    """Return the tree of a SELECT in Trino's SQL; AwsError InvalidRequestException if it is none."""
    try:
        trees = sqlglot.parse(sql, dialect="trino")
    except sqlglot.errors.SqlglotError as error:
        raise malformed(error) from error
    if len(trees) != 1:
        raise invalid_request("Only one sql statement is allowed", "MALFORMED_QUERY")
    check_syntax(sql)
    tree = trees[0]
    if isinstance(tree, exp.Values):
        tree = sqlglot.parse_one(f"SELECT * FROM ({sql}) AS t", dialect="trino")
    if not isinstance(tree, exp.Query):
        raise invalid_request("Queries of this type are not supported", "MALFORMED_QUERY")
    missing = len(list(tree.find_all(exp.Placeholder)))
    if missing:
        message = f"Incorrect number of parameters: expected {missing} but found 0"
        raise invalid_request(message, "INVALID_PARAMETER_USAGE")
    return tree
