"""SageMaker's control plane and runtime: importing this package registers its operations."""

from sagelocal.sagemaker import (
    endpoint_configs,
    endpoints,
    experiments,
    invocations,
    model_package_groups,
    model_packages,
    models,
    processing_jobs,
    search,
    tags,
    training_jobs,
    transform_jobs,
)

__all__ = [
    "endpoint_configs",
    "endpoints",
    "experiments",
    "invocations",
    "model_package_groups",
    "model_packages",
    "models",
    "processing_jobs",
    "search",
    "tags",
    "training_jobs",
    "transform_jobs",
]
