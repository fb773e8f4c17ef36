"""The event loop that takes over connections on which endpoints are invoked."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import uvloop

from sagelocal.exchange import HttpResponse
from sagelocal.runtime.container import ContainerPool
from sagelocal.runtime.conversation import IDLE, Conversation
from sagelocal.runtime.request import Received

if TYPE_CHECKING:
    from sagelocal.backend import Backend
    from sagelocal.endpoints.connections import Connections
    from sagelocal.gateway import Gateway

BEGINNING = b"POST /endpoints/"  # of a connection that is for this door
_THREADS = 32  # for requests that the gateway answers


class Door:
    """Hold conversations in one thread, many at once."""

    def __init__(self, backend: Backend, gateway: Gateway, address: tuple[str, int]) -> None:
        self.backend = backend
        self.gateway = gateway
        self.loop = uvloop.new_event_loop()
        self.conversations: set[Conversation] = set()
        self._address = address
        self._pools: WeakKeyDictionary[Connections, ContainerPool] = WeakKeyDictionary()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="runtime")
        self._thread = threading.Thread(target=self._run, name="runtime", daemon=True)

    def start(self) -> None:
        """Take connections from now on."""
        self._thread.start()

    def adopt(self, connection: socket.socket) -> None:
        """Take over a connection whose first request nobody has read yet; from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._adopt, connection)
        except RuntimeError:  # closed
            connection.close()

    def pool(self, connections: Connections) -> ContainerPool:
        """Return the kept-open connections to a container."""
        found = self._pools.get(connections)
        if found is None:
            found = self._pools[connections] = ContainerPool(connections.port)
        return found

    async def ask_gateway(self, received: Received) -> HttpResponse:
        """Return the gateway's answer to a request."""
        environ = received.environ(self._address)
        return await self.loop.run_in_executor(self._threads, self.gateway.respond, environ)

    def close(self) -> None:
        """Close every connection and end the thread."""
        if self._thread.ident is not None:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self._sweep()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def _adopt(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self.loop.create_task(self.loop.connect_accepted_socket(lambda: Conversation(self), connection))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # the client had gone already

    def _sweep(self) -> None:
        now = self.loop.time()
        for conversation in list(self.conversations):
            conversation.close_if_silent(now)
        self.loop.call_later(IDLE / 10, self._sweep)
