"""One endpoint: what it serves, and how it gets from one configuration to the next."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sagelocal.endpoints.generations import Generation, Traffic
from sagelocal.endpoints.plans import PlanError, VariantPlan, capture_of, plans_of, retained
from sagelocal.endpoints.rollout import Rollout, rollout
from sagelocal.faults.endpoints import CAPACITY_ERROR, has_capacity
from sagelocal.jobs.process import State, SupervisedProcess
from sagelocal.jobs.status import MAX_REASON

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

DRAIN = 60.0  # seconds; the longest an invocation may take
LOOK = 0.25  # seconds between two looks at the alarms of a deployment
IN_PROGRESS = {"Creating", "Updating", "RollingBack"}

_log = logging.getLogger(__name__)


class Deployment:
    """Bring one endpoint to the configuration that its document wants, for as long as the server runs."""

    def __init__(self, backend: Backend, name: str, remove: Callable[[str], None]) -> None:
        self.traffic = Traffic()
        self._backend = backend
        self._name = name
        self._remove = remove  # forgets the endpoint, its document included
        self._folder = backend.folder / "endpoints" / name
        self._trying: Generation | None = None
        self._leaving: list[threading.Thread] = []
        self._change = threading.Condition()
        self._news = True
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"endpoint {name}", daemon=True)

    def start(self) -> None:
        """Take up what the document says; return at once."""
        document = self._document()
        serving = document.get("Serving") if document else None
        if serving:
            self.traffic.settle(self._former(serving))
        self._thread.start()

    def look(self) -> None:
        """Say that the document has changed."""
        with self._change:
            self._news = True
            self._change.notify_all()

    def close(self) -> None:
        """End all processes; what the document says stays, and the next server starts from there."""
        with self._change:
            self._closed.set()
            self._change.notify_all()
            trying = self._trying
        for generation in (trying, self.traffic.serving):
            if generation is not None:
                generation.retire(drain=1.0)
        for thread in (self._thread, *self._leaving):
            thread.join(5.0)

    def _run(self) -> None:
        serving = self.traffic.serving
        self._sweep(keep=serving.folder.name if serving else "")
        if serving:
            serving.start()
        while True:
            with self._change:
                self._change.wait_for(lambda: self._news or self._closed.is_set())
                if self._closed.is_set():
                    return
                self._news = False
            document = self._document()
            if document is None or document["describe"]["EndpointStatus"] == "Deleting":
                self._end()
                return
            if document["describe"]["EndpointStatus"] in IN_PROGRESS:
                self._try(document)

    def _try(self, document: Document) -> None:
        try:
            if document["describe"]["EndpointStatus"] == "RollingBack":  # a server died meanwhile
                self._failed(document["describe"]["FailureReason"])
            elif wanted := document.get("WantedCapacities"):
                self._change_capacities(wanted)
            else:
                self._deploy(document)
        except PlanError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, an endpoint must not stay in Creating for ever
            _log.exception("endpoint %s", self._name)
            self._failed(f"{type(error).__name__}: {error}")

    def _deploy(self, document: Document) -> None:
        config = document["WantedConfigName"]
        plans = plans_of(self._backend, config)
        if serving := document.get("Serving"):
            now = [VariantPlan(**plan) for plan in serving["Variants"]]
            plans = retained(plans, now, set(document.get("Retained") or ()))
        identity = f"{int(time.time()):x}{uuid.uuid4().hex[:9]}"  # as long as the id of an EC2 instance
        if not has_capacity(self._backend.faults, self._name, identity, self._closed):
            raise PlanError(CAPACITY_ERROR)
        capture = capture_of(self._backend, config)
        folder = self._folder / identity
        generation = Generation(self._backend, self._name, config, folder, plans, capture, proven=False)
        with self._change:
            if self._closed.is_set():
                return
            self._trying = generation
        generation.start()
        failure = generation.await_start()
        steps = rollout(document.get("DeploymentConfig"), sum(plan.count for plan in plans))
        failure = failure or self._move(generation, steps)
        with self._change:
            if self._closed.is_set():
                return
            self._trying = None
            old = self.traffic.serving
            if not failure:
                self.traffic.settle(generation)
                self._succeeded(generation)
        if failure:
            self._failed(failure)
            self._dispose(generation, drain=DRAIN if steps.alarms else 0.0)
        elif old is not None:
            leaving = threading.Thread(target=self._leave, args=(old, steps.linger), name="old generation", daemon=True)
            self._leaving = [thread for thread in self._leaving if thread.is_alive()]
            self._leaving.append(leaving)
            leaving.start()

    def _leave(self, generation: Generation, linger: float) -> None:
        self._closed.wait(linger)
        self._dispose(generation, 1.0 if self._closed.is_set() else DRAIN)

    def _move(self, generation: Generation, plan: Rollout) -> str:
        """Move the requests step by step; return why they all went back, "" if they all moved."""
        if self.traffic.serving is None:
            return ""
        limit = time.monotonic() + plan.limit
        for step in plan.steps:
            self.traffic.shift(generation, step.share)
            end = time.monotonic() + step.seconds
            while not self._closed.is_set():
                failure = self._alarmed(plan.alarms)
                if not failure and time.monotonic() >= limit:
                    failure = f"The deployment took longer than its limit of {plan.limit:g} seconds."
                if failure:
                    self._rolls_back(failure)
                    self.traffic.shift(generation, 0.0)
                    return failure
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._closed.wait(min(left, LOOK))
        return ""

    def _alarmed(self, names: tuple[str, ...]) -> str:
        ringing = [name for name in names if self._backend.alarms.state(name) == "ALARM"]
        return f"Rolled back, for these alarms went off: {', '.join(ringing)}." if ringing else ""

    def _change_capacities(self, wanted: dict[str, dict[str, Any]]) -> None:
        serving = self.traffic.serving
        assert serving is not None  # noqa: S101 - only an endpoint in service takes new capacities
        failure = ""
        for name, desired in wanted.items():
            variant = serving.variants[name]
            if "DesiredWeight" in desired:
                variant.weigh(float(desired["DesiredWeight"]))
            if "DesiredInstanceCount" in desired:
                failure = variant.scale(int(desired["DesiredInstanceCount"]), DRAIN) or failure
        if self._closed.is_set():
            return
        self._succeeded(serving, failure)

    def _succeeded(self, generation: Generation, failure: str = "") -> None:
        now = time.time()

        def change(document: Document) -> None:
            describe = document["describe"]
            _settled(document)
            describe.pop("FailureReason", None)
            describe.update(
                EndpointStatus="InService",
                EndpointConfigName=generation.config,
                LastModifiedTime=now,
                ProductionVariants=[plan.described(now) for plan in generation.plans],
            )
            if failure:
                describe["FailureReason"] = failure[:MAX_REASON]
            describe.pop("DataCaptureConfig", None)
            if generation.capture is not None:
                describe["DataCaptureConfig"] = generation.capture.described()
            document["Serving"] = generation.as_json()

        self._backend.store.update("endpoint", self._name, change)

    def _failed(self, reason: str) -> None:
        now = time.time()

        def change(document: Document) -> None:
            serving = document.get("Serving")
            status = "InService" if serving else "Failed"
            _settled(document)
            document["describe"].update(EndpointStatus=status, FailureReason=reason[:MAX_REASON], LastModifiedTime=now)
            if serving:
                document["WantedConfigName"] = serving["Config"]

        self._backend.store.update("endpoint", self._name, change)

    def _rolls_back(self, reason: str) -> None:
        def change(document: Document) -> None:
            now = time.time()
            document["describe"].update(EndpointStatus="RollingBack", FailureReason=reason, LastModifiedTime=now)

        self._backend.store.update("endpoint", self._name, change)

    def _dispose(self, generation: Generation, drain: float) -> None:
        generation.retire(drain)
        shutil.rmtree(generation.folder, ignore_errors=True)  # if not now, then by the next start

    def _end(self) -> None:
        generation = self.traffic.serving
        self.traffic.settle(None)
        if generation is not None:
            generation.retire(drain=1.0)
        self._sweep(keep="")
        self._remove(self._name)

    def _former(self, serving: dict[str, Any]) -> Generation:
        """Return the generation that a former server served."""
        folder = self._folder / serving["Generation"]
        plans = [VariantPlan(**plan) for plan in serving["Variants"]]
        config, capture = serving["Config"], serving.get("Capture")
        return Generation(self._backend, self._name, config, folder, plans, capture, proven=True)

    def _sweep(self, keep: str) -> None:
        """End and remove every generation but one: what a server left that died in the middle of a change."""
        for folder in self._folder.glob("*"):
            if folder.name != keep:
                for run in folder.glob("*/run-*"):
                    process = SupervisedProcess(run)
                    if process.state() is not State.NEW:
                        process.stop()
                        process.wait()
                shutil.rmtree(folder)
        if not keep and self._folder.exists():
            self._folder.rmdir()

    def _document(self) -> Document | None:
        return self._backend.store.get("endpoint", self._name)


def _settled(document: Document) -> None:
    """Take away what says how a change is made, once it is made or given up."""
    for member in ("WantedCapacities", "DeploymentConfig", "Retained"):
        document.pop(member, None)
    document["describe"].pop("PendingDeploymentSummary", None)
