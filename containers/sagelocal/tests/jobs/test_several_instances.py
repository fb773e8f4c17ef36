"""Jobs of several instances: processes that really meet."""

import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.faults.fault import Fault
from sagelocal.jobs import isolation

# the fixture `account` is conftest's class Account
Account = Any
Eventually = Callable[[Callable[[], Any], str], Any]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
CONFIG = "import json; config = json.load(open('/opt/ml/input/config/resourceconfig.json'))\n"

# Every instance sends its number to the first one, which adds them up: a sum over all of them, as of gradients.
ALL_REDUCE = (
    CONFIG
    + """
import pathlib, socket, time
hosts, me = config["hosts"], config["current_host"]
if me == hosts[0]:
    with socket.create_server((me, 7777)) as server:
        print("listening", flush=True)
        links = [server.accept()[0] for _ in hosts[1:]]
        total = 1 + sum(int(link.recv(99)) for link in links)
        for link in links:
            link.sendall(str(total).encode())
else:
    number = int(me.rpartition("-")[2])
    for _ in range(600):
        try:
            link = socket.create_connection((hosts[0], 7777))
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    link.sendall(str(number).encode())
    total = int(link.recv(99))
print(f"loss={total}.5", flush=True)
pathlib.Path("/opt/ml/model", me).write_text(str(total))
pathlib.Path("/opt/ml/model/model.bin").write_text(me)
"""
)


@pytest.fixture
def cluster_account(account: Account) -> Account:
    """Give an account where the instances can have names; see `named`."""
    return account


named = pytest.mark.parametrize("account", ["namespace"], indirect=True)


def _start(account: Account, name: str, script: str, resources: dict[str, Any], **members: Any) -> None:
    specification = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python3", "-c", script],
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    }
    account.train(name, members={"AlgorithmSpecification": specification, "ResourceConfig": resources, **members})


def _train(account: Account, name: str, script: str, resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    _start(account, name, script, resources, **members)
    described: dict[str, Any] = account.trained(name)
    return described


def _instances(count: int) -> dict[str, Any]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}


def _lines(account: Account, name: str) -> dict[str, list[str]]:
    """Return what each instance has printed."""
    folder = account.folder / "logs" / "TrainingJobs" / name
    return {
        file.name.rpartition("-")[0]: [line.partition("\t")[2] for line in file.read_text().splitlines()]
        for file in sorted(folder.glob("*.log"))
    }


