"""Application Auto Scaling of endpoints' variants."""

from sagelocal.autoscaling import api

__all__ = ["api"]  # imported for the operations it registers
