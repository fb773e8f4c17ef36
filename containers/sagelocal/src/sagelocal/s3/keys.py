"""The order of keys."""

from __future__ import annotations


def successor(prefix: str) -> str | None:
    """Return the least text above every text that begins with `prefix`; None if there is none.

    SQLite compares UTF-8 bytes, which order texts as their code points do.
    """
    for length in range(len(prefix), 0, -1):
        point = ord(prefix[length - 1]) + 1
        if point == 0xD800:
            point = 0xE000  # UTF-8 has no surrogates
        if point <= 0x10FFFF:
            return prefix[: length - 1] + chr(point)
    return None
