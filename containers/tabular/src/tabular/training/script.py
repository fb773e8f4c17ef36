"""Running the user's script: its output is passed on as it comes, signals reach it, and its last errors are kept."""

import os
import signal
import subprocess
import threading
from collections.abc import Collection
from pathlib import Path
from types import FrameType
from typing import IO

from tabular.training.masking import Mask

_OUTPUT, _ERRORS = 1, 2
_TAIL_BYTES = 16_384
_SHOWN_CHARACTERS = 800  # FailureReason is the first 1,024 characters of the failure file, headings included
_PASSED_ON = (signal.SIGTERM, signal.SIGINT)


class Script:
    """Run one script; create it early, so that no signal is lost before the script has started."""

    def __init__(self) -> None:
        self.stopped_by: signal.Signals | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._tail = b""
        for number in _PASSED_ON:
            signal.signal(number, self._on_signal)

    def run(self, command: list[str], folder: Path, environment: dict[str, str], secrets: Collection[str] = ()) -> int:
        """Run the command to its end and return its exit code, 128 + n where signal n ended it.

        What it writes does not show `secrets`.
        """
        output = subprocess.PIPE if secrets else None
        self._process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.PIPE)
        if self.stopped_by:  # the signal came while the process was being made
            self._process.send_signal(self.stopped_by)
        streams = ((self._process.stdout, _OUTPUT), (self._process.stderr, _ERRORS))
        pumps = [
            threading.Thread(target=self._pump, args=(stream, target, Mask(secrets)), daemon=True)
            for stream, target in streams
            if stream is not None
        ]
        for pump in pumps:
            pump.start()
        code = self._process.wait()
        for pump in pumps:
            # a grandchild may hold the stream open long after the script has ended: do not wait for it
            pump.join(timeout=1)
        return code if code >= 0 else 128 - code

    def last_errors(self) -> str:
        """Return the last lines the script wrote to stderr, whole lines where they fit."""
        lines = [line.rstrip() for line in self._tail.decode("utf-8", "replace").splitlines() if line.strip()]
        shown = ""
        for line in reversed(lines):
            joined = f"{line}\n{shown}" if shown else line
            if len(joined) > _SHOWN_CHARACTERS:
                return shown or line[-_SHOWN_CHARACTERS:]
            shown = joined
        return shown

    def _pump(self, stream: IO[bytes], target: int, mask: Mask) -> None:
        while chunk := os.read(stream.fileno(), 65_536):
            self._pass_on(mask.feed(chunk), target)
        self._pass_on(mask.end(), target)

    def _pass_on(self, data: bytes, target: int) -> None:
        if target == _ERRORS:
            self._tail = (self._tail + data)[-_TAIL_BYTES:]
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stopped_by = signal.Signals(number)
        if self._process is None:
            raise SystemExit(128 + number)
        self._process.send_signal(number)
