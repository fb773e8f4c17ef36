"""InvokeEndpoint through sagelocal, against the same handler behind bare uvicorn, asked by the same client."""

import io
import json
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.bench.local_aws import (
    BUCKET,
    REPOSITORY,
    Sagelocal,
    free_port,
    own_environment,
    peer,
    sagelocal,
    scratch,
    until,
)
from tests.bench.measure import NotMeasuredError, Row, Sample, alternate

HANDLER = Path(__file__).parent / "handler"
LOAD = Path(__file__).parent / "load.py"
CLIENTS, CONNECTIONS = 2, 4  # processes, and keep-alive connections of each
SECONDS, ROUNDS = 3.0, 5
BAR = 0.7

BODY = ",".join(str(number % 17) for number in range(64)).encode()
HEADERS = {"Content-Type": "text/csv", "Accept": "text/csv"}
NAME = "bench"


def endpoint() -> Row:
    """Measure both with one worker process behind each."""
    with scratch() as folder, sagelocal(folder, REPOSITORY / "containers") as aws:
        _deploy(aws, folder / "model")
        with _bare_uvicorn(aws, folder) as port:
            ours = _requests_per_second(urlsplit(aws.environment["AWS_ENDPOINT_URL"]).port or 0, _signed(aws))
            reference = _requests_per_second(port, _http(f"127.0.0.1:{port}", "/invocations", HEADERS))
            measured = alternate(ours, reference, ROUNDS)
    return Row("endpoint", *measured, "requests/s", "higher", bar_ratio=BAR)


def _deploy(aws: Sagelocal, model: Path) -> None:
    model.mkdir()
    numbers = random.Random(0)
    weights = [[numbers.gauss() for _ in range(64)] for _ in range(10)]
    (model / "weights.json").write_text(json.dumps(weights))
    aws.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=_archive(model))
    sagemaker = aws.client("sagemaker")
    container = {"Image": aws.image("tabular"), "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    variant = {
        "VariantName": "all",
        "ModelName": NAME,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=aws.role)
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)

    def is_in_service() -> bool:
        described = sagemaker.describe_endpoint(EndpointName=NAME)
        if described["EndpointStatus"] == "Failed":
            raise NotMeasuredError(f"the endpoint failed: {described.get('FailureReason')}")
        return bool(described["EndpointStatus"] == "InService")

    until(is_in_service, 900, 0.2, "the endpoint is in service")  # the image's environment may have to be built


def _archive(model: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(model / "weights.json", "weights.json")
        archive.add(HANDLER / "inference.py", "code/inference.py")
    return packed.getvalue()


@contextmanager
def _bare_uvicorn(aws: Sagelocal, folder: Path) -> Iterator[int]:
    port = free_port()
    command = [str(aws.image_environment("tabular") / "bin" / "python"), "-m", "uvicorn", "bare:app"]
    command += ["--app-dir", str(HANDLER), "--port", str(port), "--no-access-log", "--log-level", "warning"]
    environment = own_environment() | {"MODEL_DIR": str(folder / "model")}
    with peer(command, environment, port, folder / "uvicorn.log"):
        yield port


def _signed(aws: Sagelocal) -> bytes:
    """Return an InvokeEndpoint request; its signature holds for 15 minutes, longer than it is used."""
    address = urlsplit(aws.environment["AWS_ENDPOINT_URL"])
    path = f"/endpoints/{NAME}/invocations"
    request = AWSRequest("POST", f"{address.geturl()}{path}", headers=dict(HEADERS), data=BODY)
    credentials = Credentials(aws.environment["AWS_ACCESS_KEY_ID"], aws.environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "sagemaker", aws.environment["AWS_REGION"]).add_auth(request)
    return _http(address.netloc, path, dict(request.headers.items()))


def _http(host: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "content-length"]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


def _requests_per_second(port: int, request: bytes) -> Sample:
    command = [sys.executable, "-I", "-S", str(LOAD), str(port), str(SECONDS), str(CONNECTIONS)]

    def sample() -> float:
        clients = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(CLIENTS)
        ]
        for client in clients:
            if client.stdin:
                client.stdin.write(request)
                client.stdin.close()
                client.stdin = None
        total = 0.0
        for client in clients:
            printed, error = client.communicate()
            if client.returncode:
                raise NotMeasuredError(f"a client ended: {error.decode(errors='replace')}")
            total += float(printed)
        return total

    return sample
