"""`python load.py PORT SECONDS CONNECTIONS`: send the request on stdin again and again and count the answers.

The connections stay open, each has one request under way. The first answer is the right one; any other ends the run.
Standard library only, and of an answer nothing is looked at but its length, its status and its body, which all have to
be the first one's: the client must not be what is measured.
"""

import select
import socket
import sys
import time
from collections.abc import Callable

WARM_UP = 0.5  # seconds that do not count
PATIENCE = 60.0  # seconds
MOST = 65_536  # bytes received at once


def connect(port: int) -> socket.socket:
    """Return a connection to this machine's port."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def first_answer(connection: socket.socket, request: bytes) -> tuple[bytes, bytes, int]:
    """Return status line and body of the answer to the first request, and the length of all."""
    connection.sendall(request)
    received = b""
    while True:
        some = connection.recv(MOST)
        received += some
        head, found, body = received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            break
        if not some:
            sys.exit("the server closed the connection")
    status = head.partition(b"\r\n")[0]
    if b" 200 " not in status:
        sys.exit(f"the server answered {received[:1000]!r}")
    return status, body, len(received)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def main(port: int, seconds: float, connections: int) -> None:
    """Print the answers per second."""
    request = sys.stdin.buffer.read()
    opened = {made.fileno(): made for made in (connect(port) for _ in range(connections))}
    status, body, length = next(first_answer(connection, request) for connection in opened.values())
    receive: dict[int, Callable[[int], bytes]] = {number: made.recv for number, made in opened.items()}
    send: dict[int, Callable[[bytes], object]] = {number: made.sendall for number, made in opened.items()}
    begun = dict.fromkeys(opened, b"")  # answers of which a part has come
    answers = 0
    with select.epoll() as arrived:
        for number in opened:
            arrived.register(number, select.EPOLLIN)
            send[number](request)
        now = time.perf_counter()
        begin, end = now + WARM_UP, now + WARM_UP + seconds
        while now < end:
            ready = arrived.poll(PATIENCE)
            if not ready:
                sys.exit(f"no answer within {PATIENCE:.0f} s")
            for number, _ in ready:
                received = begun[number] + receive[number](MOST)
                if len(received) < length and len(received) > len(begun[number]):
                    begun[number] = received
                    continue
                if len(received) != length or not received.startswith(status) or not received.endswith(body):
                    sys.exit(f"the server answered {received[:1000]!r}, not {status!r} and {body[:1000]!r}")
                begun[number] = b""
                answers += begin <= now
                send[number](request)
            now = time.perf_counter()
    print(answers / seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
