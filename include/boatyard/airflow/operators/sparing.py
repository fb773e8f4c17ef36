"""What an operator of a job does to spend little: it takes work that was done before, and keeps to a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from boatyard.airflow.claimant import claimant
from boatyard.airflow.operators.recorded import RecordedOperator
from boatyard.aws import jobs
from boatyard.aws.cache.entries import Rule
from boatyard.aws.cache.jobs import JobCache
from boatyard.aws.cache.key import CACHED
from boatyard.aws.cost.budget import Launch, amount, weigh


class SparingOperator(RecordedOperator):
    """Ask the cache before a job is launched, and weigh what it may cost.

    `cache` is {"place": "s3://bucket/prefix", "contents": {input name: what its contents are known by}, "force":
    true to do the work whatever the cache has}; only `place` is needed, and without `cache` every job runs. `budget`
    is what the run may spend, in USD, by the records of its steps; it takes `records`.
    """

    kind: ClassVar[str]
    total_runtime: int | None = None  # seconds of a training that goes on in next jobs
    template_fields_of_sparing: ClassVar[tuple[str, ...]] = ("cache", "budget")

    def __init__(
        self, *, cache: Mapping[str, Any] | None = None, budget: float | str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if cache is not None and self.kind not in CACHED:
            raise ValueError(f"there is no cache of {self.kind} jobs")
        if budget is not None and self.records is None:
            raise ValueError("budget needs records=s3://bucket/prefix: by them it is known what a run has spent")
        if isinstance(cache, Mapping | str):  # else Airflow fills it in later
            Rule.of(cache)
        self.cache = cache
        self.budget = budget

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        missing = [name for name in cls.template_fields_of_sparing if name not in cls.template_fields]
        cls.template_fields = (*cls.template_fields, *missing)

    def job_cache(self, context: Mapping[str, Any]) -> JobCache | None:
        """Return the cache as this try sees it, None where the task has none."""
        if self.cache is None:
            return None
        record = self.subject(self.records, context).uri if self.records else None
        return JobCache(self.clients, self.kind, Rule.of(self.cache), claimant(context), record)

    def keep(self, context: Mapping[str, Any], job: jobs.Job) -> None:
        """Keep what a job that succeeded has left, for later runs."""
        cache = self.job_cache(context)
        if cache is not None:
            cache.keep(job)

    def weigh(self, context: Mapping[str, Any], request: Mapping[str, Any], limit: float | None) -> None:
        """Refuse a launch that the budget of its run does not allow."""
        subject = self.subject(self.records, context) if self.records else None
        weigh(Launch(self.clients, self.kind, subject, amount(self.budget), limit, self.total_runtime), request)
