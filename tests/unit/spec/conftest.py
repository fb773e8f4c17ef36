"""A project with one sound model and its feature group, for tests to spoil."""

from collections.abc import Callable
from pathlib import Path

import pytest

from boatyard.spec import SpecError, load_feature_group, load_model

MODEL = """\
description: Which digit is it?
owner: data-science
image: tabular:0.1.0
features:
  spine: {group: digits, label: digit}
process: {instance_type: ml.m5.large}
train:
  instance_type: ml.m5.large
  max_runtime: 1h
  hyperparameters: {eta: 0.2, num_class: 10}
  metrics: {"train:merror": 'train-merror:([0-9.]+)'}
evaluate: {instance_type: ml.m5.large}
gate: [{metric: multiclass_classification_metrics.accuracy, at_least: 0.88}]
register: {group: digits}
approve: {policy: auto}
deploy: {endpoint: digits, instance_type: ml.m5.large}
"""

GROUP = """\
description: UCI handwritten digits
owner: data-science
record_identifier: record_id
event_time: event_time
features:
  record_id: String
  event_time: String
  pixel_{0..3}: Fractional
  digit: Integral
image: tabular:0.1.0
ingest: {instance_type: ml.m5.large}
"""

SCRIPTS = ("process.py", "train.py", "evaluate.py", "inference.py")


class Project:
    """A dags folder whose files a test changes."""

    def __init__(self, dags: Path) -> None:
        self.dags = dags
        self.model = dags / "digits"
        self.group = dags / "features" / "digits"
        self.model_file = self.model / "model.yaml"
        self.group_file = self.group / "feature_group.yaml"
        for folder, scripts in ((self.model, SCRIPTS), (self.group, ("ingest.py",))):
            (folder / "jobs").mkdir(parents=True)
            for script in scripts:
                (folder / "jobs" / script).write_text(f"print({script!r})\n")
        self.model_file.write_text(MODEL)
        self.group_file.write_text(GROUP)

    def replace(self, file: Path, old: str, new: str) -> None:
        """Write `new` where `old` stands."""
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def model_errors(self, folder: Path | None = None) -> list[str]:
        """Return the errors of loading the model, paths as seen from the dags folder."""
        return self._errors(load_model, folder or self.model)

    def group_errors(self) -> list[str]:
        """Return the errors of loading the feature group, paths as seen from the dags folder."""
        return self._errors(load_feature_group, self.group)

    def _errors(self, load: Callable[[Path], object], folder: Path) -> list[str]:
        with pytest.raises(SpecError) as caught:
            load(folder)
        return [str(error).replace(f"{self.dags}/", "") for error in caught.value.errors]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "dags")
