"""EventBridge: what becomes of SageMaker's resources reaches the targets of the rules that want to know.

Events: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
Rules and targets: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.eventing import Client, Queue, events, put, queue, rule, unique

__all__ = ["events", "queue"]

pytestmark = pytest.mark.unverified

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tests/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/r"


def train(client: Client, bucket: str, name: str, **hyperparameters: str) -> str:
    arn: str = client("sagemaker").create_training_job(
        TrainingJobName=name,
        HyperParameters=hyperparameters,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        Tags=[{"Key": "team", "Value": "harbour"}],
    )["TrainingJobArn"]
    return arn


def of_training(name: str, **detail: Any) -> dict[str, Any]:
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {"TrainingJobName": [name], **detail},
    }


def test_a_training_job_tells_each_of_its_states_in_order(
    client: Client, events: Any, queue: Queue, bucket: str
) -> None:
    name = unique("j")
    rule(events, queue.arn, of_training(name))
    arn = train(client, bucket, name, message="hello")
    seen = queue.details("TrainingJobStatus", "Completed")
    assert seen[0] == "InProgress"
    first, last = json.loads(queue.seen[0]), json.loads(queue.seen[-1])
    assert (first["version"], first["source"], first["account"]) == ("0", "aws.sagemaker", "123456789012")
    assert first["resources"] == [arn]
    assert first["detail"]["HyperParameters"] == {"message": "hello"}
    assert first["detail"]["Tags"] == {"team": "harbour"}
    assert abs(first["detail"]["CreationTime"] / 1000 - time.time()) < 600
    assert last["detail"]["SecondaryStatusTransitions"][-1]["Status"] == "Completed"
    assert isinstance(last["detail"]["SecondaryStatusTransitions"][-1]["StartTime"], int)


def test_a_failed_job_reaches_a_topics_subscribers_with_its_reason(
    client: Client, events: Any, queue: Queue, bucket: str
) -> None:
    name, sns = unique("j"), client("sns")
    topic = sns.create_topic(Name=unique("t"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    rule(events, topic, of_training(name, TrainingJobStatus=["Failed"]))
    train(client, bucket, name, failure="no wind")
    (body,) = queue.bodies(bool)
    assert json.loads(json.loads(body)["Message"])["detail"]["FailureReason"] == "AlgorithmError: no wind, exit code: 1"


def test_processing_and_feature_groups_and_packages_tell_their_changes(
    client: Client, events: Any, queue: Queue, bucket: str
) -> None:
    sagemaker = client("sagemaker")
    group, packages, job = unique("g"), unique("p"), unique("j")
    wanted = {"FeatureGroupName": [group]}, {"ModelPackageGroupName": [packages]}, {"ProcessingJobName": [job]}
    rule(events, queue.arn, {"source": ["aws.sagemaker"], "detail": {"$or": list(wanted)}})
    sagemaker.create_feature_group(
        FeatureGroupName=group,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    sagemaker.create_model_package_group(ModelPackageGroupName=packages)
    package = sagemaker.create_model_package(
        ModelPackageGroupName=packages, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    sagemaker.create_processing_job(
        ProcessingJobName=job,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        RoleArn=ROLE,
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    )
    states: dict[str, list[str]] = {}
    for event in queue.events(6):
        detail = event["detail"]
        states.setdefault(event["detail-type"], []).append(
            detail.get("FeatureGroupStatus") or detail.get("ModelApprovalStatus") or detail["ProcessingJobStatus"]
        )
    assert states == {
        "SageMaker Feature Group State Change": ["Creating", "Created"],
        "SageMaker Model Package State Change": ["PendingManualApproval", "Approved"],
        "SageMaker Processing Job State Change": ["InProgress", "Completed"],
    }


def test_an_endpoint_tells_its_states_in_capitals(client: Client, events: Any, queue: Queue, bucket: str) -> None:
    sagemaker, name = client("sagemaker"), unique("e")
    rule(events, queue.arn, {"detail-type": ["SageMaker Endpoint State Change"], "detail": {"EndpointName": [name]}})
    sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert queue.details("EndpointStatus", "IN_SERVICE") == ["CREATING", "IN_SERVICE"]
    sagemaker.delete_endpoint(EndpointName=name)


def test_a_rule_of_another_bus_or_a_disabled_one_wants_nothing(events: Any, queue: Queue) -> None:
    bus, source = unique("b"), unique("s")
    events.create_event_bus(Name=bus)
    other = rule(events, queue.arn, {"source": [source]}, EventBusName=bus)
    disabled = rule(events, queue.arn, {"source": [source]})
    events.disable_rule(Name=disabled)
    put(events, source, {"number": 1})
    put(events, source, {"number": 2}, EventBusName=bus)
    assert [event["detail"]["number"] for event in queue.events(1)] == [2]
    events.enable_rule(Name=disabled)
    events.remove_targets(Rule=other, Ids=["1"], EventBusName=bus)
    put(events, source, {"number": 3}, EventBusName=bus)
    put(events, source, {"number": 4})
    assert [event["detail"]["number"] for event in queue.events(2)] == [2, 4]


def test_rules_are_listed_and_go_when_their_targets_are_gone(events: Any, queue: Queue) -> None:
    name = rule(events, queue.arn, {"source": ["x"]}, Description="of boats")
    described = events.describe_rule(Name=name)
    assert (described["State"], described["Description"], described["EventBusName"]) == (
        "ENABLED",
        "of boats",
        "default",
    )
    assert name in events.list_rule_names_by_target(TargetArn=queue.arn)["RuleNames"]
    assert [found["Name"] for found in events.list_rules(NamePrefix=name)["Rules"]] == [name]
    with pytest.raises(ClientError, match="since it has targets"):
        events.delete_rule(Name=name)
    assert [target["Arn"] for target in events.list_targets_by_rule(Rule=name)["Targets"]] == [queue.arn]
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.describe_rule(Name=name)


def test_entries_that_are_no_events_are_told_one_by_one(events: Any) -> None:
    entries = [
        {"Source": "s", "DetailType": "t", "Detail": "{}"},
        {"Source": "s", "DetailType": "t", "Detail": "[1]"},
        {"Source": "aws.sagemaker", "DetailType": "t", "Detail": "{}"},
        {"Source": "s", "DetailType": "t"},
    ]
    answer = events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"EventPattern": '{"source": "x"}'}, '"source" must be an object or an array'),
        ({"EventPattern": '{"source": [{"prefx": "x"}]}'}, "Unrecognized match type prefx"),
        ({"EventPattern": '{"source": [{"numeric": [">", "x"]}]}'}, "numeric match pattern is not well formed"),
        ({"ScheduleExpression": "rate(1 day)"}, "there are no rules with a ScheduleExpression"),
    ],
)
def test_a_rule_that_could_never_match_is_refused(events: Any, call: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        events.put_rule(Name=unique("r"), **call)