@named
def test_the_instances_of_a_training_job_meet_by_their_names(cluster_account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html"""
    described = _train(cluster_account, "job", ALL_REDUCE, _instances(3))
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    assert _lines(cluster_account, "job") == {
        "algo-1": ["listening", "loss=6.5"],
        "algo-2": ["loss=6.5"],
        "algo-3": ["loss=6.5"],
    }
    assert described["FinalMetricDataList"][0]["Value"] == 6.5
    model = cluster_account.backend.objects.get("lake", "models/job/output/model.tar.gz")
    with tarfile.open(model.path) as archive:
        assert sorted(archive.getnames()) == ["algo-1", "algo-2", "algo-3", "model.bin"]
        assert archive.extractfile("model.bin").read() == b"algo-1"  # type: ignore[union-attr]  # it is a file


@named
def test_two_jobs_whose_first_instances_use_one_port_do_not_meet(cluster_account: Account) -> None:
    for name in ("one", "two"):
        _start(cluster_account, name, ALL_REDUCE, _instances(2))
    for name in ("one", "two"):
        assert cluster_account.trained(name)["TrainingJobStatus"] == "Completed"


@named
def test_one_instance_that_fails_ends_the_others_and_the_job(cluster_account: Account) -> None:
    script = (
        CONFIG
        + """
import pathlib, sys, time
if config["current_host"] == "algo-2":
    pathlib.Path("/opt/ml/output/failure").write_text("no memory left")
    sys.exit(3)
time.sleep(600)
"""
    )
    described = _train(cluster_account, "job", script, _instances(2))
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: no memory left, exit code: 3"


@named
def test_data_sharded_by_key_is_shared_out(cluster_account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html"""
    for number in range(5):
        cluster_account.write(f"data/{number}.csv", b"x")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/data/"}
    channels = [
        {
            "ChannelName": "part",
            "DataSource": {"S3DataSource": {**source, "S3DataDistributionType": "ShardedByS3Key"}},
        },
        {"ChannelName": "all", "DataSource": {"S3DataSource": source}},
    ]
    script = "import os; print(*[sorted(os.listdir(f'/opt/ml/input/data/{name}')) for name in ('part', 'all')])"
    _train(cluster_account, "job", script, _instances(2), InputDataConfig=channels)
    everything = str([f"{number}.csv" for number in range(5)])
    assert _lines(cluster_account, "job") == {
        "algo-1": [f"['0.csv', '2.csv', '4.csv'] {everything}"],
        "algo-2": [f"['1.csv', '3.csv'] {everything}"],
    }


@named
def test_instance_groups_have_types_and_channels_of_their_own(cluster_account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-heterogeneous-cluster.html"""
    cluster_account.write("data/a.csv", b"x")
    groups = [
        {"InstanceGroupName": "feeders", "InstanceType": "ml.c5.large", "InstanceCount": 2},
        {"InstanceGroupName": "trainers", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    ]
    groups[0]["InstanceType"] = "ml.c5.xlarge"
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/data/", "InstanceGroupNames": ["feeders"]}
    script = CONFIG + (
        "import os; print(config['current_group_name'], config['current_instance_type'], config['hosts'],"
        " [group['hosts'] for group in config['instance_groups']], os.listdir('/opt/ml/input/data'))"
    )
    _train(
        cluster_account,
        "job",
        script,
        {"InstanceGroups": groups, "VolumeSizeInGB": 1},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
    )
    hosts = "['algo-1', 'algo-2', 'algo-3'] [['algo-1', 'algo-2'], ['algo-3']]"
    assert _lines(cluster_account, "job") == {
        "algo-1": [f"feeders ml.c5.xlarge {hosts} ['train']"],
        "algo-2": [f"feeders ml.c5.xlarge {hosts} ['train']"],
        "algo-3": [f"trainers ml.g5.xlarge {hosts} []"],
    }


@named
def test_a_new_server_takes_a_job_of_several_instances_over(cluster_account: Account, eventually: Eventually) -> None:
    script = CONFIG + (
        "import pathlib, time; print('waiting', flush=True); go = pathlib.Path('/opt/ml/input/data/shared/go')\n"
        "while not go.exists(): time.sleep(0.02)\n"
        "print('went', flush=True)"
    )
    shared = cluster_account.folder.parent / "efs"
    shared.mkdir()
    data = {"FileSystemId": "fs-0123456789abcdef0", "FileSystemType": "EFS", "FileSystemAccessMode": "rw"}
    cluster_account.backend.file_systems = {"fs-0123456789abcdef0": shared}
    channel = {"ChannelName": "shared", "DataSource": {"FileSystemDataSource": {**data, "DirectoryPath": "/"}}}
    network = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
    _start(cluster_account, "job", script, _instances(2), InputDataConfig=[channel], **network)
    both = {"algo-1": ["waiting"], "algo-2": ["waiting"]}
    eventually(lambda: _lines(cluster_account, "job") == both, "both wait")
    cluster_account.restart()
    (shared / "go").touch()
    assert cluster_account.trained("job")["TrainingJobStatus"] == "Completed"
    assert _lines(cluster_account, "job") == {"algo-1": ["waiting", "went"], "algo-2": ["waiting", "went"]}


def test_the_instances_of_a_processing_job_each_get_a_share_and_all_are_uploaded(account: Account) -> None:
    for number in range(4):
        account.write(f"data/{number}", str(number).encode())
    script = """
import json, os, pathlib, sys
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
config = json.loads((base / "config/resourceconfig.json").read_text())
source, target = base / "processing/in", base / "processing/out"
(target / config["current_host"]).write_text("+".join(sorted(path.name for path in source.iterdir())))
"""
    source = {
        "S3Uri": "s3://lake/data/",
        "LocalPath": "/opt/ml/processing/in",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    target = {"S3Uri": "s3://lake/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    account.process(
        "job",
        script,
        ProcessingResources={"ClusterConfig": _instances(2)},
        ProcessingInputs=[{"InputName": "in", "S3Input": source}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": target}]},
    )
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert {key: account.read(key) for key in account.keys("out")} == {"out/algo-1": b"0+2", "out/algo-2": b"1+3"}


def test_more_instances_than_a_machine_can_be_are_refused(account_relocated: Account) -> None:
    with pytest.raises(AwsError) as caught:
        account_relocated.train("job", members={"ResourceConfig": _instances(1000)})
    assert caught.value.code == "ResourceLimitExceeded"


def test_several_instances_without_names_are_refused(account_relocated: Account) -> None:
    assert isolation.choose(account_relocated.mode).mode == "relocate"
    with pytest.raises(AwsError, match="needs mount namespaces"):
        account_relocated.train("job", members={"ResourceConfig": _instances(2)})


@named
def test_an_interrupted_spot_job_gets_all_of_its_instances_again(cluster_account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html"""
    script = (
        CONFIG
        + """
import pathlib, time
me = pathlib.Path("/opt/ml/checkpoints") / config["current_host"]
if me.exists():
    print(me.read_text(), flush=True)
else:
    me.write_text("was here")
    print(f"{me.name} wrote", flush=True)
    time.sleep(600)
"""
    )
    _start(
        cluster_account,
        "job",
        script,
        _instances(2),
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": "s3://lake/checkpoints"},
        StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
    )
    for number in (1, 2):
        cluster_account.await_line("TrainingJobs", f"algo-{number} wrote")
    cluster_account.backend.faults.add(Fault(action="interrupt"))
    described = cluster_account.trained("job")
    assert described["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in [each["Status"] for each in described["SecondaryStatusTransitions"]]
    assert sorted(cluster_account.keys("checkpoints/")) == ["checkpoints/algo-1", "checkpoints/algo-2"]
    assert all("was here" in lines for lines in _lines(cluster_account, "job").values())
