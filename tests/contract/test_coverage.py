"""What `sagelocal coverage` calls missing answers NotImplemented, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from sagelocal import coverage


@pytest.mark.parametrize("service", ["sagemaker", "athena", "events"])
def test_a_missing_operation_answers_not_implemented_and_names_itself(client: Any, service: str) -> None:
    made = client(service, config=Config(parameter_validation=False))
    missing = [found.name for found in coverage.operations(service) if found.answered == coverage.MISSING]
    assert missing
    for name in missing:
        with pytest.raises(ClientError, match=f"sagelocal does not have {name} of {service}") as caught:
            getattr(made, xform_name(name))()
        assert caught.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize("service", ["sagemaker", "athena", "events"])
def test_a_real_operation_never_answers_not_implemented(client: Any, service: str) -> None:
    made = client(service, config=Config(parameter_validation=False))
    real = [found.name for found in coverage.operations(service) if found.answered == coverage.REAL]
    codes = {name: _code(getattr(made, xform_name(name))) for name in real}
    assert {name: code for name, code in codes.items() if code in ("NotImplemented", "InternalFailure")} == {}


def _code(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
