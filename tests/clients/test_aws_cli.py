"""The AWS CLI, unmodified: https://docs.aws.amazon.com/cli/latest/reference/"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path
from typing import Any

AWS = str(Path(sys.executable).with_name("aws"))


def _aws(*arguments: str) -> str:
    done = subprocess.run([AWS, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _answer(*arguments: str) -> Any:
    return json.loads(_aws(*arguments, "--output", "json"))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sync_copies_what_is_new_and_removes_what_is_gone(tmp_path: Path) -> None:
    bucket = f"cli-{uuid.uuid4().hex[:12]}"
    _aws("s3", "mb", f"s3://{bucket}")
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "deep").mkdir(parents=True)
    (here / "a.txt").write_bytes(b"one")
    (here / "deep" / "b c.bin").write_bytes(bytes(range(256)) * 40_000)  # above the size of one part
    _aws("s3", "sync", str(here), f"s3://{bucket}/data")
    _aws("s3", "sync", f"s3://{bucket}/data", str(there))
    assert _files(there) == _files(here)
    (here / "a.txt").unlink()
    (here / "new.txt").write_bytes(b"two")
    said = _aws("s3", "sync", str(here), f"s3://{bucket}/data", "--delete")
    assert "delete: s3://" in said
    assert "upload: " in said
    _aws("s3", "sync", f"s3://{bucket}/data", str(there), "--delete")
    assert _files(there) == _files(here)
    assert _aws("s3", "sync", str(here), f"s3://{bucket}/data", "--delete") == ""


def test_s3_commands_move_list_and_sign(tmp_path: Path) -> None:
    bucket = f"cli-{uuid.uuid4().hex[:12]}"
    _aws("s3", "mb", f"s3://{bucket}")
    (tmp_path / "x").write_text("content")
    _aws("s3", "cp", str(tmp_path / "x"), f"s3://{bucket}/x", "--content-type", "text/csv", "--metadata", "k=v")
    _aws("s3", "mv", f"s3://{bucket}/x", f"s3://{bucket}/moved/y")
    assert "moved/" in _aws("s3", "ls", f"s3://{bucket}")
    head = _answer("s3api", "head-object", "--bucket", bucket, "--key", "moved/y")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"k": "v"})
    signed = _aws("s3", "presign", f"s3://{bucket}/moved/y").strip()
    with urllib.request.urlopen(signed) as answer:
        assert answer.read() == b"content"
    _aws("s3", "rb", f"s3://{bucket}", "--force")
    assert bucket not in [found["Name"] for found in _answer("s3api", "list-buckets")["Buckets"]]


def test_sagemaker_commands_answer_and_errors_name_the_thing() -> None:
    assert "TrainingJobSummaries" in _answer("sagemaker", "list-training-jobs", "--name-contains", "nothing")
    group = f"g-{uuid.uuid4().hex[:12]}"
    _answer("sagemaker", "create-model-package-group", "--model-package-group-name", group)
    described = _answer("sagemaker", "describe-model-package-group", "--model-package-group-name", group)
    assert described["ModelPackageGroupStatus"] == "Completed"
    missing = subprocess.run(
        [AWS, "sagemaker", "describe-endpoint", "--endpoint-name", "nobody"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode != 0
    assert "Could not find endpoint" in missing.stderr


def test_sts_says_who_it_is() -> None:
    assert _answer("sts", "get-caller-identity")["Account"] == "123456789012"
