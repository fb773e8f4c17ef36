"""`serve`: what SageMaker runs in the container of a hosted model."""

import gc
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from tabular import requirements
from tabular.algorithm import MODEL_FILE
from tabular.optml import OptMl
from tabular.serving.workers import Workers
from tabular.sources import ConfigurationError, source_folder

if TYPE_CHECKING:
    from tabular.serving.app import Handlers

_KEEP_ALIVE_SECONDS = 75  # above the 60 s that SageMaker gives a request: the client closes idle connections first
_SHUTDOWN_SECONDS = 25  # SageMaker kills the container 30 s after SIGTERM


def main() -> int:
    """Serve the model below the base folder until SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    optml = OptMl.from_environment()
    try:
        listener = _bind(_integer("SAGEMAKER_BIND_TO_PORT", 8080))
        workers = _integer("SAGEMAKER_MODEL_SERVER_WORKERS", 1)
        folder = _source(optml)
        if folder is not None and (site := requirements.install(folder)) is not None:
            requirements.activate(site)
    except ConfigurationError as error:
        return _refuse(error)
    if workers > 1:
        return Workers(lambda: _serve(listener, folder, optml.model)).run(workers)
    return _serve(listener, folder, optml.model)


def _source(optml: OptMl) -> Path | None:
    """Return the folder of the user's program, or None if the built-in algorithm's model is to be served as it is."""
    submitted = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
    if submitted:
        return source_folder(submitted, optml.code)
    folder = optml.model / "code"
    plain = not folder.exists() and not os.environ.get("SAGEMAKER_PROGRAM") and (optml.model / MODEL_FILE).is_file()
    return None if plain else folder


def _serve(listener: socket.socket, folder: Path | None, model_dir: Path) -> int:
    # imported here, after any fork: array libraries start threads, which a fork would lose
    import uvicorn

    from tabular.serving.app import App

    program = (
        os.environ.get("SAGEMAKER_PROGRAM", "inference.py") if folder else f"the built-in algorithm's {MODEL_FILE}"
    )
    try:
        handlers = _handlers(folder, program, model_dir)
    except ConfigurationError as error:
        return _refuse(error)
    except Exception:  # noqa: BLE001 - the user's code may raise anything; its traceback says what
        traceback.print_exc()
        return _refuse(f"{program} could not load the model")
    server = uvicorn.Server(
        uvicorn.Config(
            App(handlers),
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            access_log=False,
            log_level="warning",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
    host, port = listener.getsockname()[:2]
    print(f"Serving {program} at http://{host}:{port}", flush=True)
    # a SIGTERM lets uvicorn finish what has begun; then it raises the signal again and `_exit` ends with 0
    gc.freeze()  # model and libraries stay: the collector need not look at them again and again
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _handlers(folder: Path | None, program: str, model_dir: Path) -> "Handlers":
    if folder is None:
        from tabular.algorithm import serving

        return serving.load(model_dir)
    from tabular.serving.handlers import load

    return load(folder, program, model_dir)


def _bind(port: int) -> socket.socket:
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104 - in a container the platform calls from outside
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))  # nothing is listening yet: /ping is refused until the model is loaded
    except OSError as error:
        raise ConfigurationError(f"cannot bind {host}:{port}: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener


def _integer(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal():
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _refuse(reason: object) -> int:
    print(f"serve: {reason}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
