"""The page around the pictures: one file, which needs neither network nor script."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def page(title: str, parts: Iterable[str]) -> str:
    """Return a whole document."""
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<style>{STYLE}</style>\n<main>\n" + "\n".join(parts) + "\n</main>\n</html>\n"
    )


def section(title: str, lead: str, *parts: str, wide: bool = False) -> str:
    """Return a card with a title, a line that says how to read it, and what it shows; a wide one has no neighbour."""
    css = "wide" if wide else ""
    return f'<section class="{css}"><h2>{escape(title)}</h2><p class="dim">{escape(lead)}</p>{"".join(parts)}</section>'


def key(*entries: tuple[str, str]) -> str:
    """Return what the colours mean: pairs of colour and words."""
    inside = "".join(f'<span><i class="{css}"></i>{escape(said)}</span>' for css, said in entries)
    return f'<p class="key">{inside}</p>'


def side_by_side(*columns: tuple[str, str]) -> str:
    """Return pictures beside each other, each with its heading."""
    inside = "".join(f"<div>{f'<h3>{escape(head)}</h3>' if head else ''}{body}</div>" for head, body in columns)
    return f'<div class="pair">{inside}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[tuple[str, str]]]) -> str:
    """Return a table; a cell is its text and its class."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td class="{css}">{escape(said)}</td>' for said, css in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def notice(said: str) -> str:
    """Return something that must not be overlooked."""
    return f'<div class="notice">{escape(said)}</div>'


def tile(name: str, value: str, below: str, css: str) -> str:
    """Return one big number."""
    said = f'<span class="dim">{escape(name)}</span><b>{escape(value)}</b><span class="{css}">{escape(below)}</span>'
    return f'<div class="tile">{said}</div>'
