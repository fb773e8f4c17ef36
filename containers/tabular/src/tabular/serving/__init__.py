"""The `serve` program: answers requests with a user's functions, as SageMaker's inference toolkit does."""
