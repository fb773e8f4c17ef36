"""Processes under their supervisor, and what becomes of them when somebody is killed."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagelocal.jobs.isolation import Isolation, IsolationError, choose
from sagelocal.jobs.process import Outcome, Spec, State, SupervisedProcess

Make = Callable[..., Spec]
Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture
def process(tmp_path: Path) -> SupervisedProcess:
    return SupervisedProcess(tmp_path / "run")


def _lines(folder: Path) -> list[str]:
    return [line.partition("\t")[2] for line in (folder / "job.log").read_text().splitlines()]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def _supervisor(process: SupervisedProcess) -> int:
    pid: int = json.loads((process.folder / "started.json").read_text())["pid"]
    return pid


def _started(process: SupervisedProcess, eventually: Eventually, folder: Path, line: str) -> None:
    eventually(lambda: (folder / "job.log").exists() and line in _lines(folder), f"{line!r} printed")


def test_its_output_and_exit_code_are_kept(process: SupervisedProcess, spec: Make, tmp_path: Path) -> None:
    process.launch(spec("echo out; echo err >&2; printf unended; exit 3"))
    outcome = process.wait()
    assert (outcome.exit_code, outcome.reason) == (3, "exited")
    assert outcome.started <= outcome.ended
    assert _lines(tmp_path) == ["out", "err", "unended"]
    assert process.state() is State.ENDED


def test_lines_carry_the_time_they_were_printed_at(process: SupervisedProcess, spec: Make, tmp_path: Path) -> None:
    process.launch(spec("echo once"))
    outcome = process.wait()
    milliseconds = int((tmp_path / "job.log").read_text().partition("\t")[0])
    assert outcome.started * 1000 - 1 <= milliseconds <= outcome.ended * 1000 + 1000


def test_a_command_that_is_not_there_ends_with_127_and_says_so(
    process: SupervisedProcess, spec: Make, tmp_path: Path
) -> None:
    wanted = spec("")
    process.launch(Spec(["no-such-command"], wanted.environment, tmp_path, wanted.log, None, 1.0))
    outcome = process.wait()
    assert outcome.exit_code == 127
    assert "no-such-command" in outcome.message
    assert "no-such-command" in _lines(tmp_path)[0]


def test_nothing_of_the_servers_environment_leaks_in(
    process: SupervisedProcess, spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "leaked")
    process.launch(spec("env"))
    process.wait()
    names = {line.partition("=")[0] for line in _lines(tmp_path)}
    assert names <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_", "SAGELOCAL_RUN"}


def test_a_stopped_process_gets_sigterm_first(
    process: SupervisedProcess, spec: Make, tmp_path: Path, eventually: Eventually
) -> None:
    process.launch(spec("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"))
    _started(process, eventually, tmp_path, "up")
    process.stop()
    outcome = process.wait()
    assert (outcome.reason, outcome.exit_code) == ("stopped", 0)
    assert _lines(tmp_path) == ["up", "bye"]


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(
    process: SupervisedProcess, spec: Make, tmp_path: Path, eventually: Eventually
) -> None:
    process.launch(spec("trap '' TERM; echo up; while :; do sleep 0.01; done", grace=0.05))
    _started(process, eventually, tmp_path, "up")
    process.stop()
    outcome = process.wait()
    assert (outcome.reason, outcome.exit_code) == ("stopped", 137)


def test_a_process_ends_at_its_time_limit(process: SupervisedProcess, spec: Make) -> None:
    process.launch(spec("exec sleep 600", time_limit=0.05))
    assert process.wait().reason == "time_limit"


def test_a_process_stopped_before_its_launch_never_runs(process: SupervisedProcess, spec: Make, tmp_path: Path) -> None:
    process.folder.mkdir()
    process.stop()
    process.launch(spec("echo ran"))
    outcome = process.wait()
    assert (outcome.reason, outcome.returncode) == ("stopped", None)
    assert _lines(tmp_path) == []


def test_what_a_process_leaves_behind_ends_with_it(process: SupervisedProcess, spec: Make, tmp_path: Path) -> None:
    process.launch(spec("setsid sleep 600 & echo $!; sleep 600 & echo $!; exit 0"))
    assert process.wait().exit_code == 0
    assert not any(_alive(int(pid)) for pid in _lines(tmp_path))


def test_output_is_read_on_after_a_child_closed_it(process: SupervisedProcess, spec: Make) -> None:
    process.launch(spec("exec >&- 2>&-; sleep 0.05; exit 4"))
    assert process.wait().exit_code == 4


def test_endless_lines_are_cut(process: SupervisedProcess, spec: Make, tmp_path: Path) -> None:
    process.launch(spec("head -c 700000 /dev/zero | tr '\\0' x"))
    process.wait()
    lines = _lines(tmp_path)
    assert len(lines) > 1
    assert "".join(lines) == "x" * 700000


def test_a_folder_without_a_run_is_new(process: SupervisedProcess) -> None:
    assert process.state() is State.NEW


def test_a_run_whose_supervisor_never_came_up_is_new(process: SupervisedProcess) -> None:
    """The server was killed while it launched: the command has not run, so it may be launched again."""
    process.folder.mkdir()
    (process.folder / "lock").touch()
    assert process.state() is State.NEW


def test_a_second_launch_of_a_running_process_is_refused(
    process: SupervisedProcess, spec: Make, tmp_path: Path, eventually: Eventually
) -> None:
    process.launch(spec("echo up; exec sleep 600"))
    _started(process, eventually, tmp_path, "up")
    with pytest.raises(BlockingIOError):
        process.launch(spec("echo twice"))
    process.stop()
    process.wait()
    assert _lines(tmp_path) == ["up"]


def _kill_the_supervisor(
    process: SupervisedProcess, wanted: Spec, folder: Path, eventually: Eventually
) -> tuple[Outcome, list[int]]:
    process.launch(wanted)
    _started(process, eventually, folder, "up")
    pids = [int(line) for line in _lines(folder) if line.isdigit()]
    assert all(map(_alive, pids))
    assert process.state() is State.RUNNING
    os.kill(_supervisor(process), signal.SIGKILL)
    return process.wait(), pids


FAMILY = "echo $$; setsid sleep 600 & echo $!; sleep 600 & echo $!; echo up; wait"


@pytest.mark.parametrize("user_namespace", [None, False, True])
def test_a_killed_supervisor_takes_every_process_of_the_job_along(
    process: SupervisedProcess, spec: Make, tmp_path: Path, eventually: Eventually, user_namespace: bool | None
) -> None:
    plan = None
    if user_namespace is not None:
        try:
            choose("namespace")
        except IsolationError as error:
            pytest.skip(str(error))
        if os.geteuid() != 0 and not user_namespace:
            pytest.skip("only root needs no user namespace")
        (tmp_path / "box" / "ml").mkdir(parents=True)
        plan = Isolation("namespace", user_namespace=user_namespace).sandbox(tmp_path / "box").plan()
    outcome, pids = _kill_the_supervisor(process, spec(FAMILY, isolation=plan), tmp_path, eventually)
    assert len(pids) == 3
    assert (outcome.reason, outcome.returncode) == ("died", None)
    assert process.state() is State.DIED
    eventually(lambda: not any(map(_alive, pids)), "all processes of the job are gone")


def test_the_process_itself_dies_with_its_supervisor_even_if_no_server_looks(
    process: SupervisedProcess, spec: Make, tmp_path: Path, eventually: Eventually
) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("only Linux can promise this")
    process.launch(spec("echo $$; echo up; while :; do sleep 0.01; done"))
    _started(process, eventually, tmp_path, "up")
    os.kill(_supervisor(process), signal.SIGKILL)
    eventually(lambda: not _alive(int(_lines(tmp_path)[0])), "the process is gone")
