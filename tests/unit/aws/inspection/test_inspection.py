"""What an account is asked, with AWS's answers as its documents shape them: sagelocal has none of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from boatyard.aws.inspection import roles
from boatyard.aws.inspection.asking import Unanswered
from boatyard.aws.inspection.images import parse
from boatyard.aws.inspection.quotas import sagemaker_quotas

ROLE = "arn:aws:iam::123456789012:role/service-role/execution"


def stubbed(service: Any) -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()
    client.close()


@pytest.fixture
def quotas() -> Iterator[tuple[Any, Stubber]]:
    yield from stubbed("service-quotas")


@pytest.fixture
def iam() -> Iterator[tuple[Any, Stubber]]:
    yield from stubbed("iam")


# https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html


@pytest.mark.unverified
def test_quotas_of_every_page_are_known_by_their_names(quotas: tuple[Any, Stubber]) -> None:
    client, stub = quotas
    asked = {"ServiceCode": "sagemaker", "MaxResults": 100}
    training, endpoint = "ml.m5.large for training job usage", "ml.m5.large for endpoint usage"
    stub.add_response(
        "list_service_quotas", {"NextToken": "2", "Quotas": [{"QuotaName": training, "Value": 4.0}]}, asked
    )
    stub.add_response(
        "list_service_quotas", {"Quotas": [{"QuotaName": endpoint, "Value": 0.0}]}, asked | {"NextToken": "2"}
    )
    assert sagemaker_quotas(client) == {training: 4.0, endpoint: 0.0}


@pytest.mark.unverified
def test_a_refused_question_says_which_service_refused_it_and_why(quotas: tuple[Any, Stubber]) -> None:
    client, stub = quotas
    stub.add_client_error("list_service_quotas", "AccessDeniedException", "no identity-based policy allows it", 400)
    with pytest.raises(Unanswered, match="service-quotas answered AccessDeniedException: no identity-based policy"):
        sagemaker_quotas(client)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html


@pytest.mark.unverified
@pytest.mark.parametrize(("decision", "may"), [("allowed", True), ("implicitDeny", False), ("explicitDeny", False)])
def test_whether_the_role_may_be_passed_is_asked_for_the_role_behind_a_session(
    iam: tuple[Any, Stubber], decision: str, may: bool
) -> None:
    client, stub = iam
    context = {
        "ContextKeyName": "iam:PassedToService",
        "ContextKeyValues": ["sagemaker.amazonaws.com"],
        "ContextKeyType": "string",
    }
    stub.add_response(
        "simulate_principal_policy",
        {"EvaluationResults": [{"EvalActionName": "iam:PassRole", "EvalDecision": decision}]},
        {
            "PolicySourceArn": "arn:aws:iam::123456789012:role/airflow",
            "ActionNames": ["iam:PassRole"],
            "ResourceArns": [ROLE],
            "ContextEntries": [context],
        },
    )
    assert roles.may_pass(client, "arn:aws:sts::123456789012:assumed-role/airflow/worker-1", ROLE) is may


def test_a_role_s_arn_gives_account_and_name_whatever_its_path() -> None:
    assert roles.account_and_name(ROLE) == ("123456789012", "execution")
    assert roles.account_and_name("arn:aws-cn:iam::123456789012:role/execution") == ("123456789012", "execution")
    assert roles.account_and_name("arn:aws:iam::123456789012:user/me") is None


@pytest.mark.parametrize(
    ("uri", "repository", "reference"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/tabular:0.1.0", "boatyard/tabular", "0.1.0"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/tabular", "tabular", "latest"),
        (f"123456789012.dkr.ecr.us-east-1.amazonaws.com/t@sha256:{'0' * 64}", "t", f"sha256:{'0' * 64}"),
    ],
)
def test_an_image_s_uri_is_taken_apart(uri: str, repository: str, reference: str) -> None:
    image = parse(uri)
    assert image is not None
    assert (image.repository, [*image.reference.values()]) == (repository, [reference])


def test_an_image_outside_of_ecr_is_none() -> None:
    assert parse("docker.io/library/python:3.11") is None
