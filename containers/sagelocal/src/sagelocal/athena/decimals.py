"""Decimals: DuckDB divides them as doubles, and has other precisions where a query names none."""

from __future__ import annotations

from sqlglot import exp

from sagelocal.athena.errors import QueryError

_DIGITS = {exp.DType.TINYINT: 3, exp.DType.SMALLINT: 5, exp.DType.INT: 10, exp.DType.BIGINT: 19}
_FLOATS = (exp.DType.DOUBLE, exp.DType.FLOAT)


def bare_rule(node: exp.Expr) -> exp.Expr:
    """Give DECIMAL without a precision its own: as exact as the literal behind it, else that of a whole number."""
    if not isinstance(node, exp.Cast) or node.to.this != exp.DType.DECIMAL or node.to.expressions:
        return node
    text = node.this.name.lstrip("+-") if isinstance(node.this, exp.Literal) else ""
    whole, _, fraction = text.partition(".")
    digits = f"{whole}{fraction}"
    node.set("to", _decimal(len(digits), len(fraction)) if digits.isdigit() else _decimal(38, 0))
    node.type = node.to.copy()
    return node


def division_rule(node: exp.Expr) -> exp.Expr:
    """Divide decimals as Trino does, which rounds to the larger of their scales."""
    if not isinstance(node, exp.Div):
        return node
    kinds = [operand.type.this if operand.type is not None else None for operand in (node.this, node.expression)]
    if exp.DType.DECIMAL not in kinds or any(kind in _FLOATS for kind in kinds):
        return node
    left, right = _size(node.this), _size(node.expression)
    if left is None or right is None:
        raise QueryError("NOT_SUPPORTED", "sagelocal's Athena divides decimals of a known precision only; cast them")
    scale = max(left[1], right[1])
    quotient = exp.Anonymous(this="decimal_quotient", expressions=[node.this, node.expression])
    rounded = exp.Anonymous(this="round", expressions=[quotient, exp.Literal.number(scale)])
    return exp.cast(rounded, _decimal(left[0] + right[1] + max(right[1] - left[1], 0), scale))


def rounding_rule(node: exp.Expr) -> exp.Expr:
    """Keep the scale of a decimal that is rounded to a number of digits."""
    if not isinstance(node, exp.Round) or not node.args.get("decimals") or not node.this.is_type("decimal"):
        return node
    size = _size(node.this)
    return exp.cast(node.copy(), _decimal(size[0] + 1, size[1])) if size else node


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"decimal({min(38, precision)}, {scale})")


def _size(operand: exp.Expr) -> tuple[int, int] | None:
    """Return precision and scale of a decimal, or of an integer as a decimal."""
    kind = operand.type
    if kind is None:
        return None
    if kind.this in _DIGITS:
        return _DIGITS[kind.this], 0
    parameters = [int(parameter.name) for parameter in kind.expressions]
    return (parameters[0], parameters[1] if len(parameters) > 1 else 0) if parameters else None


RULES = (bare_rule, division_rule, rounding_rule)
