"""`boatyard run digits --step train`, all of it, against the model's own script by hand on the same rows."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.local_aws import BUCKET, REPOSITORY, Sagelocal, own_environment, sagelocal, scratch
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate

from boatyard.cli.environment import program
from boatyard.spec import load_model

ROUNDS = 7
BAR = 3.0  # seconds
MODEL = "digits"
BEFORE = ("ingest", "wait_visible", "training_set", "process")


def run_step() -> Row:
    """Measure both, warm: what comes before the step has run, and so has the step."""
    with scratch() as folder, sagelocal(folder, REPOSITORY / "containers") as aws:
        step = _command(aws, "train")
        for name in (*BEFORE, "train"):
            _command(aws, name)()
        ours, reference = alternate(step, _by_hand(aws, folder), ROUNDS)
    return Row("run_step", ours, reference, "s", "lower", bar_difference=BAR)


def _command(aws: Sagelocal, step: str) -> Sample:
    environment = own_environment() | dict(aws.environment)
    environment |= {
        "BOATYARD_BUCKET": BUCKET,
        "BOATYARD_ROLE_ARN": aws.role,
        "BOATYARD_IMAGE_REGISTRY": aws.image("").rpartition("/")[0],
    }
    return _timed([program("boatyard"), "run", MODEL, "--step", step], environment, REPOSITORY)


def _by_hand(aws: Sagelocal, folder: Path) -> Sample:
    split = folder / "split"
    split.mkdir()
    s3 = aws.client("s3")
    (rows,) = (
        found["Key"]
        for found in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{MODEL}/process/")["Contents"]
        if found["Key"].endswith("/train.csv")
    )
    s3.download_file(BUCKET, rows, str(split / "train.csv"))
    given = load_model(REPOSITORY / "dags" / MODEL).train.hyperparameters
    hyperparameters = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    python = str(aws.image_environment("tabular") / "bin" / "python")
    script = str(REPOSITORY / "dags" / MODEL / "jobs" / "train.py")
    command = [python, script, "--train-dir", str(split), "--model-dir", str(folder / "model"), *hyperparameters]
    return _timed(command, own_environment(), folder)


def _timed(command: Sequence[str], environment: dict[str, str], folder: Path) -> Sample:
    def sample() -> float:
        started = time.perf_counter()
        ended = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        if ended.returncode:
            raise NotMeasuredError(f"{' '.join(command[:4])} ended with {ended.returncode}: {ended.stderr[-1000:]}")
        return seconds

    return sample
