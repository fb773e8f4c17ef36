"""Kept connections to a container."""

import socket
import threading
import time

import pytest

from sagelocal.endpoints.connections import Connections, Refused


def test_a_connection_that_the_container_closed_is_opened_anew() -> None:
    """A server may close an idle connection at the moment at which the next request is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once_per_connection() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    time.sleep(0.01)

        server = threading.Thread(target=answer_once_per_connection)
        server.start()
        connections = Connections(listener.getsockname()[1])
        for _ in range(2):
            assert connections.request("POST", "/invocations", b"x", {}, 5.0)[2] == b"ok"
        server.join()
        connections.drain(1.0)
        assert connections.enter() is False


def test_a_request_that_nobody_got_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Refused):
        Connections(port).request("POST", "/invocations", b"x", {}, 5.0)
