"""What DuckDB would silently answer otherwise than Trino.

Each rule takes a node of a query and returns what stands in its place. Known to differ still: a `timestamp` keeps
microseconds, an array subscript out of bounds gives NULL for an error, `corr` of one row gives NaN for NULL, and the
number of `checksum` is another one (it says the same of two sets of rows).
"""

from __future__ import annotations

import re

from sqlglot import exp

from sagelocal.athena import casts, decimals, functions, unnests
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


def _same_type(node: exp.Expr) -> exp.Expr:
    # these give what they get: DuckDB makes doubles of integers, and an integer of a sign
    if isinstance(node, exp.Floor | exp.Ceil) and _is(node.this, _ROUNDED):
        integer: exp.Expr = node.this
        return integer
    if isinstance(node, exp.Sign) and _is(node.this, {exp.DType.DOUBLE, exp.DType.FLOAT}):
        return exp.cast(node.copy(), "double")
    return node


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
    if target.this == exp.DType.TIMESTAMPTZ and isinstance(node.this, exp.Literal):
        node.set("this", exp.Literal.string(_SPACED_OFFSET.sub(r"\1", node.this.name)))
    if target.this in _ROUNDED and _is(node.this, {exp.DType.DOUBLE, exp.DType.FLOAT}):
        node.set("this", _call("round", node.this))  # half away from zero, not to even
    return node


_SPACED_OFFSET = re.compile(r" ([+-][0-9]{2}:[0-9]{2})$")  # DuckDB would take it for the name of a zone


def _date_arithmetic(node: exp.Expr) -> exp.Expr:
    # a date and an interval make a date; DuckDB makes a timestamp of them
    if isinstance(node, exp.Sub) and node.this.is_type("date") and node.expression.is_type("date"):
        return _call("days_between", node.this, node.expression)
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


def _date_trunc(node: exp.Expr) -> exp.Expr:
    # of a date it is a date
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and node.this.is_type("date"):
        return exp.cast(node.copy(), "date")
    return node


def _extract(node: exp.Expr) -> exp.Expr:
    # Monday is 1 and Sunday 7
    part = _PARTS.get(node.name.upper()) if isinstance(node, exp.Extract) else None
    return exp.Extract(this=exp.var(part), expression=node.expression) if part else node


_PARTS = {"DOW": "ISODOW", "DAY_OF_WEEK": "ISODOW", "YOW": "ISOYEAR", "YEAR_OF_WEEK": "ISOYEAR", "DAY_OF_YEAR": "DOY"}


def _sequence(node: exp.Expr) -> exp.Expr:
    # of dates it is one of dates, by default a day apart; DuckDB makes timestamps
    if not isinstance(node, exp.GenerateSeries) or not node.args["start"].is_type("date"):
        return node
    step = node.args.get("step") or exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY"))
    series = _call("generate_series", node.args["start"], node.args["end"], step)
    return exp.cast(series, exp.DataType.build("array(date)", dialect="trino"))


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


def _known(node: exp.Expr) -> exp.Expr:
    # functions that sqlglot does not know the type of, where another rule asks for it
    if isinstance(node, exp.UnixToTime) or node.type is None or node.type.this == exp.DType.UNKNOWN:
        named = isinstance(node, exp.Anonymous) and node.name.lower() in ("at_timezone", "with_timezone", "now")
        if named or isinstance(node, _MOMENTS_WITH_ZONE):
            node.type = exp.DataType.build("timestamptz")
    return node


_MOMENTS_WITH_ZONE = (exp.FromISO8601Timestamp, exp.UnixToTime, exp.ParseDatetime, exp.AtTimeZone)


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
    if isinstance(node, exp.AtTimeZone):
        moment, zone = node.this, node.args["zone"]
    elif isinstance(node, exp.Anonymous) and node.name.lower() in _ZONED and len(node.expressions) == 2:
        moment, zone = node.expressions
    else:
        return node
    if zone.name.lower() not in _UTC:
        raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena has AT TIME ZONE 'UTC' only, not {zone.sql()}")
    return exp.cast(moment, "timestamptz")


_ZONED = ("at_timezone", "with_timezone")

_RULES = (
    _known,
    *decimals.RULES,
    _checksum,
    _row,
    _division,
    _literal,
    casts.text_cast_rule,
    _cast,
    _date_arithmetic,
    _date_diff,
    _date_trunc,
    _extract,
    _sequence,
    _substring,
    _time_zone,
    _percentile,
    _same_type,
    unnests.unnest_rule,
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
