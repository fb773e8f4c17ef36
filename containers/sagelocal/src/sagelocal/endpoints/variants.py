"""One production variant: as many workers as it has instances on AWS."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.endpoints.connections import Connections
from sagelocal.endpoints.plans import VariantPlan
from sagelocal.endpoints.workers import Worker

if TYPE_CHECKING:
    from sagelocal.backend import Backend


class Variant:
    """Keep a variant's workers, in folders `<variant>-<number>`, and spread requests over them."""

    def __init__(self, backend: Backend, endpoint: str, generation: Path, plan: VariantPlan, proven: bool) -> None:
        self.plan = plan
        self._backend = backend
        self._endpoint = endpoint
        self._generation = generation
        self._workers = [self._worker(number, proven) for number in range(plan.count)]

    def start(self) -> None:
        """Start every worker, or find again what a former server started; return at once."""
        for worker in self._workers:
            worker.start()

    def await_start(self) -> str:
        """Wait until every worker is healthy ("") or one has failed; return why."""
        return next((failure for worker in self._workers if (failure := worker.await_start())), "")

    def enter(self, timeout: float) -> Connections | None:
        """Return where to send a request, waiting while all workers start again; None if the variant is retired.

        TimeoutError if none becomes healthy. The caller leaves what it has entered.
        """
        return self.try_enter() or self._workers[0].enter(timeout)

    def try_enter(self) -> Connections | None:
        """Return the least busy healthy worker, None if there is none. The caller leaves what it has entered."""
        healthy = [found for worker in self._workers if (found := worker.connections) is not None]
        if not healthy:
            return None
        chosen = healthy[0] if len(healthy) == 1 else min(healthy, key=lambda one: one.in_flight)
        return chosen if chosen.enter() else None

    def scale(self, count: int, drain: float) -> str:
        """Bring the number of workers to `count`; return why a new one does not start, and keep those that were."""
        before = len(self._workers)
        added = [self._worker(number, proven=False) for number in range(before, count)]
        for worker in added:
            worker.start()
        failure = next((found for worker in added if (found := worker.await_start())), "")
        if failure:
            self._end(added, 0.0)
            return failure
        surplus = self._workers[count:]
        self._workers = [*self._workers[:count], *added]
        self.plan = replace(self.plan, count=count)
        self._end(surplus, drain)
        return ""

    def weigh(self, weight: float) -> None:
        """Give it another share of the endpoint's requests."""
        self.plan = replace(self.plan, weight=weight)

    def retire(self, drain: float) -> None:
        """End every worker once the requests under way are answered; wait until they have ended."""
        _side_by_side(self._workers, drain)

    def _end(self, workers: list[Worker], drain: float) -> None:
        _side_by_side(workers, drain)
        for worker in workers:
            shutil.rmtree(worker.folder, ignore_errors=True)  # if not now, then with its generation

    def _worker(self, number: int, proven: bool) -> Worker:
        folder = self._generation / f"{self.plan.name}-{number}"
        return Worker(self._backend, self._endpoint, folder, self.plan, proven)


def _side_by_side(workers: list[Worker], drain: float) -> None:
    threads = [threading.Thread(target=worker.retire, args=(drain,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
