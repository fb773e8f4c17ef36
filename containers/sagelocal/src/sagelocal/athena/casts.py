"""Casts of texts: DuckDB takes more than Trino, `T` in a moment, a time behind a date, fractions of integers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True)
class _Form:
    """What a text must look like to be cast, and Trino's words if it does not."""

    pattern: re.Pattern[str]
    before: str
    after: str = ""


_DAY = r"\s*[-+]?\d{4,}-\d{1,2}-\d{1,2}"
_MOMENT = re.compile(rf"{_DAY}( (\d{{1,2}}:\d{{1,2}}(:\d{{1,2}}(\.\d+)?)?)?\s*.*)?\s*")
_INTEGER = re.compile(r"[-+]?\d+")
_FORMS = {
    **dict.fromkeys(
        (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ), _Form(_MOMENT, "Value cannot be cast to timestamp: ")
    ),
    exp.DType.TIMESTAMPTZ: _Form(_MOMENT, "Value cannot be cast to timestamp with time zone: "),
    exp.DType.DATE: _Form(re.compile(rf"{_DAY}\s*"), "Value cannot be cast to date: "),
    exp.DType.BIGINT: _Form(_INTEGER, "Cannot cast '", "' to BIGINT"),
    exp.DType.INT: _Form(_INTEGER, "Cannot cast '", "' to INT"),
    exp.DType.SMALLINT: _Form(_INTEGER, "Cannot cast '", "' to SMALLINT"),
    exp.DType.TINYINT: _Form(_INTEGER, "Cannot cast '", "' to TINYINT"),
}


def text_cast_rule(node: exp.Expr) -> exp.Expr:
    """Check a text before it is cast; TRY_CAST makes NULL of what does not fit."""
    if isinstance(node, exp.Date) and node.this is not None and not node.expressions and _is_text(node.this):
        return text_cast_rule(exp.cast(node.this, "date"))
    form = _FORMS.get(node.to.this) if isinstance(node, exp.Cast) else None
    if form is None or not _is_text(node.this):
        return node
    if isinstance(node.this, exp.Literal) and form.pattern.fullmatch(node.this.name):
        return node
    pattern = exp.Literal.string(form.pattern.pattern)
    if isinstance(node, exp.TryCast):
        checked = exp.Anonymous(this="if_it_fits", expressions=[node.this, pattern])
    else:
        words = [exp.Literal.string(form.before), exp.Literal.string(form.after)]
        checked = exp.Anonymous(this="must_fit", expressions=[node.this, pattern, *words])
    checked.type = exp.DataType.build("varchar")
    node.set("this", checked)
    return node


def _is_text(node: exp.Expr) -> bool:
    return node.type is not None and node.type.this in exp.DataType.TEXT_TYPES
