"""The image's programs, run as SageMaker runs them."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
CLEAN = {"PATH": f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin", "AWS_REGION": "eu-west-1"}


@dataclass
class Container:
    """A base folder as SageMaker lays it out, and the programs of the image run on it."""

    base: Path
    environment: dict[str, str] = field(default_factory=dict)

    def config(self, name: str, content: Any) -> None:
        path = self.base / "input" / "config" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def source(self, name: str, text: str, folder: str = "code") -> Path:
        path = self.base / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, program: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        variables = CLEAN | {"SAGEMAKER_BASE_DIR": str(self.base)} | self.environment | environment
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [program, *arguments], env=variables, cwd=self.base, stdout=pipe, stderr=pipe, text=True
        )

    def train(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        with self.start("train", **environment) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()


@dataclass(frozen=True)
class Served:
    """A running `serve`."""

    process: "subprocess.Popen[str]"
    port: int

    def call(
        self, path: str = "/invocations", body: bytes | str | None = None, **headers: str
    ) -> tuple[int, str, bytes]:
        """Return status, content type and body; header names are given with underscores."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, named)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read()

    def csv(self, body: str) -> tuple[int, str]:
        status, _, answer = self.call(body=body, Content_Type="text/csv")
        return status, answer.decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
