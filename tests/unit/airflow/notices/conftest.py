"""A chat and a mailbox behind connections of Airflow, and jobs whose changes are told there."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.airflow.listeners import Chat, Mailbox, chat, mail_server
from tests.unit.airflow.versions import approved, group, model_data, register

from boatyard.airflow.operators import SageMakerTrainingOperator

__all__ = ["approved", "group", "model_data", "register"]

Operator = Callable[..., SageMakerTrainingOperator]


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    """Give the chat behind the connection `team`."""
    with chat() as heard:
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps({"conn_type": "slackwebhook", "password": heard.url}))
        yield heard


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """Give the mailbox behind the connection `mail`."""
    with mail_server() as box:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "boatyard@example.com"}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(connection))
        yield box


@pytest.fixture
def operator(bucket: str) -> Operator:
    """Give a function that makes the operator of a job whose places are told."""

    def make(config: dict[str, Any], *notify: dict[str, Any]) -> SageMakerTrainingOperator:
        records = f"s3://{bucket}/boats/records"
        return SageMakerTrainingOperator(
            task_id="train", config=config, aws_conn_id=None, records=records, notify=notify, check_interval=1
        )

    return make
