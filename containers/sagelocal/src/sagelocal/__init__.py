"""sagelocal: the AWS that SageMaker pipelines need, on this machine."""
