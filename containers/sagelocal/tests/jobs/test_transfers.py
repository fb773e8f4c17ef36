"""Between S3 and folders."""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sagelocal.jobs.sources import download_prefix
from sagelocal.jobs.transfer import (
    TransferError,
    download_archive,
    files,
    relative_path,
    upload_archive,
    upload_folder,
)
from sagelocal.s3.objects import ObjectStore


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    store = ObjectStore(tmp_path / "s3")
    store.create_bucket("b")
    yield store
    store.close()


@pytest.fixture
def download(objects: ObjectStore, tmp_path: Path) -> Callable[[str, dict[str, bytes]], dict[str, bytes]]:
    """Give a function that stores objects, downloads a prefix, and returns the files."""

    def run(uri: str, content: dict[str, bytes]) -> dict[str, bytes]:
        for key, value in content.items():
            objects.put("b", key, value)
        folder = tmp_path / "in"
        download_prefix(objects, uri, folder)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}

    return run


Download = Callable[[str, dict[str, bytes]], dict[str, bytes]]


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ("data", ["x.csv", "y/z.csv"]),
        ("data/", ["x.csv", "y/z.csv"]),
        ("data/x.csv", ["x.csv"]),
        ("da", ["data/x.csv", "data/y/z.csv", "day.csv"]),
        ("", ["data/x.csv", "data/y/z.csv", "day.csv"]),
        ("nothing", []),
    ],
)
def test_files_lie_where_their_keys_say_without_the_prefix(prefix: str, paths: list[str], download: Download) -> None:
    content = {"data/x.csv": b"1", "data/y/z.csv": b"2", "day.csv": b"3", "data/": b"", "data/y/": b""}
    assert sorted(download(f"s3://b/{prefix}", content)) == paths


@pytest.mark.parametrize("key", ["in/../../out", "in/./x", "in//", "in/a//b", "in/.."])
def test_a_key_that_is_no_path_is_refused(key: str, download: Download) -> None:
    if key.endswith("/"):
        assert download("s3://b/in/", {key: b""}) == {}
        return
    with pytest.raises(TransferError, match="cannot be a file's path"):
        download("s3://b/in/", {key: b"1"})


def test_a_key_that_is_a_file_and_a_folder_is_an_error(download: Download) -> None:
    with pytest.raises(TransferError, match="both a file and a folder"):
        download("s3://b/in/", {"in/a": b"1", "in/a/b": b"2"})


SEGMENT = st.text("ab.-", min_size=1, max_size=3)


@given(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), st.integers(0, 12))
def test_every_key_of_a_prefix_has_a_path_that_ends_like_the_key(key: str, length: int) -> None:
    prefix = key[:length]
    assume(key != prefix + "/")
    path = relative_path(prefix, key)
    assert path
    assert key.endswith(path)


def test_a_folder_is_stored_file_by_file(objects: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "a").write_text("1")
    (tmp_path / "out" / "deep" / "b").write_text("2")
    (tmp_path / "out" / "empty").mkdir()
    (tmp_path / "secret").write_text("3")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")
    assert upload_folder(objects, tmp_path / "out", "s3://b/place/") == 2
    assert [info.key for info in objects.list("b")] == ["place/a", "place/deep/b"]


@pytest.fixture(params=["with filters", "without filters"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand for a Python whose tarfile has filters, and for one before 3.11.4, which has none."""
    if request.param == "without filters":
        monkeypatch.delattr(tarfile, "data_filter")


@pytest.mark.usefixtures("python")
def test_an_archive_comes_back_as_it_was(objects: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "weights").write_bytes(b"\0" * 100_000)
    (tmp_path / "model" / "code" / "inference.py").write_text("pass\n")
    uri = upload_archive(objects, [tmp_path / "model"], "s3://b/m/model.tar.gz", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
    download_archive(objects, uri, tmp_path / "again")
    names = [path.relative_to(tmp_path / "again").as_posix() for path in files(tmp_path / "again")]
    assert names == ["code/inference.py", "weights"]
    assert (tmp_path / "again" / "weights").read_bytes() == b"\0" * 100_000


def test_the_same_files_make_the_same_archive(objects: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_text("1")
    for name in ("one", "two"):
        upload_archive(objects, [tmp_path / "model"], f"s3://b/{name}", tmp_path / "scratch")
    assert objects.get("b", "one").etag == objects.get("b", "two").etag


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    return _members((name, kind, link))


def _members(*members: tuple[str, bytes, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            archive.addfile(member)
    return packed.getvalue()


BROKEN = {
    "empty": b"",
    "something else": b"no archive",
    "half": _member("fine")[:-12],
    "above": _member("../out"),
    "absolute link": _member("link", tarfile.SYMTYPE, "/etc/passwd"),
    "link above": _member("link", tarfile.SYMTYPE, "../../out"),
    "absolute": _member("link", tarfile.LNKTYPE, "/etc/passwd"),
    "through a link": _members(
        ("a", tarfile.SYMTYPE, "."), ("a/b", tarfile.SYMTYPE, ".."), ("b/out", tarfile.REGTYPE, "")
    ),
    "device": _member("device", tarfile.CHRTYPE),
}


def test_an_absolute_member_lands_in_the_folder_or_nowhere(objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("b", "model.tar.gz", _member(f"{tmp_path}/out"))
    with suppress(TransferError):  # Pythons without tarfile's filters refuse it
        download_archive(objects, "s3://b/model.tar.gz", tmp_path / "model")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_an_archive_that_is_broken_or_leads_out_is_refused(
    objects: ObjectStore, tmp_path: Path, content: bytes
) -> None:
    objects.put("b", "model.tar.gz", content)
    with pytest.raises(TransferError, match="no sound"):
        download_archive(objects, "s3://b/model.tar.gz", tmp_path / "model")
    assert not (tmp_path / "out").exists()


def test_model_data_that_is_not_there_is_named(objects: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="Could not find model data at s3://b/none"):
        download_archive(objects, "s3://b/none", tmp_path / "model")
