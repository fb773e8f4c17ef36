"""SageMaker Feature Store: online store, offline store, feature groups."""

from sagelocal.featurestore import groups, records

__all__ = ["groups", "records"]
