"""Who is told of what, and what is wrong with a place that could not be told."""

from typing import TYPE_CHECKING

import pytest

from boatyard.spec import Deployment, DeploymentError, SpecError, load_model
from boatyard.spec.notify import BAD_ENDS, Notify, deployment_notify, told_of

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

TOPIC = "arn:aws:sns:us-east-1:123456789012:models"
SETTINGS = {"BOATYARD_BUCKET": "b", "BOATYARD_ROLE_ARN": "r", "BOATYARD_IMAGE_REGISTRY": "i", "AWS_REGION": "us-east-1"}


def spoil(project: "Project", place: str) -> str:
    """Return what is wrong with a model that tells `place`."""
    project.replace(project.model_file, "owner: data-science", f"owner: data-science\nnotify:\n  - {place}")
    with pytest.raises(SpecError) as caught:
        load_model(project.model)
    (problem,) = caught.value.errors
    return str(problem)


def test_a_model_names_chats_topics_and_addresses(project: "Project") -> None:
    places = f"notify: [{{slack: team}}, {{sns: {TOPIC}, states: [Completed]}}, {{email: a@b.c, connection: mail}}]"
    project.replace(project.model_file, "owner: data-science", f"owner: data-science\n{places}")
    assert load_model(project.model).notify == (
        Notify(slack="team", states=BAD_ENDS),
        Notify(sns=TOPIC, states=("Completed",)),
        Notify(email=("a@b.c",), connection="mail", states=BAD_ENDS),
    )
    assert BAD_ENDS == ("Failed", "Stopped", "RolledBack", "UpdateRollbackFailed", "OutOfService")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{slack: team, states: [Faild]}", "model.yaml:4: notify[0].states[0]: expected InProgress or"),
        ("{slack: team, states: [Faild]}", "got 'Faild' (did you mean 'Failed'?)"),
        ("{slack: team, state: [Failed]}", "notify[0].state: unknown key (did you mean 'states'?)"),
        ("{slak: team}", "notify[0].slak: unknown key (did you mean 'slack'?)"),
        ("{slack: team, email: a@b.c}", "notify[0]: expected one of slack, sns, email"),
        ("{states: [Failed]}", "notify[0]: expected one of slack, sns, email"),
        ("{slack: team, connection: other}", "notify[0]: slack names its connection itself"),
        ("{sns: models}", "expected a topic's ARN such as arn:aws:sns:us-east-1:123456789012:models, got 'models'"),
        ("{email: [crew]}", "notify[0].email[0]: expected an e-mail address, got 'crew'"),
        ("{slack: team, models: [digits]}", "notify[0].models: unknown key"),
    ],
)
def test_a_place_that_could_not_be_told_is_named_with_its_line(place: str, message: str, project: "Project") -> None:
    assert message in spoil(project, place)


def test_a_webhooks_secret_address_in_place_of_its_connection_is_not_shown(project: "Project") -> None:
    problem = spoil(project, "{slack: 'https://hooks.slack.com/services/T0/B0/secret'}")
    assert "expected the id of a connection of Airflow" in problem
    assert "secret'" not in problem


def test_a_deployment_tells_its_own_places_about_all_models_or_some() -> None:
    places = f'[{{"slack": "platform", "states": ["Failed"]}}, {{"sns": "{TOPIC}", "models": ["digits"]}}]'
    everywhere = Deployment.from_environment(SETTINGS | {"BOATYARD_NOTIFY": places}).notify
    own = (Notify(slack="team", states=("Completed",)),)
    assert [place.get("slack") or place["sns"] for place in told_of("digits", own, everywhere)] == [
        "team",
        "platform",
        TOPIC,
    ]
    assert told_of("diabetes", (), everywhere) == [{"slack": "platform", "states": ["Failed"]}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{slack: team, states: [Faild]}]", r"BOATYARD_NOTIFY:1: notify\[0\].states\[0\]: .*did you mean 'Failed'"),
        ("[{slack: team", "BOATYARD_NOTIFY:1: not YAML"),
        ("team", "BOATYARD_NOTIFY:1: notify: expected a list, got 'team'"),
    ],
)
def test_a_wrong_setting_of_the_deployment_is_named(text: str, message: str) -> None:
    with pytest.raises(DeploymentError, match=message):
        Deployment.from_environment(SETTINGS | {"BOATYARD_NOTIFY": text})


def test_without_a_setting_nobody_is_told() -> None:
    assert deployment_notify("") == ()
    assert told_of("digits", (), ()) == []
