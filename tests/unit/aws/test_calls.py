"""Against a real HTTP server that fails before it answers."""

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from boatyard.aws.calls import PATIENCE, THROTTLE_CODES, Trouble, call, glimpse, trouble_of

Answer = tuple[int, str]
GOOD: Answer = (200, json.dumps({"Tags": []}))


class Answers:
    """Answer each request with the next of `answers`."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = outer.answers[outer.asked]
                outer.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Keep the test's output clean."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def answers() -> Iterator[Answers]:
    answers = Answers()
    thread = threading.Thread(target=answers.server.serve_forever, args=(0.01,))
    thread.start()
    yield answers
    answers.server.shutdown()
    thread.join()
    answers.server.server_close()


def client(port: int) -> Any:
    return boto3.client(
        "sagemaker",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )


def failure(status: int, code: str) -> Answer:
    return status, json.dumps({"__type": code, "message": "not now"})


@pytest.mark.parametrize("bad", [failure(400, "ThrottlingException"), failure(503, "ServiceUnavailable")])
def test_a_transient_error_is_outlived(answers: Answers, bad: Answer) -> None:
    answers.answers = [bad, bad, GOOD]
    made = client(answers.server.server_port)
    assert call(made, "list_tags", {"ResourceArn": "arn"})["Tags"] == []
    assert answers.asked == 3
    made.close()


@pytest.mark.parametrize("bad", [failure(400, "ValidationException"), failure(501, "NotImplemented")])
def test_an_error_that_stays_is_raised_at_once(answers: Answers, bad: Answer) -> None:
    answers.answers = [bad, GOOD]
    made = client(answers.server.server_port)
    with pytest.raises(ClientError, match="not now"):
        call(made, "list_tags", {"ResourceArn": "arn"})
    assert answers.asked == 1
    made.close()


def test_patience_ends(answers: Answers) -> None:
    answers.answers = [failure(500, "InternalFailure")] * 2
    made = client(answers.server.server_port)
    with pytest.raises(ClientError, match="InternalFailure"):
        call(made, "list_tags", {"ResourceArn": "arn"}, patience=0.0)
    assert answers.asked == 1
    made.close()


@pytest.mark.parametrize(
    ("code", "status", "trouble"),
    [
        *((code, 400, Trouble.THROTTLED) for code in sorted(THROTTLE_CODES)),
        ("AnyCode", 429, Trouble.THROTTLED),
        ("InternalFailure", 500, Trouble.SERVER_ERROR),
        ("InternalServerException", 400, Trouble.SERVER_ERROR),
        ("AnyCode", 503, Trouble.SERVER_ERROR),
        ("NotImplemented", 501, None),
        ("ValidationException", 400, None),
        ("ResourceLimitExceeded", 400, None),
        ("AccessDeniedException", 403, None),
    ],
)
def test_an_answer_tells_whether_the_call_may_succeed_later(code: str, status: int, trouble: Trouble | None) -> None:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert trouble_of(ClientError(answer, "DescribeTrainingJob")) is trouble


def test_throttling_is_outlived_however_long_it_takes() -> None:
    assert PATIENCE[Trouble.THROTTLED] == math.inf
    assert all(seconds >= 300 for seconds in PATIENCE.values())


def test_who_only_glimpses_sees_nothing_while_aws_is_in_trouble(answers: Answers) -> None:
    answers.answers = [failure(400, "ThrottlingException"), GOOD, failure(400, "ValidationException")]
    made = client(answers.server.server_port)

    def look() -> Any:
        return call(made, "list_tags", {"ResourceArn": "arn"}, patience=0.0)["Tags"]

    assert [glimpse(look), glimpse(look)] == [None, []]
    with pytest.raises(ClientError, match="not now"):
        glimpse(look)
    made.close()


def test_nobody_answering_is_transient() -> None:
    assert trouble_of(EndpointConnectionError(endpoint_url="http://127.0.0.1:1")) is Trouble.NO_ANSWER
