"""A thousand jobs waited for in one triggerer: what they add to its memory, and how often it calls SageMaker."""

import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import tests.conftest  # noqa: F401 - gives Airflow a home of its own before anything imports it
from tests.bench.local_aws import ECHO, Sagelocal, sagelocal, scratch, until
from tests.bench.measure import Row
from tests.triggerer import Triggerer

from boatyard.airflow.triggers import JobTrigger
from boatyard.aws.waiting.poll import CALLS_PER_SECOND
from sagelocal.faults.client import FaultsClient

JOBS = 1000
ENDING = 20  # of them, to see that they are really waited for
WINDOW = 45.0  # seconds
MEGABYTES = 100.0  # that a thousand may add
NEVER = 10**9


class Figures(NamedTuple):
    """Hold what was measured."""

    one: float  # MB of the triggerer with one job
    all: float  # MB with a thousand
    young: float  # calls per second while all are young
    old: float  # calls per second once all are an hour old


def memory() -> Row:
    """Measure the memory of the process that runs the triggers, with one job and with a thousand."""
    figures = _measured()
    return Row("deferred_memory", figures.all, figures.one, "MB", "lower", bar_difference=MEGABYTES)


def calls() -> Row:
    """Measure the calls per second while a thousand jobs are young and want to be looked at often."""
    figures = _measured()
    return Row("deferred_calls", figures.young, CALLS_PER_SECOND, "calls/s", "lower", bar_ratio=1.0)


@cache
def _measured() -> Figures:
    with scratch() as folder, sagelocal(folder, ECHO.parent, "--faults") as local:
        faults = FaultsClient(*_keys(local))
        faults.add("capacity", kind="training_job", times=None, seconds=NEVER)  # they wait for their instances
        counter = faults.add("throttle", service="sagemaker", skip=NEVER)["id"]
        sagemaker = local.client("sagemaker")
        names = [_create(sagemaker, local, number) for number in range(JOBS)]
        young = _waited_for(folder, local, names, time.time(), lambda: _seen(faults, counter), sagemaker)
        old = _waited_for(folder, local, names[ENDING:], time.time() - 3600, lambda: _seen(faults, counter), sagemaker)
    figures = Figures(young[0], young[1], young[2], old[2])
    print(
        f"  {JOBS} deferred jobs: {figures.all - figures.one:.1f} MB more; {figures.young:.2f} calls/s while they are "
        f"young, {figures.old:.2f} calls/s when they are an hour old",
        file=sys.stderr,
    )
    return figures


def _waited_for(
    folder: Path, local: Sagelocal, names: list[str], born: float, seen: Callable[[], int], sagemaker: Any
) -> tuple[float, float, float]:
    triggerer = Triggerer(local.environment, folder / "triggerer.log")
    try:
        first, *others = [_trigger(local, name, born) for name in names]
        triggerer.start(first)
        before = seen()
        until(lambda: seen() > before, 60, 0.2, "the triggerer looks at its first job")
        one = _megabytes(triggerer.pid)
        for trigger in others:
            triggerer.start(trigger)
        until(lambda: "watchers currently running" in triggerer.log() or seen() > before + 20, 120, 0.5, "it looks")
        before, started = seen(), time.monotonic()
        time.sleep(WINDOW)
        rate = (seen() - before) / (time.monotonic() - started)
        everything = _megabytes(triggerer.pid)
        for name in names[:ENDING]:
            sagemaker.stop_training_job(TrainingJobName=name)
        until(lambda: len(triggerer.events) == ENDING, 120, 0.5, f"the triggers of {ENDING} ended jobs fire")
        return one, everything, rate
    finally:
        triggerer.close()


def _create(sagemaker: Any, local: Sagelocal, number: int) -> str:
    name = f"deferred-{number}"
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": local.image("echo"), "TrainingInputMode": "File"},
        RoleArn=local.role,
        OutputDataConfig={"S3OutputPath": "s3://bench/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    return name


def _trigger(local: Sagelocal, name: str, born: float) -> JobTrigger:
    return JobTrigger("training", name, aws_conn_id=None, region_name=local.environment["AWS_REGION"], born=born)


def _keys(local: Sagelocal) -> tuple[str, str, str, str]:
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    url, access_key, secret_key, region = (local.environment[name] for name in names)
    return url, access_key, secret_key, region


def _seen(faults: FaultsClient, counter: str) -> int:
    return next(int(fault["seen"]) for fault in faults.list() if fault["id"] == counter)


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
