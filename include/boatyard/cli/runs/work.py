"""One step under way in this terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from boatyard.aws.cache.entries import Rule
from boatyard.aws.queries import Queries
from boatyard.aws.records.record import Subject
from boatyard.aws.requests.asked import Asked
from boatyard.steps import cache_rule

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
    used: Mapping[str, str] | None = None  # step -> run whose result is taken

    @property
    def records(self) -> str:
        """Return where the records of the model lie."""
        return f"s3://{self.run.deployment.bucket}/{self.spec.name}/records"

    @cached_property
    def subject(self) -> Subject:
        """Return what the step's record is about."""
        return Subject(self.records, self.me.owner, datetime.now(UTC), used=self.used)

    @cached_property
    def cache(self) -> Rule | None:
        """Return where the step's earlier work is looked up and kept, None for a step that is done each time."""
        rule = cache_rule(self.step, self.spec, self.run)
        return None if rule is None else Rule.of(rule)

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
