"""The `train` program: runs a user's training script as SageMaker's training toolkit does."""
