"""Functions that DuckDB has not, or has under the same name with another answer."""

from __future__ import annotations

import re

from sqlglot import exp

from sagelocal.athena import lambdas
from sagelocal.athena.errors import QueryError


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def slice_rule(node: exp.Expr) -> exp.Expr:
    """Turn slice(array, start, length), which DuckDB takes for (array, first, last)."""
    if not isinstance(node, exp.ArraySlice):
        return node
    return _call("slice_of", node.this, node.args["start"], node.args["end"])


_DIRECTIVE = re.compile(r"%(?:(\d+)\$)?[-#+ 0,(]*\d*(?:\.\d+)?([a-zA-Z%])")


def format_rule(node: exp.Expr) -> exp.Expr:
    """Turn format() with Java's pattern; what `%s` shows is a value's text, whatever its type."""
    if not isinstance(node, exp.Format):
        return node
    arguments = list(node.expressions)
    if isinstance(node.this, exp.Literal):
        place = 0
        for index, letter in _DIRECTIVE.findall(node.this.name):
            if letter != "%":
                place += not index
                number = int(index or place) - 1
                if letter == "s" and number < len(arguments):
                    arguments[number] = _text(arguments[number])
    return _call("printf", node.this, *arguments)


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=_text_or_null(value), expressions=[exp.Literal.string("null")])


def _text_or_null(value: exp.Expr) -> exp.Expr:
    kind = value.type.this if value.type is not None else None
    if kind in _FLOATS:
        return _call("java_double", value)
    if kind in _MOMENTS:
        return _call("moment", value)
    return value if kind in exp.DataType.TEXT_TYPES else exp.cast(value, "varchar")


_FLOATS = (exp.DType.DOUBLE, exp.DType.FLOAT)
_MOMENTS = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)


def typeof_rule(node: exp.Expr) -> exp.Expr:
    """Name a type as Trino does."""
    if not isinstance(node, exp.Typeof):
        return node
    operand, kind = node.this, node.this.type
    if isinstance(operand, exp.Literal) and operand.is_string:
        return exp.Literal.string(f"varchar({len(operand.name)})")
    if kind is not None and kind.this in _MOMENTS:
        is_literal = isinstance(operand, exp.Cast) and isinstance(operand.this, exp.Literal)
        digits = len(operand.this.name.partition(".")[2]) if is_literal else 3  # that Athena's tables have
        return exp.Literal.string(f"timestamp({digits})")
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.STRUCT, exp.DType.NULL):
        raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena cannot tell typeof({operand.sql(dialect='trino')})")
    return exp.Literal.string(kind.sql(dialect="trino").lower())


def split_rule(node: exp.Expr) -> exp.Expr:
    """Turn split() with a limit, which sqlglot leaves out."""
    limit = node.args.get("limit") if isinstance(node, exp.Split) else None
    return _call("split_up_to", node.this, node.expression, limit) if limit is not None else node


def replacement_rule(node: exp.Expr) -> exp.Expr:
    """Turn the groups of a replacement: Java's `$1` is `\\1`."""
    replacement = node.args.get("replacement") if isinstance(node, exp.RegexpReplace) else None
    if isinstance(replacement, exp.Literal) and "$" in replacement.name:
        new = node.copy()
        new.set("replacement", exp.Literal.string(re.sub(r"\$(\d)", r"\\\1", replacement.name)))
        return new
    return node


def text_rule(node: exp.Expr) -> exp.Expr:
    """Turn a cast to text of what Trino writes otherwise: times with milliseconds, floats with an exponent."""
    if not isinstance(node, exp.Cast) or node.to.this not in exp.DataType.TEXT_TYPES or node.this.type is None:
        return node
    macro = _CAST_TEXTS.get(node.this.type.this)
    return _call(macro, node.this) if macro else node


_CAST_TEXTS = {
    **dict.fromkeys(_MOMENTS, "moment"),
    **dict.fromkeys(_FLOATS, "scientific"),
    exp.DType.TIMESTAMPTZ: "moment_utc",
    exp.DType.TIME: "time_text",
}

# Functions of DuckDB's that answer otherwise, or that sqlglot takes for others, and the macros in their places.
_RENAMED = {
    "url_encode": "java_url_encode",
    "url_decode": "java_url_decode",
    "to_base": "lower_base",
    "every": "bool_and",
    "millisecond": "millisecond_of",
    "map_entries": "entries_of",
    "bit_count": "bits_set",
    "cbrt": "exact_cbrt",
}
_OTHERS: dict[type[exp.Expr], str] = {
    exp.ArrayDistinct: "distinct_items",
    exp.ArrayMax: "greatest_item",
    exp.ArrayMin: "least_item",
    exp.ArrayPosition: "place_of",
    exp.ArrayIntersect: "common_items",
    exp.Repeat: "repeated",
    exp.StrToMap: "split_to_map",
    exp.SHA: "sha1_bytes",
    exp.Cbrt: "exact_cbrt",
}


