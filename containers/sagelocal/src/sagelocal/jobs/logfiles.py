"""The log files that supervisors write, one per stream: lines of `<epoch milliseconds>TAB<text>`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUP_ROOT = "/aws/sagemaker/"
SUFFIX = ".log"
_BLOCK = 1 << 20  # bytes; also how much one page may hold, as in CloudWatch Logs


@dataclass(frozen=True)
class Line:
    """One event of a stream."""

    start: int  # the byte at which it starts in its file
    end: int
    time: int  # epoch milliseconds
    text: str


def stream_file(state: Path, group: str, stream: str) -> Path:
    """Return the file of a stream, such as `/aws/sagemaker/TrainingJobs`, `<job>/algo-1-<epoch>`."""
    return group_folder(state, group) / f"{stream}{SUFFIX}"


def group_folder(state: Path, group: str) -> Path:
    """Return the folder of a log group's streams."""
    return state / "logs" / group.removeprefix(GROUP_ROOT)


def streams(folder: Path, prefix: str = "") -> dict[str, Path]:
    """Return the streams of a group whose names begin with a prefix, by name in order."""
    first = prefix.partition("/")[0]
    if "/" in prefix:
        places = [folder / first] if (folder / first).parent == folder else []
    else:
        places = [path for path in folder.glob("*") if path.name.startswith(first)]
    found = {
        path.relative_to(folder).as_posix().removesuffix(SUFFIX): path
        for place in places
        for path in place.rglob(f"*{SUFFIX}")
    }
    return {name: found[name] for name in sorted(found) if name.startswith(prefix)}


def lines_from(file: Path, start: int = 0) -> Iterator[Line]:
    """Yield the whole lines of a file from a byte on; a line still being written is left for later."""
    with file.open("rb") as stream:
        stream.seek(start)
        for raw in stream:
            if not raw.endswith(b"\n"):
                return
            stamp, _, text = raw[:-1].partition(b"\t")
            yield Line(start, start + len(raw), int(stamp), text.decode(errors="replace"))
            start += len(raw)


def lines_before(file: Path, end: int, count: int) -> list[Line]:
    """Return up to `count` lines that lie before a byte, the last ones of up to a megabyte."""
    start = max(0, end - _BLOCK)
    with file.open("rb") as stream:
        stream.seek(start)
        if start:
            start += len(stream.readline())
    found = [line for line in lines_from(file, start) if line.end <= end]
    return found[-count:]


def whole_size(file: Path) -> int:
    """Return the byte after the last whole line."""
    size = file.stat().st_size
    last = lines_before(file, size, 1)
    return last[-1].end if last else 0


def tail(file: Path, count: int) -> list[str]:
    """Return the last lines of a log, none if it does not exist."""
    return [line.text for line in lines_before(file, file.stat().st_size, count)] if file.exists() else []
