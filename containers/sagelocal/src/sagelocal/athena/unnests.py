"""UNNEST of several arrays side by side, of maps, and of arrays of rows, whose fields are columns."""

from __future__ import annotations

from sqlglot import exp


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def unnest_rule(node: exp.Expr) -> exp.Expr:
    """Turn UNNEST in FROM into a query that unnests beside each other, the shorter filled up with NULL."""
    if not isinstance(node, exp.Unnest) or not isinstance(node.parent, exp.From | exp.Join):
        return node
    items = [item for operand in node.expressions for item in _arrays(operand)]
    if len(items) == 1:
        return node
    alias = node.args["alias"].copy()
    if node.args.get("offset"):
        longest = _call("greatest", *(_call("len", item) for item in items))
        items.append(_call("range", exp.Literal.number(1), exp.Add(this=longest, expression=exp.Literal.number(1))))
        alias.append("columns", node.args["offset"].copy())
    query = exp.select(*(_call("unnest", item) for item in items)).subquery()
    query.set("alias", alias)
    return query


def _arrays(operand: exp.Expr) -> list[exp.Expr]:
    """Return the arrays whose items become columns."""
    if operand.is_type("map"):
        return [_call("map_keys", operand), _call("map_values", operand)]
    kind = operand.type
    inner = kind.expressions[0] if kind is not None and kind.this == exp.DType.ARRAY and kind.expressions else None
    if isinstance(inner, exp.DataType) and inner.this == exp.DType.STRUCT and inner.expressions:
        return [_field(operand, place) for place in range(1, len(inner.expressions) + 1)]
    return [operand]


def _field(rows: exp.Expr, place: int) -> exp.Expr:
    row = exp.to_identifier("the_row")
    field = exp.Anonymous(this="struct_extract_at", expressions=[row, exp.Literal.number(place)])
    return _call("list_transform", rows, exp.Lambda(this=field, expressions=[row.copy()]))
