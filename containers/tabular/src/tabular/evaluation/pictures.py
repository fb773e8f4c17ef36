"""The pictures of a report."""

from collections.abc import Mapping, Sequence

import numpy as np

from tabular.evaluation.svg import Axes, box, dot, line, picture, span, text

# A series has its place in the page's colours: the model first, then the champion.
CSS = ("model", "champion")

_MOST_NUMBERED = 15  # classes, up to which a matrix shows its counts
_MOST_POINTS = 1500
_BINS = 30
_TENTHS = 10
_MOST_FEATURES = 15


def confusion(classes: Sequence[str], counts: np.ndarray) -> str:
    """Draw how often each class (row) was answered as each (column); a row's colours are its shares."""
    size, left, top = min(34.0, 400.0 / len(classes)), 64.0, 34.0
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    parts = [text(left + size * len(classes) / 2, 12, "answered", "middle title")]
    parts.append(
        f'<g transform="rotate(-90 12 {top + size * len(classes) / 2:g})">'
        f"{text(12, top + size * len(classes) / 2, 'is', 'middle title')}</g>"
    )
    every = max(1, round(14 / size))
    for i, actual in enumerate(classes):
        y = top + i * size
        if i % every == 0:
            parts.append(text(left - 8, y + size / 2 + 4, _short(actual), "end tick"))
            parts.append(text(left + (i + 0.5) * size, top - 8, _short(actual), "middle tick"))
        for j, predicted in enumerate(classes):
            count, share = int(counts[i, j]), float(shares[i, j])
            tip = f"{count} of {int(counts[i].sum())} that are {actual} answered as {predicted} ({share:.1%})"
            x = left + j * size
            parts.append(box(x + 0.75, y + 0.75, size - 1.5, size - 1.5, "cell", tip))
            if count:
                shade = "right" if i == j else "wrong"
                strength = 0.15 + 0.85 * (share if i == j else min(1.0, share * 4))
                parts.append(box(x + 0.75, y + 0.75, size - 1.5, size - 1.5, shade, tip, strength))
                if len(classes) <= _MOST_NUMBERED:
                    ink = "middle count onfill" if strength > 0.6 else "middle count"
                    parts.append(text(x + size / 2, y + size / 2 + 4, count, ink))
    side = size * len(classes)
    return picture(left + side + 6, top + side + 6, "confusion matrix", parts)


def reliability(series: Mapping[str, tuple[np.ndarray, np.ndarray]], x_title: str, y_title: str) -> str:
    """Draw how often an answer was right against how sure the model was, by tenths: on the diagonal it knows itself."""
    axes = Axes((0.0, 1.0), (0.0, 1.0), x_title, y_title)
    parts = [line([axes.at(0, 0), axes.at(1, 1)], "diagonal")]
    for css, (name, (sure, right)) in zip(CSS, series.items(), strict=False):
        tenth = np.minimum((sure * _TENTHS).astype(int), _TENTHS - 1)
        points = []
        for number in np.unique(tenth):
            inside = tenth == number
            x, y, rows = float(sure[inside].mean()), float(right[inside].mean()), int(inside.sum())
            tip = f"{name}: {rows} rows, on average {x:.0%} sure, {y:.0%} right"
            points.append((*axes.at(x, y), 3 + 7 * np.sqrt(rows / len(sure)), tip))
        parts.append(line([(x, y) for x, y, *_ in points], f"stroke {css}"))
        parts += [dot(x, y, radius, f"fill {css}", tip) for x, y, radius, tip in points]
    return axes.picture("calibration", parts)


