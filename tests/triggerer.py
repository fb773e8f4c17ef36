"""Airflow's own trigger runner in a process of its own; this side answers it as the triggerer's supervisor does."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.executors.workloads.trigger import RunTrigger
from airflow.jobs.triggerer_job_runner import messages
from airflow.models.trigger import Trigger
from airflow.sdk.execution_time.comms import _RequestFrame, _ResponseFrame
from airflow.triggers.base import BaseTrigger

RUN = "from airflow.jobs.triggerer_job_runner import TriggerRunner; TriggerRunner().run()"
DAG, TASK = "harbour", "train"


class Triggerer:
    """Run triggers, each of a run of its own of the task harbour.train."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.events: dict[int, Any] = {}  # trigger -> what it fired
        self.failures: dict[int, str] = {}
        self._states: dict[str, str] = {}  # run -> how the task stands there
        self._ids = itertools.count(1)
        self._create: list[RunTrigger] = []
        self._cancel: set[int] = set()
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        self._comms = ours
        with log.open("wb") as output:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-c", RUN],
                stdin=theirs.fileno(),
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
            )
        theirs.close()
        self._log = log
        self._reader = threading.Thread(target=self._answer)
        self._send(_ResponseFrame(0, messages.StartTriggerer().model_dump()))
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, trigger: BaseTrigger) -> int:
        """Run a trigger for a task that is deferred, and return the trigger's id."""
        path, arguments = trigger.serialize()
        number = next(self._ids)
        self._states[run_id(number)] = "deferred"
        ti = TaskInstanceDTO(
            id=uuid.uuid4(),
            task_id=TASK,
            dag_id=DAG,
            run_id=run_id(number),
            try_number=1,
            dag_version_id=uuid.uuid4(),
            pool_slots=1,
            priority_weight=1,
        )
        with self._lock:
            self._create.append(
                RunTrigger(id=number, classpath=path, encrypted_kwargs=Trigger.encrypt_kwargs(arguments), ti=ti)
            )
        return number

    def mark_failed(self, number: int) -> None:
        """Do what happens when a person marks the task as failed."""
        self._states[run_id(number)] = "failed"
        self.cancel(number)

    def cancel(self, number: int) -> None:
        """Take a trigger away; the state of its task stays as it is."""
        with self._lock:
            self._cancel.add(number)

    def until(self, question: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until the answer is yes."""
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s; log:\n{self.log()}"
            assert self._process.poll() is None, f"the triggerer ended; log:\n{self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        """Return the end of what the process wrote."""
        return self._log.read_text(errors="replace")[-5000:]

    def close(self) -> None:
        """End the process."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._comms.shutdown(socket.SHUT_RDWR)
        self._reader.join(10)
        self._comms.close()

    def _answer(self) -> None:
        decoder = msgspec.msgpack.Decoder(_RequestFrame)
        while head := self._read(4):
            frame = decoder.decode(self._read(int.from_bytes(head, "big")))
            self._send(_ResponseFrame(frame.id, self._response(frame.body or {})))

    def _response(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        match asked["type"]:
            case "TriggerStateChanges":
                return self._sync(asked)
            case "GetTaskStates":
                states = {run: {TASK: self._states[run]} for run in asked["run_ids"]}
                return {"type": "TaskStatesResult", "task_states": states}
        return {"type": "OKResponse", "ok": True}

    def _sync(self, asked: dict[str, Any]) -> dict[str, Any]:
        for number, event, _ in asked.get("events") or []:
            self.events[number] = event["payload"]
        for number, trace in asked.get("failures") or []:
            self.failures[number] = "".join(trace or [])
        with self._lock:
            create, self._create = self._create, []
            cancel, self._cancel = self._cancel, set()
        return messages.TriggerStateSync(to_create=create, to_cancel=cancel).model_dump()

    def _send(self, frame: _ResponseFrame) -> None:
        self._comms.sendall(frame.as_bytes())

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._comms.recv(size - len(data))
            if not part:
                return b""
            data += part
        return data


def run_id(number: int) -> str:
    """Return the run whose task a trigger belongs to."""
    return f"manual__{number}"
