"""Jobs that need not run: one that did the same before is taken in their place.

A job is launched with its key as a tag, so that whoever sees it end, in whatever process, keeps what it really was
asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from boatyard.aws.cache import entries
from boatyard.aws.cache.contents import UnknownContentsError, digest, image, stored
from boatyard.aws.cache.entries import Entry, Rule
from boatyard.aws.cache.key import inputs, request_key
from boatyard.aws.calls import call
from boatyard.aws.claimant import Claimant
from boatyard.aws.clients import Clients
from boatyard.aws.jobs import Job
from boatyard.aws.jobs.facts import job_outputs
from boatyard.aws.jobs.job import look_up
from boatyard.aws.jobs.owned import owned
from boatyard.aws.naming import TAG_PREFIX
from boatyard.aws.outcome import Outcome
from boatyard.aws.records.journal import kept, note_cached, note_job

log = logging.getLogger(__name__)

CACHE_TAG = TAG_PREFIX + "cache"
_NOT_ITS_OWN = frozenset({"training_output"})  # the folder of all jobs; `model` is what this one left


@dataclass
class JobCache:
    """The cache as one try of a step sees it."""

    clients: Clients
    kind: str
    rule: Rule
    me: Claimant
    record: str | None = None  # the URI of this step's record
    _key: str | None = field(default=None, init=False)

    def recall(self, request: Mapping[str, Any]) -> Job | None:
        """Return the job that did before what `request` (its name unfilled) asks for, None where it has to be done.

        A person's wish counts for more than an entry, and so does a job that this step has already.
        """
        try:
            with kept():  # what the cache asks of AWS is no part of the step's own journal
                found = self._find(request)
        except UnknownContentsError as reason:
            log.info("not cached: %s", reason)
            return None
        if found is None:
            return None
        entry, job = found
        note_cached(entry)
        note_job(job, {})  # and no state change of this run's
        log.info(
            "cached: %s job %s of run %s of %s did the same with the same inputs; nothing is started",
            *(self.kind, entry["job"], entry["run"], entry["dag"]),
        )
        return job

    def marked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request with the tag by which `keep` knows what was asked for."""
        if self._key is None:
            return dict(request)
        return {**request, "Tags": [*request.get("Tags", []), {"Key": CACHE_TAG, "Value": self._key}]}

    def keep(self, job: Job) -> None:
        """Keep what a job that succeeded has left, for whoever asks for the same."""
        try:
            with kept():
                key = self._tag(job)
                if key is not None:
                    self._keep(job, key)
        except UnknownContentsError as reason:
            log.info("not kept in the cache: %s", reason)

    def key_of(self, request: Mapping[str, Any]) -> str:
        """Return the key of what a request (its name unfilled) asks for.

        `UnknownContentsError` where nobody can tell what an input or the image holds.
        """
        asked = request_key(self.kind, request, lambda uri: image(self.clients.get("ecr"), uri))
        return f"{asked}-{self._inputs(request)}"

    def _find(self, request: Mapping[str, Any]) -> tuple[Entry, Job] | None:
        self._key = self.key_of(request)
        if self._is_forced:
            log.info("the cache is not asked: %s", "force is set" if self.rule.force else "the task was cleared")
            return None
        entry = entries.read(self._s3, self.rule, self._key)
        if entry is None or self._has_job():
            return None
        job = look_up(self._sagemaker, self.kind, entry["job"])
        return (entry, job) if job is not None and job.outcome is Outcome.SUCCEEDED else None

    def _keep(self, job: Job, key: str) -> None:
        if self._inputs(job.description) != key.partition("-")[2]:
            log.info("not kept in the cache: an input of %s job %s was changed while it ran", self.kind, job.name)
            return
        if not self._is_forced and entries.read(self._s3, self.rule, key) is not None:
            return
        places = {name: uri for name, uri in job_outputs(job).items() if name not in _NOT_ITS_OWN}
        if not places or not entries.write(self._s3, self.rule, key, self._entry(job), places):
            log.info("not kept in the cache: %s job %s left nothing in S3", self.kind, job.name)

    @property
    def _is_forced(self) -> bool:
        return self.rule.force or self.me.generation > 0

    @property
    def _s3(self) -> Any:
        return self.clients.get("s3")

    @property
    def _sagemaker(self) -> Any:
        return self.clients.get("sagemaker")

    def _inputs(self, job: Mapping[str, Any]) -> str:
        known = self.rule.contents
        return digest(
            {
                name: f"contents {known[name]}" if name in known else stored(self._s3, uri).digest
                for name, uri in inputs(self.kind, job).items()
            }
        )

    def _has_job(self) -> bool:
        """Tell whether an earlier try left a job that runs or succeeded: it must not be left alone."""
        if self.me.tries == 0:
            return False
        return any(not job.outcome.ended_badly for job in owned(self._sagemaker, self.kind, self.me.owner))

    def _tag(self, job: Job) -> str | None:
        listing = partial(call, self._sagemaker, "list_tags")
        tags = {tag["Key"]: tag["Value"] for tag in listing({"ResourceArn": job.arn})["Tags"]}
        return tags.get(CACHE_TAG)

    def _entry(self, job: Job) -> Entry:
        owner = self.me.owner
        return {
            "job": job.name,
            "dag": owner.dag,
            "run": owner.run,
            "task": owner.task,
            "record": self.record,
            "kept_at": datetime.now(UTC).isoformat(),
        }
