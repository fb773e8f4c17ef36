"""Who is let in, who answers, and how errors look."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

Client = Callable[..., Any]
pytestmark = pytest.mark.unverified


def refusal(call: Callable[[], Any]) -> tuple[str, int, str]:
    """Return code, HTTP status and message of a call that fails."""
    with pytest.raises(ClientError) as caught:
        call()
    response: dict[str, Any] = dict(caught.value.response)
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def send(
    aws: LocalServer, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, bytes]:
    """Send a request without any client's help; return status and body."""
    address = urlsplit(aws.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def send_signed(
    aws: LocalServer, target: str, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a signed request in the JSON protocol, whatever its body is; return status and answer."""
    keys = aws.environment
    request = AWSRequest(
        "POST", f"{aws.url}/", data=body, headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    )
    signer = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(signer, "sagemaker", "us-east-1").add_auth(request)
    status, answer = send(aws, "POST", "/", {**dict(request.headers), **(headers or {})}, body)
    return status, json.loads(answer)


# https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sagemaker", "list_models", "InvalidSignatureException"),
        ("athena", "list_work_groups", "InvalidSignatureException"),
        ("secretsmanager", "list_secrets", "InvalidSignatureException"),
        ("cloudwatch", "list_metrics", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_secret_is_refused(client: Client, service: str, operation: str, code: str) -> None:
    wrong = client(service, aws_secret_access_key="wrong")
    assert refusal(getattr(wrong, operation))[0] == code


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sagemaker", "list_models", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_access_key_is_refused(client: Client, service: str, operation: str, code: str) -> None:
    unknown = client(service, aws_access_key_id="AKIAUNKNOWN")
    assert refusal(getattr(unknown, operation))[0] == code


def test_an_unsigned_request_is_refused(aws: LocalServer) -> None:
    status, body = send(aws, "GET", "/")
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
    status, body = send(aws, "POST", "/", {"X-Amz-Target": "SageMaker.ListModels"}, b"{}")
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")


def test_a_body_changed_after_signing_is_refused(aws: LocalServer) -> None:
    keys = aws.environment
    request = AWSRequest("POST", f"{aws.url}/", data=b"{}", headers={"X-Amz-Target": "SageMaker.ListModels"})
    signer = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(signer, "sagemaker", "us-east-1").add_auth(request)
    status, body = send(aws, "POST", "/", dict(request.headers), b'{"MaxResults": 1}')
    assert (status, json.loads(body)["__type"]) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sagemaker", "list_models", "InvalidSignatureException"),
        ("sns", "list_topics", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
    ],
)
def test_another_region_is_refused_by_naming_the_served_one(
    client: Client, service: str, operation: str, code: str
) -> None:
    elsewhere = client(service, region_name="eu-west-1")
    refused, _, message = refusal(getattr(elsewhere, operation))
    assert refused == code
    assert "eu-west-1" in message
    assert "us-east-1" in message


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "127.0.0.1.attacker.example", ""])
def test_another_host_name_is_refused(aws: LocalServer, host: str) -> None:
    assert send(aws, "GET", "/", {"Host": host})[0] == 403


def test_a_web_page_of_another_origin_is_refused(aws: LocalServer) -> None:
    status, body = send(aws, "GET", "/", {"Origin": "https://attacker.example"})
    assert (status, b"clients of this machine" in body) == (403, True)


def test_moto_s_own_switchboard_is_closed(aws: LocalServer) -> None:
    assert send(aws, "POST", "/moto-api/reset")[0] == 403


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sagemaker", "create_image", {"ImageName": "p", "RoleArn": "r" * 20}),
        ("sagemaker", "list_notebook_instances", {}),
        ("athena", "list_sessions", {"WorkGroup": "primary"}),
        ("sagemaker-runtime", "invoke_endpoint_async", {"EndpointName": "e", "InputLocation": "s3://b/k"}),
        ("s3", "get_bucket_acl", {"Bucket": "b"}),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::123456789012:role/r"}),
        ("macie2", "get_usage_totals", {}),
    ],
)
def test_an_operation_that_nobody_has_says_so(
    client: Client, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    code, status, message = refusal(lambda: getattr(client(service), operation)(**arguments))
    assert (code, status) == ("NotImplemented", 501)
    assert "sagelocal" in message
    assert "does not have" in message


def test_the_rest_of_aws_answers_from_moto(client: Client) -> None:
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    role = client("iam").create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")["Role"]
    assert role["Arn"] == "arn:aws:iam::123456789012:role/trainer"
    topic = client("sns").create_topic(Name="topic")["TopicArn"]
    assert topic in [listed["TopicArn"] for listed in client("sns").list_topics()["Topics"]]
    client("secretsmanager").create_secret(Name="secret", SecretString="value")
    assert client("secretsmanager").get_secret_value(SecretId="secret")["SecretString"] == "value"
    queue = client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    client("sqs").send_message(QueueUrl=queue, MessageBody="body")
    assert client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "body"
    client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
    assert [metric["MetricName"] for metric in client("cloudwatch").list_metrics(Namespace="n")["Metrics"]] == ["m"]
    client("logs").create_log_group(logGroupName="/own/group")
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/own")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/own/group"]


def test_an_error_of_moto_keeps_its_code(client: Client) -> None:
    code, _, _ = refusal(lambda: client("secretsmanager").get_secret_value(SecretId="no"))
    assert code == "ResourceNotFoundException"


def test_the_credentials_of_an_assumed_role_are_accepted(client: Client) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html."""
    assumed = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="session")
    keys = assumed["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    assert "Buckets" in client("s3", **session).list_buckets()
    wrong = {**session, "aws_secret_access_key": "wrong"}
    assert refusal(client("s3", **wrong).list_buckets)[0] == "SignatureDoesNotMatch"


def test_a_value_that_its_shape_forbids_is_refused_with_aws_s_wording(client: Client) -> None:
    sagemaker = client("sagemaker", config=Config(parameter_validation=False))
    code, status, message = refusal(lambda: sagemaker.describe_model(ModelName="-bad name"))
    assert (code, status) == ("ValidationException", 400)
    assert message == (
        "1 validation error detected: Value '-bad name' at 'modelName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"
    )


def test_a_body_that_is_no_json_is_refused(aws: LocalServer) -> None:
    status, answer = send_signed(aws, "SageMaker.ListModels", b"{no json")
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_value_of_another_type_is_refused(aws: LocalServer) -> None:
    status, answer = send_signed(aws, "SageMaker.ListModels", b'{"MaxResults": "5"}')
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert answer["message"] == "STRING_VALUE can not be converted to an Integer"


def test_an_unknown_target_is_refused(aws: LocalServer) -> None:
    status, answer = send_signed(aws, "SageMaker.MakeCoffee", b"{}")
    assert (status, answer["__type"]) == (404, "UnknownOperationException")
    assert "SageMaker.MakeCoffee" in answer["message"]


def test_every_answer_carries_a_request_id(client: Client) -> None:
    for service, operation in (("sagemaker", "list_models"), ("s3", "list_buckets"), ("sts", "get_caller_identity")):
        metadata = getattr(client(service), operation)()["ResponseMetadata"]
        assert metadata["RequestId"]


def test_a_connection_serves_on_after_a_refused_upload(aws: LocalServer) -> None:
    address = urlsplit(aws.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    for _ in range(3):
        connection.request("PUT", "/bucket/key", b"x" * 3_000_000)
        response = connection.getresponse()
        assert (response.status, response.will_close) == (403, False)
        response.read()
    connection.close()
