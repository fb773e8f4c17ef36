"""The data channels of the built-in XGBoost algorithm: CSV, libsvm or Parquet, by the channel's ContentType.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html#InputOutput-XGBoost
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from tabular.algorithm.hyperparameters import nearest
from tabular.sources import ConfigurationError

TRAIN, VALIDATION = "train", "validation"
_CHANNELS = (TRAIN, VALIDATION, "code")
_DELIMITERS = ",;\t|"

Read = Callable[[list[Path], bool, "int | None"], xgb.DMatrix]


def read(
    folder: Path, channels: Mapping[str, Mapping[str, Any]], weights: bool
) -> tuple[xgb.DMatrix, xgb.DMatrix | None]:
    """Return the training data and, if there is such a channel, the validation data.

    `weights`: the second column of a CSV is each row's weight.
    """
    for name in channels:
        if name not in _CHANNELS:
            raise ConfigurationError(
                f"Extraneous channel found: {name}{nearest(name, _CHANNELS)}; there is train and validation"
            )
    if TRAIN not in channels:
        raise ConfigurationError("Missing required channel: train")
    train = _channel(folder, TRAIN, channels[TRAIN], weights, None)
    if VALIDATION not in channels:
        return train, None
    return train, _channel(folder, VALIDATION, channels[VALIDATION], weights, train.num_col())


def _channel(folder: Path, name: str, config: Mapping[str, Any], weights: bool, columns: int | None) -> xgb.DMatrix:
    reader = _reader(name, config.get("ContentType"))
    files = sorted(
        path
        for path in (folder / name).rglob("*")
        if path.is_file() and not path.name.startswith((".", "_")) and path.stat().st_size
    )
    if not files:
        raise ConfigurationError(f"No data in {name} channel path {folder / name}")
    data = reader(files, weights, columns)
    if columns is not None and data.num_col() != columns:
        raise ConfigurationError(
            f"the {name} channel has {data.num_col()} features, but the train channel has {columns}"
        )
    return data


def _reader(channel: str, content_type: str | None) -> Read:
    given = "text/libsvm" if content_type is None else content_type.lower()  # AWS's default
    kind, _, parameters = (part.strip() for part in given.partition(";"))
    if kind not in _READERS:
        raise ConfigurationError(
            f"channel {channel}: {content_type} is not an accepted ContentType: {', '.join(_READERS)}"
        )
    for parameter in filter(None, parameters.replace(" ", "").split(";")):
        if parameter.startswith("label_size=") and parameter != "label_size=1":
            raise ConfigurationError(f"channel {channel}: the parameter label_size of {content_type} must be 1")
    return _READERS[kind]


def _csv(files: list[Path], weights: bool, _: int | None) -> xgb.DMatrix:
    tables = [_csv_file(path) for path in files]
    widths = {table.shape[1] for table in tables}
    if len(widths) > 1:
        raise ConfigurationError(f"the CSV files of a channel differ in their number of columns: {sorted(widths)}")
    rows, first = np.concatenate(tables), 2 if weights else 1
    if rows.shape[1] <= first:
        raise ConfigurationError(
            f"{files[0].name} has no feature: its columns are {'label, weight' if weights else 'label'}"
        )
    return xgb.DMatrix(rows[:, first:], label=rows[:, 0], weight=rows[:, 1] if weights else None)


def _csv_file(path: Path) -> np.ndarray[Any, Any]:
    with path.open(encoding="utf-8", errors="replace") as file:
        line = file.readline().rstrip("\r\n")
    delimiter = next((sign for sign in _DELIMITERS if sign in line), ",")
    try:
        rows: np.ndarray[Any, Any] = pd.read_csv(path, sep=delimiter, header=None, dtype=np.float32).to_numpy()
    except (ValueError, pd.errors.ParserError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"{path.name} is no CSV of numbers without a header, label first: {reason}. Its first line is {line[:50]!r}"
        ) from None
    return rows


def _libsvm(files: list[Path], _: bool, columns: int | None) -> xgb.DMatrix:
    from sklearn.datasets import load_svmlight_files

    try:
        loaded = load_svmlight_files([str(path) for path in files], n_features=columns, zero_based=True)
    except ValueError as error:
        raise ConfigurationError(f"{files[0].name} is not 'LIBSVM' format (label index:value ...): {error}") from None
    import scipy.sparse

    return xgb.DMatrix(scipy.sparse.vstack(loaded[0::2], format="csr"), label=np.concatenate(loaded[1::2]))


def _parquet(files: list[Path], _: bool, __: int | None) -> xgb.DMatrix:
    try:
        rows = np.concatenate([pd.read_parquet(path).to_numpy(dtype=np.float32) for path in files])
    except (ValueError, TypeError, OSError) as error:
        raise ConfigurationError(f"Failed to load parquet data: {str(error).partition(chr(10))[0]}") from None
    if rows.shape[1] < 2:
        raise ConfigurationError("the Parquet files have no feature: their first column is the label")
    return xgb.DMatrix(rows[:, 1:], label=rows[:, 0])


_READERS: dict[str, Read] = {
    "text/csv": _csv,
    "csv": _csv,
    "text/libsvm": _libsvm,
    "text/x-libsvm": _libsvm,
    "libsvm": _libsvm,
    "application/x-parquet": _parquet,
    "parquet": _parquet,
}
