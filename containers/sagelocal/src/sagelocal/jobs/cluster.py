"""The processes of a job's instances, as one: they start together, and the failure of one is the end of all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from sagelocal.jobs.process import Outcome, Spec, State, SupervisedProcess

LARGEST = 32  # instances of one job; each is a process of this machine


class ClusterProcess:
    """One supervised process for each host, each known by a run folder of its own."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._processes = {host: SupervisedProcess(folder) for host, folder in folders.items()}

    def state(self) -> State:
        """Say whether it runs; one that is started in part does, and `wait` starts the rest."""
        states = {process.state() for process in self._processes.values()}
        if states == {State.NEW}:
            return State.NEW
        if states & {State.NEW, State.RUNNING}:
            return State.RUNNING
        return State.DIED if State.DIED in states else State.ENDED

    def launch(self, specs: Sequence[Spec]) -> None:
        """Start all of them; none is started before it is written down what each of them runs."""
        for process, spec in zip(self._processes.values(), specs, strict=True):
            process.prepare(spec)
        self._start()

    def _start(self) -> None:
        for process in self._processes.values():
            if process.state() is State.NEW:
                process.start()

    def wait(self) -> Outcome:
        """Wait until all have ended, and return how: as the first that failed, else as the first that was stopped.

        When one fails, the others are stopped.
        """
        self._start()
        outcomes = self._outcomes()
        chosen = min(outcomes, key=lambda outcome: (_RANKS[_failed(outcome), outcome.reason], outcome.ended))
        return replace(chosen, started=min(outcome.started for outcome in outcomes))

    def _outcomes(self) -> list[Outcome]:
        if len(self._processes) == 1:
            ((host, process),) = self._processes.items()
            return [replace(process.wait(), host=host)]
        ended: SimpleQueue[Outcome | Exception] = SimpleQueue()

        def wait(host: str, process: SupervisedProcess) -> None:
            try:
                ended.put(replace(process.wait(), host=host))
            except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
                ended.put(error)

        for item in self._processes.items():
            threading.Thread(target=wait, args=item, name=item[0], daemon=True).start()
        outcomes: list[Outcome] = []
        while len(outcomes) < len(self._processes):
            outcome = ended.get()
            if isinstance(outcome, Exception):
                raise outcome
            outcomes.append(outcome)
            if _failed(outcome):
                self.stop()
        return outcomes

    def stop(self) -> None:
        """Ask all of them to end; return at once."""
        for process in self._processes.values():
            process.stop()

    def kill(self) -> None:
        """Kill the commands of all of them; return at once."""
        for process in self._processes.values():
            process.kill()

    def crash(self) -> None:
        """Kill the first one together with its supervisor, as the end of its machine does; return at once."""
        next(iter(self._processes.values())).crash()

    def spec(self) -> dict[str, Any]:
        """Return what was launched on the first host."""
        return next(iter(self._processes.values())).spec()

    def logs(self) -> list[Path]:
        """Return the log files, one for each host."""
        return [Path(process.spec()["log"]) for process in self._processes.values()]


def _failed(outcome: Outcome) -> bool:
    return outcome.reason == "died" or (outcome.reason == "exited" and outcome.returncode != 0)


# What tells most of how a job ended comes first; by whether it failed, and the reason.
_RANKS = {
    (True, "died"): 0,
    (True, "exited"): 0,
    (False, "time_limit"): 1,
    (False, "stopped"): 2,
    (False, "exited"): 3,
}


def addresses(job: Path, hosts: Sequence[str]) -> dict[str, str]:
    """Return the loopback address of each host; those of another job are others, but for one chance in a million."""
    if len(hosts) == 1:
        return {hosts[0]: "127.0.0.1"}
    digest = hashlib.sha256(str(job).encode()).digest()
    network = f"127.{64 + digest[0] % 128}.{digest[1]}"
    first = digest[2] % 4 * 64 + 1
    return {host: f"{network}.{first + number}" for number, host in enumerate(hosts)}
