"""Who asks for a step's work, as far as the names of what it makes depend on it."""

from __future__ import annotations

from dataclasses import dataclass

from boatyard.aws.naming import NAME_LIMIT, Owner, job_name, request_token


@dataclass(frozen=True)
class Claimant:
    """One try of a step."""

    owner: Owner
    generation: int = 0  # higher after each time that a person asked for the same step of the same run again
    tries: int = 0  # how often this generation was tried before

    @property
    def prefix(self) -> str:
        """Return the readable head of the names of this step's jobs."""
        return f"{self.owner.dag}-{self.owner.task}"

    @property
    def token(self) -> str:
        """Return the idempotency token of this generation: a retry gets the same answer, a person's clear a new one."""
        return request_token(self.owner.digest, self.generation)

    def job_name(self, attempt: int, limit: int = NAME_LIMIT) -> str:
        """Return the name of this step's job at `attempt`."""
        return job_name(self.prefix, self.owner, self.generation, attempt, limit)
