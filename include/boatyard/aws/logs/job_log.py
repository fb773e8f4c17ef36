"""A job's log, shown as it comes: in order, each line once, and not more of it than a person can read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boatyard.aws.calls import trouble_of
from boatyard.aws.errors import aws_failures
from boatyard.aws.logs.streams import Line, Place, Reader, last_lines, source_of, source_of_endpoint
from boatyard.aws.waiting.pauses import pause

Places = Mapping[str, Sequence[int]]  # of a Reader, as JSON hands them on

LAST_LINES = 50  # of a job that failed
AT_ONCE = 1000  # lines that may come together
PER_SECOND = 20.0  # lines in the long run: who writes more is read in CloudWatch
LONGEST_LINE = 4000  # characters
SHORTEST_PAUSE = 2.0  # seconds between two reads; CloudWatch allows an account a few dozen calls a second
PATIENCE = 30.0  # seconds, for the last read: a log is not worth more
LATE = 3  # times a second: CloudWatch shows the last lines of a container that failed a moment late


class JobLog:
    """Show what a job writes by `show`, line by line, from `places` on, where an earlier part of the same try stopped.

    `client` gives the client of CloudWatch Logs when it is needed. A log that cannot be read is told about, once, and
    is no reason for a task to fail.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        kind: str,
        job_name: str,
        show: Callable[[str], None],
        places: Places | None = None,
    ) -> None:
        self._client = client
        self._source = source_of(kind, job_name)
        self._show = show
        self._from: dict[str, Place] = {stream: (place[0], place[1]) for stream, place in (places or {}).items()}
        self._reader: Reader | None = None
        self._allowance = _Allowance()
        self._whole = not places  # whether everything that was written stands above, in this part
        self._row: deque[Line] = deque(maxlen=LAST_LINES)  # shown one right after the other
        self._refused = False
        self._began = time.monotonic()
        self._due = self._began + SHORTEST_PAUSE

    @property
    def places(self) -> dict[str, Place]:
        """Return how far the log was read, for a `JobLog` of the same try in another process."""
        return self._from if self._reader is None else self._reader.places

    def look(self) -> None:
        """Show what is new, unless it was read just now."""
        now = time.monotonic()
        if now >= self._due:
            self._tell(self._new(to_the_end=False, patience=0.0))
            self._due = now + max(SHORTEST_PAUSE, pause(now - self._began))

    def end(self, *, failed: bool) -> None:
        """Show the rest; of a job that failed at least the last 50 lines, one right after the other, stand last."""
        rest = self._new(to_the_end=True, patience=PATIENCE)
        if self._reader is not None and not self._reader.at_the_end and not self._refused:
            self._show(f"(more than {len(rest)} lines are left out here; all are in CloudWatch, {self._where})")
            self._tell_last()
            return
        if not failed:
            self._tell(rest)
            return
        for _ in range(LATE):
            time.sleep(1)
            late = self._new(to_the_end=True, patience=PATIENCE)
            rest += late
            if not late:
                break
        if self._whole or len(self._row) + len(rest) >= LAST_LINES:
            self._tell(rest, at_least=LAST_LINES)
        else:  # what came before a deferral is far above
            self._tell_last()

    def _new(self, *, to_the_end: bool, patience: float) -> list[Line]:
        if self._refused:
            return []
        try:
            if self._reader is None:
                self._reader = Reader(self._client(), self._source, self._from)
            return self._reader.new(to_the_end=to_the_end, patience=patience)
        except aws_failures() as error:
            if trouble_of(error) is None or to_the_end:
                self._refused = True
                self._show(f"the log of this job cannot be read: {error}; it is in CloudWatch, {self._where}")
            return []

    def _tell(self, lines: Sequence[Line], at_least: int = 0) -> None:
        shown = max(min(at_least, len(lines)), self._allowance.take(len(lines)))
        left_out = len(lines) - shown
        if left_out:
            self._whole = False
            self._row.clear()
            self._show(f"({left_out} lines are left out here; all are in CloudWatch, {self._where})")
        for line in lines[left_out:]:
            self._row.append(line)
            self._show(self._words(line))

    def _tell_last(self) -> None:
        try:
            lines = last_lines(self._client(), self._source, LAST_LINES, patience=PATIENCE)
        except aws_failures() as error:
            self._show(f"the log of this job cannot be read: {error}; it is in CloudWatch, {self._where}")
            return
        self._show(f"(the last {len(lines)} lines of the log)")
        for line in lines:
            self._show(self._words(line))

    @property
    def _where(self) -> str:
        return f"log group {self._source.group}, streams {self._source.prefix}*"

    def _words(self, line: Line) -> str:
        text = _cut(line.text)
        several = self._reader is not None and len(self._reader.streams) > 1
        return f"[{self._source.label(line.stream)}] {text}" if several else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}... (cut)"


def show_end_of_endpoint_log(client: Callable[[], Any], name: str, show: Callable[[str], None], since: float) -> None:
    """Show the last 50 lines of an endpoint's containers; of those that began at `since` (epoch seconds) if any did."""
    source = source_of_endpoint(name)
    try:
        logs = client()
        lines = last_lines(logs, source, LAST_LINES, since=int(since * 1000), patience=PATIENCE)
        lines = lines or last_lines(logs, source, LAST_LINES, patience=PATIENCE)
    except aws_failures() as error:
        show(f"the log of endpoint {name} cannot be read: {error}; it is in CloudWatch, log group {source.group}")
        return
    show(f"(the last {len(lines)} lines of the containers' log)")
    for line in lines:
        show(f"[{source.label(line.stream)}] {_cut(line.text)}")


class _Allowance:
    """Allow so many lines at once, and so many a second in the long run."""

    def __init__(self) -> None:
        self._left = float(AT_ONCE)
        self._since = time.monotonic()

    def take(self, wanted: int) -> int:
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._since) * PER_SECOND)
        self._since = now
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken
