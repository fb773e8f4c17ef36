"""What a model is: frozen specs, read from the YAML of a folder, with every error told at once."""

from boatyard.spec.code import code_files, code_hash
from boatyard.spec.deployment import Deployment, DeploymentError
from boatyard.spec.feature_group import FeatureGroupSpec
from boatyard.spec.fields import HyperParameter, JobResources
from boatyard.spec.load import load_feature_group, load_model
from boatyard.spec.model import Join, ModelSpec, ThresholdRule
from boatyard.spec.problems import Problem, SpecError, nearest

__all__ = [
    "Deployment",
    "DeploymentError",
    "FeatureGroupSpec",
    "HyperParameter",
    "JobResources",
    "Join",
    "ModelSpec",
    "Problem",
    "SpecError",
    "ThresholdRule",
    "code_files",
    "code_hash",
    "load_feature_group",
    "load_model",
    "nearest",
]
