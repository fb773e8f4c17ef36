"""The parent of one job's process. It outlives the server, so a job survives the server's end and is never lost.

Run as `python -I -S supervise.py RUN_FOLDER LOCK_FD`. Standard library only, and nothing of sagelocal: it must start in
milliseconds. The run folder holds:

spec.json     what to run (written by `sagelocal.jobs.process`)
lock          locked as long as the supervisor lives; the lock arrives as an open file, so there is no moment without it
control       a fifo; anything written to it means: look whether `stop` or `kill` is there
stop, kill    somebody wants the job to end, or to be killed
started.json  written before the command is; a folder with it and without exit.json has lost its supervisor
exit.json     how it ended
"""

# ruff: noqa: PTH105, PTH110, PTH120, PTH123, PTH208 - importing pathlib would cost more than all the rest

import ctypes
import json
import os
import select
import signal
import sys
import time
from typing import Any

sys.path.insert(0, os.path.dirname(__file__))  # where `-I` does not look
import commands  # type: ignore[import-not-found]  # mypy knows it as a part of the package; no package is there at run time

del sys.path[0]

PR_SET_CHILD_SUBREAPER = 36
AGAIN = 0.1  # seconds after which a signal is sent again that nobody heard
LONGEST_LINE = 256 * 1024  # bytes; CloudWatch Logs' own limit of an event
LINUX = sys.platform == "linux"


def write_json(name: str, value: dict[str, Any]) -> None:
    """Write a file that is there whole or not at all."""
    with open(f"{name}.new", "w") as stream:
        json.dump(value, stream)
    os.replace(f"{name}.new", name)


class Log:
    """Append what the job prints to its log, each line as `<epoch milliseconds>TAB<line>`."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._rest = b""
        self.lost = ""  # why lines are missing, if any are: a full disk must not end the job

    def feed(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        self._write(lines)

    def close(self) -> None:
        if self._rest:
            self._write([self._rest])
        os.close(self._file)

    def _write(self, lines: list[bytes]) -> None:
        stamp = b"%d\t" % int(time.time() * 1000)
        data = memoryview(b"".join(stamp + line.rstrip(b"\r") + b"\n" for line in lines))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self.lost = str(error)


def _own_children() -> list[int]:
    children = []
    for name in os.listdir("/proc") if LINUX else ():
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                parent = int(stream.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):  # not a process, or one that has just ended
            continue
        if parent == os.getpid():
            children.append(int(name))
    return children


class Supervisor:
    """Watch the command until it has ended and nothing of it is left."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._reason = "exited"
        self._deadline: float | None = None  # monotonic; when the time limit or the grace after SIGTERM is over
        self._unheard: int | None = None  # a signal that came before the command could hear it
        self._log = Log(spec["log"])
        self._control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._wake, wake_end = os.pipe()
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # the byte in the pipe says it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def run(self) -> dict[str, Any]:
        started = time.time()
        write_json("started.json", {"pid": os.getpid(), "started": started})
        if os.path.exists("stop"):
            return {"returncode": None, "reason": "stopped", "message": "", "started": started, "ended": started}
        try:
            self._command = commands.command_of(self._spec)
        except OSError as error:
            self._log.feed(f"{error}\n".encode())
            return {"returncode": 127, "reason": "exited", "message": str(error), "started": started, "ended": started}
        if self._spec["time_limit"] is not None:
            self._deadline = time.monotonic() + self._spec["time_limit"]
        returncode = self._watch()
        ended = time.time()
        self._drain()
        self._log.close()
        returncode, message = self._command.end(returncode)
        return {
            "returncode": returncode,
            "reason": self._reason,
            "message": f"log lines are missing: {self._log.lost}" if self._log.lost else message,
            "started": started,
            "ended": ended,
        }

    def _watch(self) -> int:
        reading = [self._command.output, self._control, self._wake]
        self._look_for_stop()  # it may have come before the fifo was open
        while True:
            left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
            if self._unheard is not None:
                left = AGAIN if left is None else min(left, AGAIN)
            ready = select.select(reading, [], [], left)[0]
            if self._command.output in ready:
                data = os.read(self._command.output, 1 << 16)
                if data:
                    self._log.feed(data)
                else:
                    reading.remove(self._command.output)  # closed by the job, which may run on
            if self._control in ready:
                os.read(self._control, 512)
                self._look_for_stop()
            if self._wake in ready and signal.SIGTERM in os.read(self._wake, 512):
                self._end("stopped")
            if os.waitid(os.P_PID, self._command.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return self._reap()
            if self._unheard is not None:
                self._send(self._unheard)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._overdue()

    def _look_for_stop(self) -> None:
        if os.path.exists("kill"):
            self._send(signal.SIGKILL)
        if os.path.exists("stop"):
            self._end("stopped")

    def _end(self, reason: str) -> None:
        """Ask the command to end; it has `grace` seconds for it."""
        if self._reason == "exited":
            self._reason = reason
            self._deadline = time.monotonic() + self._spec["grace"]
            self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        self._unheard = None if self._command.signal(number) else number

    def _overdue(self) -> None:
        if self._reason == "exited":
            self._end("time_limit")
        else:
            self._send(signal.SIGKILL)
            self._deadline = None

    def _reap(self) -> int:
        """Collect the command's exit code and kill what it leaves behind, as the end of a container does."""
        commands.kill_group(self._command.pid)  # the zombie keeps its id from being used again
        status = os.waitpid(self._command.pid, 0)[1]
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    for pid in _own_children():
                        os.kill(pid, signal.SIGKILL)
                    time.sleep(0.002)
            except ChildProcessError:
                return os.waitstatus_to_exitcode(status)

    def _drain(self) -> None:
        os.set_blocking(self._command.output, False)
        try:
            while data := os.read(self._command.output, 1 << 16):
                self._log.feed(data)
        except BlockingIOError:
            return  # somebody who got away holds the pipe open; all that was printed is read


def _detach() -> None:
    """Leave the server's process tree, so that nobody has to wait for this process."""
    if os.fork():
        os._exit(0)


def main() -> None:
    if sys.argv[1] == "--probe":
        commands.isolate(json.loads(sys.argv[2]))
        print(open(sys.argv[3]).read(), end="")  # noqa: SIM115 - the process ends here
        return
    os.chdir(sys.argv[1])
    os.set_inheritable(int(sys.argv[2]), False)
    with open("spec.json") as stream:
        spec = json.load(stream)
    _detach()
    if LINUX and not spec["engine"]:  # a container's processes are its engine's children, which must outlive its client
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    write_json("exit.json", Supervisor(spec).run())


if __name__ == "__main__":
    main()
