"""The job image that sagelocal's own tests run."""
