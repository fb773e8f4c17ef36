"""How cheroot's connections meet the gateway."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from cheroot import wsgi
from cheroot.makefile import StreamReader
from cheroot.server import HTTPConnection

from sagelocal.errors import AwsError
from sagelocal.exchange import FileRange
from sagelocal.faults.calls import Unanswered
from sagelocal.gateway import Gateway
from sagelocal.runtime.door import BEGINNING, Door

_RECEIVED_AT_ONCE = 1 << 20  # bytes
_AT_ONCE = 2  # milliseconds that an idle thread waits for a client's next request
THREADS = 32
_IP_FREEBIND = 15  # Linux; Python has no name for it
INNER_THREADS = 8  # for containers that serve, and seldom call
THREADS_WITH_FAULTS = 256  # calls that faults hold keep their threads


class BodyReader:
    """Read a body of known length from its socket: cheroot's own reader copies large ones several times."""

    def __init__(self, counted: Any, connection: socket.socket) -> None:
        self._counted = counted  # cheroot reads what `remaining` says is left before it answers
        self._buffered = counted.rfile
        self._connection = connection

    def read(self, size: int, /) -> bytes:
        size = min(size, self._counted.remaining, _RECEIVED_AT_ONCE)
        if not size:
            return b""
        try:
            data: bytes = self._buffered.read1(size) if self._buffered.has_data() else self._connection.recv(size)
        except TimeoutError:
            raise AwsError(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the timeout period.",
            ) from None
        except ConnectionError:
            return b""  # the client went; whoever counts the bytes finds out
        self._counted.remaining -= len(data)
        return data


class LineReader(StreamReader):
    """Take a line that has arrived in one step: cheroot's reader looks at each of the headers many times."""

    _read_buf: bytes  # what has arrived, and
    _read_pos: int  # what of it was taken: of Python's own reader, which cheroot's is

    def readline(self, size: int | None = -1, /) -> bytes:
        begin, end = self._read_pos, self._read_buf.find(b"\n", self._read_pos) + 1
        if not end:
            return super().readline(size)
        self._read_pos = end if size is None or size < 0 else min(end, begin + size)
        return self._read_buf[begin : self._read_pos]


class Connection(HTTPConnection):
    """Serve a client, or hand it on to the door of endpoints if that is what its next request is for."""

    def __init__(self, server: Server, connection: socket.socket, makefile: Any) -> None:
        super().__init__(server, connection, makefile)
        self.rfile = LineReader(connection, "rb", self.rbufsize)

    def communicate(self) -> bool:
        """Answer a request, and those that follow at once; return whether the connection stays with this server."""
        while self._answer():
            if not self.server.ready or not self._goes_on():
                return True
        return False

    def _goes_on(self) -> bool:
        """Tell whether the next request is here at once: this thread is awake, another one would have to be woken."""
        if self.rfile.has_data():
            return True
        coming = select.poll()
        coming.register(self.socket, select.POLLIN)
        return bool(self.server.requests.idle and coming.poll(_AT_ONCE))

    def _answer(self) -> bool:
        if not self.rfile.has_data() and self._is_for_door():
            self.linger = True  # the client's connection stays open, it only is no longer ours
            self.server.door.adopt(socket.socket(fileno=self.socket.detach()))
            return False
        return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot gives it no types

    def _is_for_door(self) -> bool:
        try:
            return bool(self.socket.recv(len(BEGINNING), socket.MSG_PEEK) == BEGINNING)
        except OSError:
            return False  # too slow, or gone: reading finds out


class WsgiGateway(wsgi.Gateway_10):
    """Hand requests over, and send files without reading them."""

    def get_environ(self) -> Any:
        """Add the headers under their own names: WSGI folds `x-amz-meta-a_b` and `x-amz-meta-a-b` into one."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]  # cheroot gives it no types
        request = self.req
        environ["sagelocal.headers"] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.inheaders.items()
        }
        if not request.chunked_read:
            environ["wsgi.input"] = BodyReader(request.rfile, request.conn.socket)
        return environ

    def respond(self) -> None:
        """Answer one request."""
        try:
            response = self.req.server.wsgi_app(self.env, self.start_response)
        except Unanswered:
            self._close_unanswered()
            return
        if (b"Connection", b"close") in self.req.outheaders:
            self.req.close_connection = True
        if isinstance(response, FileRange):
            self._send(response)
            return
        self._send_at_once(response)

    def _send_at_once(self, pieces: Iterable[bytes]) -> None:
        """Send headers and body together: botocore takes headers whose body never comes for an empty answer."""
        connection = self.req.conn
        wire, connection.wfile = connection.wfile, BytesIO()
        try:
            for piece in pieces:
                self.write(piece)
            self.req.ensure_headers_sent()
        finally:
            whole, connection.wfile = connection.wfile.getvalue(), wire
        wire.write(whole)

    def _close_unanswered(self) -> None:
        request = self.req
        request.ready = request.chunked_write = False  # cheroot would send headers, or the end of a body
        request.sent_headers = request.close_connection = True

    def _send(self, part: FileRange) -> None:
        with part.file:
            self.req.ensure_headers_sent()
            sent = self.req.conn.socket.sendfile(part.file, part.start, part.size)
            if sent != part.size:
                self.req.close_connection = True  # the client must see that bytes are missing


class Server(wsgi.Server):
    """Serve the gateway, and know the door of endpoints."""

    ConnectionClass = Connection
    door: Door


class InnerServer(Server):
    """Serve the containers of a network that is there as long as one of them is."""

    @classmethod
    def prepare_socket(cls, *arguments: Any, **options: Any) -> Any:
        """Make a socket that can be bound to an address which this machine does not have yet."""
        made = super().prepare_socket(*arguments, **options)
        made.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        return made


def http_server(address: str, port: int, gateway: Gateway, threads: int = THREADS) -> Server:
    """Return a server that is bound and listens on an address of this machine; it answers once it serves."""
    return _prepared(Server, address, port, gateway, threads)


def inner_server(address: str, port: int, gateway: Gateway) -> Server:
    """Return such a server for the address of this machine in a network of containers."""
    return _prepared(InnerServer, address, port, gateway, INNER_THREADS)


def _prepared(kind: type[Server], address: str, port: int, gateway: Gateway, threads: int) -> Server:
    server = kind((address, port), gateway, numthreads=threads, request_queue_size=128, timeout=75)
    server.gateway = WsgiGateway
    server.shutdown_timeout = 5
    server.prepare()
    return server
