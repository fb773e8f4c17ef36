"""Where SageMaker puts things in a container: https://docs.aws.amazon.com/sagemaker/latest/dg/amazon-sagemaker-toolkits.html"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OptMl:
    """Name the folders below /opt/ml, or below $SAGEMAKER_BASE_DIR where that is set."""

    base: Path

    @classmethod
    def from_environment(cls) -> "OptMl":
        """Find the base folder as both of SageMaker's toolkits do."""
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")))

    @property
    def code(self) -> Path:
        return self.base / "code"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def config(self) -> Path:
        return self.base / "input" / "config"

    @property
    def data(self) -> Path:
        return self.base / "input" / "data"

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.base / "output" / "data"

    @property
    def output_intermediate(self) -> Path:
        return self.base / "output" / "intermediate"
