"""Jobs, endpoints and their logs: real processes."""

from sagelocal.jobs import logs

__all__ = ["logs"]
