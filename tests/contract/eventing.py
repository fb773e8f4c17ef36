"""Events on their way: rules, and the queues and servers that they go to."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from tests.waiting import until

Client = Callable[..., Any]
Call = dict[str, Any]


def unique(head: str) -> str:
    return f"{head}-{uuid.uuid4().hex[:12]}"


class Queue:
    """A queue that events go to."""

    def __init__(self, sqs: Any, name: str = "") -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=name or unique("q"))["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.seen: list[str] = []

    def bodies(self, enough: Callable[[list[str]], bool]) -> list[str]:
        """Return what came, when `enough` is there."""
        deadline = time.monotonic() + 60
        while not enough(self.seen):
            assert time.monotonic() < deadline, self.seen
            found = self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in found.get("Messages", []):
                self.seen.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.seen

    def events(self, number: int) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies(lambda seen: len(seen) >= number)[:number]]

    def details(self, member: str, last: str) -> list[str]:
        """Return one member of the events' details, in their order, when one says `last`."""
        seen = self.bodies(lambda seen: any(json.loads(body)["detail"][member] == last for body in seen))
        return [json.loads(body)["detail"][member] for body in seen]


@pytest.fixture
def queue(client: Client) -> Queue:
    return Queue(client("sqs"))


@pytest.fixture
def events(client: Client) -> Any:
    return client("events")


def rule(events: Any, target: dict[str, Any] | str, pattern: dict[str, Any], **more: Any) -> str:
    """Make a rule with one target, and return its name."""
    name = unique("r")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
    made = {"Id": "1", "Arn": target} if isinstance(target, str) else {"Id": "1", **target}
    bus = {key: value for key, value in more.items() if key == "EventBusName"}
    assert events.put_targets(Rule=name, Targets=[made], **bus)["FailedEntryCount"] == 0
    return name


def put(events: Any, source: str, detail: dict[str, Any], **more: Any) -> str:
    entry = {"Source": source, "DetailType": "boat", "Detail": json.dumps(detail), **more}
    answer = events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return str(answer["Entries"][0]["EventId"])


@contextmanager
def listener(*statuses: int) -> Iterator[tuple[str, list[Call]]]:
    """Give the address of a server and what it was sent; it answers with each status once, then with 200."""
    calls: list[Call] = []
    answers = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
            """Write nothing to the tests' own output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", calls
        finally:
            server.shutdown()
            thread.join()


def destination(events: Any, url: str) -> str:
    auth = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"},
        "InvocationHttpParameters": {"BodyParameters": [{"Key": "from", "Value": "harbour"}]},
    }
    name = unique("c")
    connection = events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=auth)["ConnectionArn"]
    assert "secret" not in json.dumps(events.describe_connection(Name=name), default=str)
    arn: str = events.create_api_destination(
        Name=name, ConnectionArn=connection, InvocationEndpoint=f"{url}/boats/*", HttpMethod="POST"
    )["ApiDestinationArn"]
    return arn


def wait_for(calls: list[Call], number: int) -> list[Call]:
    until(lambda: len(calls) >= number, f"{number} calls")
    return calls
