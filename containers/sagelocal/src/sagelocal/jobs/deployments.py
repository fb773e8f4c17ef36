"""One endpoint: what it serves, and how it gets from one configuration to the next."""

from __future__ import annotations

import logging
import random
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.jobs.process import State, SupervisedProcess
from sagelocal.jobs.status import MAX_REASON
from sagelocal.jobs.variants import Variant, VariantPlan

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.store import Document

DEFAULT_STARTUP_TIMEOUT = 480.0  # seconds
DRAIN = 60.0  # seconds; the longest an invocation may take
IN_PROGRESS = {"Creating", "Updating"}

_log = logging.getLogger(__name__)


class PlanError(Exception):
    """An endpoint configuration cannot be deployed; the text is the reason."""


class Generation:
    """The processes of one endpoint configuration, in a folder of their own."""

    def __init__(self, config: str, folder: Path, variants: list[Variant]) -> None:
        self.config = config
        self.folder = folder
        self.variants = {variant.plan.name: variant for variant in variants}

    def start(self) -> None:
        """Start every variant; return at once."""
        for variant in self.variants.values():
            variant.start()

    def await_start(self) -> str:
        """Wait until all are healthy; return why one is not, or ""."""
        return next((failure for variant in self.variants.values() if (failure := variant.await_start())), "")

    def pick(self) -> Variant:
        """Return one of the variants, by their weights."""
        variants = list(self.variants.values())
        return random.choices(variants, [variant.plan.weight for variant in variants])[0]

    def retire(self, drain: float) -> None:
        """End every variant's process and wait until it has ended."""
        threads = [threading.Thread(target=variant.retire, args=(drain,)) for variant in self.variants.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def as_json(self) -> dict[str, Any]:
        plans = [variant.plan.as_json() for variant in self.variants.values()]
        return {"Generation": self.folder.name, "Config": self.config, "Variants": plans}


class Deployment:
    """Bring one endpoint to the configuration that its document wants, for as long as the server runs."""

    def __init__(self, backend: Backend, name: str, remove: Callable[[str], None]) -> None:
        self.serving: Generation | None = None
        self._backend = backend
        self._name = name
        self._remove = remove  # forgets the endpoint, its document included
        self._folder = backend.folder / "endpoints" / name
        self._trying: Generation | None = None
        self._change = threading.Condition()
        self._news = True
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"endpoint {name}", daemon=True)

    def start(self) -> None:
        """Take up what the document says; return at once."""
        document = self._document()
        serving = document.get("Serving") if document else None
        if serving:
            plans = [VariantPlan(**plan) for plan in serving["Variants"]]
            self.serving = self._generation(serving["Generation"], serving["Config"], plans, proven=True)
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
        for generation in (trying, self.serving):
            if generation is not None:
                generation.retire(drain=1.0)
        self._thread.join(5.0)

    def _run(self) -> None:
        self._sweep(keep=self.serving.folder.name if self.serving else "")
        if self.serving:
            self.serving.start()
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
                self._try(document["WantedConfigName"])

    def _try(self, config: str) -> None:
        try:
            self._deploy(config, self._plans(config))
        except PlanError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, an endpoint must not stay in Creating for ever
            _log.exception("endpoint %s", self._name)
            self._failed(f"{type(error).__name__}: {error}")

    def _deploy(self, config: str, plans: list[VariantPlan]) -> None:
        identity = f"{int(time.time()):x}{uuid.uuid4().hex[:9]}"  # as long as the id of an EC2 instance
        generation = self._generation(identity, config, plans, proven=False)
        with self._change:
            if self._closed.is_set():
                return
            self._trying = generation
        generation.start()
        failure = generation.await_start()
        with self._change:
            if self._closed.is_set():
                return
            self._trying = None
            if not failure:
                old, self.serving = self.serving, generation
                self._succeeded(generation)
        if failure:
            self._failed(failure)
            self._dispose(generation, drain=0.0)
        elif old is not None:
            self._dispose(old, DRAIN)

    def _plans(self, config: str) -> list[VariantPlan]:
        document = self._backend.store.get("endpoint_config", config)
        if document is None:
            raise PlanError(f'The endpoint configuration "{config}" has been deleted.')
        return [self._plan(variant) for variant in document["describe"]["ProductionVariants"]]

    def _plan(self, variant: dict[str, Any]) -> VariantPlan:
        model = self._backend.store.get("model", variant["ModelName"])
        if model is None:
            raise PlanError(f'The model "{variant["ModelName"]}" has been deleted.')
        return VariantPlan(
            variant["VariantName"],
            float(variant.get("InitialVariantWeight", 1.0)),
            model["container"],
            float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_TIMEOUT)),
        )

    def _succeeded(self, generation: Generation) -> None:
        now = time.time()

        def change(document: Document) -> None:
            describe = document["describe"]
            describe.pop("FailureReason", None)
            describe.update(
                EndpointStatus="InService",
                EndpointConfigName=generation.config,
                LastModifiedTime=now,
                ProductionVariants=[_described(variant.plan, now) for variant in generation.variants.values()],
            )
            document["Serving"] = generation.as_json()

        self._backend.store.update("endpoint", self._name, change)

    def _failed(self, reason: str) -> None:
        now = time.time()

        def change(document: Document) -> None:
            serving = document.get("Serving")
            status = "InService" if serving else "Failed"
            document["describe"].update(EndpointStatus=status, FailureReason=reason[:MAX_REASON], LastModifiedTime=now)
            if serving:
                document["WantedConfigName"] = serving["Config"]

        self._backend.store.update("endpoint", self._name, change)

    def _dispose(self, generation: Generation, drain: float) -> None:
        generation.retire(drain)
        shutil.rmtree(generation.folder, ignore_errors=True)  # if not now, then by the next start

    def _end(self) -> None:
        generation, self.serving = self.serving, None
        if generation is not None:
            generation.retire(drain=1.0)
        self._sweep(keep="")
        self._remove(self._name)

    def _generation(self, identity: str, config: str, plans: list[VariantPlan], proven: bool) -> Generation:
        folder = self._folder / identity
        variants = [Variant(self._backend, self._name, folder / plan.name, plan, proven) for plan in plans]
        return Generation(config, folder, variants)

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


def _described(plan: VariantPlan, now: float) -> dict[str, Any]:
    image = plan.container["Image"]
    return {
        "VariantName": plan.name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}],
        "CurrentWeight": plan.weight,
        "DesiredWeight": plan.weight,
        "CurrentInstanceCount": 1,
        "DesiredInstanceCount": 1,
    }
