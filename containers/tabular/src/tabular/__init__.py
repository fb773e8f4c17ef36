"""A SageMaker image for tabular models: the `train` and `serve` programs of AWS's container contract."""
