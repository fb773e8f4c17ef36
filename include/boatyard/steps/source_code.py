"""Where a folder's code lies in S3: under the hash of its contents, so that what runs can always be named."""

from dataclasses import dataclass
from pathlib import Path

from boatyard.spec import FeatureGroupSpec, ModelSpec
from boatyard.steps.run import RunContext


@dataclass(frozen=True)
class SourceCode:
    """Say which folder belongs under which S3 prefix."""

    folder: Path
    hash: str  # boatyard.spec.code_hash(folder)
    prefix: str  # s3://<bucket>/<model>/code/<hash>
    requires: bool = False  # whether packages are to be installed before any of it runs

    @property
    def archive(self) -> str:
        """Return the URI of sourcedir.tar.gz, which training and serving unpack."""
        return f"{self.prefix}/sourcedir.tar.gz"

    @property
    def files(self) -> str:
        """Return the URI under which every file lies by its own name, for processing jobs."""
        return f"{self.prefix}/jobs/"


def model_code(spec: ModelSpec, run: RunContext) -> SourceCode:
    """Return where the model's jobs/ folder belongs."""
    root = f"s3://{run.deployment.bucket}/{spec.name}"
    return _code(spec.jobs, spec.code_hash, root, spec.requirements)


def group_code(spec: ModelSpec, run: RunContext) -> SourceCode:
    """Return where the jobs/ folder of the spine's feature group belongs."""
    return feature_code(spec.spine_group, run)


def feature_code(group: FeatureGroupSpec, run: RunContext) -> SourceCode:
    """Return where the jobs/ folder of a feature group belongs."""
    root = f"s3://{run.deployment.bucket}/features/{group.name}"
    return _code(group.jobs, group.code_hash, root, group.requirements)


def _code(folder: Path, digest: str, root: str, requirements: tuple[str, ...]) -> SourceCode:
    return SourceCode(folder, digest, f"{root}/code/{digest}", bool(requirements))
