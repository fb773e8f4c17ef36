"""Clients of AWS for callers that have no Airflow connection: the command line."""

from collections.abc import Mapping
from typing import Any


def client(service: str, environment: Mapping[str, str]) -> Any:
    """Return a boto3 client that reads its address and credentials from `environment` alone.

    `environment` holds AWS_ENDPOINT_URL (absent for AWS itself), AWS_REGION, AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY and, for temporary credentials, AWS_SESSION_TOKEN.
    """
    import boto3
    from botocore.config import Config

    make: Any = boto3.client  # its types ask for the name of a service, not for a variable
    return make(
        service,
        endpoint_url=environment.get("AWS_ENDPOINT_URL"),
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"mode": "standard"}, connect_timeout=5),
    )


def reachable(sts: Any) -> bool:
    """Tell whether AWS answers and takes the client's credentials."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sts.get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True
