"""Which jobs may be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError
from sagelocal.jobs.status import ENDED

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.sagemaker.resources import Resource


def deletable(backend: Backend, resource: Resource, name: str, status_member: str) -> dict[str, Any]:
    """Return a job's description; ResourceNotFound if there is none, ResourceInUse if it has not ended."""
    document = backend.store.get(resource.kind, name)
    if document is None:
        raise AwsError("ResourceNotFound", resource.missing.format(name=name, arn=resource.arn(backend, name)))
    describe: dict[str, Any] = document["describe"]
    status = describe[status_member]
    if status not in ENDED:
        raise AwsError("ResourceInUse", f"The job {name} cannot be deleted: it is in status {status}.")
    backend.jobs.forget(resource.kind, name)
    return describe
