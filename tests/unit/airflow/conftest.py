"""Operators run against a real sagelocal; Airflow's part is the few facts of a try that they read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.contract.conftest import LocalServer, aws, bucket, client, images, isolation, sagemaker, start_server

from boatyard.airflow import triggers

__all__ = ["aws", "bucket", "client", "images", "isolation", "sagemaker", "start_server"]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


@dataclass
class Task:
    """One task of one DAG run, as Airflow's context shows it to each try."""

    run_id: str = field(default_factory=lambda: f"manual__{uuid.uuid4()}")
    retries: int = 1
    try_number: int = 1
    max_tries: int = 1
    state: str | None = "running"
    map_index: int = -1
    pushed: dict[str, Any] = field(default_factory=dict)  # XComs besides the returned one

    def context(self) -> dict[str, Any]:
        """Return the context of the present try."""
        ti = SimpleNamespace(
            dag_id="harbour",
            run_id=self.run_id,
            task_id="train",
            map_index=self.map_index,
            try_number=self.try_number,
            max_tries=self.max_tries,
            start_date=datetime.now(UTC),
            task=SimpleNamespace(retries=self.retries),
            get_task_states=self._states,
            xcom_push=self._push,
            xcom_pull=self._pull,
            log_url=f"http://127.0.0.1:8080/dags/harbour/runs/{self.run_id}/tasks/train?try_number={self.try_number}",
        )
        return {"ti": ti}

    def _states(
        self, dag_id: str, map_index: int | None, task_ids: list[str], *, run_ids: list[str]
    ) -> dict[str, dict[str, str | None]]:
        assert (dag_id, task_ids, run_ids) == ("harbour", ["train"], [self.run_id])
        return {self.run_id: {"train": self.state}}

    def _push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def _pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        return self.pushed.get(key)

    def retry(self) -> None:
        """Airflow tries again after a failure or a crash."""
        self.try_number += 1

    def clear(self) -> None:
        """A person clears the task."""
        self.max_tries = self.try_number + self.retries
        self.try_number += 1


@pytest.fixture
def task() -> Task:
    return Task()


@pytest.fixture(autouse=True)
def environment(aws: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point clients without a connection at sagelocal."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BOATYARD_DEPLOYMENT", "test")
    monkeypatch.setattr(triggers, "_POLLERS", {})  # theirs reach the server of an earlier test


@pytest.fixture
def training(bucket: str) -> Callable[..., dict[str, Any]]:
    """Give a function that returns a training job's request, told by `hyperparameters` what to do."""

    def training(name: str = "{job_name}", **hyperparameters: str) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "HyperParameters": hyperparameters,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }

    return training
