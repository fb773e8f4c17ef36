"""A user's requirements: installed once per content, into a folder beside the image's own packages.

Stages: `requirements.txt`, or `requirements/*.txt` in the order of their names, each installed before the next is even
looked at, so that what a later one needs to build is there. Packages come from where uv's variables (UV_DEFAULT_INDEX,
UV_FIND_LINKS ...) or pip's (PIP_INDEX_URL ...) say. What the image has in a version that fits is not installed again.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tabular.sources import ConfigurationError

_LAST_LINES = 12
_SINGLE, _SEVERAL = "requirements.txt", "requirements"
_SITE, _READY = "site", "ready"
_IMAGE = sysconfig.get_path("purelib")
# pip's variables, the uv variables that mean the same, and what stands between several values there
_SAME = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", " "),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", " "),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS", ","),
    "PIP_CERT": ("SSL_CERT_FILE", " "),
}


def stages(folder: Path) -> list[Path]:
    """Return the requirements files of a source folder in the order in which they are installed."""
    single, several = folder / _SINGLE, folder / _SEVERAL
    ordered = sorted(path for path in several.glob("*.txt") if path.is_file()) if several.is_dir() else []
    if single.is_file() and ordered:
        raise ConfigurationError(f"there is {single} and also {ordered[0]}: keep one way of the two")
    return [single] if single.is_file() else ordered


def install(folder: Path) -> Path | None:
    """Return the folder that holds what a source folder requires, installed if need be; None if it requires nothing."""
    files = stages(folder)
    if not files:
        return None
    layer = _layers() / _key(folder, files)
    if (layer / _READY).exists():
        return layer / _SITE
    layer.parent.mkdir(parents=True, exist_ok=True)
    with (layer.parent / f"{layer.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (layer / _READY).exists():
            shutil.rmtree(layer, ignore_errors=True)  # an installation that was killed
            _build(files, layer / _SITE)
            (layer / _READY).touch()
    return layer / _SITE


def variables(site: Path) -> dict[str, str]:
    """Return what lets a process find the packages and programs of a layer."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH")))),
        "PATH": os.pathsep.join((str(site / "bin"), os.environ.get("PATH", os.defpath))),
    }


def activate(site: Path) -> None:
    """Let this process and its children find the packages of a layer."""
    os.environ.update(variables(site))
    sys.path.insert(0, str(site))


def _layers() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "tabular" / "requirements"


def _key(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version}{sysconfig.get_platform()}{_installed()}".encode())
    for path in files:
        for part in _contents(folder, path):
            digest.update(f"{part.relative_to(folder)}\0".encode() + part.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _contents(folder: Path, file: Path) -> Iterator[Path]:
    """Yield a requirements file and the files of the folder that it names: other requirements, wheels, packages."""
    yield file
    root = folder.resolve()
    for word in re.split(r"[\s=@]+", file.read_text(encoding="utf-8")):
        path = (folder / word.removeprefix("file:")) if word.strip("./") else None
        if path is None or not path.exists() or not path.resolve().is_relative_to(root):
            continue
        yield from (one for one in sorted(path.rglob("*")) if one.is_file()) if path.is_dir() else (path,)


def _installed() -> str:
    there = importlib.metadata.distributions(path=[_IMAGE])
    return "".join(sorted(f"{found.name}=={found.version}\n" for found in there if found.name != "tabular"))


def _build(files: list[Path], site: Path) -> None:
    site.mkdir(parents=True)
    # To uv the image's packages are installed here already: what it has in a version that fits stays where it is.
    known = [Path(shutil.copytree(path, site / path.name)) for path in Path(_IMAGE).glob("*.dist-info")]
    for number, file in enumerate(files):
        print(f"Installing {file.name}", flush=True)
        _uv_install(file, site, after_others=number > 0)
    for record in known:
        if _same(record, Path(_IMAGE) / record.name):
            shutil.rmtree(record)


def _same(record: Path, original: Path) -> bool:
    """Return whether a package's record is still the image's, and not that of a package installed in its place."""
    return all(
        (record / name).is_file() and (record / name).read_bytes() == (original / name).read_bytes()
        for name in ("METADATA", "RECORD")
    )


def _uv_install(file: Path, site: Path, after_others: bool) -> None:
    import uv

    command = [uv.find_uv_bin(), "pip", "install", "--python", sys.executable, "--target", str(site), "--no-progress"]
    if os.environ.get("PIP_NO_INDEX", "0").lower() not in ("0", "false", ""):  # uv has no variable for it
        command.append("--no-index")
    environment = {**_index_variables(), **os.environ, "UV_COMPILE_BYTECODE": "1", "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    if after_others:  # a build sees what was installed before it
        environment["PYTHONPATH"] = os.pathsep.join([str(site), _IMAGE])
    done = subprocess.run(
        [*command, "-r", str(file)],
        env=environment,
        cwd=file.parent if file.name == _SINGLE else file.parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = "\n".join(done.stdout.strip().splitlines()[-_LAST_LINES:])
        raise ConfigurationError(f"the packages of {file.name} cannot be installed:\n{lines}")


def _index_variables() -> dict[str, str]:
    there = {pip: os.environ[pip].split() for pip in _SAME if os.environ.get(pip)}
    return {_SAME[pip][0]: _SAME[pip][1].join(values) for pip, values in there.items()}
