"""CloudWatch Logs of jobs and endpoints."""
