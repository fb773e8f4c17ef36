"""Metrics on disk: what was measured in each second, of each metric with each combination of dimensions."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sagelocal.cloudwatch.statistics import Sample
from sagelocal.transactions import step

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
RETENTION = 15 * 86_400  # seconds
NO_UNIT = "None"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (namespace, name, dimensions, unit)
);
CREATE TABLE IF NOT EXISTS datum (
    series INTEGER NOT NULL,
    second INTEGER NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (series, second)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Metric:
    """Name a metric; one with other dimensions is another metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        """Return the metric of that name, whatever the order of its dimensions."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(frozen=True)
class Datum:
    """Something that was measured at one moment."""

    metric: Metric
    second: int
    sample: Sample
    unit: str = NO_UNIT


class MetricStore:
    """Keep metrics in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("DELETE FROM datum WHERE second < ?", (int(time.time()) - RETENTION,))
        self._waiting: dict[tuple[Metric, str, int], Sample] = {}

    def put(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str], unit: str = NO_UNIT) -> None:
        """Note a value that was measured now; it is written within a second, with the others of its second."""
        key = (Metric.of(namespace, name, dimensions), unit, int(time.time()))
        with self._lock:
            sample = self._waiting.get(key)
            if sample is None:
                self._waiting[key] = Sample.of([(value, 1.0)])
            else:
                sample.add(value)

    def flush(self) -> None:
        """Write what `put` noted."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self.write(Datum(metric, second, sample, unit) for (metric, unit, second), sample in waiting.items())

    def write(self, data: Iterable[Datum]) -> None:
        """Add data in one step; they are there when this returns."""
        with self._lock, step(self._connection):
            for datum in data:
                self._add(datum)

    def samples(self, metric: Metric, start: float, end: float, unit: str | None = None) -> list[tuple[int, Sample]]:
        """Return what was measured from `start` until before `end` (epoch seconds), by second; any unit if None."""
        query = (
            "SELECT second, sample FROM datum JOIN series ON series = id WHERE namespace = ? AND name = ? "
            "AND dimensions = ? AND second >= ? AND second < ? AND (? IS NULL OR unit = ?) ORDER BY second"
        )
        place = (metric.namespace, metric.name, json.dumps(metric.dimensions))
        with self._lock:
            rows = self._connection.execute(query, (*place, int(start), end, unit, unit)).fetchall()
        return [(second, _sample(text)) for second, text in rows]

    def metrics(self) -> list[Metric]:
        """Return every metric that has data."""
        query = (
            "SELECT DISTINCT namespace, name, dimensions FROM series "
            "WHERE EXISTS (SELECT 1 FROM datum WHERE series = id) ORDER BY namespace, name, dimensions"
        )
        with self._lock:
            rows = self._connection.execute(query).fetchall()
        return [
            Metric(space, name, tuple((key, value) for key, value in json.loads(text))) for space, name, text in rows
        ]

    def close(self) -> None:
        """Write what is noted, and close the file."""
        with self._lock:
            self.flush()
            self._connection.close()

    def _add(self, datum: Datum) -> None:
        metric = datum.metric
        place = (metric.namespace, metric.name, json.dumps(metric.dimensions), datum.unit)
        self._connection.execute(
            "INSERT OR IGNORE INTO series (namespace, name, dimensions, unit) VALUES (?, ?, ?, ?)", place
        )
        (series,) = self._connection.execute(
            "SELECT id FROM series WHERE namespace = ? AND name = ? AND dimensions = ? AND unit = ?", place
        ).fetchone()
        row = self._connection.execute(
            "SELECT sample FROM datum WHERE series = ? AND second = ?", (series, datum.second)
        ).fetchone()
        sample = datum.sample if row is None else _sample(row[0]).with_(datum.sample)
        self._connection.execute("INSERT OR REPLACE INTO datum VALUES (?, ?, ?)", (series, datum.second, _text(sample)))


def _text(sample: Sample) -> str:
    return json.dumps([sample.count, sample.total, sample.low, sample.high, list(sample.values.items())])


def _sample(text: str) -> Sample:
    count, total, low, high, values = json.loads(text)
    return Sample(count, total, low, high, dict(values))
