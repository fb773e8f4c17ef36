"""How bytes are taken from a connection."""

from __future__ import annotations

import socket

from hypothesis import given
from hypothesis import strategies as st

from sagelocal.connections import LineReader

SENT = st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"name: value", b"x" * 300]), max_size=20).map(b"".join)


@given(SENT, st.integers(1, 400), st.lists(st.integers(1, 400), max_size=5))
def test_lines_are_taken_one_by_one_and_no_byte_is_lost(sent: bytes, size: int, others: list[int]) -> None:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(sent)
        far.shutdown(socket.SHUT_WR)
        reader = LineReader(near, "rb", 256)
        taken = b""
        for other in others:  # bodies are read between lines
            taken += reader.read(other) or b""  # type: ignore[no-untyped-call]  # cheroot gives it no types
        while line := reader.readline(size):
            assert b"\n" not in line[:-1]
            assert line.endswith(b"\n") or len(line) >= size or taken + line == sent
            taken += line
        assert taken == sent
        reader.close()
