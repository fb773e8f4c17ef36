import http.server
import io
import subprocess
import tarfile
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from container import Container, Served, free_port


@pytest.fixture
def container(tmp_path: Path) -> Container:
    base = tmp_path / "ml"
    base.mkdir()
    container = Container(base)
    container.config("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]})
    container.config("inputdataconfig", {})
    container.config("hyperparameters", {"sagemaker_program": "train.py"})
    return container


@pytest.fixture
def serve(container: Container) -> Iterator[Callable[..., Served]]:
    """Start `serve` and wait until it is healthy; ends it after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> Served:
        port = free_port()
        network = {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"}
        started.append(container.start("serve", **network, **environment))
        served = Served(started[-1], port)
        while served.process.poll() is None:
            try:
                served.call("/ping")
                return served
            except urllib.error.URLError:
                time.sleep(0.02)
        pytest.fail(f"serve ended: {served.process.communicate()}")

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Serve a folder as an S3 endpoint for GetObject; gives the folder and a client's environment."""
    folder = tmp_path / "s3"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            """Keep the test's output to the test."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        yield folder, {"AWS_ENDPOINT_URL": endpoint, **keys}
        server.shutdown()


@pytest.fixture
def tar_gz() -> Callable[..., bytes]:
    """Pack named texts into a .tar.gz."""

    def pack(**files: str) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name.replace("__", "/") + ".py")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    return pack
