"""Nothing leaves the machine: the SDK trains in a network namespace that has a loopback device and no route."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY, SAGELOCAL

HERE = Path(__file__).parent
# Bring the loopback device up, make sure that nobody outside can be reached, and run the tests that are named.
INSIDE = """
import fcntl, socket, struct, sys
import pytest
with socket.socket() as device:
    UP, SIOCSIFFLAGS = 1, 0x8914
    fcntl.ioctl(device, SIOCSIFFLAGS, struct.pack("16sh", b"lo", UP))
with socket.socket() as outside:
    try:
        outside.connect(("192.0.2.1", 443))
    except OSError:
        pass
    else:
        sys.exit("there is a way out")
sys.exit(pytest.main(sys.argv[1:]))
"""
TESTS = "test_sdk_jobs.py::test_a_model_trainer_trains_with_a_local_script_and_local_data"


def _namespaces_work() -> bool:
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _namespaces_work(), reason="this system lets us make no network namespace")
def test_the_sdk_trains_where_there_is_no_route(state: Path) -> None:
    # the environment of the image is taken along: it cannot be installed in there
    folders = ["--state", str(state), "--images", str(REPOSITORY / "containers")]
    build = [str(SAGELOCAL), "images", "build", "tabular", *folders]
    subprocess.run(build, capture_output=True, check=True)
    command = ["unshare", "-rn", sys.executable, "-c", INSIDE, "-q", "-x", "--built-images", str(state / "images")]
    done = subprocess.run([*command, str(HERE / TESTS)], capture_output=True, text=True, check=False, cwd=HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
