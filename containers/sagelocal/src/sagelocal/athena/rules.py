"""What DuckDB would silently answer otherwise than Trino.

Each rule takes a node of a query and returns what stands in its place. Known to differ still: a `timestamp` keeps
microseconds, `cast(double as varchar)` gives `1.0` for `1.0E0`, an array subscript out of bounds gives NULL for an
error, and the number of `checksum` is another one (it says the same of two sets of rows).
"""

from __future__ import annotations

from sqlglot import exp

from sagelocal.athena import functions
from sagelocal.athena.errors import QueryError


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _is(node: exp.Expr, types: set[exp.DType]) -> bool:
    return node.type is not None and node.type.this in types


def _division(node: exp.Expr) -> exp.Expr:
    # With integer_division on, DuckDB divides two integers as Trino does and refuses zero. The function form is the
    # division of floats, where zero gives infinity.
    if not isinstance(node, exp.Div):
        return node
    operands = (node.this, node.expression)
    if any(_is(operand, exp.DataType.FLOAT_TYPES | {exp.DType.DOUBLE}) for operand in operands):
        return _call('"/"', *operands)
    return exp.Div(this=node.this, expression=node.expression, typed=False, safe=False)


def _percentile(node: exp.Expr) -> exp.Expr:
    # of integers it is an integer; of several percentiles it is an array, which sqlglot takes for a double
    if not isinstance(node, exp.ApproxQuantile):
        return node
    of_integers = _is(node.this, exp.DataType.INTEGER_TYPES)
    kind = node.this.type or exp.DataType.build("bigint")
    quantile = node.args["quantile"]
    if isinstance(quantile, exp.Array):
        several = _call("approx_quantile", node.this, quantile)
        several.type = exp.DataType.build("array(double)", dialect="trino")
        if not of_integers:
            return several
        integers = exp.DataType.build(f"array({kind.sql(dialect='trino')})", dialect="trino")
        return exp.cast(_call("round_all", several), integers)
    return exp.cast(_call("round", node.copy()), kind) if of_integers else node


_PERCENTILES = (exp.ApproxQuantile, exp.Quantile)  # DuckDB takes no double here


def _literal(node: exp.Expr) -> exp.Expr:
    # 1.5 is a double to Athena and a decimal to Trino and DuckDB
    is_number = isinstance(node, exp.Literal) and not node.is_string
    if not is_number or "." not in node.name or "e" in node.name.lower() or _is_percentage(node):
        return node
    return exp.Literal.number(f"{node.name}e0")


def _is_percentage(node: exp.Expr) -> bool:
    return isinstance(node.parent.parent if isinstance(node.parent, exp.Array) else node.parent, _PERCENTILES)


_ROUNDED = {
    exp.DType.BIGINT,
    exp.DType.INT,
    exp.DType.SMALLINT,
    exp.DType.TINYINT,
}


def _cast(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Cast):
        return node
    target = node.to
    if target.this in exp.DataType.TEXT_TYPES and target.expressions:
        length = target.expressions[0].this
        plain = node.copy()
        plain.set("to", exp.DataType.build("varchar"))
        return exp.Left(this=plain, expression=length.copy())  # DuckDB would not cut
    if target.this in exp.DataType.TEMPORAL_TYPES and target.expressions:
        target.set("expressions", [])  # precisions would be types of their own, some of which lose digits
    if target.this in _ROUNDED and _is(node.this, {exp.DType.DOUBLE, exp.DType.FLOAT}):
        node.set("this", _call("round", node.this))  # half away from zero, not to even
    return node


def _date_arithmetic(node: exp.Expr) -> exp.Expr:
    # a date and an interval make a date; DuckDB makes a timestamp of them
    is_sum = isinstance(node, exp.Add | exp.Sub | exp.DateAdd | exp.DateSub)
    if is_sum and node.this.is_type("date") and not node.expression.is_type("date"):
        return exp.Cast(this=node.copy(), to=exp.DataType.build("date"))
    return node


