"""HTML from values: whatever is not markup already is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"input", "link", "meta", "img"})


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: str | None) -> Markup:
    """Return an element; `class_` is its class, `data_x` its data-x, an attribute that is None is left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{words}>" if name in _VOID else f"<{name}{words}>{_inside(children)}</{name}>")


def joined(*children: object) -> Markup:
    """Return several elements one after the other."""
    return Markup(_inside(children))


def _inside(children: Iterable[object]) -> str:
    return "".join(_child(child) for child in children)


def _child(child: object) -> str:
    match child:
        case None:
            return ""
        case Markup():
            return child
        case str() | int() | float():
            return escape(str(child))
        case Iterable():
            return _inside(child)
        case _:
            return escape(str(child))