def means(series: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Draw the mean truth against the mean answer, by tenths of the answers: on the diagonal there is no bias."""
    tenths = {}
    for name, (answers, labels) in series.items():
        parts = np.array_split(np.argsort(answers, kind="stable"), min(_TENTHS, len(answers)))
        tenths[name] = [(float(answers[part].mean()), float(labels[part].mean()), len(part)) for part in parts]
    values = np.array([point[:2] for points in tenths.values() for point in points])
    low, high = span(values.ravel())
    axes = Axes((low, high), (low, high), "mean answer", "mean truth")
    drawn = [line([axes.at(low, low), axes.at(high, high)], "diagonal")]
    for css, (name, points) in zip(CSS, tenths.items(), strict=False):
        drawn.append(line([axes.at(x, y) for x, y, _ in points], f"stroke {css}"))
        drawn += [
            dot(*axes.at(x, y), 4, f"fill {css}", f"{name}: {rows} rows, mean answer {x:.4g}, mean truth {y:.4g}")
            for x, y, rows in points
        ]
    return axes.picture("calibration", drawn)


def answers(css: str, labels: np.ndarray, predictions: np.ndarray, scale: tuple[float, float]) -> str:
    """Draw each row's answer against its truth; many rows are thinned out evenly."""
    axes = Axes(scale, scale, "truth", "answer")
    some = np.arange(0, len(labels), -(-len(labels) // _MOST_POINTS))
    parts = [line([axes.at(scale[0], scale[0]), axes.at(scale[1], scale[1])], "diagonal")]
    pairs = [(float(labels[n]), float(predictions[n])) for n in some]
    parts += [dot(*axes.at(x, y), 3, f"fill soft {css}", f"truth {x:.4g}, answer {y:.4g}") for x, y in pairs]
    return axes.picture("answers against truth", parts)


def residuals(series: Mapping[str, np.ndarray]) -> str:
    """Draw how the errors (answer less truth) are spread."""
    low, high = span(*series.values())
    edges = np.linspace(low, high, _BINS + 1)
    counts = {name: np.histogram(values, edges)[0] for name, values in series.items()}
    axes = Axes((low, high), (0.0, max(int(found.max()) for found in counts.values()) * 1.06), "answer - truth", "rows")
    bottom = axes.y(0)
    parts = []
    for css, (name, found) in zip(CSS, counts.items(), strict=False):
        for number, count in enumerate(found.tolist()):
            x, after, y = axes.x(edges[number]), axes.x(edges[number + 1]), axes.y(count)
            tip = f"{name}: {count} rows from {edges[number]:.4g} to {edges[number + 1]:.4g}"
            if css == CSS[0]:
                parts.append(box(x + 0.5, y, after - x - 1, bottom - y, f"fill {css}", tip, 0.75))
        if css != CSS[0]:
            steps = [
                (axes.x(edges[number + side]), axes.y(count)) for number, count in enumerate(found) for side in (0, 1)
            ]
            parts.append(line(steps, f"stroke {css}"))
    parts.append(line([(axes.x(0), axes.y(0)), (axes.x(0), 12)], "diagonal"))
    return axes.picture("residuals", parts)


def importance(names: Sequence[str], series: Mapping[str, np.ndarray], unit: str) -> str:
    """Draw how much is lost without each of the model's most important features."""
    first = next(iter(series.values()))
    order = np.argsort(-first, kind="stable")[:_MOST_FEATURES]
    most = max(float(np.max(values[order])) for values in series.values()) or 1.0
    width, left, row = 460.0, 150.0, 22.0
    parts = []
    for place, number in enumerate(order.tolist()):
        y = 4 + place * row
        parts.append(text(left - 8, y + 14, _short(names[number], 22), "end tick"))
        for css, (name, values) in zip(CSS, series.items(), strict=False):
            value = float(values[number])
            length = max(value, 0.0) / most * (width - left - 70)
            tip = f"{name}: {unit} {value:.4g} worse without {names[number]}"
            if css == CSS[0]:
                parts.append(box(left, y + 3, length, row - 8, f"fill {css}", tip, 0.85))
                parts.append(text(width - 62, y + 14, f"{value:.4g}", "tick"))
            else:
                parts.append(dot(left + length, y + row / 2 - 1, 4, f"fill {css}", tip))
    return picture(width, 8 + row * len(order), "importance of features", parts)


def shares(parts_of: Sequence[tuple[str, int, str]]) -> str:
    """Draw how all rows divide into named parts, each with its count and colour."""
    total = sum(count for _, count, _ in parts_of)
    width, x, parts = 940.0, 0.0, []
    for name, count, css in parts_of:
        length = count / total * width
        parts.append(box(x + 1, 0, length - 2, 26, css, f"{count} rows: {name}", 0.9))
        x += length
    return picture(width, 26, "rows by who is right", parts)


def _short(name: str, most: int = 7) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
