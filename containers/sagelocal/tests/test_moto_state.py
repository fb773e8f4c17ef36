"""Snapshots of moto's services: what is written, and what becomes of one that cannot be read."""

from __future__ import annotations

import logging
import pickle
import stat
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from sagelocal import moto_state
from sagelocal.moto_state import MotoState

REGION = "us-east-1"


@pytest.fixture
def account() -> str:
    """Give an account that no other test has: moto's backends are the process's."""
    return str(uuid.uuid4().int)[:12]


def topic(state: MotoState, name: str) -> None:
    state.of("sns")[REGION].create_topic(name)
    state.changed("sns")


def snapshot(folder: Path, service: str) -> Any:
    """Return what is kept of a service in the region."""
    return pickle.loads((folder / "moto" / f"{service}.pickle").read_bytes())["backends"][REGION]  # noqa: S301 - ours


def kept(folder: Path) -> list[str]:
    """Return the topics' names in the snapshot."""
    return [found.name for found in snapshot(folder, "sns").topics.values()]


def test_a_change_is_on_disk_when_the_call_returns_and_the_owners_only(tmp_path: Path, account: str) -> None:
    state = MotoState(tmp_path, account)
    assert not state.has("sns")
    topic(state, "failures")
    assert kept(tmp_path) == ["failures"]
    assert state.has("sns")
    assert stat.S_IMODE((tmp_path / "moto").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "moto" / "sns.pickle").stat().st_mode) == 0o600


def test_a_large_snapshot_is_written_a_moment_later(
    tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moto_state, "AT_ONCE", 100)
    state = MotoState(tmp_path, account)
    topic(state, "first")
    topic(state, "second")
    assert kept(tmp_path) == ["first"]
    state.start()
    state.close()
    assert kept(tmp_path) == ["first", "second"]


@pytest.mark.parametrize("content", [b"", b"of another moto", pickle.dumps({"by": "moto 1.0 on Python 2.7"})])
def test_a_snapshot_that_cannot_be_read_is_put_aside_and_said(
    content: bytes, tmp_path: Path, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "moto" / "sns.pickle"
    file.parent.mkdir()
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "sagelocal"):
        assert MotoState(tmp_path, account).of("sns")[REGION].topics == {}
    assert file.with_suffix(".old").read_bytes() == content
    assert "the service starts empty" in caplog.text


def test_what_pickle_does_not_know_is_kept(tmp_path: Path, account: str) -> None:
    state = MotoState(tmp_path, account)
    for service in ("sqs", "ssm", "ecr", "kms"):
        assert state.of(service)[REGION]
    state.of("sqs")[REGION].create_queue("q", {})
    state.of("ssm")[REGION].put_parameter("/wind", "", "7", "String", "", False, "", [], "text", "Standard", [])
    state.of("kms")[REGION].create_key("", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])
    state.changed("sqs", "ssm", "ecr", "kms")
    assert list(snapshot(tmp_path, "sqs").queues) == ["q"]
    assert snapshot(tmp_path, "ssm").get_parameter("/wind").value == "7"
    assert len(snapshot(tmp_path, "kms").keys) == 1
    assert isinstance(snapshot(tmp_path, "ecr").registry_scanning_configuration_update_lock, type(threading.RLock()))
