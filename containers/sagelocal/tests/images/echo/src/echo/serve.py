"""An endpoint that answers with what it was sent.

A body `env NAME` is answered with that variable, `model` with the model's model.json, `write` with what became of
writing into the model, `status N` with that status, `pid` with the process id, `size` with the length of the body and
how it was sent, `stream N` in N parts, `die` by dying. The environment says how it starts: ECHO_PING_STATUS (default
200), ECHO_EXIT (end at once with that code), ECHO_START_SECONDS (wait so long before listening).
"""

import http.server
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def _write() -> bytes:
    try:
        (BASE / "model" / "more").write_text("")
    except OSError as error:
        return str(error.strerror).encode()
    return b"written"


def _answer(body: bytes, chunked: bool) -> tuple[int, bytes]:
    word, _, rest = body.decode(errors="replace").partition(" ")
    if word == "die":
        os._exit(9)
    if word == "status":
        return int(rest), b"as you asked"
    answers: dict[str, Callable[[], bytes]] = {
        "env": lambda: os.environ.get(rest, "").encode(),
        "model": lambda: (BASE / "model" / "model.json").read_bytes(),
        "write": _write,
        "size": lambda: f"{len(body)} {'chunked' if chunked else 'whole'}".encode(),
        "pid": lambda: str(os.getpid()).encode(),
    }
    return 200, answers[word]() if word in answers else body


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer /ping and /invocations."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one packet

    def do_GET(self) -> None:
        self._send(int(os.environ.get("ECHO_PING_STATUS", "200")) if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        body = self._body()
        if body.startswith(b"stream "):
            self._stream(int(body.split()[1]))
            return
        status, answer = (
            _answer(body, "Transfer-Encoding" in self.headers) if self.path == "/invocations" else (404, b"")
        )
        self._send(status, answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _stream(self, parts: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(parts):
            part = f"part {number}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(0.05)  # so that the parts arrive as such
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, answer: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get("Accept") or "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes")
        if attributes:
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", attributes)
        self.end_headers()
        self.wfile.write(answer)


class Server(http.server.ThreadingHTTPServer):
    """Take many connections at once."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    if "ECHO_EXIT" in os.environ:
        print("going away as told", flush=True)
        sys.exit(int(os.environ["ECHO_EXIT"]))
    time.sleep(float(os.environ.get("ECHO_START_SECONDS", "0")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104 - in a container the platform calls from outside
    server = Server((host, port), Handler)
    print(f"serving on {port}", flush=True)
    server.serve_forever()
