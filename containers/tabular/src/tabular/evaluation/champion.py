"""The model in service, on the same rows: in a process of its own, for its code has modules of the same names.

What is wrong with it, up to a crash or an endless loop, ends here in one line and leaves the evaluation alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.rows import HeldOut
from tabular.evaluation.subject import PROGRAM, Answers, Subject
from tabular.evaluation.tasks import TASKS, Task
from tabular.requirements import install, variables
from tabular.sources import ConfigurationError, source_folder

REQUIREMENTS = f"{os.sep}tabular{os.sep}requirements{os.sep}"  # in the path of every layer of packages
_AT_LEAST_SECONDS = 300.0
_AT_MOST_TIMES = 10.0  # as long as the candidate


class ChampionProcess:
    """Begin to ask the champion, and take its answers later."""

    def __init__(self, model_dir: Path, code_dir: Path, program: str, test_dir: Path, task: Task) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._answers = Path(self._folder.name) / "answers.npz"
        self._errors = (Path(self._folder.name) / "stderr").open("w+", encoding="utf-8")
        options = {
            "--model-dir": model_dir,
            "--code-dir": code_dir,
            "--program": program,
            "--test-dir": test_dir,
            "--task": task.name,
            "--output": self._answers,
        }
        words = [str(word) for option in options.items() for word in option]
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tabular.evaluation.champion", *words],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def answers(self) -> Answers:
        """Return the champion's answers, or raise EvaluationError with the reason why there are none."""
        limit = max(_AT_LEAST_SECONDS, (time.monotonic() - self._began) * _AT_MOST_TIMES)
        try:
            code = self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise EvaluationError(f"it did not answer within {limit:.0f} s") from None
        finally:
            self.end()
        if code != 0:
            raise EvaluationError(self._reason(code))
        with np.load(self._answers) as found:
            return Answers(
                lines=found["lines"].tolist(),
                probabilities=found.get("probabilities"),
                importance=found.get("importance"),
                notes=tuple(found["notes"].tolist()),
            )

    def end(self) -> None:
        """Leave no process behind."""
        self._process.kill()
        self._process.wait()

    def _reason(self, code: int) -> str:
        self._errors.seek(0)
        said = self._errors.read().strip()
        print(said, file=sys.stderr, flush=True)
        lines = said.splitlines()
        ended = f"exit code {code}" if code > 0 else f"signal {-code}"
        return lines[-1] if code == 1 and lines else f"its process ended with {ended}"


def main() -> int:
    """Write a model's answers to a file."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        try:
            code = _code(arguments.code_dir, Path(folder) / "code")
            site = install(code) if code is not None else None
            if site is None or str(site) in sys.path:
                return _answer(arguments, code)
        except (EvaluationError, ConfigurationError) as error:
            print(" ".join(str(error).split()), file=sys.stderr)
            return 1
    command = [sys.executable, "-m", "tabular.evaluation.champion", *sys.argv[1:]]
    # once more with its own packages, for some of the image's are imported already
    return os.execve(sys.executable, command, {**os.environ, **variables(site)})  # noqa: S606 - no shell


def _answer(arguments: argparse.Namespace, code: Path | None) -> int:
    subject = Subject(_archive(arguments.model_dir), code, arguments.program)
    found = subject.answers(HeldOut(arguments.test_dir), TASKS[arguments.task]())
    arrays: dict[str, Any] = {"lines": np.array(found.lines, dtype=str), "notes": np.array(found.notes, dtype=str)}
    for name, array in (("probabilities", found.probabilities), ("importance", found.importance)):
        if array is not None:
            arrays[name] = array
    with arguments.output.open("wb") as file:
        np.savez(file, **arrays)
    return 0


def _environment() -> dict[str, str]:
    """Return this process's variables without the packages that only the candidate requires."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = os.pathsep.join(path for path in paths if path and REQUIREMENTS not in path)
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | (
        {"PYTHONPATH": kept} if kept else {}
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--model-dir", "--code-dir", "--test-dir", "--output"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--task", choices=sorted(TASKS), required=True)
    return parser.parse_args()


def _archive(folder: Path) -> Path:
    """Return the champion's model, which lies under whatever name it has in S3."""
    archives = sorted(folder.rglob("*.tar.gz"))
    return archives[0] if archives else folder / "model.tar.gz"


def _code(folder: Path, unpacked: Path) -> Path | None:
    """Return the folder of the champion's own source: an archive, a folder, or None for what its model carries."""
    if not folder.is_dir():
        return None
    archives = sorted(folder.rglob("*.tar.gz"))
    return source_folder(str(archives[0]), unpacked) if archives else folder


if __name__ == "__main__":
    sys.exit(main())
