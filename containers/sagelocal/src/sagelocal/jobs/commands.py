"""The command of a run, and how it is signalled and ended: a process of this machine, or a container of an engine.

Loaded by `supervise.py` from beside itself: standard library only, and nothing of sagelocal.
"""

# ruff: noqa: PTH120, PTH123 - importing pathlib would cost more than all the rest

import ctypes
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"


def command_of(spec: dict[str, Any]) -> "Command":
    """Start the command of a run; an OSError says why it cannot run."""
    return ContainedCommand(spec) if spec["engine"] else Command(spec)


class Command:
    """The command as a process group of this machine."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.pid, self.output = _spawn(spec)

    def signal(self, number: int) -> bool:
        """Send it a signal, and say that it got it; SIGKILL is for all of its group."""
        if number == signal.SIGKILL:
            kill_group(self.pid)
        else:
            os.kill(self.pid, number)
        return True

    def end(self, returncode: int) -> tuple[int, str]:
        """Return how it ended, and what is to be said of that."""
        return returncode, ""


class ContainedCommand(Command):
    """The command as a container, whose engine's client is our child; or a child that has containers started."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._containers = beside("contained").Containers(spec)
        super().__init__(spec)

    def signal(self, number: int) -> bool:
        """Send it a signal; return False if it does not run yet, so that only the client got it."""
        if not self._containers.is_command:
            return super().signal(number)
        if self._containers.signal(number):
            return True
        if number != signal.SIGKILL:  # a client that is killed while it makes a container leaves half of one
            super().signal(number)
        return False

    def end(self, returncode: int) -> tuple[int, str]:
        """Remove its containers; return how it ended, and what is to be said of that."""
        ended: tuple[int, str] = self._containers.end(returncode)
        return ended


def beside(name: str) -> Any:
    """Return a module that lies beside this one, where `-I` does not look."""
    sys.path.insert(0, os.path.dirname(__file__))
    module = __import__(name)
    del sys.path[0]
    return module


def isolate(plan: dict[str, Any]) -> None:
    """Give this process its own mounts and limits; `plan` is what `sagelocal.jobs.isolation` decided."""
    if "steps" in plan:
        beside("mounts").isolate(plan)
    if "writable" in plan:  # last: who is confined cannot mount
        beside("landlock").confine(plan["writable"])


def kill_group(group: int) -> None:
    """Kill a process group, if there is anything of it."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nobody but zombies: Linux says the first, macOS the second
        return


def _become_the_command(spec: dict[str, Any], parent: int, output: int) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if spec["isolation"]:
        isolate(spec["isolation"])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(spec["folder"])
    if LINUX and not spec["engine"]:  # after unshare, which clears it; an engine's client must not be cut short
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:
            os._exit(137)
    os.execvpe(spec["command"][0], spec["command"], spec["environment"])  # noqa: S606 - becoming the command, without a shell, is the point


def _spawn(spec: dict[str, Any]) -> tuple[int, int]:
    """Return the command's process id and the pipe it prints to; an OSError says why it cannot run."""
    output, output_end = os.pipe()
    trouble, trouble_end = os.pipe()  # closed by a successful exec
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            _become_the_command(spec, parent, output_end)
        except BaseException as error:  # noqa: BLE001 - a forked child must not return into its parent's code
            os.write(trouble_end, str(error).encode())
        os._exit(127)
    os.close(output_end)
    os.close(trouble_end)
    with open(trouble, "rb") as stream:
        message = stream.read().decode(errors="replace")
    if message:
        os.waitpid(child, 0)
        raise OSError(f"cannot run {spec['command'][0]!r}: {message}")
    return child, output
