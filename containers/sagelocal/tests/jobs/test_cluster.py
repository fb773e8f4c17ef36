"""Several supervised processes as one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sagelocal.jobs.cluster import ClusterProcess, addresses
from sagelocal.jobs.process import Spec, State, SupervisedProcess


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return {host: tmp_path / host / "run" for host in ("algo-1", "algo-2")}


def test_a_cluster_of_which_a_server_started_only_a_part_is_completed_by_the_next(
    folders: dict[str, Path], spec: Callable[..., Spec], tmp_path: Path
) -> None:
    for host, folder in folders.items():
        SupervisedProcess(folder).prepare(spec(f"echo {host} >> {tmp_path}/ran"))
    SupervisedProcess(folders["algo-1"]).start()
    cluster = ClusterProcess(folders)
    assert cluster.state() is State.RUNNING
    assert cluster.wait().exit_code == 0
    assert sorted((tmp_path / "ran").read_text().split()) == ["algo-1", "algo-2"]
    assert cluster.state() is State.ENDED


def test_a_cluster_of_which_nothing_was_started_is_new(folders: dict[str, Path], spec: Callable[..., Spec]) -> None:
    for folder in folders.values():
        SupervisedProcess(folder).prepare(spec("true"))
    assert ClusterProcess(folders).state() is State.NEW


def test_the_first_failure_is_the_outcome_and_stops_the_others(
    folders: dict[str, Path], spec: Callable[..., Spec]
) -> None:
    cluster = ClusterProcess(folders)
    cluster.launch([spec("exec sleep 600"), spec("exit 7")])
    outcome = cluster.wait()
    assert (outcome.host, outcome.exit_code) == ("algo-2", 7)


@pytest.mark.parametrize("end", ["crash", "kill", "stop"])
def test_the_end_of_one_is_the_end_of_all(folders: dict[str, Path], spec: Callable[..., Spec], end: str) -> None:
    cluster = ClusterProcess(folders)
    cluster.launch([spec("exec sleep 600"), spec("exec sleep 600")])
    getattr(cluster, end)()
    outcome = cluster.wait()
    assert outcome.reason == {"crash": "died", "kill": "exited", "stop": "stopped"}[end]
    assert all(SupervisedProcess(folder).state() is not State.RUNNING for folder in folders.values())


def test_every_instance_has_an_address_and_no_two_jobs_share_one(tmp_path: Path) -> None:
    hosts = [f"algo-{number}" for number in range(1, 33)]
    one, two = addresses(tmp_path / "one", hosts), addresses(tmp_path / "two", hosts)
    assert len({*one.values()}) == 32
    assert all(address.startswith("127.") for address in one.values())
    assert one == addresses(tmp_path / "one", hosts)
    assert not {*one.values()} & {*two.values()}
    assert addresses(tmp_path, ["algo-1"]) == {"algo-1": "127.0.0.1"}
