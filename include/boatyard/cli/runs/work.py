"""One step under way in this terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from boatyard.aws.asked import Asked
from boatyard.aws.queries import Queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boatyard.aws.claimant import Claimant
    from boatyard.aws.clients import Clients
    from boatyard.spec import ModelSpec
    from boatyard.steps import RunContext, Step


@dataclass(frozen=True)
class Work:
    """Hold a step with everything that carrying it out takes."""

    step: Step
    spec: ModelSpec
    run: RunContext
    clients: Clients
    me: Claimant
    show: Callable[[str], None]  # a line of a job's log

    @cached_property
    def asked(self) -> Asked:
        """Return the step's requests."""
        requests = self.step.build(self.spec, self.run)
        return Asked({"operation": request.operation, "params": request.params} for request in requests)

    @contextmanager
    def queries(self) -> Iterator[Queries]:
        """Give what runs the step's queries; the running one is cancelled when the person gives up."""
        queries = Queries(self.clients)
        with self.stopping(queries.stop):
            yield queries

    @contextmanager
    def stopping(self, stop: Callable[[], Any]) -> Iterator[None]:
        """Call `stop` when the person gives up (Ctrl-C): nobody waits for the work any more."""
        try:
            yield
        except KeyboardInterrupt:
            stop()
            raise
