"""Tokens of the lists whose pages are counted: the position of the next page."""

from __future__ import annotations

from sagelocal.exchange import is_number


def position(token: str | None, invalid: Exception) -> int:
    """Return where the page of a token begins, 0 without one; raise `invalid` for a token that nobody gave out."""
    text = token or "0"
    if not is_number(text):
        raise invalid
    return int(text)
