"""Image folders and their environments."""

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagelocal.errors import AwsError
from sagelocal.jobs import images
from sagelocal.jobs.images import ImageBuildError, build, environment, find_image

ECHO = Path(__file__).parents[1] / "images" / "echo"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of images with a copy of `echo`."""
    shutil.copytree(ECHO, tmp_path / "containers" / "echo", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "containers"


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list that grows with each real build."""
    seen: list[str] = []
    real: Callable[..., None] = images._sync

    def noted(image: images.Image, place: Path, lock: int) -> None:
        seen.append(image.name)
        real(image, place, lock)

    monkeypatch.setattr(images, "_sync", noted)
    return seen


@pytest.mark.parametrize("tag", ["", ":latest", ":0.1.0"])
def test_an_image_is_the_folder_of_its_last_path_part(folder: Path, tag: str) -> None:
    image = find_image(folder, f"{REGISTRY}/echo{tag}")
    assert (image.name, image.folder, image.version) == ("echo", folder / "echo", "0.1.0")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (f"{REGISTRY}/tabula:0.1.0", "has no folder 'tabula'. Images there: echo."),
        (f"{REGISTRY}/echo:0.2.0", "is version 0.1.0, so its tags are '0.1.0' and 'latest'"),
        (f"{REGISTRY}/echo@sha256:{'0' * 64}", "sagelocal knows no digests"),
        ("echo", "is no image URI"),
        (f"{REGISTRY}/..:latest", "is no image URI"),
    ],
)
def test_an_image_that_is_not_there_is_a_clear_error(folder: Path, uri: str, said: str) -> None:
    with pytest.raises(AwsError) as caught:
        find_image(folder, uri)
    assert caught.value.code == "ValidationException"
    assert said in caught.value.message


def test_an_environment_is_built_once_and_has_the_images_commands(
    folder: Path, tmp_path: Path, syncs: list[str]
) -> None:
    told: list[str] = []
    image = find_image(folder, f"{REGISTRY}/echo")
    places = {environment(image, tmp_path / "state", lambda: told.append("building")) for _ in range(3)}
    assert syncs == ["echo"]
    assert told == ["building"]
    (place,) = places
    assert (place / "bin" / "train").exists()
    assert (place / "bin" / "serve").exists()
    imported = subprocess.run(
        [place / "bin" / "python", "-c", "import echo; print(echo.__file__)"], capture_output=True
    )
    assert str(place).encode() in imported.stdout  # installed, not linked to sources that may change under a job


def test_an_image_can_be_built_ahead_by_its_name(folder: Path, tmp_path: Path, syncs: list[str]) -> None:
    place = build(folder, tmp_path / "state", "echo")
    assert environment(find_image(folder, f"{REGISTRY}/echo"), tmp_path / "state") == place
    assert syncs == ["echo"]


def _installed_value(place: Path) -> str:
    shown = subprocess.run([place / "bin" / "python", "-c", "import echo; print(echo.VALUE)"], capture_output=True)
    return shown.stdout.decode().strip()


def test_a_changed_source_is_another_environment(folder: Path, tmp_path: Path) -> None:
    image = find_image(folder, f"{REGISTRY}/echo")
    source = folder / "echo" / "src" / "echo" / "__init__.py"
    source.write_text("VALUE = 'before'\n")
    before = environment(image, tmp_path / "state")
    source.write_text("VALUE = 'changed'\n")
    (folder / "echo" / "tests").mkdir()
    after = environment(image, tmp_path / "state")
    assert before != after
    # uv would take the wheel it built before: it looks at pyproject.toml only, to see whether a folder has changed
    assert [_installed_value(place) for place in (before, after)] == ["before", "changed"]
    (folder / "echo" / "tests" / "test_it.py").write_text("not in the image\n")
    assert environment(image, tmp_path / "state") == after


def test_jobs_that_start_at_once_share_one_build(folder: Path, tmp_path: Path, syncs: list[str]) -> None:
    image = find_image(folder, f"{REGISTRY}/echo")
    places: list[Path] = []
    threads = [threading.Thread(target=lambda: places.append(environment(image, tmp_path / "state"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 4
    assert len(set(places)) == 1
    assert syncs == ["echo"]


def test_a_build_that_was_killed_is_done_again(folder: Path, tmp_path: Path, syncs: list[str]) -> None:
    image = find_image(folder, f"{REGISTRY}/echo")
    place = environment(image, tmp_path / "state")
    (place / images._READY).unlink()
    shutil.rmtree(place / "bin")
    assert (environment(image, tmp_path / "state") / "bin" / "train").exists()
    assert syncs == ["echo", "echo"]


def test_a_build_that_fails_says_what_uv_says(folder: Path, tmp_path: Path) -> None:
    file = folder / "echo" / "pyproject.toml"
    file.write_text(file.read_text().replace('">=3.11,<3.14"', '">=9"'))
    with pytest.raises(ImageBuildError, match=r"uv could not build the image 'echo'(.|\n)*9"):
        environment(find_image(folder, f"{REGISTRY}/echo"), tmp_path / "state")


def test_a_first_job_says_that_its_image_is_being_built(account_relocated: Any, folder: Path) -> None:
    account = account_relocated
    (folder / "echo" / "src" / "echo" / "fresh.py").write_text(f"PLACE = {str(folder)!r}\n")  # built by nobody yet
    account.backend.images = folder
    account.train("job")
    describe = account.trained("job")
    assert describe["TrainingJobStatus"] == "Completed"
    assert describe["SecondaryStatusTransitions"][0]["StatusMessage"].startswith("Building the image's environment")


def test_a_job_whose_image_cannot_be_built_fails_with_uvs_words(account_relocated: Any, folder: Path) -> None:
    file = folder / "echo" / "pyproject.toml"
    file.write_text(file.read_text().replace('">=3.11,<3.14"', '">=9"'))
    account_relocated.backend.images = folder
    account_relocated.train("job")
    describe = account_relocated.trained("job")
    assert describe["TrainingJobStatus"] == "Failed"
    assert describe["FailureReason"].startswith("ClientError: uv could not build the image 'echo'")
