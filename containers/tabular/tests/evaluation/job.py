"""An evaluation job by hand, and what it leaves."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

# a model is a number that its inference.py adds to the first feature
ADDS = """
import pathlib
def model_fn(model_dir):
    return float((pathlib.Path(model_dir) / "added").read_text())
def predict_fn(data, model):
    return data[:, 0] + model
"""
ROUNDS = ADDS.replace("data[:, 0] + model", "(data[:, 0] + model).round().astype(int)")
EVALUATE = """
import sys
from tabular.evaluation import evaluate
sys.exit(evaluate({task!r}{more}))
"""


class Job:
    """The folders of an evaluation, and evaluate.py run on them by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: list[str] = []
        self.model("model", 0.0)
        self.code(ADDS)
        self.rows("10,10.5,7", "20,19,7", "30,31,7", "40,38.5,7")

    def rows(self, *lines: str) -> None:
        (self.folder / "test").mkdir(exist_ok=True)
        (self.folder / "test" / "test.csv").write_text("".join(f"{line}\n" for line in lines))

    def model(self, name: str, added: float) -> None:
        pack(self.folder / name / "model.tar.gz", {"added": str(added)})

    def code(self, inference: str) -> None:
        (self.folder / "code").mkdir(exist_ok=True)
        (self.folder / "code" / "inference.py").write_text(inference)

    def champion(self, inference: str, added: float = 0.0, name: str = "arn:champion") -> None:
        self.model("champion", added)
        pack(self.folder / "champion_code" / "sourcedir.tar.gz", {"inference.py": inference})
        code = str(self.folder / "champion_code")
        self.options = ["--champion-dir", str(self.folder / "champion"), "--champion-code-dir", code]
        self.options += ["--champion", name]

    def run(self, task: str = "regression", more: str = "") -> "subprocess.CompletedProcess[str]":
        script = self.folder / "code" / "evaluate.py"
        script.write_text(EVALUATE.format(task=task, more=more))
        folders = [f"--{name}-dir={self.folder / name}" for name in ("model", "test", "output")]
        command = [sys.executable, str(script), *folders, *self.options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def evaluated(self, task: str = "regression", more: str = "") -> dict[str, Any]:
        done = self.run(task, more)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads((self.folder / "output" / "evaluation.json").read_text())
        return found

    @property
    def report(self) -> str:
        return (self.folder / "output" / "report.html").read_text()


def pack(path: Path, files: dict[str, str]) -> None:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


def value(metrics: dict[str, Any], name: str) -> float:
    assert metrics[name]["standard_deviation"] == "NaN"
    return float(metrics[name]["value"])
