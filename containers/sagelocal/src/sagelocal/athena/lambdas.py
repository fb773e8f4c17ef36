"""Functions that take lambdas: what DuckDB has not, in terms of list_transform and list_filter."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

_ENTRY, _PAIR = "the_entry", "the_pair"


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _lambda(name: str, body: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)])


def _with(function: exp.Lambda, *values: exp.Expr) -> exp.Expr:
    """Return the body of a lambda with values in the places of its parameters."""
    body: exp.Expr = function.this.copy()
    names = [parameter.name for parameter in function.expressions]
    found = [node for node in body.find_all(exp.Column, exp.Identifier) if _is_parameter(node, names)]
    for node in found:
        value = exp.paren(values[names.index(node.name)].copy())
        if node is body:
            return value
        node.replace(value)
    return body


def _is_parameter(node: exp.Expr, names: list[str]) -> bool:
    if isinstance(node, exp.Column):
        return not node.table and node.name in names
    return node.name in names and not isinstance(node.parent, exp.Column | exp.Dot)


def _member(name: str) -> exp.Expr:
    return exp.Dot(this=exp.to_identifier(_ENTRY), expression=exp.to_identifier(name))


def _entries(function: str, of: exp.Expr, body: exp.Expr) -> exp.Expr:
    changed = _call(function, _call("map_entries", of), _lambda(_ENTRY, body))
    return _call("map_from_entries", changed)


def _pair(key: exp.Expr, value: exp.Expr) -> exp.Expr:
    return _call(
        "struct_pack",
        exp.PropertyEQ(this=exp.to_identifier("k"), expression=key),
        exp.PropertyEQ(this=exp.to_identifier("v"), expression=value),
    )


def _map_filter(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    return _entries("list_filter", of, _with(function, _member("key"), _member("value")))


def _transform_values(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    new = _with(function, _member("key"), _member("value"))
    return _entries("list_transform", of, _pair(_member("key"), new))


def _transform_keys(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    new = _with(function, _member("key"), _member("value"))
    return _entries("list_transform", of, _pair(new, _member("value")))


def _zip_with(a: exp.Expr, b: exp.Expr, function: exp.Lambda) -> exp.Expr:
    first, second = (_call("struct_extract", exp.to_identifier(_PAIR), exp.Literal.number(place)) for place in (1, 2))
    return _call("list_transform", _call("list_zip", a, b), _lambda(_PAIR, _with(function, first, second)))


def _all_match(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    return _call("all_true", _call("list_transform", of, function))


def _any_match(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    return _call("any_true", _call("list_transform", of, function))


def _none_match(of: exp.Expr, function: exp.Lambda) -> exp.Expr:
    return exp.not_(_any_match(of, function))


_FUNCTIONS: dict[str, Callable[..., exp.Expr]] = {
    "map_filter": _map_filter,
    "transform_values": _transform_values,
    "transform_keys": _transform_keys,
    "zip_with": _zip_with,
    "all_match": _all_match,
    "any_match": _any_match,
    "none_match": _none_match,
}


def lambda_rule(node: exp.Expr) -> exp.Expr:
    """Turn a function whose last argument is a lambda."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() not in _FUNCTIONS:
        return node
    if not node.expressions or not isinstance(node.expressions[-1], exp.Lambda):
        return node
    return _FUNCTIONS[node.name.lower()](*node.expressions)


def reduce_rule(node: exp.Expr) -> exp.Expr:
    """Turn reduce(), whose last lambda makes the result of the last state."""
    finish = node.args.get("finish") if isinstance(node, exp.Reduce) else None
    if not isinstance(finish, exp.Lambda):
        return node
    plain = node.copy()
    plain.set("finish", None)
    return _with(finish, plain)


RULES = (lambda_rule, reduce_rule)
