"""SageMaker Pipelines: importing this package registers its operations."""

from sagelocal.pipelines import api, execution_api

__all__ = ["api", "execution_api"]
