"""`python load.py PORT SECONDS CONNECTIONS`: send the request on stdin again and again and count the answers.

The connections stay open, each has one request under way. The first answer is the right one; any other ends the run.
Standard library only, and nothing parsed but the end of an answer: the client must not be what is measured.
"""

import selectors
import socket
import sys
import time

WARM_UP = 0.5  # seconds that do not count
PATIENCE = 60.0  # seconds


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def answer(self) -> bytes | None:
        """Return status line and body of an answer that is complete, None before that."""
        self._received += self.socket.recv(65536)
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not self._received:
            sys.exit("the server closed the connection")
        if not found or len(body) < _length(head):
            return None
        self._received = b""
        return head.partition(b"\r\n")[0] + b"\n" + body


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def main(port: int, seconds: float, connections: int) -> None:
    """Print the answers per second."""
    request = sys.stdin.buffer.read()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.socket.sendall(request)
        first = None
        answers = 0
        now = time.perf_counter()
        begin, end = now + WARM_UP, now + WARM_UP + seconds
        while now < end:
            events = selector.select(timeout=PATIENCE)
            if not events:
                sys.exit(f"no answer within {PATIENCE:.0f} s")
            for key, _ in events:
                answer = key.data.answer()
                if answer is None:
                    continue
                first = first or answer
                if answer != first or b" 200 " not in answer:
                    sys.exit(f"the server answered {answer[:1000]!r}, expected {first[:1000]!r}")
                answers += begin <= now
                key.data.socket.sendall(request)
            now = time.perf_counter()
    print(answers / seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
