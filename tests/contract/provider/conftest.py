"""The amazon provider, unmodified, in an environment that points at sagelocal as in production."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.contract.conftest import LocalServer
from tests.contract.provider.requests import model

Client = Callable[..., Any]


@pytest.fixture(autouse=True)
def environment(aws: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point every client that the provider makes at sagelocal."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def context() -> dict[str, Any]:
    """Give what the operators use of Airflow's context: a place for XComs, and the facts that links are made of."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value, **_: pushed.update({key: value}), pushed=pushed)
    return {"ti": ti, "task_instance": ti}


@pytest.fixture
def name() -> str:
    return f"n-{uuid.uuid4()}"


@pytest.fixture
def served(client: Client, name: str) -> str:
    """Return the name of a model that answers with what it was sent."""
    client("sagemaker").create_model(**model(name))
    return name
