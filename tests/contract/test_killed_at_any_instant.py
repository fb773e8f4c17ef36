"""The short form of `python -m tests.chaos.sagelocal`: kill -9 amid stores, jobs, pipelines and endpoints."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.sagelocal.storm import Storm
from tests.contract.conftest import TEST_IMAGES


def test_a_server_killed_at_any_instant_loses_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    said: list[str] = []
    storm = Storm(tmp_path, TEST_IMAGES, seed=5, say=said.append)
    storm.rage(kills=5)
    found = "\n".join([*said, *(f"{kind}: {text}" for kind, text in storm.findings.found)])
    assert storm.line().endswith("lost 0, half 0, orphaned 0, wrong 0"), found
    done = {"PutObject", "PutRecord", "SendMessage", "InvokeEndpoint", "StartPipelineExecution"}
    assert done <= storm.findings.done.keys()
