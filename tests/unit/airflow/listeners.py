"""Places that notices go to, as real servers on this machine: a chat's incoming webhook and a mail server."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Chat:
    """An incoming webhook: keep the texts that were posted, and answer with `status`."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        self.url = ""


@contextmanager
def chat() -> Iterator[Chat]:
    heard = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.texts.append(json.loads(body)["text"])
            self.send_response(heard.status)
            self.end_headers()
            self.wfile.write(b"ok" if heard.status == 200 else b"no_service")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
            """Write nothing to the tests' own output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/webhook"
        with _serving(server):
            yield heard


class Mailbox:
    """A mail server: keep the messages that it took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.port = 0


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 harbour\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    content = b"".join(one.removeprefix(b".") for one in lines)
                    box.messages.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        with _serving(server):
            yield box


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
