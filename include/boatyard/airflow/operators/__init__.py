"""Operators. Those that carry the provider's class names take the provider's arguments."""

from boatyard.airflow.operators.checks import EndpointSmokeTestOperator, MetricThresholdOperator
from boatyard.airflow.operators.data import AthenaTrainingSetOperator, FeatureStoreVisibleOperator
from boatyard.airflow.operators.endpoints import DeployModelPackageOperator, SageMakerEndpointOperator
from boatyard.airflow.operators.jobs import (
    FeatureGroupIngestOperator,
    SageMakerProcessingOperator,
    SageMakerTrainingOperator,
)
from boatyard.airflow.operators.registry import (
    ApproveModelPackageOperator,
    RegisterModelOperator,
    SageMakerRegisterModelVersionOperator,
)

__all__ = [
    "ApproveModelPackageOperator",
    "AthenaTrainingSetOperator",
    "DeployModelPackageOperator",
    "EndpointSmokeTestOperator",
    "FeatureGroupIngestOperator",
    "FeatureStoreVisibleOperator",
    "MetricThresholdOperator",
    "RegisterModelOperator",
    "SageMakerEndpointOperator",
    "SageMakerProcessingOperator",
    "SageMakerRegisterModelVersionOperator",
    "SageMakerTrainingOperator",
]
