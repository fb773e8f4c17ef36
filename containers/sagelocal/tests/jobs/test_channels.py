"""How the data of a channel comes to a training job, in both isolation modes."""

import json
from pathlib import Path
from typing import Any

import pytest

from sagelocal.errors import AwsError

# the fixture `account` is conftest's class Account
Account = Any

pytestmark = pytest.mark.unverified

VPC = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}


def _objects(name: str, uri: str, data_type: str = "S3Prefix", mode: str = "File", **source: Any) -> dict[str, Any]:
    data = {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri, **source}}
    return {"ChannelName": name, "InputMode": mode, "DataSource": data}


def _folder(name: str, path: str, access: str, system: str = "fs-0123456789abcdef0") -> dict[str, Any]:
    data = {
        "FileSystemId": system,
        "FileSystemType": "EFS",
        "FileSystemAccessMode": access,
        "DirectoryPath": path,
    }
    return {"ChannelName": name, "DataSource": {"FileSystemDataSource": data}}


@pytest.fixture
def shared(account: Account, tmp_path: Path) -> Path:
    """Give the folder that stands for the file system."""
    folder = tmp_path / "efs"
    (folder / "images" / "deep").mkdir(parents=True)
    (folder / "images" / "deep" / "a.txt").write_text("first")
    account.backend.file_systems = {"fs-0123456789abcdef0": folder}
    return folder


def _script(account: Account, name: str, script: str, channels: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """Run a Python script as a training job; `base` is where /opt/ml/input/data is."""
    begin = "import os, pathlib; base = pathlib.Path(os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml')) / 'input/data'\n"
    account.train(name, members={"InputDataConfig": channels, **_specification(begin + script), **members})
    described: dict[str, Any] = account.trained(name)
    return described


def _specification(script: str) -> dict[str, Any]:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", script],
        }
    }


def _printed(account: Account) -> list[str]:
    lines: list[str] = []
    for file in sorted((account.folder / "logs" / "TrainingJobs").rglob("*.log")):
        lines += [line.partition("\t")[2] for line in file.read_text().splitlines()]
    return lines


LIST = "print(sorted(str(p.relative_to(base)) + '=' + p.read_text() for p in base.rglob('*') if p.is_file()))"
TRY_TO_WRITE = """
for path in sorted(base.rglob('*')):
    if path.is_file():
        try:
            path.write_text('changed')
        except OSError as error:
            print(path.name, error.errno)
"""


def test_a_manifest_names_the_objects_of_a_channel(account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html"""
    for key in ("a.txt", "deep/b.txt", "c.txt"):
        account.write(f"data/{key}", key.encode())
    account.write("manifest", json.dumps([{"prefix": "s3://lake/data/"}, "a.txt", "deep/b.txt"]).encode())
    _script(account, "job", LIST, [_objects("train", "s3://lake/manifest", "ManifestFile")])
    assert _printed(account) == ["['train/a.txt=a.txt', 'train/deep/b.txt=deep/b.txt']"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"no JSON", "is not a list that begins with"),
        (b'[{"prefix": "s3://lake/data/"}, "missing"]', "s3://lake/data/missing of manifest s3://lake/manifest"),
        (b'[{"prefix": "s3://lake/data/"}, 7]', "names 7"),
        (b'[{"prefix": "s3://lake/data/"}, "../a"]', "s3://lake/data/../a"),
    ],
)
def test_a_manifest_that_is_none_fails_the_job(account_relocated: Account, manifest: bytes, reason: str) -> None:
    account_relocated.write("manifest", manifest)
    channel = _objects("train", "s3://lake/manifest", "ManifestFile")
    described = _script(account_relocated, "job", LIST, [channel])
    assert described["TrainingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_a_fast_file_channel_shows_the_objects_and_cannot_be_written(account: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html"""
    account.write("data/a.txt", b"first")
    account.write("data/deep/b.txt", b"second")
    channels = [_objects("train", "s3://lake/data/", mode="FastFile")]
    described = _script(account, "job", LIST + TRY_TO_WRITE, channels)
    assert described["TrainingJobStatus"] == "Completed"
    assert _printed(account)[0] == "['train/a.txt=first', 'train/deep/b.txt=second']"
    assert account.read("data/a.txt") == b"first"
    if account.mode == "namespace":
        assert _printed(account)[1:] == ["a.txt 30", "b.txt 30"]


def test_a_read_only_file_system_stays_as_it_is(account: Account, shared: Path) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FileSystemDataSource.html"""
    channels = [_folder("train", "/images", "ro")]
    described = _script(account, "job", LIST + TRY_TO_WRITE, channels, **VPC)
    assert described["TrainingJobStatus"] == "Completed"
    assert _printed(account)[0] == "['train/deep/a.txt=first']"
    assert (shared / "images" / "deep" / "a.txt").read_text() == "first"


def test_a_job_writes_to_a_file_system_that_it_may_write_to(account: Account, shared: Path) -> None:
    script = "(base / 'train' / 'made.txt').write_text((base / 'train/deep/a.txt').read_text())"
    described = _script(account, "job", script, [_folder("train", "/images", "rw")], **VPC)
    assert described["TrainingJobStatus"] == "Completed"
    assert (shared / "images" / "made.txt").read_text() == "first"
    assert sorted(path.name for path in (shared / "images").iterdir()) == ["deep", "made.txt"]


@pytest.mark.parametrize("path", ["/missing", "/../", "/images/link"])
def test_a_directory_that_is_not_in_the_file_system_fails_the_job(
    account_relocated: Account, tmp_path: Path, path: str
) -> None:
    folder = tmp_path / "efs" / "images"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to("/etc")
    account_relocated.backend.file_systems = {"fs-0123456789abcdef0": tmp_path / "efs"}
    described = _script(account_relocated, "job", LIST, [_folder("train", path, "ro")], **VPC)
    assert described["TrainingJobStatus"] == "Failed"
    assert "Unable to mount file system: fs-0123456789abcdef0" in described["FailureReason"]


@pytest.mark.parametrize(
    ("channel", "members", "message"),
    [
        (_folder("train", "/", "ro"), {}, "VpcConfig with its subnets is required"),
        (_folder("train", "/", "ro", "fs-ffffffffffffffff0"), VPC, "--file-system fs-ffffffffffffffff0=FOLDER"),
        ({**_folder("train", "/", "ro"), "InputMode": "FastFile"}, VPC, "needs the input mode File"),
        (_objects("train", "s3://lake/m", "ManifestFile"), {}, "The manifest .* does not exist"),
        (_objects("train", "s3://lake/m", "ManifestFile", "FastFile"), {}, "FastFile mode supports S3 prefixes only"),
        (_objects("train", "s3://lake/m", mode="Pipe"), {}, "InputMode = Pipe"),
        (_objects("train", "s3://lake/m", InstanceGroupNames=["big"]), {}, "groups that are not there: big"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(
    account_relocated: Account, channel: dict[str, Any], members: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        account_relocated.train("job", members={"InputDataConfig": [channel], **members})
