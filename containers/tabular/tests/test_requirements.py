"""What a source folder requires is there for train, serve and process alike; nothing is asked of an index."""

import hashlib
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from container import Container, Served

SHOWS = "import tiny_ship; print('tiny_ship', tiny_ship.VERSION)"
# The source distribution of a package that cannot be built unless tiny_ship is installed before.
BACKEND = """
import tiny_ship
import zipfile

def _wheel(folder):
    name = "needs_ship-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("needs_ship.py", f"BUILT_WITH = {tiny_ship.VERSION!r}")
        info = "needs_ship-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: needs-ship\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Give a folder of packages, the only one that there is."""
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        wheel(folder, "tiny_ship", version, f"VERSION = {version!r}")
    return folder


@pytest.fixture
def equipped(container: Container, index: Path, tmp_path: Path) -> Container:
    container.environment |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }
    return container


def wheel(folder: Path, name: str, version: str, code: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


def layers(container: Container) -> list[Path]:
    return sorted(Path(container.environment["XDG_CACHE_HOME"]).glob("tabular/requirements/*/ready"))


def test_a_training_script_finds_what_requirements_name(equipped: Container) -> None:
    equipped.source("train.py", SHOWS)
    equipped.source("requirements.txt", "tiny-ship==1.0\nnumpy\n")
    trained = equipped.train()
    assert trained.returncode == 0, equipped.failure
    assert trained.stdout == "Installing requirements.txt\ntiny_ship 1.0\n"
    site = layers(equipped)[0].parent / "site"
    assert not list(site.glob("numpy*")), "what the image has already is not installed again"


def test_the_same_requirements_are_installed_once(equipped: Container, index: Path) -> None:
    equipped.source("train.py", SHOWS)
    equipped.source("requirements.txt", "tiny-ship\n")
    assert "Installing" in equipped.train().stdout
    for file in index.iterdir():
        file.unlink()
    equipped.source("train.py", SHOWS + "; print('changed')")
    assert equipped.train().stdout == "tiny_ship 2.0\nchanged\n"
    equipped.source("requirements.txt", "tiny-ship>=1\n")
    assert equipped.train().returncode == 1, "other requirements are other content"


def test_train_process_and_serve_share_one_installation(equipped: Container, serve: Callable[..., Served]) -> None:
    equipped.source("train.py", SHOWS)
    equipped.source(
        "inference.py",
        "import tiny_ship\n"
        "def model_fn(folder): return tiny_ship\n"
        "def transform_fn(model, data, content_type, accept): return model.VERSION, 'text/csv'\n",
    )
    requirements = equipped.source("requirements.txt", "tiny-ship")
    assert equipped.train().returncode == 0
    done = processed(equipped, requirements.with_name("train.py"), "--shown")
    assert done.stdout == "tiny_ship 2.0\n"
    served = serve(SAGEMAKER_SUBMIT_DIRECTORY=str(requirements.parent))
    assert served.csv("1") == (200, "2.0")
    assert len(layers(equipped)) == 1


def processed(container: Container, script: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    from container import BIN, CLEAN

    command = [str(BIN / "process"), str(script), *arguments]
    environment = CLEAN | container.environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_process_is_the_script_with_its_arguments_and_exit_code(container: Container) -> None:
    script = container.source("process.py", "import sys; print(sys.argv[1:]); sys.exit(7)")
    done = processed(container, script, "--a", "b c")
    assert (done.returncode, done.stdout) == (7, "['--a', 'b c']\n")
    assert processed(container, script.with_name("absent.py")).stderr == (
        f"process: there is no {script.with_name('absent.py')}\n"
    )


def test_a_later_stage_is_built_with_what_an_earlier_one_installed(
    equipped: Container, index: Path, tmp_path: Path, tar_gz: Callable[..., bytes]
) -> None:
    package = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    project = package + "[project]\nname = 'needs-ship'\nversion = '1.0'\n"
    sdist(index / "needs_ship-1.0.tar.gz", {"backend.py": BACKEND, "pyproject.toml": project, "PKG-INFO": METADATA})
    equipped.source("train.py", "import needs_ship; print(needs_ship.BUILT_WITH)")
    equipped.source("requirements/01-build.txt", "tiny-ship==1.0")
    equipped.source("requirements/02-rest.txt", "needs-ship")
    trained = equipped.train()
    assert trained.returncode == 0, equipped.failure
    assert trained.stdout == "Installing 01-build.txt\nInstalling 02-rest.txt\n1.0\n"


METADATA = "Metadata-Version: 2.1\nName: needs-ship\nVersion: 1.0\n"


def sdist(file: Path, files: dict[str, str]) -> None:
    import io
    import tarfile

    with tarfile.open(file, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"needs_ship-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


def test_one_stage_alone_cannot_build_what_needs_another(equipped: Container, index: Path) -> None:
    project = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    project += "[project]\nname = 'needs-ship'\nversion = '1.0'\n"
    sdist(index / "needs_ship-1.0.tar.gz", {"backend.py": BACKEND, "pyproject.toml": project, "PKG-INFO": METADATA})
    equipped.source("train.py", "")
    equipped.source("requirements.txt", "tiny-ship==1.0\nneeds-ship\n")
    assert equipped.train().returncode == 1
    assert "No module named 'tiny_ship'" in equipped.failure


def test_a_package_that_there_is_not_is_named(equipped: Container) -> None:
    equipped.source("train.py", "")
    equipped.source("requirements.txt", "tiny-shop")
    assert equipped.train().returncode == 1
    assert equipped.failure.startswith("ConfigurationError: the packages of requirements.txt cannot be installed:")
    assert "tiny-shop" in equipped.failure
    assert layers(equipped) == []


def test_another_version_than_the_images_wins(equipped: Container, index: Path) -> None:
    wheel(index, "joblib", "99.0", "__version__ = '99.0'")
    equipped.source("train.py", "import joblib; print(joblib.__version__)")
    equipped.source("requirements.txt", "joblib>=99")
    assert equipped.train().stdout.endswith("\n99.0\n")
    equipped.source("requirements.txt", "")
    assert equipped.train().stdout != "99.0\n", "the image's own packages stay as they were"


def test_a_pinned_hash_is_kept(equipped: Container, index: Path) -> None:
    digest = hashlib.sha256((index / "tiny_ship-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    equipped.source("train.py", SHOWS)
    equipped.source("requirements.txt", f"tiny-ship==1.0 --hash=sha256:{digest}\n")
    assert equipped.train().stdout.endswith("tiny_ship 1.0\n")
    equipped.source("requirements.txt", f"tiny-ship==1.0 --hash=sha256:{'0' * 64}\n")
    assert equipped.train().returncode == 1


def test_a_file_of_the_folder_that_requirements_name_is_part_of_their_content(equipped: Container) -> None:
    equipped.source("train.py", SHOWS)
    equipped.source("requirements.txt", "-r more.pip")
    equipped.source("more.pip", "tiny-ship==1.0")
    assert equipped.train().stdout.endswith("tiny_ship 1.0\n")
    equipped.source("more.pip", "tiny-ship==2.0")
    assert equipped.train().stdout.endswith("tiny_ship 2.0\n")


def test_both_forms_at_once_are_refused(equipped: Container) -> None:
    equipped.source("train.py", "")
    single = equipped.source("requirements.txt", "tiny-ship")
    first = equipped.source("requirements/01.txt", "tiny-ship")
    assert equipped.train().returncode == 1
    assert equipped.failure == f"ConfigurationError: there is {single} and also {first}: keep one way of the two"
