"""What training and processing jobs leave behind: a status, lines in their logs, an output in S3."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.sagelocal.ledger import Clients
from tests.chaos.sagelocal.objects import read
from tests.chaos.sagelocal.requests import RESULT

KINDS = ("TrainingJob", "ProcessingJob")
ENDED = {"Completed", "Failed", "Stopped"}
_MODEL, _INPUT = "model.json", f"train/{RESULT}"


@dataclass(frozen=True)
class Trace:
    """What one job left."""

    status: str
    lines: tuple[str, ...]  # all that its processes, should it have had several, ever printed
    left: str | None = None  # the line in its output; None if that is not there, or not whole
    read: str | None = None  # the line in the result of another job that it had as its input


class Traces:
    """Find what jobs left, also of those that nobody knows."""

    def __init__(self, clients: Clients, state: Path) -> None:
        self._sagemaker, self._s3 = clients("sagemaker"), clients("s3")
        self._logs = state / "logs"

    def named(self, part: str) -> dict[str, Trace]:
        """Return those of all jobs whose names have a part in them, by their ARNs."""
        return {arn: self.of(kind, arn.rpartition("/")[2], status) for kind, arn, status in self._listed(part)}

    def strays(self, part: str, owned: Collection[str]) -> list[str]:
        """Return those of all jobs, named so, that are none of the owned ones or have not ended."""
        return [
            f"{arn} is {status}" for _, arn, status in self._listed(part) if arn not in owned or status not in ENDED
        ]

    def _listed(self, part: str) -> list[tuple[str, str, str]]:
        found = []
        for kind in KINDS:
            pages = self._sagemaker.get_paginator(f"list_{kind.removesuffix('Job').lower()}_jobs")
            listed = pages.paginate(NameContains=part, PaginationConfig={"PageSize": 100}).build_full_result()
            found += [(kind, one[f"{kind}Arn"], one[f"{kind}Status"]) for one in listed[f"{kind}Summaries"]]
        return found

    def of(self, kind: str, name: str, status: str) -> Trace:
        """Return what a job of that status left."""
        files = (self._logs / f"{kind}s" / name).glob("*.log")
        lines = [line.partition("\t")[2] for file in files for line in file.read_text().splitlines()]
        left, source = self._model(name) if kind == "TrainingJob" else (self._result(name), None)
        return Trace(status, tuple(lines), left, source)

    def _result(self, name: str) -> str | None:
        data = read(self._s3, f"output/{name}/{RESULT}")
        return None if data is None else str(json.loads(data)["line"])

    def _model(self, name: str) -> tuple[str | None, str | None]:
        data = read(self._s3, f"output/{name}/output/model.tar.gz")
        if data is None:
            return None, None
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            inside = {member.name: archive.extractfile(member) for member in archive}
            if inside.keys() != {_MODEL} or (file := inside[_MODEL]) is None:
                return None, None
            model: dict[str, Any] = json.load(file)
        told: dict[str, str] = model["hyperparameters"]
        source = model["data"].get(_INPUT)
        return told["message"].replace("{x}", told.get("x", "")), source and json.loads(source)["line"]
