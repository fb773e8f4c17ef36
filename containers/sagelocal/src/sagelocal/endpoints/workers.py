"""One worker of a production variant, in place of an instance: a `serve` process that is kept alive."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.endpoints.connections import Connections, Unanswered
from sagelocal.endpoints.plans import VariantPlan
from sagelocal.errors import AwsError
from sagelocal.jobs.container import Container
from sagelocal.jobs.engines.choice import NONE
from sagelocal.jobs.engines.engine import SERVE, Invocation
from sagelocal.jobs.engines.pulling import MissingImageError
from sagelocal.jobs.images import ImageBuildError
from sagelocal.jobs.isolation import OPT_ML
from sagelocal.jobs.logfiles import stream_file, tail
from sagelocal.jobs.process import State, SupervisedProcess
from sagelocal.jobs.transfer import TransferError, download_archive

if TYPE_CHECKING:
    from sagelocal.backend import Backend

GRACE = 30.0  # seconds from SIGTERM to SIGKILL, https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
PING_TIMEOUT = 2.0  # seconds, same page
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 30.0  # seconds between two pings, and before a dead process is started again
STARTS = 2  # that a new variant gets: another process may have taken the port that was free
HEALTH_PAUSE = 5.0  # seconds between two pings of a process that serves
UNHEALTHY = 3  # pings without an answer, after which it is started again
LAST_LINES = 5
# https://github.com/aws/sagemaker-python-sdk/issues/1835
MISSING_IMAGE = (
    "Please make sure all images included in the model for the production variant {variant} exist, and that the "
    "execution role used to create the model has permissions to access them."
)

_log = logging.getLogger(__name__)


class Worker:
    """Keep one process of a variant alive and healthy, in a folder of its own, until it is retired."""

    def __init__(self, backend: Backend, endpoint: str, folder: Path, plan: VariantPlan, proven: bool) -> None:
        self._plan = plan
        self.failure = ""  # why it did not start
        self.retired = False
        self._proven = proven  # it has been healthy once, so it is started again however often it ends
        self._backend = backend
        self._container = Container.at(backend, folder)
        if plan.container.get("ModelDataUrl"):
            self._container.fix(f"{OPT_ML}/model")
        self.folder = folder
        self._log = stream_file(
            backend.folder, f"/aws/sagemaker/Endpoints/{endpoint}", f"{plan.name}/i-{_instance_id(folder)}"
        )
        self._change = threading.Condition()
        self._connections: Connections | None = None  # None while it is not healthy
        self._process: SupervisedProcess | None = None
        self._thread = threading.Thread(target=self._keep, name=f"endpoint {endpoint}/{plan.name}", daemon=True)

    def start(self) -> None:
        """Start its process, or find again the one that a former server started; return at once."""
        self._thread.start()

    def await_start(self) -> str:
        """Wait until it is healthy ("") or has failed; return why it failed."""
        with self._change:
            self._change.wait_for(lambda: self._connections or self.failure or self.retired)
            return self.failure

    def enter(self, timeout: float) -> Connections | None:
        """Return where to send a request, waiting for a process that starts again; None if it is retired.

        TimeoutError if it does not become healthy. The caller leaves what it has entered.
        """
        with self._change:
            if not self._change.wait_for(lambda: self._connections or self.retired or self.failure, timeout):
                raise TimeoutError
            connections = self._connections
        return connections if connections is not None and connections.enter() else None

    @property
    def connections(self) -> Connections | None:
        """Return where its requests go at this moment, None while it is not healthy."""
        return self._connections

    def retire(self, drain: float) -> None:
        """End its process once the requests under way are answered; wait until it has ended."""
        with self._change:
            self.retired = True
            connections, process = self._connections, self._process
            self._change.notify_all()
        if connections is not None:
            connections.drain(drain)
        if process is not None:
            process.stop()
        if self._thread.ident is not None:
            self._thread.join(GRACE + PING_TIMEOUT + 5.0)  # longer only if an image is being built

    def _keep(self) -> None:
        while not self.retired:
            try:
                self._keep_alive()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, an endpoint must not stay in Creating for ever
                _log.exception("variant %s", self.folder)
                reason = self._reason(error)
            if not self._proven:
                self._fail(reason)
                return
            self._pause(LONGEST_PAUSE)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, MissingImageError):
            return f"{MISSING_IMAGE.format(variant=self._plan.name)} {error}"
        if isinstance(error, AwsError):
            return error.message
        if isinstance(error, TransferError | ImageBuildError):
            return str(error)
        return f"{type(error).__name__}: {error}"

    def _keep_alive(self) -> None:
        starts, pause = 0, FIRST_PAUSE
        process = self._adopt()
        while not self.retired:
            process = process or self._launch()
            starts += 1
            reason = self._until_healthy(process)
            if not reason:
                self._proven, pause = True, FIRST_PAUSE
                self._serve(process)
            gone = process.state() is not State.RUNNING
            process.stop()
            process.wait()
            if not self._proven and not (gone and starts < STARTS):
                self._fail(reason)
                return
            shutil.rmtree(process.folder)
            process = None
            self._pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _pause(self, seconds: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self.retired, seconds)

    def _fail(self, reason: str) -> None:
        with self._change:
            self.failure = reason
            self._change.notify_all()

    # one process

    def _adopt(self) -> SupervisedProcess | None:
        """Return the process that a former server started, if it still runs and knows this server's address."""
        adopted = None
        for folder in self.folder.glob("run-*"):
            process = SupervisedProcess(folder)
            state = process.state()
            current = state is State.RUNNING and process.spec()["notes"]["endpoint_url"] == self._backend.endpoint_url
            if current and adopted is None:
                adopted = process
                continue
            if state is not State.NEW:
                process.stop()
                process.wait()
            shutil.rmtree(folder)
        return self._own(adopted) if adopted else None

    def _prepare(self) -> str:
        """Unpack the model and return the image that runs; done once, whatever becomes of model and image later."""
        done, engine = self.folder / "prepared.json", self._backend.engine
        prepared = json.loads(done.read_text()) if done.exists() else {}
        if prepared and prepared.get("engine", NONE) == engine:  # a server with another one has other images
            known: str = prepared["image"]
            return known
        shutil.rmtree(self.folder, ignore_errors=True)
        image = self._container.image(self._plan.container["Image"], lambda _: None)
        self._container.make({})
        model = self._container.locate(f"{OPT_ML}/model")
        model.mkdir()
        if url := self._plan.container.get("ModelDataUrl"):
            download_archive(self._backend.objects, url, model)
        new = done.with_suffix(".new")
        new.write_text(json.dumps({"image": image, "engine": engine}))
        new.replace(done)
        return image

    def _launch(self) -> SupervisedProcess:
        image = self._prepare()
        port = _free_port()
        spec = self._container.spec(
            image,
            Invocation(arguments=SERVE),
            self._plan.container.get("Environment") or {},
            {},
            self._log,
            port=port,
            grace=GRACE,
            notes={"port": port, "endpoint_url": self._backend.endpoint_url},
        )
        process = SupervisedProcess(self.folder / f"run-{time.time_ns()}")
        process.launch(spec)
        return self._own(process)

    def _own(self, process: SupervisedProcess) -> SupervisedProcess:
        with self._change:
            self._process = process
            if self.retired:  # while it was launched
                process.stop()
        return process

    def _until_healthy(self, process: SupervisedProcess) -> str:
        """Wait until the process answers /ping with 200; return why it does not."""
        reason = (
            f"The primary container for production variant {self._plan.name} did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )
        connections = Connections(process.spec()["notes"]["port"])
        deadline, pause = time.monotonic() + self._plan.startup_timeout, FIRST_PAUSE
        try:
            while time.monotonic() < deadline:
                if _pings(connections):
                    return ""
                if process.state() is not State.RUNNING:
                    return (
                        f"{reason} The process ended with exit code {process.outcome().exit_code}.{self._last_lines()}"
                    )
                self._pause(pause)
                pause = min(pause * 1.5, 0.25)
        finally:
            connections.drain(0.0)
        return f"{reason} It had {self._plan.startup_timeout:g} seconds.{self._last_lines()}"

    def _serve(self, process: SupervisedProcess) -> None:
        connections = Connections(process.spec()["notes"]["port"])
        with self._change:
            self._connections = connections
            self._change.notify_all()
        ended = threading.Event()
        threading.Thread(
            target=self._watch_health, args=(process, connections, ended), name="endpoint health", daemon=True
        ).start()
        process.wait()
        ended.set()
        with self._change:
            self._connections = None
        connections.drain(0.0)

    def _watch_health(self, process: SupervisedProcess, connections: Connections, ended: threading.Event) -> None:
        failed = 0
        while not ended.wait(HEALTH_PAUSE):
            # a server of one thread that computes an answer cannot answer the ping meanwhile, and is well
            failed = 0 if connections.in_flight or _pings(connections) else failed + 1
            if failed == UNHEALTHY:
                _log.warning("%s: no answer to %d pings; its process is started again", self.folder, failed)
                process.stop()

    def _last_lines(self) -> str:
        lines = tail(self._log, LAST_LINES)
        return " Its last log lines: " + " | ".join(lines) if lines else ""


def _instance_id(folder: Path) -> str:
    generation, ordinal = folder.parent.name, int(folder.name.rpartition("-")[2])
    return generation if not ordinal else f"{generation[:-3]}{ordinal:03x}"


def _pings(connections: Connections) -> bool:
    try:
        return connections.request("GET", "/ping", None, {}, PING_TIMEOUT)[0] == 200
    except (Unanswered, TimeoutError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
