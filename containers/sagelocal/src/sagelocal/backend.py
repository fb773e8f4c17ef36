"""What every operation works on: one account in one region, kept in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagelocal.athena.service import AthenaService
    from sagelocal.autoscaling.scaler import Scaler
    from sagelocal.cloudwatch.alarms import Alarms
    from sagelocal.cloudwatch.metrics import MetricStore
    from sagelocal.endpoints.fleet import EndpointFleet
    from sagelocal.events.bus import EventBus
    from sagelocal.faults.faults import Faults
    from sagelocal.featurestore.service import FeatureStore
    from sagelocal.jobs.runner import JobRunner
    from sagelocal.moto_state import MotoState
    from sagelocal.pipelines.runner import PipelineRunner
    from sagelocal.s3.objects import ObjectStore
    from sagelocal.store import Store
    from sagelocal.tuning.runner import TuningRunner

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
STOP_GRACE = 120.0  # seconds


@dataclass
class Backend:
    """Hold the services of one sagelocal. `sagelocal.server.build_backend` is the only place that makes one."""

    folder: Path  # all state lies under it
    images: Path  # the folder of image folders, such as containers/
    region: str
    account: str
    access_key: str
    secret_key: str = field(repr=False)
    isolation: str = "auto"  # auto, namespace or relocate
    engine: str = "none"  # the command line of a container engine, or none
    stop_grace: float = STOP_GRACE  # seconds from SIGTERM to SIGKILL of a job that is stopped
    offline_store_lag: float = 0.0  # seconds until an ingested record is visible in the offline store
    hosts: frozenset[str] = frozenset()  # names by which clients may call, besides those of the loopback address
    roles: tuple[str, ...] = ()  # names of IAM roles that are there from the start, for SageMaker to assume
    file_systems: Mapping[str, Path] = field(default_factory=dict)  # EFS and FSx ids -> the folders in their place
    endpoint_url: str = ""  # http://127.0.0.1:<port>, known once the socket is bound
    store: Store = field(init=False)
    objects: ObjectStore = field(init=False)
    events: EventBus = field(init=False)
    moto: MotoState = field(init=False)
    metrics: MetricStore = field(init=False)
    alarms: Alarms = field(init=False)
    jobs: JobRunner = field(init=False)
    tuning: TuningRunner = field(init=False)
    pipelines: PipelineRunner = field(init=False)
    endpoints: EndpointFleet = field(init=False)
    scaler: Scaler = field(init=False)
    features: FeatureStore = field(init=False)
    athena: AthenaService = field(init=False)
    faults: Faults = field(init=False)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region, such as `arn("sagemaker", "model/m")`."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
