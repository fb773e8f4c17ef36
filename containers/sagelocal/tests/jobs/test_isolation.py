"""Both ways to give a job its own /opt/ml."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.jobs import isolation, landlock
from sagelocal.jobs.isolation import Closed, Isolation, IsolationError, PathError, Sandbox, View, choose
from sagelocal.jobs.process import Spec, SupervisedProcess

MODES = [
    Isolation("namespace"),
    Isolation("namespace", user_namespace=True),
    Isolation("relocate"),
    Isolation("namespace", confined=True),
    Isolation("namespace", user_namespace=True, confined=True),
    Isolation("relocate", confined=True),
]
IDS = ["mounts", "user namespace", "relocate", "mounts, confined", "user namespace, confined", "relocate, confined"]


@pytest.fixture(params=MODES, ids=IDS)
def mode(request: pytest.FixtureRequest) -> Isolation:
    wanted: Isolation = request.param
    if wanted.confined and not landlock.is_there():
        pytest.skip("this kernel has no Landlock of version 3")
    if wanted.mode == "namespace":
        reason = isolation._refusal(wanted)
        if reason:
            pytest.skip(reason)
    return wanted


def _run(sandbox: Sandbox, spec: Callable[..., Spec], folder: Path, script: str) -> list[str]:
    for real in sandbox.real.values():
        real.mkdir(parents=True, exist_ok=True)
    process = SupervisedProcess(folder / "run")
    process.launch(spec(sandbox.rewrite(script), isolation=sandbox.plan()))
    outcome = process.wait()
    lines = [line.partition("\t")[2] for line in (folder / "job.log").read_text().splitlines()]
    assert outcome.exit_code == 0, lines
    return lines


def test_a_job_reads_and_writes_its_own_opt_ml(mode: Isolation, spec: Callable[..., Spec], tmp_path: Path) -> None:
    sandbox = mode.sandbox(tmp_path / "box")
    sandbox.locate("/opt/ml/input").mkdir(parents=True)
    sandbox.locate("/opt/ml/input/data.txt").write_text("mine\n")
    lines = _run(sandbox, spec, tmp_path, "cat /opt/ml/input/data.txt && echo made > /opt/ml/model.txt")
    assert lines == ["mine"]
    assert sandbox.locate("/opt/ml/model.txt").read_text() == "made\n"
    assert sandbox.locate("/opt/ml/model.txt").stat().st_uid == os.getuid()


def test_paths_outside_of_opt_ml_are_the_jobs_own_too(
    mode: Isolation, spec: Callable[..., Spec], tmp_path: Path
) -> None:
    paths = ["/a-new-root-folder/in", "/usr/share/a-new-folder/out", "/opt/ml/processing/x", "/a-new-root-folder/in/b"]
    sandbox = mode.sandbox(tmp_path / "box", paths)
    for number, path in enumerate(paths):
        sandbox.locate(path).mkdir(parents=True, exist_ok=True)
        (sandbox.locate(path) / "name").write_text(f"{number}\n")
    lines = _run(sandbox, spec, tmp_path, " && ".join(f"cat {path}/name" for path in paths))
    assert lines == ["0", "1", "2", "3"]
    assert not any(Path(path).exists() for path in paths)


def test_a_read_only_view_can_be_read_and_not_written(
    mode: Isolation, spec: Callable[..., Spec], tmp_path: Path
) -> None:
    if mode.mode != "namespace":
        pytest.skip("there are no views without mounts")
    for name in ("fixed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(f"{name}\n")
    sandbox = mode.sandbox(tmp_path / "box", ["/a-new-root-folder/in"])
    views = [
        View("/opt/ml/fixed", tmp_path / "fixed", True),
        View("/a-new-root-folder/in/open", tmp_path / "open", False),
    ]
    for view in views:
        sandbox.locate(view.path).mkdir(parents=True)
    script = (
        "cat /opt/ml/fixed/file /a-new-root-folder/in/open/file; echo more >> /a-new-root-folder/in/open/file;"
        " (echo more >> /opt/ml/fixed/file) 2>/dev/null || echo refused;"
        " chmod 777 /opt/ml/fixed/file 2>/dev/null || echo refused"
    )
    process = SupervisedProcess(tmp_path / "run")
    process.launch(spec(script, isolation=sandbox.plan(views)))
    process.wait()
    lines = [line.partition("\t")[2] for line in (tmp_path / "job.log").read_text().splitlines()]
    assert lines == ["fixed", "open", "refused", "refused"]
    assert (tmp_path / "fixed" / "file").read_text() == "fixed\n"
    assert (tmp_path / "open" / "file").read_text() == "open\nmore\n"


def test_an_existing_folder_is_covered_for_the_job_alone(
    mode: Isolation, spec: Callable[..., Spec], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "theirs").touch()
    sandbox = mode.sandbox(tmp_path / "box", [str(taken)])
    assert _run(sandbox, spec, tmp_path, f"ls {taken}; touch {taken}/mine; ls {taken}") == ["mine"]
    assert [path.name for path in taken.iterdir()] == ["theirs"]
    assert sandbox.locate(f"{taken}/mine").exists()


def test_the_rest_of_the_machine_stays_where_it_is(mode: Isolation, spec: Callable[..., Spec], tmp_path: Path) -> None:
    sandbox = mode.sandbox(tmp_path / "box", ["/a-new-root-folder/in"])
    there = sorted(path.name for path in Path("/opt").iterdir() if path.name != "ml")
    lines = _run(sandbox, spec, tmp_path, "ls -A /opt; test -w /dev/null && echo ok")
    assert [line for line in lines if line != "ml"] == [*there, "ok"]


def test_two_jobs_do_not_see_each_others_files(mode: Isolation, spec: Callable[..., Spec], tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        lines = _run(mode.sandbox(tmp_path / name), spec, tmp_path, f"ls /opt/ml; touch /opt/ml/{name}")
        assert lines == []
        (tmp_path / "job.log").unlink()
        SupervisedProcess(tmp_path / "run").folder.rename(tmp_path / f"run-{name}")


SYSTEM_PATHS = ["/opt", "/etc", "/etc/ssl", "/usr", "/usr/bin/x", "/bin", "/proc/1", "/sys", "/dev/shm"]  # noqa: S108 - none is used


@pytest.mark.parametrize("path", ["relative", "", "/", "//", "/opt/../etc", "/opt/ml/../../etc", *SYSTEM_PATHS])
def test_a_path_that_could_lead_anywhere_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(PathError):
        Isolation("relocate").sandbox(tmp_path, [path])


def test_a_path_of_nobody_has_no_place(tmp_path: Path) -> None:
    with pytest.raises(PathError):
        Isolation("relocate").sandbox(tmp_path).locate("/etc/passwd")


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("/opt/ml", "{ml}"),
        ("/opt/ml/model", "{ml}/model"),
        ("--in=/opt/ml/a --out=/opt/ml/b", "--in={ml}/a --out={ml}/b"),
        ("file:///opt/ml/a", "file://{ml}/a"),
        ("PYTHONPATH=/opt/ml/code:/usr", "PYTHONPATH={ml}/code:/usr"),
        ("cat '/opt/ml/x'", "cat '{ml}/x'"),
        ("s3://bucket/opt/ml/a", "s3://bucket/opt/ml/a"),
        ("/opt/mlflow/x", "/opt/mlflow/x"),
        ("/data/opt/ml", "/data/opt/ml"),
        ("/opt/ml-2", "/opt/ml-2"),
    ],
)
def test_relocation_moves_paths_and_nothing_else(text: str, moved: str, tmp_path: Path) -> None:
    sandbox = Isolation("relocate").sandbox(tmp_path)
    assert sandbox.rewrite(text) == moved.format(ml=tmp_path / "ml")


@given(st.text())
def test_a_text_without_the_jobs_paths_is_left_alone(text: str) -> None:
    sandbox = Isolation("relocate").sandbox(Path("/nowhere"))
    assert sandbox.rewrite(text.replace("/opt/ml", "")) == text.replace("/opt/ml", "")


def test_a_namespace_leaves_texts_alone(tmp_path: Path) -> None:
    sandbox = Isolation("namespace").sandbox(tmp_path)
    assert sandbox.rewrite("/opt/ml/model") == "/opt/ml/model"
    assert sandbox.environment() == {}


def test_relocated_jobs_are_told_their_base_folder(tmp_path: Path) -> None:
    assert Isolation("relocate").sandbox(tmp_path).environment() == {"SAGEMAKER_BASE_DIR": str(tmp_path / "ml")}


def test_auto_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    choose.cache_clear()
    monkeypatch.setattr(isolation, "_refusal", lambda _: "unshare: Operation not permitted")
    monkeypatch.setattr(landlock, "is_there", lambda: False)
    assert choose("auto") == Isolation("relocate")
    choose.cache_clear()


def test_a_demanded_namespace_that_is_refused_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    choose.cache_clear()
    monkeypatch.setattr(isolation, "_refusal", lambda _: "unshare: Operation not permitted")
    with pytest.raises(IsolationError, match=r"Operation not permitted.*--isolation relocate"):
        choose("namespace")
    choose.cache_clear()


def test_a_job_writes_nothing_into_the_servers_folder_but_into_its_own(
    mode: Isolation, spec: Callable[..., Spec], tmp_path: Path
) -> None:
    if not mode.is_closed:
        pytest.skip("without mounts and Landlock, permissions are all there is")
    state = tmp_path / "state"
    own, store = state / "jobs" / "mine", state / "s3"
    for folder in (own, store):
        folder.mkdir(parents=True)
    (store / "blob").write_text("whole\n")
    sandbox = mode.sandbox(own, ["/a-new-root-folder/in"])
    for real in sandbox.real.values():
        real.mkdir(parents=True)
    script = (
        f"cat {store}/blob; echo torn > {store}/blob; rm -f {store}/blob; touch {state}/x; "
        f"echo mine > {own}/x && echo made > /opt/ml/x && echo made > /a-new-root-folder/in/x && echo > /dev/null"
    )
    process = SupervisedProcess(tmp_path / "run")
    process.launch(
        spec(sandbox.rewrite(script), isolation=sandbox.plan((), Closed(state, (own, *sandbox.real.values()))))
    )
    assert process.wait().exit_code == 0
    assert (store / "blob").read_text() == "whole\n"
    assert not (state / "x").exists()
    assert (own / "x").read_text() == "mine\n"
    assert sandbox.locate("/opt/ml/x").read_text() == sandbox.locate("/a-new-root-folder/in/x").read_text() == "made\n"


ESCAPES = {
    "a hard link": "ln {store}/blob /opt/ml/link && echo torn > /opt/ml/link",
    "a rename": "mv {store}/blob /opt/ml/taken",
    "a symbolic link": "ln -s {store} /opt/ml/store && echo torn > /opt/ml/store/blob",
    "the server's own root": "echo torn > /proc/{server}/root{store}/blob",
    "the server's working folder": "cd /proc/{server}/cwd && echo torn > {store}/blob",
    "truncation": "truncate -s 0 {store}/blob",
    "a mount": "mount -o remount,rw {store}/..; mount --bind {store} /opt/ml/store; echo torn > {store}/blob",
    "a namespace of its own": "unshare -Urm sh -c 'mount -o remount,rw {store}/..; echo torn > {store}/blob'",
    "a new file": "echo new > {store}/new",
    "a new folder": "mkdir {store}/new",
    "a device": "mknod {store}/new p",
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES)
def test_a_confined_job_finds_no_way_to_the_store(
    mode: Isolation, script: str, spec: Callable[..., Spec], tmp_path: Path
) -> None:
    if not mode.confined:
        pytest.skip("mounts alone leave ways out to whoever looks for them")
    state = tmp_path / "state"
    own, store = state / "jobs" / "mine", state / "s3"
    for folder in (own, store):
        folder.mkdir(parents=True)
    (store / "blob").write_text("whole\n")
    sandbox = mode.sandbox(own)
    sandbox.real["/opt/ml"].mkdir()
    script = sandbox.rewrite(script.format(store=store, server=os.getpid()))
    process = SupervisedProcess(tmp_path / "run")
    process.launch(spec(script, isolation=sandbox.plan((), Closed(state, (sandbox.real["/opt/ml"],)))))
    assert process.wait().exit_code != 0
    assert [(path.name, path.read_text()) for path in store.iterdir()] == [("blob", "whole\n")]


def test_a_path_that_holds_the_servers_own_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PathError, match="holds what jobs run from"):
        Isolation("relocate").sandbox(tmp_path / "box", [str(tmp_path)])
