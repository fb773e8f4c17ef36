"""The inference toolkit's contract: https://docs.aws.amazon.com/sagemaker/latest/dg/adapt-inference-container.html"""

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from container import Container, Served, free_port

Serve = Callable[..., Served]

SUM = """
import pathlib

def model_fn(model_dir):
    return float(pathlib.Path(model_dir, "factor").read_text())

def predict_fn(data, model):
    return (data.sum(axis=1) * model).astype(int)
"""


@pytest.fixture
def model(container: Container) -> Container:
    container.source("factor", "2", folder="model")
    container.source("inference.py", SUM, folder="model/code")
    return container


def test_a_csv_request_is_answered_one_line_per_row(model: Container, serve: Serve) -> None:
    served = serve()
    assert served.csv("1,2\n3,4\r\n") == (200, "6\n14\n")
    assert served.csv("1,2") == (200, "6\n")


def test_json_and_npy_requests_are_answered_in_their_own_type(model: Container, serve: Serve) -> None:
    import io

    import numpy as np

    served = serve()
    status, content_type, body = served.call(body="[[1, 2], [3, 4]]", Content_Type="application/json; charset=utf-8")
    assert (status, content_type, json.loads(body)) == (200, "application/json", [6, 14])
    buffer = io.BytesIO()
    np.save(buffer, np.array([[1.0, 2.0]]))
    status, content_type, body = served.call(body=buffer.getvalue(), Content_Type="application/x-npy")
    assert (status, content_type, np.load(io.BytesIO(body)).tolist()) == (200, "application/x-npy", [6])


def test_the_accept_header_chooses_the_answers_type(model: Container, serve: Serve) -> None:
    served = serve()
    accepted = "application/x-unknown, application/json;q=0.5"
    assert served.call(body="1,2", Content_Type="text/csv", Accept=accepted) == (200, "application/json", b"[6]")
    status, _, body = served.call(body="1,2", Content_Type="text/csv", Accept="image/png")
    assert (status, body) == (
        406,
        b"none of 'image/png' can be answered: accept one of text/csv, application/json, application/x-npy",
    )


