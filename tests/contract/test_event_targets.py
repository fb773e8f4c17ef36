"""Where events go: topics, queues, log groups, API destinations; at least once, whatever dies.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.eventing import Client, Queue, destination, events, listener, put, queue, rule, unique, wait_for
from tests.waiting import until

if TYPE_CHECKING:
    from tests.contract.conftest import LocalServer

__all__ = ["events", "queue"]

pytestmark = pytest.mark.unverified


def test_events_of_clients_reach_log_groups(client: Client, events: Any) -> None:
    logs, group = client("logs"), unique("/aws/events/g")
    logs.create_log_group(logGroupName=group)
    source = unique("s")
    rule(events, f"arn:aws:logs:us-east-1:123456789012:log-group:{group}", {"source": [source]})
    put(events, source, {"sail": "red"})
    found = until(lambda: logs.filter_log_events(logGroupName=group)["events"], "the event is in the log group")
    assert json.loads(found[0]["message"])["detail"] == {"sail": "red"}


def test_an_api_destination_is_called_with_its_connections_key_and_again_after_a_fault(events: Any) -> None:
    source = unique("s")
    with listener(503) as (url, calls):
        parameters = {"PathParameterValues": ["a/b"], "QueryStringParameters": {"q": "1"}}
        target = {"Arn": destination(events, url), "HttpParameters": parameters, "InputPath": "$.detail"}
        rule(events, target, {"source": [source]})
        put(events, source, {"sail": "red"})
        first, second = wait_for(calls, 2)
    assert first["path"] == "/boats/a%2Fb?q=1"
    assert first["headers"]["X-Key"] == "secret"
    assert first["body"] == second["body"] == {"sail": "red", "from": "harbour"}


def test_what_a_target_refuses_for_good_goes_to_the_dead_letter_queue(events: Any, queue: Queue) -> None:
    source = unique("s")
    with listener(404) as (url, calls):
        rule(events, {"Arn": destination(events, url), "DeadLetterConfig": {"Arn": queue.arn}}, {"source": [source]})
        sent = put(events, source, {"sail": "red"})
        wait_for(calls, 1)
        assert queue.events(1)[0]["id"] == sent


def test_a_transformed_input_is_what_its_template_says(events: Any, queue: Queue) -> None:
    source = unique("s")
    transformer = {
        "InputPathsMap": {"sail": "$.detail.sail", "crew": "$.detail.crew", "no": "$.detail.no"},
        "InputTemplate": '{"text": "the <sail> one<no> of <aws.events.rule-name>", "crew": <crew>}',
    }
    name = rule(events, {"Arn": queue.arn, "InputTransformer": transformer}, {"source": [source]})
    put(events, source, {"sail": 'dark "red"', "crew": ["a", "b"]})
    (body,) = queue.bodies(bool)
    assert json.loads(body) == {"text": f'the dark "red" one of {name}', "crew": ["a", "b"]}


def test_a_target_that_nothing_is_delivered_to_is_refused(events: Any) -> None:
    name = unique("r")
    events.put_rule(Name=name, EventPattern='{"source": ["x"]}')
    with pytest.raises(ClientError, match="not to arn:aws:lambda"):
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}])


def test_what_was_not_delivered_when_the_server_died_is_delivered_by_the_next(
    start_server: Callable[..., LocalServer],
) -> None:
    server, source = start_server(), unique("s")
    with listener(*[503] * 1000) as (url, calls), server.clients() as client:
        events = client("events")
        rule(events, {"Arn": destination(events, url), "InputPath": "$.detail"}, {"source": [source]})
        for number in range(3):
            put(events, source, {"number": number})
        wait_for(calls, 3)
    server.end(signal.SIGKILL)
    # the same address answers again, and so does the server
    port = int(url.rpartition(":")[2])
    with listener() as (again, late):
        assert again
        server.start()
        with server.clients() as client:
            name = client("events").list_api_destinations()["ApiDestinations"][0]["Name"]
            assert str(port) in client("events").describe_api_destination(Name=name)["InvocationEndpoint"]
            client("events").update_api_destination(Name=name, InvocationEndpoint=f"{again}/boats/*")
        numbers = {call["body"]["number"] for call in wait_for(late, 3)}
    assert numbers == {0, 1, 2}
