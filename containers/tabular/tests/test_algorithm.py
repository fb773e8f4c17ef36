"""The image as SageMaker's built-in XGBoost algorithm: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html"""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.datasets import dump_svmlight_file, load_diabetes, load_digits

from container import Container, Served
from tabular.algorithm.training import save

# the hyperparameters are strings, as SageMaker hands them over
DIGITS = {
    "objective": "multi:softmax",
    "num_class": "10",
    "max_depth": "5",
    "eta": "0.2",
    "gamma": "4",
    "min_child_weight": "6",
    "num_round": "10",
}


def channel(container: Container, name: str, content_type: str | None, rows: np.ndarray) -> Path:
    """Write rows, label first, in the channel's format."""
    folder = container.base / "input" / "data" / name
    folder.mkdir(parents=True)
    if content_type == "application/x-parquet":
        pd.DataFrame(rows, columns=[f"c{number}" for number in range(rows.shape[1])]).to_parquet(folder / "part-0")
    elif content_type == "text/csv":
        np.savetxt(folder / f"{name}.csv", rows, delimiter=",", fmt="%g")
    else:
        dump_svmlight_file(rows[:, 1:], rows[:, 0], str(folder / name), zero_based=True)
    config = container.base / "input" / "config" / "inputdataconfig.json"
    channels: dict[str, Any] = json.loads(config.read_text())
    channels[name] = {"TrainingInputMode": "File", **({"ContentType": content_type} if content_type else {})}
    config.write_text(json.dumps(channels))
    return folder


@pytest.fixture
def digits() -> np.ndarray:
    data, target = load_digits(return_X_y=True)
    return np.column_stack([target, data])


@pytest.mark.parametrize("content_type", ["text/csv", "text/libsvm", None, "application/x-parquet"])
def test_each_format_gives_the_same_model(container: Container, digits: np.ndarray, content_type: str | None) -> None:
    channel(container, "train", content_type, digits[:1400])
    channel(container, "validation", content_type, digits[1400:])
    container.config("hyperparameters", DIGITS)
    trained = container.train()
    assert trained.returncode == 0, trained.stderr
    assert "Train matrix has 1400 rows and 64 columns\nValidation matrix has 397 rows" in trained.stdout
    lines = [line for line in trained.stdout.splitlines() if line.startswith("[")]
    assert len(lines) == 10
    assert re.fullmatch(r"\[0\]#011train-mlogloss:\d\.\d{5}#011validation-mlogloss:\d\.\d{5}", lines[0])
    assert (container.base / "model" / "xgboost-model").stat().st_size > 10_000
    assert [path.name for path in (container.base / "model").iterdir()] == ["xgboost-model"]


def test_the_added_metrics_are_printed_with_xgboosts_own(container: Container, digits: np.ndarray) -> None:
    channel(container, "train", "text/csv", digits)
    container.config("hyperparameters", DIGITS | {"eval_metric": "merror,accuracy,f1", "num_round": "2"})
    trained = container.train()
    printed = [line for line in trained.stdout.splitlines() if line.startswith("[1]")]
    assert printed, trained
    match = re.fullmatch(r"\[1\]#011train-merror:(\S+)#011train-accuracy:(\S+)#011train-f1:(\S+)", printed[0])
    assert match, trained
    assert float(match[1]) + float(match[2]) == pytest.approx(1, abs=1e-4)


def test_training_ends_early_when_validation_stops_improving(container: Container) -> None:
    data, target = load_diabetes(return_X_y=True)
    rows = np.column_stack([target, data])
    channel(container, "train", "text/csv", rows[:300])
    channel(container, "validation", "text/csv", rows[300:])
    given = {"num_round": "500", "early_stopping_rounds": "5", "eval_metric": "rmse", "objective": "reg:linear"}
    container.config("hyperparameters", given)
    trained = container.train()
    assert trained.returncode == 0, trained.stderr
    assert 5 < len(re.findall(r"^\[\d+\]#011", trained.stdout, re.MULTILINE)) < 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_round": None}, "Missing required hyperparameter: num_round"),
        ({"max_dept": "5"}, "Extraneous hyperparameter found: max_dept (did you mean max_depth?)"),
        ({"eta": "1.5"}, "Hyperparameter eta: value 1.5 is not in range [0, 1]"),
        ({"max_depth": "five"}, "Hyperparameter max_depth: expected a whole number, got 'five'"),
        ({"objective": "multi:softmx"}, "(did you mean multi:softmax?)"),
        ({"eval_metric": "merror,acuracy"}, "(did you mean accuracy?)"),
        ({"num_class": None}, "Require input for parameter 'num_class' for multi-classification"),
        ({"_kfold": "5"}, "hyperparameter _kfold is not there: this image does not cross-validate"),
    ],
)
def test_a_wrong_hyperparameter_ends_the_job_before_data_is_read(
    container: Container, given: dict[str, str | None], message: str
) -> None:
    wanted = {name: value for name, value in (DIGITS | given).items() if value is not None}
    container.config("hyperparameters", wanted)
    assert container.train().returncode == 1
    assert container.failure.startswith("ConfigurationError: ")
    assert message in container.failure


