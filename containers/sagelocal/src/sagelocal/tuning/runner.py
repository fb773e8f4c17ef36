"""Tuning jobs: training jobs launched and taken in, one look after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sagelocal.drivers import Drivers
from sagelocal.jobs import status
from sagelocal.jobs.logfiles import group_folder, streams
from sagelocal.sagemaker.resources import TRAINING_JOB, TUNING_JOB
from sagelocal.sagemaker.training_jobs import launch
from sagelocal.tuning import progress
from sagelocal.tuning.definition import OBJECTIVE_HYPERPARAMETER, Definition, child_request, definitions
from sagelocal.tuning.early_stopping import Curve, hopeless
from sagelocal.tuning.warm_start import parents_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from sagelocal.backend import Backend
    from sagelocal.tuning.progress import Child, Document

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TuningRunner:
    """Launch the training jobs of tuning jobs, and take in what comes of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._drivers = Drivers("tuning job", self._step_of, self._fail, self._is_over)
        self.submit, self.close = self._drivers.submit, self._drivers.close

    def start(self) -> None:
        """Go on with the tuning jobs that a former server left."""
        for document in self._backend.store.list(TUNING_JOB.kind):
            if progress.status_of(document) not in progress.ENDED:
                self.submit(document["request"][TUNING_JOB.name_member])

    def stop(self, name: str) -> None:
        """Stop a tuning job and its training jobs; return at once."""
        self._update(name, lambda document: progress.want_stop(document, time.time()))
        self._drivers.wake()

    # one tuning job's life

    def _step_of(self, name: str) -> Callable[[], bool]:
        curves: dict[str, Curve] = {}
        return lambda: self._step(name, curves)

    def _is_over(self, name: str) -> bool:
        document = self._backend.store.get(TUNING_JOB.kind, name)
        return document is None or progress.status_of(document) in progress.ENDED

    def _step(self, name: str, curves: dict[str, Curve]) -> bool:
        """Bring the tuning job one step on; return False once it has ended."""
        document, training = self._recorded(name)
        if "ending" not in document:
            self._launch(name, document, training)
            self._stop(self._hopeless(document, training, curves))
            return True
        if progress.running(document):
            self._stop(training)
            return True
        self._update(name, lambda it: progress.end(it, time.time()))
        return False

    def _recorded(self, name: str) -> tuple[Document, dict[str, Document]]:
        """Take in what has ended; return the document and those of the training jobs that run, by name."""
        document, now = self._document(name), time.time()
        progress.decide(document, now)
        found = {child["name"]: self._training(child["name"]) for child in progress.running(document)}
        ended = {one: made["describe"] for one, made in found.items() if made and _over(made)}
        # what was only planned is not launched any more
        never = {one for one, made in found.items() if made is None} if "ending" in document else set()

        def change(it: Document) -> None:
            progress.forget(it, never)
            progress.record(it, ended, now)
            progress.decide(it, now)

        if ended or "ending" in document:
            document = self._update(name, change)
        return document, {one: made for one, made in found.items() if made and one not in ended}

    def _launch(self, name: str, document: Document, training: dict[str, Document]) -> None:
        """Launch as many training jobs as there may be, and those that a former server had only planned."""
        parents = parents_trials(self._backend.store, document["request"])
        of = definitions(document["request"])
        for child in progress.running(document):
            if child["name"] not in training:
                self._create(document, of, child)
        while progress.wants_more(document) and not self._drivers.closed:
            document = self._update(name, lambda it: progress.plan(it, parents, time.time()))
            self._create(document, of, document["children"][-1])

    def _create(self, document: Document, of: list[Definition], child: Child) -> None:
        """Create a training job, whose row is stored, if it is not there yet."""
        request = child_request(document["request"], of[child["definition"]], child["name"], child["parameters"])
        if self._training(child["name"]) is None:
            launch(self._backend, request, TuningJobArn=document["describe"][TUNING_JOB.arn_member])

    def _hopeless(
        self, document: Document, training: dict[str, Document], curves: dict[str, Curve]
    ) -> dict[str, Document]:
        """Return the running training jobs that early stopping ends."""
        if document["request"]["HyperParameterTuningJobConfig"].get("TrainingJobEarlyStoppingType") != "Auto":
            return {}
        for child in document["children"]:
            curve = curves.get(child["name"])
            if curve is None or not curve.whole:
                self._draw(child, training.get(child["name"]), curves)
        maximize = definitions(document["request"])[0].maximize
        over = [child for child in document["children"] if child["status"] == "Completed"]
        found = {}
        for child in progress.running(document):
            others = [curves[one["name"]].values for one in over if one["definition"] == child["definition"]]
            name = child["name"]
            if name in training and name in curves and hopeless(curves[name].values, others, maximize):
                found[name] = training[name]
        return found

    def _draw(self, child: Child, document: Document | None, curves: dict[str, Curve]) -> None:
        """Read what a training job has printed of its metric."""
        document = document or self._training(child["name"])
        if document is None:
            return
        hyperparameters = document["request"]["HyperParameters"]
        defined = document["describe"]["AlgorithmSpecification"].get("MetricDefinitions") or []
        metric = hyperparameters[OBJECTIVE_HYPERPARAMETER]
        regex = next(one["Regex"] for one in defined if one["Name"] == metric)
        logs = streams(group_folder(self._backend.folder, LOG_GROUP), f"{child['name']}/")
        curve = curves.setdefault(child["name"], Curve(regex))
        if logs:
            curve.update(next(iter(logs.values())))
        curve.whole = child["status"] != progress.RUNNING

    def _stop(self, training: dict[str, Document]) -> None:
        for name, document in training.items():
            if status.status_of(TRAINING_JOB.kind, document) == "InProgress":
                self._backend.jobs.stop(TRAINING_JOB.kind, name)

    def _fail(self, name: str, reason: str) -> None:
        document = self._document(name)
        self._stop({one: made for one in _names(document) if (made := self._training(one))})

        def change(it: Document) -> None:
            it["ending"] = {"status": "Failed", "reason": reason[: status.MAX_REASON]}
            progress.end(it, time.time())

        self._update(name, change)

    # documents

    def _training(self, name: str) -> Document | None:
        return self._backend.store.get(TRAINING_JOB.kind, name)

    def _document(self, name: str) -> Document:
        return TUNING_JOB.document(self._backend, name)

    def _update(self, name: str, change: Callable[[Document], Any]) -> Document:
        def changed(document: Document) -> None:
            change(document)

        return TUNING_JOB.update(self._backend, name, changed)


def _over(document: Document) -> bool:
    return status.status_of(TRAINING_JOB.kind, document) in status.ENDED


def _names(document: Document) -> list[str]:
    return [child["name"] for child in progress.running(document)]
