"""Which engine runs the images: decided here, by one setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.jobs.engines.containers import ContainerEngine
from sagelocal.jobs.engines.processes import ProcessEngine

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.jobs.engines.engine import Engine

NONE = "none"


def engine_of(backend: Backend) -> Engine:
    """Return the engine of a server."""
    return ProcessEngine(backend.isolation) if backend.engine == NONE else ContainerEngine(backend.engine)
