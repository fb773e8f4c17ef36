"""PyAthena over a step's own clients: the same connection, address and credentials as all else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boatyard.aws.clients import Clients

POLL_INTERVAL = 0.1  # seconds; Athena takes a hundred GetQueryExecution calls each second


class _Session:
    """Stand in for the boto3 session that PyAthena asks for clients."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def client(self, service: str, **_: Any) -> Any:
        return self._clients.new(service)


def connector(clients: Clients, database: str, results: str, on_start: Callable[[str], None]) -> Callable[[], Any]:
    """Return what opens PyAthena's connections; `on_start` is told the id of each query, before it is waited for."""

    def connect() -> Any:
        import pyathena
        from pyathena.converter import DefaultTypeConverter

        converter = DefaultTypeConverter()
        converter.set("array", lambda text: text)  # GX reads Athena's text of an array itself
        session: Any = _Session(clients)
        return pyathena.connect(
            session=session,
            region_name=clients.get("athena").meta.region_name,
            schema_name=database,
            s3_staging_dir=results,
            poll_interval=POLL_INTERVAL,
            converter=converter,
            kill_on_interrupt=False,  # whoever started the step stops its queries
            on_start_query_execution=on_start,
        )

    return connect