def test_the_default_accept_can_be_configured(model: Container, serve: Serve) -> None:
    served = serve(SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/json")
    assert served.call(body="1,2", Content_Type="text/csv", Accept="*/*") == (200, "application/json", b"[6]")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "message"),
    [
        ("image/png", b"x", 415, "content type 'image/png' is not supported: send one of text/csv, "),
        ("text/csv", b"", 400, "cannot read the request as text/csv: it is empty"),
        ("text/csv", b"1,two", 400, "cannot read the request as text/csv: could not convert string 'two' to float64"),
        ("text/csv", b"1,2\n3", 400, "cannot read the request as text/csv: the number of columns changed from 2 to 1"),
        ("text/csv", b"\xff", 400, "the request is not UTF-8"),
        ("application/json", b"[1", 400, "cannot read the request as application/json: "),
        ("application/x-npy", b"", 400, "cannot read the request as application/x-npy: "),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_the_reason(
    model: Container, serve: Serve, content_type: str, body: bytes, status: int, message: str
) -> None:
    answered, _, text = serve().call(body=body, Content_Type=content_type)
    assert answered == status
    assert text.decode().startswith(message)
    assert "\n" not in text.decode()


def test_an_empty_csv_field_is_a_missing_value(container: Container, serve: Serve) -> None:
    program = "import numpy\ndef model_fn(d): pass\ndef predict_fn(data, model): return numpy.isnan(data).astype(int)\n"
    container.source("inference.py", program, folder="model/code")
    assert serve().csv(",2,\n1,,3\n") == (200, "1,0,1\n0,1,0\n")


def test_what_the_users_code_raises_is_one_line_to_the_client_and_a_traceback_in_the_log(
    container: Container, serve: Serve
) -> None:
    program = "def model_fn(d): pass\ndef predict_fn(data, model): raise RuntimeError('bad row\\nmore')\n"
    container.source("inference.py", program, folder="model/code")
    served = serve()
    assert served.csv("1") == (500, "RuntimeError: bad row")
    assert served.call("/ping")[0] == 200
    served.process.terminate()
    _, log = served.process.communicate(timeout=60)
    assert "Traceback (most recent call last)" in log
    assert "raise RuntimeError" in log


def test_the_users_own_functions_replace_the_defaults(container: Container, serve: Serve) -> None:
    program = """
def model_fn(model_dir): return "model"
def input_fn(body, content_type): return [content_type, body]
def predict_fn(data, model): return data + [model]
def output_fn(prediction, accept): return "|".join(prediction + [accept]), "text/plain"
"""
    container.source("own.py", program, folder="model/code")
    served = serve(SAGEMAKER_PROGRAM="own.py")
    answer = served.call(body="a", Content_Type="text/csv", Accept="text/csv")
    assert answer == (200, "text/plain", b"text/csv|a|model|text/csv")


def test_transform_fn_does_it_all(container: Container, serve: Serve) -> None:
    program = "def model_fn(d): return 'm'\ndef transform_fn(model, body, *types): return model + body.decode()\n"
    container.source("inference.py", program, folder="model/code")
    assert serve().call(body="x", Content_Type="a/b", Accept="c/d") == (200, "c/d", b"mx")


def test_ping_is_refused_until_the_model_is_loaded_and_answered_while_it_works(
    container: Container, serve: Serve
) -> None:
    program = """
import pathlib, time
def wait_for(path):
    while not path.exists():
        time.sleep(0.01)
def model_fn(model_dir):
    print("loading", flush=True)
    wait_for(pathlib.Path(model_dir, "go"))
    return pathlib.Path(model_dir)
def predict_fn(data, model):
    (model / "begun").touch()
    wait_for(model / "end")
    return data
"""
    container.source("inference.py", program, folder="model/code")
    port = free_port()
    network = {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"}
    with container.start("serve", **network) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        served = Served(process, port)
        with pytest.raises(OSError, match="refused"):
            served.call("/ping")
        container.source("go", "", folder="model")
        assert process.stdout.readline().startswith("Serving inference.py at")
        _wait_for_ping(served)
        answers: list[tuple[int, str]] = []
        request = threading.Thread(target=lambda: answers.append(served.csv("1")))
        request.start()
        _wait_for_file(container.base / "model" / "begun")
        assert served.call("/ping")[0] == 200
        process.send_signal(signal.SIGTERM)  # what has begun is finished
        container.source("end", "", folder="model")
        request.join()
        assert answers == [(200, "1.0\n")]
        assert process.wait(timeout=60) == 0


def _wait_for_ping(served: Served) -> None:
    while True:
        try:
            served.call("/ping")
            return
        except OSError:
            threading.Event().wait(0.01)


def _wait_for_file(path: Path) -> None:
    while not path.exists():
        threading.Event().wait(0.01)


def test_several_workers_answer_on_one_port_and_end_together(model: Container, serve: Serve) -> None:
    served = serve(SAGEMAKER_MODEL_SERVER_WORKERS="2")
    assert [served.csv("1,2") for _ in range(4)] == [(200, "6\n")] * 4
    served.process.terminate()
    assert served.process.wait(timeout=60) == 0
    with pytest.raises(OSError, match="refused"):
        served.call("/ping")


def test_a_worker_that_cannot_load_its_model_ends_the_container(container: Container) -> None:
    container.source("inference.py", "def model_fn(d): 1 / 0\ndef predict_fn(d, m): pass\n", folder="model/code")
    _refused(container, "could not load the model", SAGEMAKER_MODEL_SERVER_WORKERS="2")


def test_the_source_may_come_from_s3(
    model: Container, serve: Serve, s3: tuple[Path, dict[str, str]], tar_gz: Callable[..., bytes]
) -> None:
    folder, environment = s3
    (folder / "bucket").mkdir()
    (folder / "bucket" / "code.tar.gz").write_bytes(tar_gz(mine=SUM.replace("* model", "* model + 1")))
    served = serve(SAGEMAKER_PROGRAM="mine.py", SAGEMAKER_SUBMIT_DIRECTORY="s3://bucket/code.tar.gz", **environment)
    assert served.csv("1,2") == (200, "7\n")


def _refused(container: Container, message: str, **environment: str) -> None:
    network = {"SAGEMAKER_BIND_TO_PORT": str(free_port()), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"}
    with container.start("serve", **network | environment) as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert message in log


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("", "serve: inference.py has no model_fn(model_dir), which loads the model"),
        ("def model_fn(d): pass", "serve: inference.py has neither predict_fn(data, model) nor transform_fn"),
        (
            "def model_fn(d): pass\ndef transform_fn(a, b, c, d): pass\ndef input_fn(a, b): pass",
            "serve: inference.py has transform_fn and also input_fn: keep one way of the two",
        ),
        ("def model_fn(d, context): pass", "serve: model_fn in inference.py must take (model_dir): missing"),
        ("import nowhere", "No module named 'nowhere'"),
    ],
)
def test_a_program_that_cannot_serve_ends_the_container_with_the_reason(
    container: Container, program: str, message: str
) -> None:
    container.source("inference.py", program, folder="model/code")
    _refused(container, message)


def test_a_missing_program_is_named(container: Container) -> None:
    container.source("inferrence.py", "", folder="model/code")
    _refused(container, "(did you mean inferrence.py?)")


def test_a_port_in_use_and_a_number_that_is_none_are_named(model: Container, serve: Serve) -> None:
    port = str(serve().port)
    _refused(model, f"serve: cannot bind 127.0.0.1:{port}: ", SAGEMAKER_BIND_TO_PORT=port)
    _refused(model, "SAGEMAKER_MODEL_SERVER_WORKERS must be a whole", SAGEMAKER_MODEL_SERVER_WORKERS="many")


def test_other_paths_and_methods_are_refused(model: Container, serve: Serve) -> None:
    served = serve()
    assert served.call("/models")[0] == 404
    assert served.call("/invocations")[0] == 405
