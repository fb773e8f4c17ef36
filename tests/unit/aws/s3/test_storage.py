import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boatyard.aws.errors import PermanentError, StepError
from boatyard.aws.s3 import storage
from boatyard.spec import code_hash


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("print('train')\n")
    (folder / "lib" / "data.txt").write_text("1\n")
    return folder


@pytest.fixture
def s3(client: Callable[[str], Any]) -> Any:
    return client("s3")


def keys(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_an_archive_of_the_same_contents_is_the_same_bytes() -> None:
    one = storage.archive({"b.py": b"2", "a.py": b"1"})
    assert one == storage.archive({"a.py": b"1", "b.py": b"2"})
    # not by chance: the same in every process, on every day
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(storage.archive({"a.py": b"1", "b.py": b"2"})).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(one)) as tar:
        assert tar.getnames() == ["a.py", "b.py"]
        assert all(member.mtime == 0 for member in tar)


def test_source_code_goes_up_as_files_and_as_an_archive(s3: Any, bucket: str, code: Path) -> None:
    storage.upload_code(s3, code, code_hash(code), f"s3://{bucket}/m/code/h")
    assert keys(s3, bucket) == ["m/code/h/jobs/lib/data.txt", "m/code/h/jobs/train.py", "m/code/h/sourcedir.tar.gz"]
    body = storage.read_bytes(s3, f"s3://{bucket}/m/code/h/sourcedir.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == ["lib/data.txt", "train.py"]


def test_source_code_that_is_there_is_not_sent_again(s3: Any, bucket: str, code: Path) -> None:
    prefix = f"s3://{bucket}/m/code/h"
    storage.upload_code(s3, code, code_hash(code), prefix)
    s3.delete_object(Bucket=bucket, Key="m/code/h/jobs/train.py")
    storage.upload_code(s3, code, code_hash(code), prefix)
    assert "m/code/h/jobs/train.py" not in keys(s3, bucket)


def test_an_upload_that_broke_off_is_done_again(s3: Any, bucket: str, code: Path) -> None:
    storage.write_bytes(s3, f"s3://{bucket}/m/code/h/jobs/train.py", b"half")
    storage.upload_code(s3, code, code_hash(code), f"s3://{bucket}/m/code/h")
    assert storage.read_bytes(s3, f"s3://{bucket}/m/code/h/jobs/train.py") == b"print('train')\n"


def test_code_that_changed_meanwhile_does_not_go_up_under_the_old_hash(s3: Any, bucket: str, code: Path) -> None:
    digest = code_hash(code)
    (code / "train.py").write_text("print('other')\n")
    with pytest.raises(StepError, match="was changed"):
        storage.upload_code(s3, code, digest, f"s3://{bucket}/m/code/h")
    assert keys(s3, bucket) == []


def test_a_missing_object_is_one_clear_line(s3: Any, bucket: str) -> None:
    with pytest.raises(PermanentError, match=f"s3://{bucket}/evaluation.json does not exist"):
        storage.read_json(s3, f"s3://{bucket}/evaluation.json")


def test_an_object_that_is_no_json_is_one_clear_line(s3: Any, bucket: str) -> None:
    storage.write_bytes(s3, f"s3://{bucket}/evaluation.json", b"NaN?")
    with pytest.raises(PermanentError, match=r"evaluation\.json is not JSON"):
        storage.read_json(s3, f"s3://{bucket}/evaluation.json")


def test_the_first_lines_are_the_first_lines(s3: Any, bucket: str) -> None:
    storage.write_bytes(s3, f"s3://{bucket}/test.csv", b"1,2\n3,4\n5,6\n")
    assert storage.first_lines(s3, f"s3://{bucket}/test.csv", 2) == ["1,2", "3,4"]
    assert storage.first_lines(s3, f"s3://{bucket}/test.csv", 9) == ["1,2", "3,4", "5,6"]


@pytest.mark.parametrize("uri", ["https://bucket/key", "s3://", "bucket/key"])
def test_what_is_no_s3_address_is_refused(uri: str) -> None:
    with pytest.raises(PermanentError, match="is not the address of an S3 object"):
        storage.split_uri(uri)
