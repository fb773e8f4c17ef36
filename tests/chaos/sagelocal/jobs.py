"""Load on jobs: training, processing and tuning jobs that run, end and are stopped while the server dies."""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal.ledger import LOST, WRONG, Clients, Findings
from tests.chaos.sagelocal.objects import BUCKET, read

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"
_ENDED = {"Completed", "Failed", "Stopped"}
_AT_ONCE = 4
_PATIENCE = 180.0  # seconds until all jobs have ended
_RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
_INPUT = f"s3://{BUCKET}/input/"


@dataclass
class _Job:
    """What is known of one job."""

    kind: str  # as SageMaker spells it: TrainingJob, ProcessingJob, HyperParameterTuningJob
    name: str
    acknowledged: bool = False  # its creation
    stop: str = ""  # "asked" or "acknowledged"
    ended: str = ""  # its last status


class Jobs:
    """Create jobs of all kinds, stop some, and look what came of each."""

    def __init__(self, clients: Clients, random: Random, findings: Findings, state: Path) -> None:
        self._sagemaker, self._s3 = clients("sagemaker"), clients("s3")
        self._random = random
        self._findings = findings
        self._logs = state / "logs"
        self._number = 0
        self._jobs: list[_Job] = []

    def act(self) -> None:
        """Create a job, stop one, or wait a moment if enough of them run."""
        running = [job for job in self._jobs if job.acknowledged and not job.ended]
        if len(running) >= _AT_ONCE:
            self._look(self._random.choice(running))
            time.sleep(0.02)
        elif running and self._random.random() < 0.15:
            self._stop(self._random.choice(running))
        else:
            self._create()

    def _create(self) -> None:
        self._number += 1
        kind = self._random.choices(list(_REQUESTS), [6, 3, 1])[0]
        job = _Job(kind, f"{kind[:2].lower()}-{self._number}")
        self._jobs.append(job)
        seconds = self._random.choice(["0", "0.3", "2"])
        _call(self._sagemaker, "create", kind)(**_REQUESTS[kind](job.name, seconds))
        job.acknowledged = True
        self._findings.count(f"Create{kind}")

    def _stop(self, job: _Job) -> None:
        job.stop = job.stop or "asked"
        try:
            _call(self._sagemaker, "stop", job.kind)(**{f"{job.kind}Name": job.name})
        except ClientError as error:  # it has just ended
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            return
        job.stop = "acknowledged"
        self._findings.count(f"Stop{job.kind}")

    def _look(self, job: _Job) -> None:
        try:
            described = _call(self._sagemaker, "describe", job.kind)(**{f"{job.kind}Name": job.name})
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            if job.acknowledged:
                self._findings.add(LOST, f"{job.kind} {job.name}: {error}")
            job.ended = "never created"
            return
        job.acknowledged = True
        status = described[f"{job.kind}Status"]
        if status in _ENDED:
            job.ended = status
            self._findings.count(f"{job.kind} {status}")
            self._judge(job, status, described)

    def _judge(self, job: _Job, status: str, described: dict[str, Any]) -> None:
        if status == "Stopped" and not job.stop:
            self._findings.add(WRONG, f"{job.kind} {job.name} was stopped by nobody")
        if status == "Failed" and not described.get("FailureReason"):
            self._findings.add(WRONG, f"{job.kind} {job.name} failed without a reason")
        if status == "Failed":
            self._findings.add(WRONG, f"{job.kind} {job.name}: {described.get('FailureReason')}")
        if status != "Completed":
            return
        if job.kind == "HyperParameterTuningJob":
            if described["TrainingJobStatusCounters"]["Completed"] != 3:
                self._findings.add(WRONG, f"{job.name} has {described['TrainingJobStatusCounters']}")
            return
        printed = self._printed(job)
        if printed.count(f"{job.name} ran") != 1:
            self._findings.add(LOST if not printed else WRONG, f"{job.kind} {job.name} printed {printed}")
        if not self._is_whole(job):
            self._findings.add(LOST, f"{job.kind} {job.name} has completed without its output")

    def _printed(self, job: _Job) -> list[str]:
        files = (self._logs / f"{job.kind}s" / job.name).glob("*.log")
        return [line.partition("\t")[2] for file in files for line in file.read_text().splitlines()]

    def _is_whole(self, job: _Job) -> bool:
        if job.kind == "ProcessingJob":
            return read(self._s3, f"output/{job.name}/done.txt") == job.name.encode()
        data = read(self._s3, f"output/{job.name}/output/model.tar.gz")
        if data is None:
            return False
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return archive.getnames() == ["model.json"]

    def check(self) -> None:
        """Look at every job that has not been seen to end."""
        for job in self._jobs:
            if not job.ended:
                self._look(job)

    def finish(self) -> None:
        """Wait until all have ended."""
        deadline = time.monotonic() + _PATIENCE
        while any(not job.ended for job in self._jobs):
            self.check()
            if time.monotonic() > deadline:
                left = [f"{job.kind} {job.name}" for job in self._jobs if not job.ended]
                self._findings.add(LOST, f"these never end: {left}")
                return
            time.sleep(0.2)


def _call(client: Any, verb: str, kind: str) -> Any:
    nouns = {"HyperParameterTuningJob": "hyper_parameter_tuning_job"}
    return getattr(client, f"{verb}_{nouns.get(kind, kind.removesuffix('Job').lower() + '_job')}")


def _training(name: str, seconds: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": _INPUT}}
    return {
        "TrainingJobName": name,
        "HyperParameters": {"message": f"{name} ran", "seconds": seconds},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
        "ResourceConfig": _RESOURCES,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def _processing(name: str, seconds: str) -> dict[str, Any]:
    script = (
        f"import pathlib, time; print('{name} ran', flush=True); time.sleep({seconds}); "
        f"pathlib.Path('/opt/ml/processing/out/done.txt').write_text('{name}')"
    )
    place = {
        "S3Uri": f"s3://{BUCKET}/output/{name}",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
    }
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python", "-c", script]},
        "RoleArn": ROLE,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": place}]},
        "ProcessingResources": {"ClusterConfig": _RESOURCES},
    }


def _tuning(name: str, seconds: str) -> dict[str, Any]:
    definition = _training(name, seconds)
    del definition["TrainingJobName"]
    definition["StaticHyperParameters"] = {"message": "error:{x}", "seconds": seconds}
    del definition["HyperParameters"]
    definition["AlgorithmSpecification"] = {
        **definition["AlgorithmSpecification"],
        "MetricDefinitions": [{"Name": "error", "Regex": "error:([0-9.]+)"}],
    }
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.1", "MaxValue": "1"}]}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "error"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
        },
        "TrainingJobDefinition": definition,
    }


_REQUESTS = {"TrainingJob": _training, "ProcessingJob": _processing, "HyperParameterTuningJob": _tuning}
