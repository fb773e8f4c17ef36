"""Athena queries of one step: run one after the other, the running one cancelled when nobody wants it any more."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import Any

from boatyard.aws import athena
from boatyard.aws.clients import Clients
from boatyard.aws.errors import StepError


class Queries:
    """Run queries with the clients of a step."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._running: str | None = None
        self._stopped = False

    @cached_property
    def _stopper(self) -> Any:
        # a client of its own: a kill interrupts the other one in the middle of whatever it is doing
        return self._clients.new("athena")

    def stop(self) -> None:
        """Cancel the query that runs and start no other one; may be called from a signal handler."""
        self._stopped = True
        if self._running is not None:
            athena.stop(self._stopper, self._running)

    def run(self, request: dict[str, Any]) -> athena.Execution:
        """Run one statement to its end."""
        self.require_running()
        execution = athena.run(self._clients.get("athena"), request, self.started)
        self._running = None
        return execution

    def require_running(self) -> None:
        """Raise `StepError` once `stop` was called."""
        _ = self._stopper  # made now, for a signal handler is no place to make one
        if self._stopped:
            raise StepError("killed before the next query")

    def first_row(self, execution: athena.Execution) -> dict[str, str | None]:
        """Return the first row that a SELECT answered."""
        return next(iter(islice(athena.rows(self._clients.get("athena"), execution.id), 1)))

    def started(self, execution_id: str) -> None:
        """Take note of the query that runs now, whoever started it."""
        self._running = execution_id
        if self._stopped:  # stop() came before the answer with the id
            athena.stop(self._stopper, execution_id)
