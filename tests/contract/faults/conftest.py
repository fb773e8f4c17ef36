"""A server whose calls and jobs can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.contract.conftest import Client, LocalServer

from sagelocal.faults.client import FaultsClient


@pytest.fixture(scope="module")
def server(start_server: Callable[..., LocalServer]) -> LocalServer:
    """Give a server to be killed and started again."""
    return start_server("--faults", "--stop-grace", "1")


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    """Give a factory of its clients."""
    with server.clients() as make:
        yield make


@pytest.fixture
def faults(server: LocalServer) -> Iterator[FaultsClient]:
    """Give what arms its faults; the next test finds none."""
    yield server.faults
    server.faults.clear()
