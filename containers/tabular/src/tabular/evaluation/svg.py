"""Pictures as SVG text: sharp at any size, dark or light as the page is, values on the pointer; no library needed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 460.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 12.0, 46.0


def picture(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """Return a whole picture; `label` is what a screen reader says."""
    body = "".join(parts)
    box = f'viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px"'
    return f'<svg role="img" aria-label="{escape(label)}" {box}>{body}</svg>'


def text(x: float, y: float, said: object, css: str = "") -> str:
    """Return a text; `css` holds classes such as "end" or "middle"."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}">{escape(str(said))}</text>'


def box(x: float, y: float, width: float, height: float, css: str, tip: str = "", opacity: float = 1.0) -> str:
    """Return a rectangle with `tip` on the pointer."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" rx="2"'
    return f'<rect {place} class="{css}" fill-opacity="{opacity:.3f}">{_tip(tip)}</rect>'


def dot(x: float, y: float, radius: float, css: str, tip: str = "") -> str:
    """Return a filled circle with `tip` on the pointer."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{css}">{_tip(tip)}</circle>'


def line(points: Sequence[tuple[float, float]], css: str) -> str:
    """Return a line through points."""
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{css}"/>'


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers from `low` to `high`."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Axes:
    """The frame of a chart, and where values lie in it."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_title: str
    y_title: str

    def x(self, value: float) -> float:
        low, high = self.x_range
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point."""
        return self.x(x), self.y(y)

    def frame(self) -> Iterator[str]:
        """Yield grid, numbers and titles."""
        bottom = HEIGHT - _BOTTOM
        for value in ticks(*self.y_range):
            yield line([(_LEFT, self.y(value)), (WIDTH - _RIGHT, self.y(value))], "grid")
            yield text(_LEFT - 8, self.y(value) + 4, f"{value:.4g}", "end tick")
        for value in ticks(*self.x_range):
            yield text(self.x(value), bottom + 18, f"{value:.4g}", "middle tick")
        yield line([(_LEFT, bottom), (WIDTH - _RIGHT, bottom)], "axis")
        yield text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, self.x_title, "middle title")
        middle = (_TOP + bottom) / 2
        yield f'<g transform="rotate(-90 14 {middle:g})">{text(14, middle, self.y_title, "middle title")}</g>'

    def picture(self, label: str, parts: Sequence[str]) -> str:
        """Return the chart with its frame behind `parts`."""
        return picture(WIDTH, HEIGHT, label, [*self.frame(), *parts])


def span(*values: np.ndarray, margin: float = 0.04) -> tuple[float, float]:
    """Return a range around all values that has some width."""
    every = np.concatenate([value[np.isfinite(value)] for value in values])
    low, high = float(every.min()), float(every.max())
    room = (high - low) * margin or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _tip(said: str) -> str:
    return f"<title>{escape(said)}</title>" if said else ""
