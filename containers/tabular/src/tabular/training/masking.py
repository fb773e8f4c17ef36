"""What a script writes, without the secrets that it was given."""

from collections.abc import Iterable

MASK = b"***"
_SHORTEST = 4  # characters: hiding shorter ones would spoil every other line and hide nothing
_LONGEST_LINE = 65_536  # bytes that are held back for the rest of their line


class Mask:
    """Pass bytes on, whole lines at a time where there are secrets, and at once where there are none."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in (secret, *secret.splitlines()) if len(part) >= _SHORTEST}
        self._parts = [part.encode() for part in sorted(parts, key=len, reverse=True)]
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what of `data`, and of what was held back before, can be shown."""
        if not self._parts:
            return data
        data = self._held + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if len(data) - end > _LONGEST_LINE:
            end = len(data) - len(self._parts[0])  # a secret may have begun, and no more than that
        self._held = data[end:]
        return self._masked(data[:end])

    def end(self) -> bytes:
        """Return what is still held back."""
        held, self._held = self._held, b""
        return self._masked(held)

    def _masked(self, data: bytes) -> bytes:
        for part in self._parts:
            data = data.replace(part, MASK)
        return data
