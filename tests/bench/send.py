"""`python send.py PORT CONNECTIONS`: send each of the requests on stdin once and print how long that took.

The connections stay open, each has one request under way. All answers must be the same, which is
printed. Standard library only, and nothing parsed but the end of an answer: the client must not be what is measured.
"""

import selectors
import socket
import sys
import time

PATIENCE = 60.0  # seconds


def split(stream: bytes) -> list[bytes]:
    """Return the requests that stand one behind the other."""
    requests = []
    begin = 0
    while begin < len(stream):
        end = stream.index(b"\r\n\r\n", begin) + 4
        end += length(stream[begin:end])
        requests.append(stream[begin:end])
        begin = end
    return requests


def length(head: bytes) -> int:
    """Return the length of the body that follows a head."""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def answer(connection: socket.socket) -> bytes:
    """Return status line and body of the answer that has begun to arrive."""
    received = b""
    while True:
        received += connection.recv(65536)
        head, found, body = received.partition(b"\r\n\r\n")
        if found and len(body) >= length(head):
            return head.partition(b"\r\n")[0] + b"\n" + body
        if not received:
            sys.exit("the server closed the connection")


def main(port: int, connections: int) -> None:
    """Print the seconds from the first request to the last answer, and the answer."""
    waiting = split(sys.stdin.buffer.read())[::-1]
    answers = set()
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        for _ in range(min(connections, len(waiting))):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.sendall(waiting.pop())
            selector.register(made, selectors.EVENT_READ)
        while selector.get_map():
            events = selector.select(timeout=PATIENCE)
            if not events:
                sys.exit(f"no answer within {PATIENCE:.0f} s")
            for key, _ in events:
                connection: socket.socket = key.fileobj  # type: ignore[assignment]  # what was registered
                answers.add(answer(connection))
                if waiting:
                    connection.sendall(waiting.pop())
                else:
                    selector.unregister(connection)
                    connection.close()
        took = time.perf_counter() - started
    if len(answers) != 1:
        sys.exit(f"the server gave {len(answers)} different answers: {sorted(answers)[:3]}")
    print(took)
    print(answers.pop().decode())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