def iso_rule(node: exp.Expr) -> exp.Expr:
    """Turn to_iso8601, which shows a date as a date and a moment with its zone."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "to_iso8601" or len(node.expressions) != 1:
        return node
    (value,) = node.expressions
    if value.is_type("date"):
        return exp.cast(value, "varchar")
    ending = "Z" if value.is_type("timestamptz") else ""
    return _call("strftime", exp.cast(value, "timestamp"), exp.Literal.string(f"%Y-%m-%dT%H:%M:%S.%g{ending}"))


def position_rule(node: exp.Expr) -> exp.Expr:
    """Turn strpos with the number of the occurrence."""
    occurrence = node.args.get("occurrence") if isinstance(node, exp.StrPosition) else None
    return _call("strpos_of", node.this, node.args["substr"], occurrence) if occurrence is not None else node


def renamed_rule(node: exp.Expr) -> exp.Expr:
    """Call a macro where DuckDB has a function of the same name that answers otherwise."""
    if isinstance(node, exp.Anonymous) and node.name.lower() in _RENAMED:
        return _call(_RENAMED[node.name.lower()], *node.expressions)
    macro = _OTHERS.get(type(node))
    return _call(macro, *_arguments(node)) if macro else node


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    """Return the arguments of a function in their order."""
    given = [node.args.get(name) for name in node.arg_types]
    return [
        item
        for value in given
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, exp.Expr)
    ]


def collection_rule(node: exp.Expr) -> exp.Expr:
    """Choose by its argument's type what has one name for arrays, maps and texts."""
    if isinstance(node, exp.Reverse) and node.this.is_type("array"):
        return _call("list_reverse", node.this)
    if isinstance(node, exp.ArraySize) and node.this.is_type("map"):
        return _call("cardinality", node.this)
    if isinstance(node, exp.DPipe):
        left, right = node.this, node.expression
        if left.is_type("array") and _is_item(right):
            return _call("list_append", left, right)
        if right.is_type("array") and _is_item(left):
            return _call("list_prepend", left, right)
    return node


def _is_item(node: exp.Expr) -> bool:
    return node.type is not None and node.type.this not in (exp.DType.ARRAY, exp.DType.UNKNOWN, exp.DType.NULL)


def random_rule(node: exp.Expr) -> exp.Expr:
    """Turn random() with bounds, which are no seed."""
    if not isinstance(node, exp.Rand) or node.this is None:
        return node
    bounds = _arguments(node)
    return _call("random_below" if len(bounds) == 1 else "random_between", *bounds)


def json_rule(node: exp.Expr) -> exp.Expr:
    """Turn json_extract_scalar, which is NULL for arrays and objects."""
    if not isinstance(node, exp.JSONExtractScalar):
        return node
    return _call("json_scalar", node.this, node.expression)


# Joda's letters and strftime's: https://trino.io/docs/current/functions/datetime.html#java-date-functions
_JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "y": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B",
    "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M",
    "ss": "%S", "s": "%-S", "SSS": "%g", "EEE": "%a", "EEEE": "%A", "a": "%p", "DDD": "%j",
}  # fmt: skip
_JODA_PARTS = re.compile(r"([A-Za-z])\1*|'([^']*)'|.", re.DOTALL)


def datetime_rule(node: exp.Expr) -> exp.Expr:
    """Turn format_datetime and parse_datetime with their patterns, which must be literals."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "format_datetime" and len(node.expressions) == 2:
        moment, pattern = node.expressions
        return _call("strftime", moment, _strftime(pattern))
    if isinstance(node, exp.ParseDatetime):
        parsed = _call("strptime", node.this, _strftime(node.args["format"]))
        return exp.cast(parsed, "timestamptz")
    return node


def _strftime(pattern: exp.Expr) -> exp.Expr:
    if not isinstance(pattern, exp.Literal):
        raise QueryError("NOT_SUPPORTED", "sagelocal's Athena takes a pattern of a date as a literal only")
    parts = []
    for found in _JODA_PARTS.finditer(pattern.name):
        text = found.group(0)
        if found.group(1) and text not in _JODA:
            raise QueryError("NOT_SUPPORTED", f"sagelocal's Athena has no '{text}' in a pattern of a date")
        quoted = found.group(2)
        parts.append(_JODA.get(text) or (text if quoted is None else quoted or "'").replace("%", "%%"))
    return exp.Literal.string("".join(parts))


RULES = (
    slice_rule,
    format_rule,
    typeof_rule,
    split_rule,
    replacement_rule,
    text_rule,
    renamed_rule,
    iso_rule,
    position_rule,
    collection_rule,
    random_rule,
    json_rule,
    *lambdas.RULES,  # behind the names: they use DuckDB's own
    datetime_rule,
)
