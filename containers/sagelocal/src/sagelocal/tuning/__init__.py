"""Hyperparameter tuning: importing this package registers its operations."""

from sagelocal.tuning import api

__all__ = ["api"]
