"""One object from S3."""

import os
import shutil
from typing import IO


class DownloadError(Exception):
    """Say why an object cannot be read."""


def download(uri: str, file: IO[bytes]) -> None:
    """Write the object at s3://bucket/key into the file.

    Raises DownloadError with botocore's message.
    """
    # botocore takes 0.2 s to load: only a container whose code lies in S3 pays for it
    import botocore.exceptions
    import botocore.session

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        region = os.environ.get("AWS_REGION")  # botocore itself knows AWS_DEFAULT_REGION only
        client = botocore.session.get_session().create_client("s3", region_name=region)
        shutil.copyfileobj(client.get_object(Bucket=bucket, Key=key)["Body"], file)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise DownloadError(str(error)) from error
    file.flush()
