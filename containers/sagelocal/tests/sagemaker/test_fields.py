from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from botocore.session import get_session

from sagelocal import server  # noqa: F401 - for the operations that it registers
from sagelocal.errors import AwsError
from sagelocal.operations import OPERATIONS
from sagelocal.sagemaker.fields import ACCEPTED_WITHOUT_EFFECT, HONOURED, ONLY, check_fields

Call = Callable[..., dict[str, Any]]


@cache
def _model(operation: str) -> ServiceModel:
    service = "sagemaker-runtime" if operation.startswith("InvokeEndpoint") else "sagemaker"
    return get_session().get_service_model(service)


def _exists(operation: str, path: str) -> bool:
    shape: Shape | None = _model(operation).operation_model(operation).input_shape
    for name in path.split("."):
        while isinstance(shape, ListShape):
            shape = shape.member
        if not isinstance(shape, StructureShape) or name not in shape.members:
            return False
        shape = shape.members[name]
    return True


@pytest.mark.parametrize("table", [HONOURED, ACCEPTED_WITHOUT_EFFECT, ONLY], ids=["honoured", "no-effect", "only"])
def test_every_path_in_the_tables_is_one_of_botocores(table: dict[str, Any]) -> None:
    wrong = [
        f"{operation}: {path}" for operation, paths in table.items() for path in paths if not _exists(operation, path)
    ]
    assert wrong == []


def test_no_path_is_in_two_tables() -> None:
    for operation, honoured in HONOURED.items():
        others = [*ACCEPTED_WITHOUT_EFFECT.get(operation, ()), *ONLY.get(operation, {})]
        assert len({*honoured, *others}) == len([*honoured, *others]), operation


def test_every_operation_in_the_tables_is_answered() -> None:
    answered = {name for _, name in OPERATIONS}
    assert {*HONOURED, *ACCEPTED_WITHOUT_EFFECT, *ONLY} <= answered


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}},
            "AlgorithmSpecification.TrainingInputMode = Pipe in CreateTrainingJob yet; it supports File or FastFile",
        ),
        (
            {"AlgorithmSpecification": {"AlgorithmName": "arn:x"}},
            "does not support AlgorithmSpecification.AlgorithmName",
        ),
        ({"DebugHookConfig": {"S3OutputPath": "s3://b/c"}}, "does not support DebugHookConfig.S3OutputPath"),
        ({"ServerlessJobConfig": {"JobType": "FineTuning"}}, "does not support ServerlessJobConfig.JobType"),
    ],
)
def test_what_sagelocal_does_not_do_is_refused_by_name(training: Call, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        check_fields("CreateTrainingJob", training(**changes))
    assert caught.value.code == "ValidationException"


def test_what_has_no_effect_here_is_accepted(training: Call) -> None:
    check_fields(
        "CreateTrainingJob",
        training(
            VpcConfig={"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            EnableNetworkIsolation=True,
            EnableManagedSpotTraining=True,
            ProfilerConfig={"DisableProfiler": True},
        ),
    )


def test_empty_structures_ask_for_nothing(training: Call) -> None:
    check_fields("CreateTrainingJob", training(TensorBoardOutputConfig={}, DebugRuleConfigurations=[], Environment={}))


def test_names_with_dots_inside_a_map_are_no_paths(training: Call) -> None:
    check_fields("CreateTrainingJob", training(HyperParameters={"ResourceConfig.InstanceCount": "2"}))
