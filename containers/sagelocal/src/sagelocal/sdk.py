"""The SageMaker SDK's settings for this server: without them it calls AWS whatever AWS_ENDPOINT_URL says.

It asks STS at a fixed address for the account that its default bucket is named by, and reports each call to a bucket of
its makers. https://sagemaker.readthedocs.io/en/stable/overview.html#configuring-and-using-defaults-with-the-sagemaker-python-sdk
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sagelocal.state import write_atomically

if TYPE_CHECKING:
    from sagelocal.backend import Backend

FILE = "sagemaker-sdk.yaml"
VARIABLE = "SAGEMAKER_USER_CONFIG_OVERRIDE"  # by which the SDK finds the file

_SETTINGS = """\
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {bucket}
"""


def default_bucket(region: str, account: str) -> str:
    """Return the SDK's default bucket of an account."""
    return f"sagemaker-{region}-{account}"


def write_settings(backend: Backend) -> Path:
    """Write the file; the SDK makes the bucket that it names when it first wants it."""
    bucket = default_bucket(backend.region, backend.account)
    path = backend.folder / FILE
    write_atomically(path, _SETTINGS.format(bucket=bucket))
    return path
