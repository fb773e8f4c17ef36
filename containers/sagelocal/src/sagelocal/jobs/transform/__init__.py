"""Batch transform: the records of S3 objects, sent to a model's own `serve` process."""
