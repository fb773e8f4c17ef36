"""Programs that run in environments of their own, beside the SageMaker SDK, which need not agree with Airflow."""
