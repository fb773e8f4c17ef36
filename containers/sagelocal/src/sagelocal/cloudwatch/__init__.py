"""CloudWatch's metrics and alarms."""

from sagelocal.cloudwatch import alarm_api, metric_api

__all__ = ["alarm_api", "metric_api"]  # imported for the operations they register
