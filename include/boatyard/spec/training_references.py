"""What a training job asks for must go together, and with what the folder holds."""

from pathlib import Path

from boatyard.spec.security import Security
from boatyard.spec.shape import part_of
from boatyard.spec.source import Source
from boatyard.spec.training import Train


def training_references(source: Source, jobs: Path, requirements: tuple[str, ...]) -> None:
    """Report keys of `train` and `security` that exclude each other, or that nothing in the folder could use."""
    train = part_of(Train, source, "train") if "train" in source.data else None
    security = part_of(Security, source, "security") if "security" in source.data else None
    if train is not None:
        _train(source, train, scripted=(jobs / "train.py").exists())
    if security is not None:
        _security(source, security, requirements)


def _train(source: Source, train: Train, *, scripted: bool) -> None:
    if train.spot and train.keep_alive:
        source.report(("train", "keep_alive"), "SageMaker keeps no spot machines: leave out keep_alive or spot")
    if train.secrets and not scripted:
        source.report(("train", "secrets"), "there is no jobs/train.py that could use them")


def _security(source: Source, security: Security, requirements: tuple[str, ...]) -> None:
    if bool(security.subnets) != bool(security.security_groups):
        source.report(("security",), "subnets and security_groups go together: give both, or neither")
    if not security.network_isolation:
        return
    at = ("security", "network_isolation")
    if requirements:
        source.report(at, f"jobs/{requirements[0]} could not be installed without a network: bake it into an image")
    for job in ("process", "train", "evaluate"):
        part = source.data.get(job)
        if isinstance(part, dict) and part.get("secrets"):
            source.report(at, f"{job}.secrets could not be fetched without a network")
