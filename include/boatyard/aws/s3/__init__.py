"""S3, as steps use it."""