def _date_diff(node: exp.Expr) -> exp.Expr:
    # Trino counts whole units, DuckDB's date_diff the boundaries between them
    if not isinstance(node, exp.DateDiff):
        return node
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    return _call("date_sub", unit, node.expression, node.this)


def _substring(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Substring) or not node.args.get("start"):
        return node
    start, text = node.args["start"], node.this
    outside = exp.or_(exp.EQ(this=start.copy(), expression=exp.Literal.number(0)), _before(start, text))
    cut = node.copy()
    return exp.Case(ifs=[exp.If(this=outside, true=exp.Literal.string(""))], default=cut)


def _before(start: exp.Expr, text: exp.Expr) -> exp.Expr:
    length = exp.Length(this=text.copy())
    return exp.LT(this=start.copy(), expression=exp.Neg(this=length))


def _row(node: exp.Expr) -> exp.Expr:
    # a row's fields have no names; DuckDB's struct would want different ones
    if isinstance(node, exp.Struct) and not any(isinstance(item, exp.PropertyEQ) for item in node.expressions):
        return _call("row", *node.expressions)
    return node


def _checksum(node: exp.Expr) -> exp.Expr:
    """Replace checksum(x) by a sum of hashes modulo 2^64: the order of rows does not count, NULL rows do."""
    if not _is_checksum(node) or (isinstance(node.parent, exp.Filter | exp.Window) and node.arg_key == "this"):
        return node
    aggregate: exp.Expr = node
    while isinstance(aggregate, exp.Filter | exp.Window):
        aggregate = aggregate.this
    argument = aggregate.expressions[0]
    parts = argument.expressions if isinstance(argument, exp.Struct) else [argument]
    # hashed twice and with a constant: the hash of a lone 0 is 0, and such rows would not count
    hashed = _call("hash", _call("hash", exp.Literal.string("row"), *parts))
    total = exp.Sum(this=hashed)
    if aggregate is node:
        return _call("checksum_bytes", total)
    wrapped = node.copy()
    next(inner for inner in wrapped.find_all(exp.Anonymous) if _is_checksum(inner)).replace(total)
    return _call("checksum_bytes", wrapped)


def _is_checksum(node: exp.Expr) -> bool:
    inner = node
    while isinstance(inner, exp.Filter | exp.Window):
        inner = inner.this
    return isinstance(inner, exp.Anonymous) and inner.name.lower() == "checksum" and len(inner.expressions) == 1


_UTC = ("utc", "z", "+00:00", "gmt", "etc/utc")


def _time_zone(node: exp.Expr) -> exp.Expr:
    # Trino keeps the instant and changes the zone it is shown in; DuckDB has no zone beside the session's, UTC
    if not isinstance(node, exp.AtTimeZone):
        return node
    zone = node.args["zone"]
    if zone.name.lower() not in _UTC:
        raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena has AT TIME ZONE 'UTC' only, not {zone.sql()}")
    return exp.cast(node.this, "timestamptz")


_RULES = (
    _checksum,
    _row,
    _division,
    _literal,
    _cast,
    _date_arithmetic,
    _date_diff,
    _substring,
    _time_zone,
    _percentile,
    *functions.RULES,
)


def apply_rules(tree: exp.Expr) -> exp.Expr:
    """Return a query with annotated types in which every rule was applied, innermost nodes first."""
    for rule in _RULES:
        for node in reversed(list(tree.walk(bfs=True))):
            parent, key, index = node.parent, node.arg_key, node.index
            new = rule(node)
            if new is node:
                continue
            if new.type is None:
                new.type = node.type
            if parent is not None and key is not None:
                parent.set(key, new, index)
    return tree


# Macros that the engine defines before the translated query runs.
MACROS = (
    *functions.MACROS,
    "CREATE MACRO round_all(numbers) AS list_transform(numbers, lambda number: round(number))",
    "CREATE MACRO checksum_bytes(total) AS unhex(printf('%016X', (total % 18446744073709551616::HUGEINT)::UBIGINT))",
)
