"""Jobs, endpoints and their logs: real processes."""

from sagelocal.jobs import logs, repositories

__all__ = ["logs", "repositories"]
