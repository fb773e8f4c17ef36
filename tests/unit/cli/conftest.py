"""Jobs of these tests run on a real sagelocal."""

from tests.contract.conftest import aws, bucket, client, images, isolation, start_server

__all__ = ["aws", "bucket", "client", "images", "isolation", "start_server"]