def test_a_csv_with_a_header_is_refused_by_its_first_line(container: Container, digits: np.ndarray) -> None:
    folder = channel(container, "train", "text/csv", digits[:20])
    file = folder / "train.csv"
    file.write_text(",".join(f"c{number}" for number in range(65)) + "\n" + file.read_text())
    container.config("hyperparameters", DIGITS)
    assert container.train().returncode == 1
    assert "train.csv is no CSV of numbers without a header, label first" in container.failure
    assert "Its first line is 'c0,c1,c2" in container.failure


@pytest.mark.parametrize(
    ("name", "content_type", "message"),
    [
        ("trian", "text/csv", "Extraneous channel found: trian (did you mean train?)"),
        ("validation", "text/csv", "Missing required channel: train"),
        ("train", "text/cvs", "text/cvs is not an accepted ContentType: text/csv, csv, text/libsvm"),
        ("train", "text/csv; label_size=2", "the parameter label_size of text/csv; label_size=2 must be 1"),
        ("train", "text/csv", "No data in train channel path"),
    ],
)
def test_a_wrong_channel_is_named(container: Container, name: str, content_type: str, message: str) -> None:
    container.config("inputdataconfig", {name: {"ContentType": content_type}})
    container.config("hyperparameters", DIGITS)
    assert container.train().returncode == 1
    assert message in container.failure


def test_what_xgboost_refuses_is_told_in_one_line(container: Container, digits: np.ndarray) -> None:
    channel(container, "train", "text/csv", digits)
    container.config("hyperparameters", DIGITS | {"num_class": "5"})
    assert container.train().returncode == 1
    assert "XGB train call failed with exception" in container.failure
    assert "num_class" in container.failure
    assert "[bt]" not in container.failure


def test_a_stopped_job_keeps_its_model_if_asked_to(container: Container, digits: np.ndarray) -> None:
    channel(container, "train", "text/csv", digits)
    container.config("hyperparameters", DIGITS | {"num_round": "100000", "save_model_on_termination": "true"})
    with container.start("train") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("[3]"):
                process.send_signal(signal.SIGTERM)
                break
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert (container.base / "model" / "xgboost-model").exists()


@pytest.fixture
def trained(container: Container, digits: np.ndarray) -> Container:
    parameters = {"objective": "multi:softmax", "num_class": 10, "max_depth": 5}
    booster = xgb.train(parameters, xgb.DMatrix(digits[:, 1:], label=digits[:, 0]), num_boost_round=5)
    save(booster, container.base / "model")
    return container


def test_a_served_model_answers_classes_as_aws_does(
    trained: Container, serve: Callable[..., Served], digits: np.ndarray
) -> None:
    served = serve()
    body = "\n".join(",".join(f"{value:g}" for value in row[1:]) for row in digits)
    status, kind, answer = served.call(body=body, Content_Type="text/csv")
    assert (status, kind) == (200, "text/csv")
    answers = answer.decode().split("\n")[:-1]
    assert set(answers) == {f"{digit}.0" for digit in range(10)}
    assert np.mean(np.array(answers, dtype=float) == digits[:, 0]) > 0.93

    sparse = "\n".join(
        " ".join(["0", *(f"{index}:{value:g}" for index, value in enumerate(row[1:]))]) for row in digits
    )
    assert served.call(body=sparse, Content_Type="text/libsvm")[2] == answer
    first = json.loads(served.call(body=body.split("\n")[0], Content_Type="text/csv", Accept="application/json")[2])
    assert first == {"predictions": [{"score": float(answers[0])}]}


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        ("", {"Content_Type": "text/csv"}, 204, ""),
        ("1,2,x", {"Content_Type": "text/csv"}, 415, "please ensure data is in csv format"),
        (",".join(["1"] * 65), {"Content_Type": "text/csv"}, 400, "(the model has 64 features, the payload 65)"),
        ("{}", {"Content_Type": "application/json"}, 415, "Content-type application/json not supported"),
        (
            ",".join(["0"] * 64),
            {"Content_Type": "text/csv", "Accept": "image/png"},
            406,
            "Accept type image/png is not supported",
        ),
    ],
)
def test_a_wrong_request_is_answered_as_aws_does(
    trained: Container, serve: Callable[..., Served], body: str, headers: dict[str, str], status: int, message: str
) -> None:
    answered, _, answer = serve().call(body=body, **headers)
    assert answered == status
    assert message in answer.decode()


def test_a_model_that_is_none_ends_the_container(container: Container) -> None:
    container.source("xgboost-model", "not a model", folder="model")
    with container.start("serve", SAGEMAKER_BIND_TO_PORT="0", SAGEMAKER_BIND_TO_HOST="127.0.0.1") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "xgboost-model cannot be loaded as a model of XGBoost" in errors
