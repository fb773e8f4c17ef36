"""Requests to a container's web server, over connections that are kept open."""

import http.client
import select
import threading
import time

Answer = tuple[int, dict[str, str], bytes]  # status, headers, body

Body = bytes | list[bytes] | None  # a list is sent in chunks

MAX_IDLE = 64  # connections


class Unanswered(Exception):  # noqa: N818 - says what happened
    """The container did not answer: it is gone, or broke the connection."""


class Refused(Unanswered):
    """Nobody listens: the request has reached no one."""


class Connections:
    """Send requests to one port of this machine; many threads at once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._change = threading.Condition()
        self._idle: list[http.client.HTTPConnection] = []
        self._in_flight = 0
        self._closed = False

    def enter(self) -> bool:
        """Announce a request; return False if no more are taken. Every True needs one `leave`."""
        with self._change:
            if not self._closed:
                self._in_flight += 1
            return not self._closed

    @property
    def in_flight(self) -> int:
        """Return how many requests are under way."""
        return self._in_flight

    def leave(self) -> None:
        """Take the announcement back."""
        with self._change:
            self._in_flight -= 1
            if self._closed:
                self._change.notify_all()

    def request(self, method: str, path: str, body: Body, headers: dict[str, str], timeout: float) -> Answer:
        """Return status, headers and body.

        TimeoutError after `timeout` seconds, Refused if nobody got the request, Unanswered if nobody answers it.
        """
        connection = self._take()
        reused = connection.sock is not None
        try:
            return self._exchange(connection, method, path, body, headers, timeout)
        except Unanswered as error:
            if not reused or not isinstance(error.__cause__, ConnectionError):
                raise
        # The container had closed the idle connection just before the request came.
        try:
            return self._exchange(self._new(), method, path, body, headers, timeout)
        except Refused as error:
            raise Unanswered(str(error)) from error  # the first one may have got the request, and died of it

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Body,
        headers: dict[str, str],
        timeout: float,
    ) -> Answer:
        connection.timeout = timeout
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.status, dict(response.getheaders()), response.read()
        except TimeoutError:
            connection.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            kind = Refused if isinstance(error, ConnectionRefusedError) else Unanswered
            raise kind(str(error) or type(error).__name__) from error
        if response.will_close:
            connection.close()
        else:
            self._give_back(connection)
        return answer

    def drain(self, timeout: float) -> None:
        """Take no more requests, wait until those under way are answered, and close."""
        deadline = time.monotonic() + timeout
        with self._change:
            self._closed = True
            self._change.wait_for(lambda: not self._in_flight, max(0.0, deadline - time.monotonic()))
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        while True:
            with self._change:
                if not self._idle:
                    break
                connection = self._idle.pop()
            if not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()  # readable without a request: the container has closed it
        return self._new()

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._change:
            if len(self._idle) < MAX_IDLE and not self._closed:
                self._idle.append(connection)
                return
        connection.close()
