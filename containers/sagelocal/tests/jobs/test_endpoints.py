"""Endpoints: `serve` processes behind InvokeEndpoint."""

import io
import os
import signal
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from sagelocal.errors import AwsError

Account = Any  # conftest's class
Eventually = Callable[[Callable[[], Any], str], Any]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


def _archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("_dot_", "."))
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def _config(account: Account, name: str, models: dict[str, dict[str, str]], **variant: Any) -> str:
    """Create an endpoint configuration with a variant for each model; the values are the models' environments."""
    account.write("model.tar.gz", _archive(model_dot_json='{"weights": 1}'))
    for model, environment in models.items():
        container = {"Image": IMAGE, "ModelDataUrl": "s3://lake/model.tar.gz", "Environment": environment}
        account.call("CreateModel", ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variants = [
        {
            "VariantName": f"variant-{model}",
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            **variant,
        }
        for model in models
    ]
    account.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=variants)
    return name


def _describe(account: Account, name: str = "live") -> dict[str, Any]:
    described: dict[str, Any] = account.call("DescribeEndpoint", EndpointName=name)
    return described


def _settled(account: Account, eventually: Eventually, name: str = "live") -> dict[str, Any]:
    eventually(lambda: _describe(account, name)["EndpointStatus"] not in {"Creating", "Updating"}, "settled")
    return _describe(account, name)


def _ask(account: Account, question: str, name: str = "live", variant: str | None = None) -> bytes:
    status, _, body = account.backend.endpoints.invoke(name, question.encode(), {"Content-Type": "text/plain"}, variant)
    assert status == 200
    answer: bytes = body
    return answer


def _pid(account: Account) -> int:
    return int(_ask(account, "pid"))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def live(account_relocated: Account, eventually: Eventually) -> Account:
    """Give an account with the endpoint `live`."""
    account = account_relocated
    _config(account, "first", {"one": {"COLOUR": "blue"}})
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName="first")
    assert _settled(account, eventually)["EndpointStatus"] == "InService"
    return account


def test_an_endpoint_answers_with_its_model_and_environment(account: Account, eventually: Eventually) -> None:
    _config(account, "first", {"one": {"COLOUR": "blue", "PLACE": "/opt/ml/model"}})
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName="first")
    describe = _settled(account, eventually)
    assert describe["EndpointStatus"] == "InService"
    assert describe["ProductionVariants"][0]["VariantName"] == "variant-one"
    assert _ask(account, "model") == b'{"weights": 1}'
    assert _ask(account, "env COLOUR") == b"blue"
    place = _ask(account, "env PLACE").decode()
    if account.mode == "namespace":
        assert place == "/opt/ml/model"
    else:
        assert (Path(place) / "model.json").read_text() == '{"weights": 1}'


def test_headers_reach_the_container_and_come_back(live: Account) -> None:
    headers = {"Accept": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "trace=1"}
    status, answered, body = live.backend.endpoints.invoke("live", b"1,2", headers, None)
    assert (status, body) == (200, b"1,2")
    assert answered["Content-Type"] == "text/csv"
    assert answered["X-Amzn-SageMaker-Custom-Attributes"] == "trace=1"
    assert answered["x-amzn-invoked-production-variant"] == "variant-one"


def test_a_containers_error_is_handed_on(live: Account) -> None:
    status, _, body = live.backend.endpoints.invoke("live", b"status 500", {}, None)
    assert (status, body) == (500, b"as you asked")


def test_many_clients_are_answered_at_once(live: Account) -> None:
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(_ask(live, f"number-{n}"))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"number-{n}".encode() for n in range(20))


def test_an_endpoint_that_is_not_there_is_not_found(account_relocated: Account) -> None:
    with pytest.raises(AwsError, match="Endpoint nowhere of account 123456789012 not found"):
        account_relocated.backend.endpoints.invoke("nowhere", b"", {}, None)


def test_an_update_serves_the_new_configuration_without_a_gap(live: Account, eventually: Eventually) -> None:
    _config(live, "second", {"two": {"COLOUR": "green"}})
    old = _pid(live)
    seen: list[bytes] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            seen.append(_ask(live, "env COLOUR"))

    client = threading.Thread(target=keep_asking)
    client.start()
    try:
        live.call("UpdateEndpoint", EndpointName="live", EndpointConfigName="second")
        describe = _settled(live, eventually)
        eventually(lambda: seen[-1:] == [b"green"], "the new configuration answers")
        eventually(lambda: not _alive(old), "the old process has ended")
    finally:
        over.set()
        client.join()
    assert (describe["EndpointStatus"], describe["EndpointConfigName"]) == ("InService", "second")
    assert seen == sorted(seen)  # blue, then green, and an answer to every request


def test_a_configuration_that_does_not_come_up_leaves_the_old_one_in_service(
    live: Account, eventually: Eventually
) -> None:
    _config(live, "broken", {"bad": {"ECHO_EXIT": "3"}})
    before = _pid(live)
    live.call("UpdateEndpoint", EndpointName="live", EndpointConfigName="broken")
    describe = _settled(live, eventually)
    assert (describe["EndpointStatus"], describe["EndpointConfigName"]) == ("InService", "first")
    assert "variant-bad did not pass the ping health check" in describe["FailureReason"]
    assert "exit code 3" in describe["FailureReason"]
    assert "going away as told" in describe["FailureReason"]
    assert _pid(live) == before
    live.restart()
    assert _ask(live, "env COLOUR") == b"blue"


