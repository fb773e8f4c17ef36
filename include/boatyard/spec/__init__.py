"""What a model is: frozen specs, read from the YAML of a folder, with every error told at once."""

from boatyard.spec.code import code_files, code_hash
from boatyard.spec.deployment import Deployment, DeploymentError
from boatyard.spec.feature_group import FeatureGroupSpec
from boatyard.spec.fields import HyperParameter, JobResources
from boatyard.spec.gate import AgainstChampion, GateRule
from boatyard.spec.load import load_feature_group, load_model
from boatyard.spec.model import Join, ModelSpec
from boatyard.spec.problems import Problem, SpecError, nearest
from boatyard.spec.schedule import Schedule

__all__ = [
    "AgainstChampion",
    "Deployment",
    "DeploymentError",
    "FeatureGroupSpec",
    "GateRule",
    "HyperParameter",
    "JobResources",
    "Join",
    "ModelSpec",
    "Problem",
    "Schedule",
    "SpecError",
    "code_files",
    "code_hash",
    "load_feature_group",
    "load_model",
    "nearest",
]
