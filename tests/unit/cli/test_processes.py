"""Long-running processes are started once, known and stopped, whatever died in between."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.waiting import until

from boatyard.cli.processes import Process

ENVIRONMENT = {"PATH": os.environ["PATH"]}
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "run", "sleeper")
    yield process
    process.stop(grace=0.5)


def pid_of(process: Process) -> int:
    path = process.folder / f"{process.name}.pid"
    return int(until(lambda: path.is_file() and path.read_text().strip(), "its pid is written"))


def test_a_process_is_started_once(process: Process, tmp_path: Path) -> None:
    assert process.start(SLEEP, ENVIRONMENT, tmp_path)
    first = pid_of(process)
    assert not process.start(SLEEP, ENVIRONMENT, tmp_path)
    assert pid_of(process) == first


def test_a_process_whose_environment_changed_is_restarted(process: Process, tmp_path: Path) -> None:
    process.start(SLEEP, ENVIRONMENT, tmp_path)
    first = pid_of(process)
    assert process.start(SLEEP, ENVIRONMENT | {"ADDRESS": "new"}, tmp_path)
    assert pid_of(process) != first
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE


def test_a_killed_process_is_known_to_be_gone(process: Process, tmp_path: Path) -> None:
    process.start(SLEEP, ENVIRONMENT, tmp_path)
    victim = psutil.Process(pid_of(process))
    os.kill(victim.pid, signal.SIGKILL)
    psutil.wait_procs([victim], timeout=10)
    assert not process.running()
    assert not process.stop()


def test_what_a_killed_process_left_behind_gives_way_to_the_next(process: Process, tmp_path: Path) -> None:
    child = "import time; print('ready', flush=True); time.sleep(600)"
    # a fork of the process, as a scheduler's workers are: it holds the lock
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], close_fds=False)"
    command = [sys.executable, "-c", parent]
    process.start(command, ENVIRONMENT, tmp_path)
    leader = psutil.Process(pid_of(process))
    until(lambda: "ready" in process.log.read_text(), "its child is ready")
    assert not process.headless()
    (left,) = leader.children()
    leader.kill()
    psutil.wait_procs([leader], timeout=10)
    assert process.running()
    assert process.headless()
    assert process.start(command, ENVIRONMENT, tmp_path)
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
    assert not process.headless()


def test_stopping_ends_descendants_that_ignore_the_signal(process: Process, tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = f"{deaf}; print('ready', flush=True); time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process.start([sys.executable, "-c", parent], ENVIRONMENT, tmp_path)
    leader = psutil.Process(pid_of(process))
    until(lambda: "ready" in process.log.read_text(), "its child is ready")
    (descendant,) = leader.children()
    assert process.stop(grace=0.5)
    gone, alive = psutil.wait_procs([descendant], timeout=10)
    assert gone
    assert not alive


def test_a_process_outlives_whoever_started_it_and_is_still_known(tmp_path: Path) -> None:
    starter = textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from boatyard.cli.processes import Process
        Process(Path({str(tmp_path / "run")!r}), "sleeper").start({SLEEP!r}, {ENVIRONMENT!r}, Path({str(tmp_path)!r}))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    subprocess.run([sys.executable, "-c", starter], check=False)
    process = Process(tmp_path / "run", "sleeper")
    pid_of(process)
    assert process.running()
    assert process.stop(grace=1)
    assert not process.running()
