"""S3Hook's methods on buckets and objects; those on bucket tags are in test_s3_tagging.py.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/_api/airflow/providers/amazon/aws/hooks/s3/
"""

from __future__ import annotations

import gzip
import io
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.exceptions import AirflowProviderDeprecationWarning
from airflow.providers.amazon.aws.exceptions import S3HookPathTraversalError
from airflow.providers.amazon.aws.hooks.s3 import S3Hook

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified


@pytest.fixture
def hook() -> S3Hook:
    return S3Hook(aws_conn_id=None, transfer_config_args={"multipart_threshold": 5 << 20}, extra_args={})


@pytest.fixture
def tree(hook: S3Hook, bucket: str) -> str:
    """Return a bucket with three objects on two levels."""
    for key in ("a/1.csv", "a/b/2.csv", "c.json"):
        hook.load_string(key, key, bucket)
    return bucket


def test_buckets_are_made_found_and_deleted_with_what_is_in_them(hook: S3Hook) -> None:
    name = f"hook-{uuid.uuid4()}"
    assert hook.check_for_bucket(name) is False
    hook.create_bucket(name)
    assert hook.check_for_bucket(name) is True
    assert hook.get_bucket(name).creation_date is not None
    hook.load_string("x", "k", name)
    with pytest.raises(Exception, match="BucketNotEmpty"):
        hook.delete_bucket(name)
    hook.delete_bucket(name, force_delete=True)
    assert hook.check_for_bucket(name) is False


def test_objects_are_loaded_from_files_texts_and_bytes_and_read_back(
    hook: S3Hook, bucket: str, tmp_path: Path, client: Client
) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(b"1,2\n" * (2 << 20))  # above the threshold: a multipart upload
    hook.load_file(file, "file", bucket, encrypt=True)
    hook.load_file(file, "file.gz", bucket, gzip=True)
    hook.load_string("grün", f"s3://{bucket}/text")
    hook.load_string("squeezed", "text.gz", bucket, compression="gzip")
    hook.load_bytes(b"\x00\xff", "bytes", bucket)
    hook.load_file_obj(io.BytesIO(b"stream"), "stream", bucket, acl_policy="bucket-owner-full-control")
    s3 = client("s3")

    def stored(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    assert stored("file") == file.read_bytes()
    assert hook.get_key("file", bucket).e_tag.endswith('-1"')
    assert gzip.decompress(stored("file.gz")) == file.read_bytes()
    assert hook.read_key("text", bucket) == "grün"
    assert gzip.decompress(stored("text.gz")) == b"squeezed"
    assert (stored("bytes"), stored("stream")) == (b"\x00\xff", b"stream")
    with pytest.raises(ValueError, match="already exists"):
        hook.load_string("other", "text", bucket)
    hook.load_string("other", "text", bucket, replace=True)
    assert hook.get_key("text", bucket).get()["Body"].read() == b"other"


def test_keys_and_prefixes_are_listed_page_by_page(hook: S3Hook, tree: str) -> None:
    assert hook.list_keys(tree, page_size=1) == ["a/1.csv", "a/b/2.csv", "c.json"]
    assert hook.list_keys(tree, prefix="a/", delimiter="/") == ["a/1.csv"]
    assert hook.list_keys(tree, start_after_key="a/1.csv", max_items=1) == ["a/b/2.csv"]
    assert hook.list_keys(tree, prefix="a/*.csv", apply_wildcard=True) == ["a/1.csv", "a/b/2.csv"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert hook.list_keys(tree, from_datetime=tomorrow) == []
    assert hook.list_prefixes(tree, "a/", "/", page_size=1) == ["a/b/"]
    assert [found["Size"] for found in hook.iter_file_metadata("a/", tree, page_size=1)] == [7, 9]
    with pytest.warns(AirflowProviderDeprecationWarning):
        assert [found["Key"] for found in hook.get_file_metadata("c", tree)] == ["c.json"]


def test_keys_are_found_by_name_prefix_and_wildcard(hook: S3Hook, tree: str) -> None:
    assert hook.check_for_key("c.json", tree)
    assert not hook.check_for_key(f"s3://{tree}/nothing")
    assert hook.check_for_prefix("a/b", "/", tree)
    assert not hook.check_for_prefix("b", "/", tree)
    assert hook.check_for_wildcard_key("a/*/2.csv", tree)
    assert not hook.check_for_wildcard_key("a/*.json", tree)
    assert hook.get_wildcard_key(f"s3://{tree}/a/[0-9].csv").key == "a/1.csv"
    head = hook.head_object("c.json", tree)
    assert head is not None
    assert head["ContentLength"] == 6
    assert hook.head_object("nothing", tree) is None


def test_objects_are_copied_and_deleted(hook: S3Hook, tree: str) -> None:
    hook.copy_object("c.json", "copied", tree, tree)
    hook.copy_object(f"s3://{tree}/c.json", f"s3://{tree}/again", acl_policy="no-acl")
    assert (hook.read_key("copied", tree), hook.read_key("again", tree)) == ("c.json", "c.json")
    hook.delete_objects(tree, "again")
    hook.delete_objects(tree, ["copied", "a/1.csv", "never there"])
    assert hook.list_keys(tree) == ["a/b/2.csv", "c.json"]


def test_files_are_downloaded(hook: S3Hook, tree: str, tmp_path: Path) -> None:
    path = hook.download_file("a/b/2.csv", tree, str(tmp_path), preserve_file_name=True, use_autogenerated_subdir=False)
    assert (path, Path(path).read_text()) == (str(tmp_path / "2.csv"), "a/b/2.csv")
    with pytest.raises(Exception, match="404"):
        hook.download_file("nothing", tree, str(tmp_path))


def test_a_presigned_url_opens_without_keys(hook: S3Hook, tree: str) -> None:
    url = hook.generate_presigned_url("get_object", {"Bucket": tree, "Key": "c.json"}, expires_in=60)
    assert url is not None
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"c.json"


def test_a_folder_is_kept_in_step_with_a_prefix(hook: S3Hook, tree: str, tmp_path: Path) -> None:
    hook.sync_to_local_dir(tree, tmp_path, "a/")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv")) == ["1.csv", "b/2.csv"]
    hook.load_string("changed", "a/1.csv", tree, replace=True)
    hook.delete_objects(tree, "a/b/2.csv")
    hook.sync_to_local_dir(tree, tmp_path, "a/")
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.csv")} == {"1.csv": "changed"}
    hook.load_string("out", "a/../../evil.csv", tree)
    with pytest.raises(S3HookPathTraversalError):
        hook.sync_to_local_dir(tree, tmp_path, "a/")


def test_uris_are_taken_apart() -> None:
    assert S3Hook.parse_s3_url("s3://lake/a/b.csv") == ("lake", "a/b.csv")
    assert S3Hook.get_s3_bucket_key(None, "s3://lake/a/b.csv", "bucket", "key") == ("lake", "a/b.csv")


def test_the_hook_has_its_transfer_settings_and_a_resource(hook: S3Hook, tree: str) -> None:
    assert hook.transfer_config.multipart_threshold == 5 << 20
    assert hook.extra_args == {}
    assert hook.resource.Object(tree, "c.json").content_length == 6
