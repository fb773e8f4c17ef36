"""The user's functions: found, checked and put together into one answer per request."""

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tabular.serving import codecs
from tabular.sources import ConfigurationError, find_program

_Functions = dict[str, Callable[..., Any]]

_ANYTHING = frozenset({"", "*/*"})
# What each function takes. The toolkit's optional last argument, the context of its Java server, does not exist here.
_ARGUMENTS = {
    "model_fn": ("model_dir",),
    "input_fn": ("input_data", "content_type"),
    "predict_fn": ("data", "model"),
    "output_fn": ("prediction", "accept"),
    "transform_fn": ("model", "input_data", "content_type", "accept"),
}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Handlers:
    """Answer requests with a loaded model."""

    model: Any
    transform: Callable[[Any, Any, str, str], Any]
    default_accept: str | None

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one request; an exception of the user's becomes a 500 of one line, its traceback goes to the log."""
        try:
            return self._transformed(body, content_type, accept)
        except codecs.RequestError as error:
            return _refusal(error.status, str(error))
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything, and the server must live on
            traceback.print_exc()
            sys.stderr.flush()
            reason = (str(error).splitlines() or [""])[0]
            return _refusal(500, f"{type(error).__name__}: {reason}".rstrip(": "))

    def _transformed(self, body: bytes, content_type: str, accept: str) -> Answer:
        accept = self._accepted(accept, content_type)
        result = self.transform(self.model, _text_or_bytes(body, content_type), content_type, accept)
        response, answered_type = result if isinstance(result, tuple) else (result, accept)
        if isinstance(response, str):
            response = response.encode()
        if not isinstance(response, bytes | bytearray):
            raise TypeError(f"the answer must be str or bytes, not {type(response).__name__}")
        return Answer(200, answered_type, bytes(response))

    def _accepted(self, accept: str, content_type: str) -> str:
        """Return the type to answer in: the one asked for, the configured default, the request's own, or JSON."""
        if accept not in _ANYTHING:
            return accept
        if self.default_accept:
            return self.default_accept
        return codecs.media_type(content_type) if codecs.can_encode(content_type) else codecs.JSON


def load(folder: Path, program: str, model_dir: Path) -> Handlers:
    """Import the user's program, check its functions and load the model with them."""
    module = _import(find_program(folder, program), folder)
    functions: _Functions = {name: getattr(module, name) for name in _ARGUMENTS if hasattr(module, name)}
    for name, function in functions.items():
        _check_arguments(program, name, function)
    _check_choice(program, functions)
    default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT")
    model_fn: Callable[[str], Any] = functions["model_fn"]
    return Handlers(model_fn(str(model_dir)), _transform(functions), default_accept)


def _import(path: Path, folder: Path) -> ModuleType:
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _check_arguments(program: str, name: str, function: Callable[..., Any]) -> None:
    arguments = _ARGUMENTS[name]
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        raise ConfigurationError(f"{name} in {program} must take ({', '.join(arguments)}): {error}") from error


def _check_choice(program: str, functions: _Functions) -> None:
    if "model_fn" not in functions:
        raise ConfigurationError(f"{program} has no model_fn(model_dir), which loads the model")
    parts = sorted({"input_fn", "predict_fn", "output_fn"} & functions.keys())
    if "transform_fn" in functions and parts:
        raise ConfigurationError(f"{program} has transform_fn and also {', '.join(parts)}: keep one way of the two")
    if "transform_fn" not in functions and "predict_fn" not in functions:
        raise ConfigurationError(f"{program} has neither predict_fn(data, model) nor transform_fn")


def _transform(functions: _Functions) -> Callable[[Any, Any, str, str], Any]:
    if "transform_fn" in functions:
        return functions["transform_fn"]
    input_fn: Callable[..., Any] = functions.get("input_fn", codecs.decode)
    predict_fn = functions["predict_fn"]
    output_fn: Callable[..., Any] = functions.get("output_fn", codecs.encode)

    def transform(model: Any, body: Any, content_type: str, accept: str) -> Any:
        return output_fn(predict_fn(input_fn(body, content_type), model), accept)

    return transform


def _text_or_bytes(body: bytes, content_type: str) -> str | bytes:
    if codecs.media_type(content_type) not in codecs.TEXT:
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise codecs.RequestError(400, f"the request is not UTF-8: {error}") from error


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", message.encode())
