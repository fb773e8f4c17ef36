"""The job core runs against a real sagelocal, as it does on a laptop."""

from tests.contract.conftest import aws, bucket, client, images, isolation, sagemaker, start_server

__all__ = ["aws", "bucket", "client", "images", "isolation", "sagemaker", "start_server"]
