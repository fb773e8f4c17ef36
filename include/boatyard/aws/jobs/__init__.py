"""The job core: claim a job by its name, attach to it, wait for it, stop it."""

from boatyard.aws.jobs.chain import ChainError, goes_on, next_of_chain
from boatyard.aws.jobs.claim import claim
from boatyard.aws.jobs.differences import differences
from boatyard.aws.jobs.job import Job, JobError, describe
from boatyard.aws.jobs.kinds import JOBS, JobKind
from boatyard.aws.jobs.running import Running, running_jobs, superseded
from boatyard.aws.jobs.stop import stop, stop_older_generations, stop_owned
from boatyard.aws.jobs.wait import born, wait

__all__ = [
    "JOBS",
    "ChainError",
    "Job",
    "JobError",
    "JobKind",
    "Running",
    "born",
    "claim",
    "describe",
    "differences",
    "goes_on",
    "next_of_chain",
    "running_jobs",
    "stop",
    "stop_older_generations",
    "stop_owned",
    "superseded",
    "wait",
]
