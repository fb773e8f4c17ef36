"""What is known of each invocation afterwards: metrics, and the captured data of endpoints that want it.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-endpoint-invocation
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sagelocal.cloudwatch.metrics import Datum, Metric
from sagelocal.cloudwatch.statistics import Sample
from sagelocal.endpoints.capture import Capture, CaptureFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sagelocal.backend import Backend

NAMESPACE = "AWS/SageMaker"
EVERY = 1.0  # seconds
MICROSECONDS = 1e6

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """Where an invocation went."""

    endpoint: str
    variant: str
    instances: int
    capture: Capture | None


@dataclass(slots=True)
class Tally:
    """What one variant answered within one second."""

    instances: int
    answers: int = 0
    client_errors: int = 0
    server_errors: int = 0
    model: list[float] = field(default_factory=list)  # seconds
    overhead: list[float] = field(default_factory=list)  # seconds


class Observer:
    """Note every invocation; once a second the notes become metrics."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self._files = CaptureFiles(backend)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endpoint metrics", daemon=True)

    def start(self) -> None:
        """Write metrics from now on, and deliver what a former server captured."""
        self._files.deliver()
        self._thread.start()

    def close(self) -> None:
        """Write what is noted."""
        self._closed.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._write()
        self._files.deliver()

    def note(
        self,
        served: Served,
        status: int,
        seconds: tuple[float, float],
        sent: tuple[Mapping[str, str], bytes],
        answered: tuple[Mapping[str, str], bytes],
    ) -> None:
        """Note one answer: its status (0: none), the model's and sagelocal's own seconds, headers and bodies."""
        key = (served.endpoint, served.variant, int(time.time()))
        with self._lock:
            tally = self._tallies.get(key)
            if tally is None:
                tally = self._tallies[key] = Tally(served.instances)
            tally.answers += 1
            tally.client_errors += 400 <= status < 500
            tally.server_errors += not 200 <= status < 500
            tally.model.append(seconds[0])
            tally.overhead.append(seconds[1])
        if served.capture is not None and 200 <= status < 300:
            self._files.add(served.capture, (served.endpoint, served.variant), sent, answered)

    def _run(self) -> None:
        while not self._closed.wait(EVERY):
            try:
                self._write()
                self._files.deliver(only_due=True)
            except Exception:  # noqa: BLE001 - a full disk must not end what the next second may well do
                _log.exception("metrics of endpoints")

    def _write(self) -> None:
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        data = [datum for key, tally in tallies.items() for datum in _data(*key, tally)]
        if data:
            self._backend.metrics.write(data)


def _data(endpoint: str, variant: str, second: int, tally: Tally) -> Iterator[Datum]:
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    none = "None"
    samples = {
        "Invocations": (Sample.of([(1.0, tally.answers)]), none),
        "InvocationsPerInstance": (Sample.of([(1.0 / max(1, tally.instances), tally.answers)]), none),
        "Invocation4XXErrors": (_rate(tally.client_errors, tally.answers), none),
        "Invocation5XXErrors": (_rate(tally.server_errors, tally.answers), none),
        "ModelLatency": (_durations(tally.model), "Microseconds"),
        "OverheadLatency": (_durations(tally.overhead), "Microseconds"),
    }
    for name, (sample, unit) in samples.items():
        yield Datum(Metric.of(NAMESPACE, name, dimensions), second, sample, unit)


def _rate(errors: int, answers: int) -> Sample:
    return Sample.of([(value, count) for value, count in ((1.0, errors), (0.0, answers - errors)) if count])


def _durations(seconds: list[float]) -> Sample:
    return Sample.of([(round(value * MICROSECONDS), 1.0) for value in seconds])
