"""What a client costs, and how long it waits."""

import boto3
import pytest
from botocore.loaders import JSONFileLoader

from boatyard.aws.clients import know_models, timeouts, with_known_models

SERVICES = ("sagemaker", "logs", "s3")


def test_what_is_known_of_a_service_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    know_models(SERVICES)

    def refuse(_: JSONFileLoader, path: str) -> None:
        raise AssertionError(f"{path} is read again")

    monkeypatch.setattr(JSONFileLoader, "load_file", refuse)
    session = with_known_models(boto3.Session("a", "b", region_name="us-east-1"))
    for service in SERVICES:
        session.client(service, config=timeouts(service)).close()


def test_models_of_ones_own_are_still_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = str(tmp_path_factory.mktemp("models"))
    monkeypatch.setenv("AWS_DATA_PATH", place)
    session = with_known_models(boto3.Session("a", "b", region_name="us-east-1"))
    assert place in session._session.get_component("data_loader").search_paths


def test_a_lost_answer_is_given_up_sooner_than_a_models_slow_one() -> None:
    assert timeouts("sagemaker").read_timeout < 60 < timeouts("sagemaker-runtime").read_timeout
