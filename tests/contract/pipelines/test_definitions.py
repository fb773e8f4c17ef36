"""Pipelines are created once, and a definition that could not run is refused with what is wrong, and where.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html
https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.pipelines.conftest import ROLE, Json, Pipelines, condition, get, process, train

pytestmark = pytest.mark.unverified


def _with(step: Json, **arguments: Any) -> Json:
    return {**step, "Arguments": {**step["Arguments"], **arguments}}


STEP = train("train", "lake")
RESOURCES = STEP["Arguments"]["ResourceConfig"]
TEST = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
BAD: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "Unable to parse pipeline definition. It is not valid JSON"),
    "no steps": ({"Steps": []}, "at least one step"),
    "another version": ({"Version": "2019-01-01", "Steps": [STEP]}, "Version must be 2020-12-01"),
    "an unknown field": ({"Steps": [STEP], "Stages": []}, "Unknown field 'Stages'"),
    "a Lambda step": (
        {"Steps": [{"Name": "tell", "Type": "Lambda", "FunctionArn": "arn", "Arguments": {}}]},
        r"does not support steps of Type Lambda \(step 'tell'\)",
    ),
    "one name twice": ({"Steps": [STEP, STEP]}, "Step names must be unique: 'train'"),
    "an unknown step": ({"Steps": [train("b", "lake", ("a",))]}, "step 'b' depends on 'a'"),
    "a cycle": (
        {"Steps": [train("a", "lake", ("b",)), train("b", "lake", ("a",))]},
        "Cyclic dependency between steps: (a -> b -> a|b -> a -> b)",
    ),
    "an unknown parameter": (
        {"Steps": [train("a", "lake", x=get("Parameters.Who"))]},
        r"Invalid reference \[Parameters.Who\] in step 'a'",
    ),
    "an unknown step in a reference": (
        {"Steps": [train("a", "lake", x=get("Steps.b.TrainingJobName"))]},
        r"Invalid reference \[Steps.b.TrainingJobName\]",
    ),
    "an unknown property file": (
        {
            "Steps": [
                process("p", "lake", "pass"),
                condition("c", {**TEST, "LeftValue": get("Steps.p.PropertyFiles.score")}, [], []),
            ]
        },
        "step 'p' has no such property file",
    ),
    "a parameter of another type": (
        {
            "Parameters": [{"Name": "Count", "Type": "String"}],
            "Steps": [_with(STEP, ResourceConfig={**RESOURCES, "InstanceCount": get("Parameters.Count")})],
        },
        r"Cannot assign property reference \[Parameters.Count\] of type String to Steps.train.*InstanceCount of type",
    ),
    "a default of another type": (
        {"Parameters": [{"Name": "Count", "Type": "Integer", "DefaultValue": "1"}], "Steps": [STEP]},
        "DefaultValue '1' of parameter Count is not of Type Integer",
    ),
    "a misspelt argument": (
        {"Steps": [_with(STEP, ResourceConfigs={})]},
        "Unknown field 'ResourceConfigs' at Steps.train.Arguments",
    ),
    "a missing argument": (
        {"Steps": [{**STEP, "Arguments": {"RoleArn": ROLE}}]},
        "Missing required field 'OutputDataConfig' at Steps.train.Arguments",
    ),
    "no list": ({"Steps": [_with(STEP, InputDataConfig="x")]}, "Expecting start of Json Array at Steps.train"),
    "a word that is none": (
        {"Steps": [_with(STEP, AlgorithmSpecification={"TrainingInputMode": "Slow"})]},
        r"Value 'Slow' for 'TrainingInputMode' .* failed to satisfy enum value set: \[Pipe, File, FastFile\]",
    ),
    "what sagelocal does not do": (
        {"Steps": [_with(STEP, AlgorithmSpecification={"TrainingInputMode": "Pipe"})]},
        "sagelocal does not support AlgorithmSpecification.TrainingInputMode = Pipe",
    ),
    "a condition that is none": (
        {"Steps": [condition("c", {"Type": "Near"}, [], [])]},
        "Unknown condition Type 'Near'.* in step 'c'",
    ),
    "a policy that is none": (
        {"Steps": [{**STEP, "RetryPolicies": [{"ExceptionType": ["Step.BAD_LUCK"]}]}]},
        "ExceptionType .*BAD_LUCK.* in step 'train'",
    ),
    "a duration that is none": (
        {"Steps": [{**STEP, "CacheConfig": {"Enabled": True, "ExpireAfter": "soon"}}]},
        "ExpireAfter 'soon' of a CacheConfig is no ISO 8601 duration in step 'train'",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_definition_that_could_not_run_is_refused(pipelines: Pipelines, what: str) -> None:
    definition, said = BAD[what]
    text = definition if isinstance(definition, str) else json.dumps(definition)
    with pytest.raises(ClientError, match=said) as caught:
        pipelines.sagemaker.create_pipeline(PipelineName="bad", PipelineDefinition=text, RoleArn=ROLE)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert pipelines.sagemaker.list_pipelines(PipelineNamePrefix="bad")["PipelineSummaries"] == []


def test_a_name_is_taken_once_and_a_token_creates_once(pipelines: Pipelines, bucket: str) -> None:
    name, definition = f"once-{bucket}", json.dumps({"Steps": [train("train", bucket)]})
    request = {"PipelineName": name, "PipelineDefinition": definition, "RoleArn": ROLE, "ClientRequestToken": name * 2}
    first = pipelines.sagemaker.create_pipeline(**request)["PipelineArn"]
    assert pipelines.sagemaker.create_pipeline(**request)["PipelineArn"] == first
    with pytest.raises(ClientError, match=f"must be unique .* Pipeline with name .{name}. already exists") as caught:
        pipelines.sagemaker.create_pipeline(**{**request, "ClientRequestToken": name * 3})
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_definition_may_lie_in_s3(pipelines: Pipelines, bucket: str) -> None:
    text = json.dumps({"Steps": [train("train", bucket)]})
    pipelines.s3.put_object(Bucket=bucket, Key="pipeline.json", Body=text.encode())
    place = {"Bucket": bucket, "ObjectKey": "pipeline.json"}
    pipelines.sagemaker.create_pipeline(PipelineName=bucket, PipelineDefinitionS3Location=place, RoleArn=ROLE)
    described = pipelines.sagemaker.describe_pipeline(PipelineName=bucket)
    assert (described["PipelineDefinition"], described["PipelineStatus"]) == (text, "Active")
    pipelines.succeed(pipelines.start(described["PipelineArn"]))


def test_pipelines_are_listed_changed_and_tagged(pipelines: Pipelines, bucket: str) -> None:
    sagemaker, prefix = pipelines.sagemaker, f"l-{bucket[-12:]}"
    names = [f"{prefix}-{letter}" for letter in "abc"]
    for name in names:
        sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps({"Steps": [train("train", bucket)]}),
            RoleArn=ROLE,
            Tags=[{"Key": "team", "Value": "harbour"}],
        )
    pages = sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=prefix, MaxResults=2, SortBy="Name")
    found = [each["PipelineName"] for each in pages.build_full_result()["PipelineSummaries"]]
    assert found == sorted(names, reverse=True)
    sagemaker.update_pipeline(PipelineName=names[0], PipelineDescription="the first")
    described = sagemaker.describe_pipeline(PipelineName=names[0])
    assert described["PipelineDescription"] == "the first"
    assert described["LastModifiedTime"] >= described["CreationTime"]
    tags = sagemaker.list_tags(ResourceArn=described["PipelineArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "harbour"}]


def test_what_is_not_there_yet_is_refused_by_its_name(pipelines: Pipelines, bucket: str) -> None:
    name = pipelines.create(train("train", bucket))
    with pytest.raises(ClientError, match="does not support SelectiveExecutionConfig"):
        pipelines.start(name, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "train"}]})
    with pytest.raises(ClientError, match="does not support PipelineVersionId"):
        pipelines.start(name, PipelineVersionId=1)
