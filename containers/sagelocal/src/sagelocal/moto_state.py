"""What moto's backends hold, on disk: a snapshot of a service after each call that changes it.

moto keeps its state in memory. A snapshot is a pickle of its objects, so it belongs to the versions of moto and Python
that wrote it; another version starts that service empty, says so, and keeps the old file beside it.
"""

from __future__ import annotations

import copyreg
import importlib
import io
import logging
import marshal
import os
import pickle
import platform
import threading
import types
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

AT_ONCE = 1 << 20  # bytes; a larger snapshot is not written before the call is answered, but within a second after it
EVERY = 1.0  # seconds
_TRIES = 5
_LOCK = type(threading.RLock())


class MotoState:
    """Hand out moto's backends of one account, each as it was when a server last changed it."""

    def __init__(self, folder: Path, account: str) -> None:
        self._folder = folder / "moto"
        self._account = account
        self._lock = threading.Lock()
        self._restored: set[str] = set()
        self._large: set[str] = set()  # services whose last snapshot was larger than AT_ONCE
        self._late: set[str] = set()  # of these, those that changed since
        self._writing: dict[str, threading.Lock] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="moto", daemon=True)

    def start(self) -> None:
        """Write what is late from now on."""
        self._thread.start()

    def close(self) -> None:
        """Write what is late, and stop."""
        self._closed.set()
        self._thread.join()
        self._write_late()

    def of(self, service: str) -> Any:
        """Return a service's backends by region ("aws" of one that has no regions), by moto's name of the service."""
        from moto.backends import get_backend

        name: Any = service  # moto's types list every service by its name
        backends = get_backend(name)[self._account]
        with self._lock:
            if service not in self._restored:
                self._restored.add(service)
                for region, backend in self._read(service).items():
                    backends[region] = backend
        return backends

    def has(self, service: str) -> bool:
        """Tell whether a service was ever used."""
        return service in self._restored or self._path(service).exists()

    def changed(self, *services: str) -> None:
        """Keep what services hold now; it is on disk when this returns, unless it is large."""
        for service in services:
            if service in self._large:
                self._late.add(service)
            else:
                self._write(service)

    def _run(self) -> None:
        while not self._closed.wait(EVERY):
            self._write_late()

    def _write_late(self) -> None:
        while self._late:
            self._write(self._late.pop())

    def _write(self, service: str) -> None:
        with self._lock:
            lock = self._writing.setdefault(service, threading.Lock())
        backends = self.of(service)
        with lock:  # the later snapshot is the one that stays
            try:
                content = _dumped({"by": _versions(), "backends": dict(backends)})
            except (TypeError, AttributeError, pickle.PicklingError):
                _log.exception("moto's %s cannot be kept: it ends with this server", service)
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._path(service).with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            new.replace(self._path(service))
        (self._large.add if len(content) > AT_ONCE else self._large.discard)(service)

    def _read(self, service: str) -> dict[str, Any]:
        path = self._path(service)
        try:
            # whoever can write into the owner's state folder could run code as the owner anyhow
            kept = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
        except FileNotFoundError:
            return {}
        except Exception as error:  # noqa: BLE001 - an object of another moto may fail in any way while it is made
            kept = {"by": f"somebody else ({type(error).__name__}: {error})"}
        if not isinstance(kept, dict) or kept["by"] != _versions():
            kept = kept if isinstance(kept, dict) else {"by": "somebody else"}
            path.replace(path.with_suffix(".old"))
            _log.warning("%s was kept by %s, not by %s: the service starts empty", path, kept["by"], _versions())
            return {}
        backends: dict[str, Any] = kept["backends"]
        return backends

    def _path(self, service: str) -> Path:
        return self._folder / f"{service}.pickle"


def _versions() -> str:
    return f"moto {version('moto')} on Python {platform.python_version()}"


def _dumped(content: Any) -> bytes:
    for attempt in range(_TRIES):
        buffer = io.BytesIO()
        try:
            _Writer(buffer, pickle.HIGHEST_PROTOCOL).dump(content)
        except RuntimeError:  # another call changed a mapping meanwhile
            if attempt == _TRIES - 1:
                raise
        else:
            return buffer.getvalue()
    raise AssertionError("the last try returns or raises")


class _Writer(pickle.Pickler):
    """Write also what pickle does not know: locks, private keys and the functions that moto makes inside others."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _LOCK):
            return threading.RLock, ()
        if isinstance(obj, types.FunctionType) and "<locals>" in obj.__qualname__ and obj.__closure__ is None:
            return _function, (marshal.dumps(obj.__code__), obj.__module__)
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            # pickle would call the class with the factory, whatever its own __init__ takes
            state = (dict(vars(obj)), {"default_factory": obj.default_factory})
            return copyreg.__newobj__, (type(obj),), state, None, iter(dict.items(obj))  # type: ignore[attr-defined]  # typeshed does not have it
        if type(obj).__module__.startswith("cryptography.") and hasattr(obj, "private_bytes"):
            return _key, (_pem(obj),)
        return NotImplemented


def _function(code: bytes, module: str) -> types.FunctionType:
    return types.FunctionType(marshal.loads(code), vars(importlib.import_module(module)))  # noqa: S302 - our own file


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _key(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None)
