"""Secrets that a job names and its container fetches, by the job's own role.

The variable `NAME_FROM_SECRET` says where the value of `NAME` is kept: `secretsmanager:<name>`, with `#<key>` for one
key of a JSON secret, `ssm:<parameter>`, or an ARN of either. The value is in the environment of the script alone: not
in the job's definition, nor in a file or a log.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from tabular.sources import ConfigurationError

SUFFIX = "_FROM_SECRET"


def fetch(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `environment` says where to find; ConfigurationError names those that cannot be had."""
    named = {name.removesuffix(SUFFIX): where for name, where in environment.items() if name.endswith(SUFFIX)}
    if not named:
        return {}
    # botocore takes 0.2 s to load: only a job with secrets pays for it
    import botocore.exceptions
    import botocore.session

    session = botocore.session.get_session()
    found, problems = {}, []
    for name, where in named.items():
        try:
            found[name] = _value(session, where)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, KeyError, ValueError) as error:
            problems.append(f"{name} from {where}: {error}")
    if problems:
        raise ConfigurationError(f"secrets cannot be fetched: {'; '.join(problems)}")
    return found


def _value(session: Any, where: str) -> str:
    region = os.environ.get("AWS_REGION")  # botocore itself knows AWS_DEFAULT_REGION only
    service, _, place = where.partition(":")
    if service == "arn":
        service, region, place = where.split(":")[2], where.split(":")[3], where
    if service == "ssm":
        answer = session.create_client("ssm", region_name=region).get_parameter(Name=place, WithDecryption=True)
        parameter: str = answer["Parameter"]["Value"]
        return parameter
    if service != "secretsmanager":
        raise ValueError("expected secretsmanager:<name>, ssm:<parameter> or an ARN of either")
    secret, _, key = place.partition("#")
    client = session.create_client("secretsmanager", region_name=region)
    text: str = client.get_secret_value(SecretId=secret)["SecretString"]
    return _member(text, key) if key else text


def _member(text: str, key: str) -> str:
    # what the errors of json and dict say would show the secret, or part of it
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise ValueError(f"the secret is not JSON with keys, so there is no key {key!r}") from None
    if key not in members:
        raise ValueError(f"the secret has no key {key!r}")
    value = members[key]
    return value if isinstance(value, str) else json.dumps(value)
