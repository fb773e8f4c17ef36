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
from boatyard.airflow.operators.models import SageMakerEndpointConfigOperator, SageMakerModelOperator
from boatyard.airflow.operators.processing import (
    FeatureGroupIngestOperator,
    ModelEvaluationOperator,
    SageMakerProcessingOperator,
)
from boatyard.airflow.operators.registry import (
    ApproveModelPackageOperator,
    RegisterModelOperator,
    SageMakerRegisterModelVersionOperator,
)
from boatyard.airflow.operators.training import SageMakerTrainingOperator
from boatyard.airflow.operators.tuning import SageMakerTuningOperator
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
    "SageMakerEndpointConfigOperator",
    "SageMakerEndpointOperator",
    "SageMakerModelOperator",
    "SageMakerProcessingOperator",
    "SageMakerRegisterModelVersionOperator",
    "SageMakerTrainingOperator",
    "SageMakerTransformOperator",
    "SageMakerTuningOperator",
    "ValidateTrainingSetOperator",
]
