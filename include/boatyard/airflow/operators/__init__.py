"""Operators. Those that carry the provider's class names take the provider's arguments."""

from boatyard.airflow.operators.batch import (
    BatchInputOperator,
    BatchPublishOperator,
    BatchTransformOperator,
    SageMakerTransformOperator,
)
from boatyard.airflow.operators.checks import EndpointSmokeTestOperator, GateOperator
from boatyard.airflow.operators.data import AthenaTrainingSetOperator, FeatureStoreVisibleOperator
from boatyard.airflow.operators.endpoints import DeployModelPackageOperator, SageMakerEndpointOperator
from boatyard.airflow.operators.jobs import (
    FeatureGroupIngestOperator,
    ModelEvaluationOperator,
    SageMakerProcessingOperator,
    SageMakerTrainingOperator,
)
from boatyard.airflow.operators.registry import (
    ApproveModelPackageOperator,
    RegisterModelOperator,
    SageMakerRegisterModelVersionOperator,
)
from boatyard.airflow.operators.validation import ValidateTrainingSetOperator

__all__ = [
    "ApproveModelPackageOperator",
    "AthenaTrainingSetOperator",
    "BatchInputOperator",
    "BatchPublishOperator",
    "BatchTransformOperator",
    "DeployModelPackageOperator",
    "EndpointSmokeTestOperator",
    "FeatureGroupIngestOperator",
    "FeatureStoreVisibleOperator",
    "GateOperator",
    "ModelEvaluationOperator",
    "RegisterModelOperator",
    "SageMakerEndpointOperator",
    "SageMakerProcessingOperator",
    "SageMakerRegisterModelVersionOperator",
    "SageMakerTrainingOperator",
    "SageMakerTransformOperator",
    "ValidateTrainingSetOperator",
]
