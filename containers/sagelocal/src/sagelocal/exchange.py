"""One HTTP request and its response, as every module of the front sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote

from sagelocal.errors import AwsError

CHUNK = 1 << 20  # bytes read or written at once
_MOST_DIGITS = 18


class Reader(Protocol):
    """Read at most `size` bytes; empty at the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass
class HttpRequest:
    """Hold a request as it was sent: path and query percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    stream: Reader
    environ: dict[str, Any] = field(repr=False)

    @classmethod
    def from_environ(cls, environ: dict[str, Any]) -> HttpRequest:
        """Read a WSGI environment; `sagelocal.headers` in it carries names whose underscores WSGI would fold.

        `UnreadableError` if nobody can know how long the body is.
        """
        path, _, query = str(environ["REQUEST_URI"]).partition("?")
        headers = environ.get("sagelocal.headers")
        if headers is None:
            headers = {
                name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
            }
            headers |= {
                name.replace("_", "-").lower(): environ[name]
                for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
                if environ.get(name)
            }
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        source = environ["wsgi.input"]
        request = cls(environ["REQUEST_METHOD"], path, query, headers, ChunkedReader(source), environ)
        if not chunked:
            try:
                request.stream = SizedReader(source, content_length(headers))
            except AwsError as error:
                raise UnreadableError(request, error) from error
        return request

    def read_body(self, limit: int) -> bytes:
        """Return the whole body; `RequestEntityTooLargeException` if it is longer than `limit` bytes."""
        parts = []
        size = 0
        while data := self.stream.read(min(CHUNK, limit + 1 - size)):
            parts.append(data)
            size += len(data)
            if size > limit:
                raise AwsError("RequestEntityTooLargeException", f"The request is longer than {limit} bytes.", 413)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def drain(self) -> None:
        """Read what is left of the body: on a connection that stays open the next request follows it."""
        while self.stream.read(CHUNK):
            pass


class UnreadableError(AwsError):
    """The request's body cannot be told from what follows it."""

    def __init__(self, request: HttpRequest, error: AwsError) -> None:
        super().__init__(error.code, error.message, error.status)
        self.request = request


class ChunkedReader:
    """Read a body that comes in HTTP chunks; `IncompleteBody` if they are no sound ones."""

    def __init__(self, source: Reader) -> None:
        self._source = source

    def read(self, size: int, /) -> bytes:
        try:
            return self._source.read(size)
        except (ValueError, OSError) as error:  # cheroot's words for bad and for missing chunks
            raise AwsError("IncompleteBody", f"The chunks of the request body cannot be read: {error}") from error


class SizedReader:
    """Read the announced number of bytes and no more; `IncompleteBody` if the client sends less."""

    def __init__(self, source: Reader, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int, /) -> bytes:
        wanted = min(size, self._left)
        if not wanted:
            return b""
        data = self._source.read(wanted)
        self._left -= len(data)
        if not data:
            self._left = 0
            raise AwsError(
                "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."
            )
        return data


@dataclass
class FileRange:
    """Send a part of an open file; whoever sends it closes the file."""

    file: BinaryIO
    start: int
    size: int

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        left = self.size
        while left and (data := self.file.read(min(CHUNK, left))):
            left -= len(data)
            yield data

    def close(self) -> None:
        self.file.close()


@dataclass
class HttpResponse:
    """Hold a response; a file's Content-Length stands in `headers`."""

    status: int
    headers: dict[str, str]
    body: bytes | FileRange = b""

    @property
    def status_line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    def pieces(self) -> Iterable[bytes]:
        return [self.body] if isinstance(self.body, bytes) else self.body


def content_length(headers: dict[str, str]) -> int:
    """Return the announced length of a body, 0 if none is."""
    text = headers.get("content-length") or "0"
    if not is_number(text):
        raise AwsError("InvalidArgument", f"Content-Length is no number: {text!r}.")
    return int(text)


def is_number(text: str) -> bool:
    """Tell whether a text is a whole number that `int` reads; `isdigit` alone takes superscripts for numbers too."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values of a query string, blank values kept."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(decoded(name), decoded(value)) for name, _, value in pairs]


def decoded(text: str) -> str:
    """Return percent-encoded text decoded; `InvalidURI` where the result is no UTF-8."""
    try:
        return unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError as error:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.") from error
