"""What moto answers outlives the server too: topics, queues, roles, secrets, parameters, keys."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

Client = Callable[..., Any]
ACCOUNT = "123456789012"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def fill(client: Client) -> dict[str, Any]:
    """Make something of each service, and return what will be asked for."""
    sns, sqs, iam = client("sns"), client("sqs"), client("iam")
    topic = sns.create_topic(Name="failures")["TopicArn"]
    queue = sqs.create_queue(QueueName="failures")["QueueUrl"]
    subscribed = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:failures"}
    sns.subscribe(**subscribed, Attributes={"FilterPolicy": json.dumps({"state": ["Failed"]})})
    sns.publish(TopicArn=topic, Message="calm", MessageAttributes=attribute("Completed"))
    sns.publish(TopicArn=topic, Message="storm", MessageAttributes=attribute("Failed"))
    iam.create_role(RoleName="sailor", AssumeRolePolicyDocument=TRUST)
    session = client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/sailor", RoleSessionName="watch")
    client("secretsmanager").create_secret(Name="token", SecretString="hidden")
    client("ssm").put_parameter(Name="/wind", Value="7", Type="SecureString")
    client("logs").create_log_group(logGroupName="/aws/events/g")
    client("ecr").create_repository(repositoryName="boats")
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    secret = client("kms").encrypt(KeyId=key, Plaintext=b"hidden")["CiphertextBlob"]
    pattern = json.dumps({"source": ["harbour"]})
    client("events").put_rule(Name="all", EventPattern=pattern)
    client("events").put_targets(Rule="all", Targets=[{"Id": "1", "Arn": subscribed["Endpoint"]}])
    return {"topic": topic, "queue": queue, "key": key, "secret": secret, "session": session["Credentials"]}


def attribute(state: str) -> dict[str, Any]:
    return {"state": {"DataType": "String", "StringValue": state}}


def received(sqs: Any, queue: str) -> str:
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return str(message["Body"])


def test_what_moto_keeps_is_there_after_a_kill(start_server: Callable[..., LocalServer]) -> None:
    server = start_server("--role", "boatyard")
    with server.clients() as client:
        made = fill(client)
    server.end(signal.SIGKILL)
    server.start()
    files = list((server.state / "moto").glob("*.pickle"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    with server.clients() as client:
        sqs = client("sqs")
        assert json.loads(received(sqs, made["queue"]))["Message"] == "storm"
        client("sns").publish(TopicArn=made["topic"], Message="again", MessageAttributes=attribute("Failed"))
        assert json.loads(received(sqs, made["queue"]))["Message"] == "again"
        entry = {"Source": "harbour", "DetailType": "wind", "Detail": "{}"}
        client("events").put_events(Entries=[entry])
        assert json.loads(received(sqs, made["queue"]))["source"] == "harbour"
        names = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
        assert {"sailor", "boatyard"} <= names
        assert client("secretsmanager").get_secret_value(SecretId="token")["SecretString"] == "hidden"
        assert client("ssm").get_parameter(Name="/wind", WithDecryption=True)["Parameter"]["Value"] == "7"
        assert client("logs").describe_log_groups(logGroupNamePrefix="/aws/events/")["logGroups"]
        assert client("ecr").describe_repositories()["repositories"][0]["repositoryName"] == "boats"
        plain = client("kms").decrypt(KeyId=made["key"], CiphertextBlob=made["secret"])["Plaintext"]
        assert plain == b"hidden"
        session = made["session"]
        whoever = client(
            "sts",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )
        assert whoever.get_caller_identity()["Account"] == ACCOUNT
