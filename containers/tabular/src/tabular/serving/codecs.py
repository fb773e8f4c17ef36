"""The content types that need no function of the user's: text/csv, application/json and application/x-npy.

As in SageMaker's inference toolkit, with three differences: a CSV body always becomes a table of two dimensions, also
when it has one row; text that is no number is refused instead of becoming NaN; pickled arrays are refused.
"""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

CSV, JSON, NPY = "text/csv", "application/json", "application/x-npy"
TEXT = frozenset({CSV, JSON})
_EMPTY_FIELD = re.compile(r"(?<![^,\n])(?=,|\n|$)")


class RequestError(Exception):
    """Refuse a request with an HTTP status and one line that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def media_type(content_type: str) -> str:
    """Return the type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def decode(body: Any, content_type: str) -> Any:
    """Return the body as an array."""
    decoder = _DECODERS.get(media_type(content_type))
    if decoder is None:
        raise RequestError(415, f"content type {content_type!r} is not supported: send one of {', '.join(_DECODERS)}")
    try:
        return decoder(body)
    except (ValueError, EOFError) as error:
        reason = str(error).partition("\n")[0]
        raise RequestError(400, f"cannot read the request as {media_type(content_type)}: {reason}") from error


def encode(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """Return the prediction in the first acceptable type, and that type."""
    for accepted in map(media_type, accept.split(",")):
        if encoder := _ENCODERS.get(accepted):
            return encoder(prediction), accepted
    raise RequestError(406, f"none of {accept!r} can be answered: accept one of {', '.join(_ENCODERS)}")


def can_encode(content_type: str) -> bool:
    """Say whether `encode` knows the type."""
    return media_type(content_type) in _ENCODERS


def _from_csv(text: str) -> Any:
    if not text.strip():
        raise ValueError("it is empty")
    try:
        return np.loadtxt(text.splitlines(), delimiter=",", ndmin=2, comments=None)
    except ValueError:
        # an empty field is a missing value; looked for only here, for numbers alone are the rule and must stay fast
        filled = _EMPTY_FIELD.sub("nan", "\n".join(line for line in text.splitlines() if line))
        return np.loadtxt(filled.splitlines(), delimiter=",", ndmin=2, comments=None)


def _from_json(text: str) -> Any:
    return np.array(json.loads(text))


def _from_npy(body: bytes) -> Any:
    return np.load(io.BytesIO(body), allow_pickle=False)


def _to_csv(prediction: Any) -> str:
    table = np.atleast_1d(np.asarray(prediction))
    if table.ndim > 2:
        raise ValueError(f"a prediction of {table.ndim} dimensions has no CSV form")
    lines = map(str, table) if table.ndim == 1 else (",".join(map(str, row)) for row in table)
    return "\n".join(lines) + "\n"


def _to_json(prediction: Any) -> str:
    return json.dumps(prediction, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _to_npy(prediction: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, prediction, allow_pickle=False)
    return buffer.getvalue()


_DECODERS: dict[str, Callable[[Any], Any]] = {CSV: _from_csv, JSON: _from_json, NPY: _from_npy}
_ENCODERS: dict[str, Callable[[Any], str | bytes]] = {CSV: _to_csv, JSON: _to_json, NPY: _to_npy}
