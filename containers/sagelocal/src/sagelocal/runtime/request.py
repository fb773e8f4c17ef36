"""A whole HTTP request as an event loop collects it, and the WSGI environment that the gateway wants of it."""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from sagelocal.exchange import HttpRequest

_MOST_AHEAD = 64 << 20  # bytes of a body that are held in memory; InvokeEndpoint's own limit is far lower


_NOTHING = io.BytesIO()


@lru_cache(maxsize=512)
def lowered(name: bytes) -> str:
    """Return a header's name as text in lower case."""
    return name.decode("latin-1").lower()


class Received:
    """Collect one request; the names are those that httptools calls."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.size = 0
        self.method = ""
        self.keep_alive = True
        self.whole = 0.0  # when it had come, by the event loop's clock

    @property
    def is_too_long(self) -> bool:
        """Tell whether the body is more than anything may hold."""
        return self.size > _MOST_AHEAD

    @property
    def body(self) -> bytes:
        """Return the body."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    def add_header(self, name: bytes, value: bytes) -> None:
        """Add a header; one that is sent twice is one list."""
        key, text = lowered(name), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def as_request(self) -> HttpRequest:
        """Return the request without its body and its WSGI environment, which only the slow way reads."""
        path, _, query = self.url.decode("latin-1").partition("?")
        return HttpRequest(self.method, path, query, self.headers, _NOTHING, {})

    def environ(self, server: tuple[str, int]) -> dict[str, Any]:
        """Return the WSGI environment, https://peps.python.org/pep-3333/#environ-variables."""
        url = self.url.decode("latin-1")
        path, _, query = url.partition("?")
        body = self.body
        # the body is whole, however it came
        headers = {name: value for name, value in self.headers.items() if name != "transfer-encoding"}
        headers["content-length"] = str(len(body))
        named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return {
            **named,
            "REQUEST_METHOD": self.method,
            "REQUEST_URI": url,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": headers["content-length"],
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sagelocal.headers": headers,
        }
