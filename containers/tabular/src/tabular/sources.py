"""The user's source code: where it is, how it gets here, and what it must contain."""

import difflib
import shutil
import tarfile
import tempfile
from pathlib import Path


class ConfigurationError(Exception):
    """Say what the user has to change before the container can run."""


def source_folder(uri: str | None, code: Path) -> Path:
    """Return the folder with the user's source: `uri` unpacked into `code`, a local folder as it is, or `code` alone.

    What was submitted is what runs: it replaces whatever an earlier start left in `code`.
    """
    if not uri:
        return code
    if uri.startswith("s3://"):
        return _from_s3(uri, code)
    path = Path(uri)
    if path.is_dir():
        return path
    if not path.is_file():
        raise ConfigurationError(f"the submit directory {uri} is neither an s3:// address nor a file nor a folder")
    _unpack(path, uri, code)
    return code


def find_program(folder: Path, program: str) -> Path:
    """Return the path of the user's program, which must be a Python file."""
    if not program.endswith(".py"):
        raise ConfigurationError(f"the program {program!r} is not a .py file: this image runs Python scripts only")
    path = folder / program
    if not path.is_file():
        raise ConfigurationError(f"there is no {program} in the source folder {folder}{_nearest(folder, program)}")
    return path


def _nearest(folder: Path, program: str) -> str:
    there = sorted(path.name for path in folder.glob("*.py")) if folder.is_dir() else []
    if not there:
        return ", which has no Python file at all"
    match = difflib.get_close_matches(program, there, n=1)
    return f" (did you mean {match[0]}?)" if match else f", only {', '.join(there)}"


def _from_s3(uri: str, code: Path) -> Path:
    from tabular.s3 import DownloadError, download

    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        try:
            download(uri, file)
        except DownloadError as error:
            raise ConfigurationError(f"cannot read the source code at {uri}: {error}") from error
        _unpack(Path(file.name), uri, code)
    return code


def _unpack(archive: Path, uri: str, code: Path) -> None:
    code.parent.mkdir(parents=True, exist_ok=True)
    # beside its place and renamed at the end: a process killed half-way leaves no half-unpacked code to start from
    fresh = Path(tempfile.mkdtemp(prefix=".code-", dir=code.parent))
    try:
        with tarfile.open(archive) as tar:
            _check_members(tar, uri)
            if hasattr(tarfile, "data_filter"):
                tar.extractall(fresh, filter="data")
            else:  # Pythons before 3.11.4 know no filters; the members were checked above
                tar.extractall(fresh)  # noqa: S202 - the filter is set where Python has it
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ConfigurationError(f"cannot unpack the source code at {uri}: {error}") from error
    fresh.chmod(0o755)
    if code.exists():
        shutil.rmtree(code)
    fresh.rename(code)


def _check_members(tar: tarfile.TarFile, uri: str) -> None:
    for member in tar.getmembers():
        path = Path(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} in {uri} is not a plain file or folder inside the archive")
