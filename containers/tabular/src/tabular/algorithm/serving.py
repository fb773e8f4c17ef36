"""Answers of a model that the built-in XGBoost algorithm trained."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from tabular.algorithm import MODEL_FILE
from tabular.serving.codecs import CSV, JSON, RequestError, media_type
from tabular.serving.handlers import Answer
from tabular.sources import ConfigurationError

_DELIMITERS = ",;\t|"
_ANYTHING = ("", "*/*")


@dataclass(frozen=True)
class AlgorithmHandlers:
    """Answer requests with a loaded booster, with the statuses and texts of AWS's container."""

    booster: xgb.Booster
    default_accept: str

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one request; a mistake in it is told in one line."""
        if not body:
            return Answer(204, CSV, b"")
        try:
            data = _decoded(body, content_type)
            encode, answered = self._encoder(accept)
            return Answer(200, answered, encode(self._predict(data)).encode())
        except RequestError as error:
            return Answer(error.status, "text/plain; charset=utf-8", str(error).encode())
        except Exception as error:  # noqa: BLE001 - whatever a request brings about, the server lives on
            traceback.print_exc()
            sys.stderr.flush()
            return Answer(500, "text/plain; charset=utf-8", f"{type(error).__name__}: {error}".encode())

    def _predict(self, data: xgb.DMatrix) -> Any:
        try:
            return self.booster.predict(data, validate_features=False)
        except (xgb.core.XGBoostError, ValueError) as error:
            reason = next((line for line in str(error).splitlines() if "Check failed" in line), str(error))
            wanted = self.booster.num_features()
            raise RequestError(
                400,
                f"Unable to evaluate payload provided: {reason.strip()} "
                f"(the model has {wanted} features, the payload {data.num_col()})",
            ) from error

    def _encoder(self, accept: str) -> tuple[Callable[[Any], str], str]:
        wanted = self.default_accept if accept in _ANYTHING else accept
        for kind in map(media_type, wanted.split(",")):
            if kind in _ENCODERS:
                return _ENCODERS[kind], kind
        raise RequestError(
            406, f"Accept type {wanted} is not supported. Please use supported accept types: {', '.join(_ENCODERS)}."
        )


def load(model_dir: Path) -> AlgorithmHandlers:
    """Load the model that lies in the folder."""
    booster = xgb.Booster()
    file = model_dir / MODEL_FILE
    try:
        booster.load_model(bytearray(file.read_bytes()))
    except xgb.core.XGBoostError as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigurationError(
            f"{file.name} cannot be loaded as a model of XGBoost {xgb.__version__}: {reason}"
        ) from error
    booster.set_param({"nthread": 1})  # rows come in few at a time: starting threads costs more than they save
    return AlgorithmHandlers(booster, os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV))


def _decoded(body: bytes, content_type: str) -> xgb.DMatrix:
    kind = media_type(content_type) or CSV
    if kind not in _DECODERS:
        raise RequestError(
            415, f"Content-type {content_type} not supported. Supported content-type is {', '.join(_DECODERS)}"
        )
    name, decode = _DECODERS[kind]
    try:
        return decode(body.decode().strip())
    except (ValueError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise RequestError(
            415, f"Loading {name} data failed with Exception, please ensure data is in {name} format: {reason}"
        ) from error


def _from_csv(text: str) -> xgb.DMatrix:
    lines = text.splitlines()
    delimiter = next((sign for sign in _DELIMITERS if sign in lines[0]), ",")
    rows = [[float(field) if field.strip() else np.nan for field in line.split(delimiter)] for line in lines if line]
    return xgb.DMatrix(np.array(rows, dtype=np.float32))


def _from_libsvm(text: str) -> xgb.DMatrix:
    from scipy.sparse import csr_matrix

    rows, columns, values = [], [], []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        for item in line.split():
            index, colon, value = item.partition(":")
            if colon:
                rows.append(number)
                columns.append(int(index))
                values.append(float(value))
    if not columns:
        raise ValueError("no index:value in it")
    shape = (len(lines), max(columns) + 1)
    return xgb.DMatrix(csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32))


def _to_csv(predictions: Any) -> str:
    lines = predictions.tolist()
    return "".join((",".join(map(str, line)) if isinstance(line, list) else str(line)) + "\n" for line in lines)


def _to_json(predictions: Any) -> str:
    return json.dumps({"predictions": [{"score": score} for score in predictions.tolist()]})


_DECODERS: dict[str, tuple[str, Callable[[str], xgb.DMatrix]]] = {
    CSV: ("csv", _from_csv),
    "csv": ("csv", _from_csv),
    "text/libsvm": ("libsvm", _from_libsvm),
    "text/x-libsvm": ("libsvm", _from_libsvm),
    "libsvm": ("libsvm", _from_libsvm),
}
_ENCODERS: dict[str, Callable[[Any], str]] = {CSV: _to_csv, JSON: _to_json}
