"""Types that Trino does not compare or compute with each other; DuckDB converts texts, numbers and truths.

Only what is certain is judged: literals, columns of tables, casts, and columns of queries made of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from sagelocal.athena.errors import QueryError

_KINDS = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "varchar"),
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, "number"),
    **dict.fromkeys(exp.DataType.TEMPORAL_TYPES - {exp.DType.TIME, exp.DType.TIMETZ}, "moment"),
    exp.DType.BOOLEAN: "boolean",
}
_SHOWN = {exp.DType.TEXT: "varchar", exp.DType.INT: "integer", exp.DType.TIMESTAMPTZ: "timestamp with time zone"}
_COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.DPipe: "||",
}
_CONDITIONS = {exp.Where: "WHERE clause", exp.Having: "HAVING clause", exp.Not: "Value of logical NOT expression"}
_CHECKED = (*_COMPARED, *_CONDITIONS, exp.Between, exp.In, exp.Coalesce, exp.Concat, exp.Case, exp.If)


def check_types(tree: exp.Expr) -> None:
    """Refuse operands of different kinds in a query whose names are resolved and whose types are known."""
    for scope in traverse_scope(tree):
        node: exp.Expr
        for node in scope.find_all(*_CHECKED):
            types = [found for found in (_type(operand, scope) for operand in _operands(node)) if found is not None]
            kinds = {_KINDS[found.this] for found in types}
            if type(node) in _CONDITIONS and kinds - {"boolean"}:
                message = f"{_CONDITIONS[type(node)]} must evaluate to a boolean: actual type {_shown(types[0])}"
                raise QueryError("TYPE_MISMATCH", message)
            if len(kinds) > 1:
                raise QueryError("TYPE_MISMATCH", _reason(node, types))


def _operands(node: exp.Expr) -> Iterable[exp.Expr]:
    if isinstance(node, exp.Case):
        return [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default") or exp.null()]
    if isinstance(node, exp.If):
        return node.args["true"], node.args.get("false") or exp.null()
    if isinstance(node, exp.Between):
        return node.this, node.args["low"], node.args["high"]
    if isinstance(node, exp.Binary):
        return node.this, node.expression
    if isinstance(node, exp.Concat):
        return node.expressions
    return [node.this, *node.expressions]


def _reason(node: exp.Expr, types: list[exp.DataType]) -> str:
    shown = [_shown(found) for found in types]
    if type(node) in _COMPARED:
        return f"Cannot apply operator: {f' {_COMPARED[type(node)]} '.join(shown)}"
    name = "IN value and list items" if isinstance(node, exp.In) else f"All {type(node).__name__.upper()} operands"
    return f"{name} must be the same type: {', '.join(dict.fromkeys(shown))}"


def _shown(found: exp.DataType) -> str:
    return _SHOWN.get(found.this) or found.sql(dialect="trino").lower()


def _type(node: exp.Expr | None, scope: Scope) -> exp.DataType | None:
    """Return the type of an operand, if it is certain and of a kind that is judged."""
    if isinstance(node, exp.Paren | exp.Alias | exp.Neg):
        return _type(node.this, scope)
    found = None
    if isinstance(node, exp.Column):
        found = _column_type(node, scope)
    elif isinstance(node, exp.Cast):
        found = node.to
    elif isinstance(node, exp.Literal | exp.Boolean):
        found = node.type
    return found if found is not None and found.this in _KINDS else None


def _column_type(column: exp.Column, scope: Scope) -> exp.DataType | None:
    where: Scope | None = scope
    while where is not None and column.table not in where.sources:
        where = where.parent  # of an outer query
    source = where.sources[column.table] if where is not None else None
    if isinstance(source, exp.Table):
        return column.type
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Select):
        return None
    projection = next((item for item in source.expression.selects if item.alias_or_name == column.name), None)
    return _type(projection, source)
