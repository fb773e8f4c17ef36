"""The server: one process, one folder of state, one port, on the loopback address unless told otherwise."""

from __future__ import annotations

import gc
import json
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sagelocal import athena, autoscaling, cloudwatch, events, featurestore, iam, jobs, pipelines, sagemaker, tuning
from sagelocal.athena.service import AthenaService
from sagelocal.autoscaling.scaler import Scaler
from sagelocal.backend import STOP_GRACE, Backend
from sagelocal.cloudwatch.alarms import Alarms
from sagelocal.cloudwatch.metrics import MetricStore
from sagelocal.connections import THREADS, THREADS_WITH_FAULTS, http_server, inner_server
from sagelocal.endpoints.fleet import EndpointFleet
from sagelocal.events.bus import EventBus
from sagelocal.faults.faults import Faults
from sagelocal.featurestore.service import FeatureStore
from sagelocal.gateway import Gateway
from sagelocal.jobs.engines.choice import NONE, engine_of
from sagelocal.jobs.runner import JobRunner
from sagelocal.moto_state import MotoState
from sagelocal.pipelines.runner import PipelineRunner
from sagelocal.runtime.door import Door
from sagelocal.s3.objects import ObjectStore
from sagelocal.sdk import write_settings
from sagelocal.state import open_state, write_atomically
from sagelocal.store import Store
from sagelocal.tuning.runner import TuningRunner

__all__ = [
    "athena",
    "autoscaling",
    "cloudwatch",
    "events",
    "featurestore",
    "iam",
    "jobs",
    "pipelines",
    "sagemaker",
    "tuning",
]  # imported for the operations they register

ACCOUNT = "123456789012"
LOOPBACK = "127.0.0.1"
CREDENTIALS = ("SAGELOCAL_ACCESS_KEY_ID", "SAGELOCAL_SECRET_ACCESS_KEY")
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - named here; listened on only by an option


@dataclass(frozen=True)
class Settings:
    """Hold what a server is started with."""

    state: Path
    images: Path
    port: int = 0  # 0: a free one
    listen: str = LOOPBACK  # the address to listen on; "0.0.0.0" is every one
    hosts: frozenset[str] = frozenset()  # names besides the loopback ones by which clients may call
    region: str = "us-east-1"
    isolation: str = "auto"
    offline_store_lag: float = 0.0  # seconds
    roles: tuple[str, ...] = ()  # names of IAM roles that SageMaker may assume
    file_systems: Mapping[str, Path] = field(default_factory=dict)  # EFS and FSx ids, and the folders in their place
    stop_grace: float = STOP_GRACE
    faults: bool = False  # whether the owner may arm faults
    engine: str = NONE  # the command line of a container engine

    @property
    def own_address(self) -> str:
        """Return the address at which this machine's own jobs reach the server."""
        return LOOPBACK if self.listen == EVERY_ADDRESS else self.listen


class CredentialsError(Exception):
    """The environment gives half a key pair."""


def credentials(folder: Path) -> tuple[str, str]:
    """Return the folder's access key and secret key: those that the environment gives, else made on first use."""
    path = folder / "credentials.json"
    wanted = given_credentials(os.environ)
    if wanted is not None or not path.exists():
        write_atomically(path, json.dumps(wanted or made_credentials()), 0o600)
    kept = json.loads(path.read_text())
    return kept["access_key"], kept["secret_key"]


def given_credentials(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the key pair of SAGELOCAL_ACCESS_KEY_ID and SAGELOCAL_SECRET_ACCESS_KEY, None if neither is set."""
    values = [environment.get(name, "") for name in CREDENTIALS]
    if not any(values):
        return None
    if not all(values):
        raise CredentialsError(f"{' and '.join(CREDENTIALS)} belong together; only one of them is set.")
    return dict(zip(("access_key", "secret_key"), values, strict=True))


def made_credentials() -> dict[str, str]:
    """Return a new key pair."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return {
        "access_key": "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16)),
        "secret_key": secrets.token_urlsafe(30),
    }


def build_backend(settings: Settings) -> Backend:
    """Make the services of one account and wire them up; nothing runs yet."""
    access_key, secret_key = credentials(settings.state)
    backend = Backend(
        folder=settings.state,
        images=settings.images,
        region=settings.region,
        account=ACCOUNT,
        access_key=access_key,
        secret_key=secret_key,
        isolation=settings.isolation,
        stop_grace=settings.stop_grace,
        offline_store_lag=settings.offline_store_lag,
        hosts=settings.hosts | {settings.own_address},
        roles=settings.roles,
        file_systems=settings.file_systems,
        engine=settings.engine,
    )
    backend.hosts |= {engine_of(backend).host}
    backend.faults = Faults(settings.faults)
    backend.store = Store(settings.state / "documents.sqlite")
    backend.objects = ObjectStore(settings.state / "s3")
    backend.moto = MotoState(settings.state, ACCOUNT)
    backend.events = EventBus(backend)
    backend.metrics = MetricStore(settings.state / "metrics.sqlite")
    backend.alarms = Alarms(backend)
    backend.features = FeatureStore(backend)
    backend.athena = AthenaService(backend)
    backend.jobs = JobRunner(backend)
    backend.tuning = TuningRunner(backend)
    backend.pipelines = PipelineRunner(backend)
    backend.endpoints = EndpointFleet(backend)
    backend.scaler = Scaler(backend)
    return backend


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` gets the endpoint's URL once every service runs."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        stack.callback(os.close, open_state(settings.state))
        backend = build_backend(settings)
        stack.callback(backend.store.close)
        stack.callback(backend.objects.close)
        threads = THREADS_WITH_FAULTS if settings.faults else THREADS
        gateway = Gateway(backend)
        server = http_server(settings.listen, settings.port, gateway, threads)
        backend.endpoint_url = f"http://{settings.own_address}:{server.bind_addr[1]}"
        for service in (
            backend.moto,
            backend.events,  # before the others: it hears what they change
            backend.alarms,
            backend.features,
            backend.athena,
            backend.endpoints,
            backend.scaler,
            backend.jobs,
            backend.tuning,
            backend.pipelines,
        ):
            service.start()
            stack.callback(service.close)
        servers = [server]
        inner = engine_of(backend).gateway
        if inner and settings.listen != EVERY_ADDRESS:
            servers.append(inner_server(inner, server.bind_addr[1], gateway))
        door = Door(backend, gateway, server.bind_addr)
        door.start()
        stack.callback(door.close)
        for each in servers:
            each.door = door
            stack.callback(each.stop)  # nobody calls a service that is closing
        stack.callback(backend.faults.clear)  # first of all: what they hold would keep the server
        for each in servers:
            threading.Thread(target=each.serve, name="http", daemon=True).start()
        write_settings(backend)
        stack.enter_context(announced(settings.state / "endpoint.json", backend))
        gc.freeze()  # what is loaded now stays: the collector need not look at it with every request's remains
        on_ready(backend.endpoint_url)
        while not stopped.wait(1.0):  # a signal that another thread received does not wake this one
            pass


@contextmanager
def announced(path: Path, backend: Backend) -> Iterator[None]:
    """Keep the file by which clients find the server for as long as it serves."""
    endpoint = {
        "endpoint_url": backend.endpoint_url,
        "pid": os.getpid(),
        "region": backend.region,
        "account": backend.account,
        "engine": backend.engine,
    }
    write_atomically(path, json.dumps(endpoint))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
