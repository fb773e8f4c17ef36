"""What every operation works on: one account in one region, kept in one folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagelocal.athena.service import AthenaService
    from sagelocal.featurestore.service import FeatureStore
    from sagelocal.jobs.endpoints import EndpointFleet
    from sagelocal.jobs.runner import JobRunner
    from sagelocal.s3.objects import ObjectStore
    from sagelocal.store import Store


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
    offline_store_lag: float = 0.0  # seconds until an ingested record is visible in the offline store
    hosts: frozenset[str] = frozenset()  # names by which clients may call, besides those of the loopback address
    roles: tuple[str, ...] = ()  # names of IAM roles that are there from the start, for SageMaker to assume
    endpoint_url: str = ""  # http://127.0.0.1:<port>, known once the socket is bound
    store: Store = field(init=False)
    objects: ObjectStore = field(init=False)
    jobs: JobRunner = field(init=False)
    endpoints: EndpointFleet = field(init=False)
    features: FeatureStore = field(init=False)
    athena: AthenaService = field(init=False)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region, such as `arn("sagemaker", "model/m")`."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
