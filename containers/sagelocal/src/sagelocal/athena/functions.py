"""Functions that DuckDB has not, or has under the same name with another answer."""

from __future__ import annotations

import re

from sqlglot import exp

from sagelocal.athena.errors import QueryError


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def slice_rule(node: exp.Expr) -> exp.Expr:
    """Turn slice(array, start, length), which DuckDB takes for (array, first, last)."""
    if not isinstance(node, exp.ArraySlice):
        return node
    return _call("slice_of", node.this, node.args["start"], node.args["end"])


def format_rule(node: exp.Expr) -> exp.Expr:
    """Turn format() with Java's pattern."""
    return _call("printf", node.this, *node.expressions) if isinstance(node, exp.Format) else node


def typeof_rule(node: exp.Expr) -> exp.Expr:
    """Name a type as Trino does."""
    if not isinstance(node, exp.Typeof):
        return node
    operand, kind = node.this, node.this.type
    if isinstance(operand, exp.Literal) and operand.is_string:
        return exp.Literal.string(f"varchar({len(operand.name)})")
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
    """Turn a cast to text of a timestamp, which Athena writes with milliseconds."""
    if not isinstance(node, exp.Cast) or node.to.this not in exp.DataType.TEXT_TYPES or node.this.type is None:
        return node
    if node.this.type.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ):
        return _call("moment", node.this)
    return node


_RENAMED = {"url_encode": "java_url_encode", "url_decode": "java_url_decode"}


def renamed_rule(node: exp.Expr) -> exp.Expr:
    """Call a macro where DuckDB has a function of the same name that answers otherwise."""
    if isinstance(node, exp.Anonymous) and node.name.lower() in _RENAMED:
        return _call(_RENAMED[node.name.lower()], *node.expressions)
    return node


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
    datetime_rule,
)

_AUTHORITY = "'^[^:/?#]+://(?:[^@/?#]*@)?([^:/?#]*)(?::(\\d+))?'"
MACROS = (
    (
        "CREATE MACRO slice_of(items, start, size) AS CASE "
        "WHEN start = 0 THEN error('Invalid Input Error: SQL array indices start at 1') "
        "WHEN start > 0 THEN items[start:start + size - 1] "
        "WHEN -start > len(items) THEN items[1:0] "
        "ELSE items[len(items) + start + 1:len(items) + start + size] END"
    ),
    (
        "CREATE MACRO split_up_to(text, mark, most) AS CASE WHEN len(str_split(text, mark)) <= most "
        "THEN str_split(text, mark) ELSE list_append(str_split(text, mark)[1:most - 1], "
        "array_to_string(str_split(text, mark)[most:], mark)) END"
    ),
    "CREATE MACRO map_agg(k, v) AS map_from_entries(list({'k': k, 'v': v}) FILTER (k IS NOT NULL))",
    "CREATE MACRO codepoint(letter) AS unicode(letter)",
    "CREATE MACRO current_timezone() AS 'UTC'",
    "CREATE MACRO zip(a, b) AS list_zip(a, b)",
    (
        "CREATE MACRO java_url_encode(text) AS "
        "replace(replace(replace(url_encode(text), '%20', '+'), '%2A', '*'), '~', '%7E')"
    ),
    "CREATE MACRO java_url_decode(text) AS url_decode(replace(text, '+', '%20'))",
    "CREATE MACRO url_extract_protocol(url) AS regexp_extract(url, '^([^:/?#]+):', 1)",
    f"CREATE MACRO url_extract_host(url) AS regexp_extract(url, {_AUTHORITY}, 1)",
    f"CREATE MACRO url_extract_port(url) AS CAST(nullif(regexp_extract(url, {_AUTHORITY}, 2), '') AS BIGINT)",
    "CREATE MACRO url_extract_path(url) AS regexp_extract(url, '^(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)', 1)",
    "CREATE MACRO url_extract_query(url) AS regexp_extract(url, '\\?([^#]*)', 1)",
    "CREATE MACRO url_extract_fragment(url) AS regexp_extract(url, '#(.*)$', 1)",
)