def test_a_new_endpoint_that_does_not_come_up_has_failed(account_relocated: Account, eventually: Eventually) -> None:
    account = account_relocated
    config = _config(
        account, "sick", {"bad": {"ECHO_PING_STATUS": "503"}}, ContainerStartupHealthCheckTimeoutInSeconds=1
    )
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName=config)
    describe = _settled(account, eventually)
    assert describe["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in describe["FailureReason"]
    with pytest.raises(AwsError, match="not found"):
        _ask(account, "anybody there?")
    account.call("DeleteEndpoint", EndpointName="live")
    eventually(lambda: account.backend.store.get("endpoint", "live") is None, "deleted")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no archive", "no sound tar.gz archive"), (_archive(**{"../" * 6 + "escape": "x"}), "no sound tar.gz archive")],
    ids=["something else", "leads out"],
)
def test_model_data_that_cannot_be_unpacked_fails_the_endpoint(
    account_relocated: Account, eventually: Eventually, content: bytes, reason: str
) -> None:
    account = account_relocated
    config = _config(account, "first", {"one": {}})
    account.write("model.tar.gz", content)
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName=config)
    describe = _settled(account, eventually)
    assert describe["EndpointStatus"] == "Failed"
    assert reason in describe["FailureReason"]
    assert not (account.folder / "escape").exists()  # six folders above /opt/ml/model, where it would have stayed


def test_a_process_that_dies_is_started_again(live: Account) -> None:
    before = _pid(live)
    with pytest.raises(AwsError) as caught:
        _ask(live, "die")
    assert (caught.value.code, caught.value.status) == ("ModelError", 424)
    assert _pid(live) != before


def test_requests_are_shared_by_weight_and_can_name_their_variant(
    account_relocated: Account, eventually: Eventually
) -> None:
    account = account_relocated
    config = _config(account, "both", {"one": {"COLOUR": "blue"}, "two": {"COLOUR": "green"}})
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName=config)
    _settled(account, eventually)
    assert {_ask(account, "env COLOUR") for _ in range(60)} == {b"blue", b"green"}
    assert {_ask(account, "env COLOUR", variant="variant-two") for _ in range(10)} == {b"green"}
    with pytest.raises(AwsError, match="Variant nobody"):
        _ask(account, "pid", variant="nobody")


def test_a_deleted_endpoint_ends_its_process_and_frees_its_name(live: Account, eventually: Eventually) -> None:
    pid = _pid(live)
    live.call("DeleteEndpoint", EndpointName="live")
    eventually(lambda: live.backend.store.get("endpoint", "live") is None, "deleted")
    assert not _alive(pid)
    live.call("CreateEndpoint", EndpointName="live", EndpointConfigName="first")
    _settled(live, eventually)
    assert _ask(live, "env COLOUR") == b"blue"


def test_a_clean_stop_ends_the_processes_and_the_next_start_brings_them_back(live: Account) -> None:
    pid = _pid(live)
    live.close()
    assert not _alive(pid)
    with pytest.raises(AwsError) as refused:  # the endpoint is there, and a client should ask again
        _ask(live, "model")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    live.open()
    assert _ask(live, "model") == b'{"weights": 1}'
    assert _describe(live)["EndpointStatus"] == "InService"


def test_an_endpoint_comes_back_though_its_model_is_deleted_and_its_image_gone(
    live: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live.call("DeleteModel", ModelName="one")
    live.call("DeleteEndpointConfig", EndpointConfigName="first")
    live.backend.objects.delete("lake", "model.tar.gz")
    live.close()
    live.open()
    live.backend.images = tmp_path
    assert _ask(live, "model") == b'{"weights": 1}'


def test_a_killed_supervisor_is_replaced(live: Account, eventually: Eventually) -> None:
    pid = _pid(live)
    (started,) = (live.folder / "endpoints").rglob("started.json")
    os.kill(int(started.read_text().split('"pid": ')[1].split(",")[0]), signal.SIGKILL)
    eventually(lambda: not _alive(pid), "the process has ended with its supervisor")
    assert _pid(live) != pid


def test_a_container_that_takes_too_long_is_a_model_error(
    live: Account, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = _pid(live)
    os.kill(pid, signal.SIGSTOP)
    # on a busy machine one of its threads may still answer before another one takes the signal
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "stopped")
    monkeypatch.setattr("sagelocal.endpoints.fleet.TIME_LIMIT", 0.2)
    try:
        with pytest.raises(AwsError) as caught:
            _ask(live, "anybody there?")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert caught.value.code == "ModelError"
    assert "timed out" in caught.value.message


@pytest.mark.unverified
def test_the_model_of_an_endpoint_is_read_only(account: Account, eventually: Eventually) -> None:
    """As https://github.com/deepjavalibrary/djl-serving/pull/1879 met it on SageMaker."""
    account.call("CreateEndpoint", EndpointName="live", EndpointConfigName=_config(account, "config", {"m": {}}))
    assert _settled(account, eventually)["EndpointStatus"] == "InService"
    assert _ask(account, "write") == (b"Read-only file system" if account.mode == "namespace" else b"written")
    assert _ask(account, "model") == b'{"weights": 1}'
