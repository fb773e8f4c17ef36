"""The object that names the latest results, in the S3 of a real sagelocal."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from boatyard.aws.s3 import pointer

Client = Callable[[str], Any]


@pytest.fixture
def place(bucket: str) -> dict[str, str]:
    return {"Bucket": bucket, "Key": "digits/batch/latest.json"}


def said(client: Client, place: dict[str, str]) -> Any:
    return json.loads(client("s3").get_object(**place)["Body"].read())


def test_newer_results_take_the_place_of_older_ones_and_not_the_other_way_round(
    client: Client, place: dict[str, str]
) -> None:
    s3 = client("s3")
    monday = {"as_of": "2025-01-06T06:00:00+00:00", "job_name": "monday"}
    tuesday = {"as_of": "2025-01-07T06:00:00Z", "job_name": "tuesday"}
    assert pointer.point_to(s3, place, monday)
    assert pointer.point_to(s3, place, tuesday)
    assert not pointer.point_to(s3, place, monday)
    assert said(client, place) == tuesday


def test_results_of_the_same_time_are_replaced_by_those_made_later(client: Client, place: dict[str, str]) -> None:
    s3 = client("s3")
    first = {"as_of": "2025-01-06T06:00:00", "job_name": "first"}
    again = {"as_of": "2025-01-06T06:00:00+00:00", "job_name": "again"}
    for content in (first, first, again):
        assert pointer.point_to(s3, place, content)
    assert said(client, place) == again


def test_everybody_who_writes_at_one_time_gets_a_turn(client: Client, place: dict[str, str]) -> None:
    s3 = client("s3")

    def add(number: int) -> None:
        pointer.update(s3, place, lambda current: {**(current or {}), str(number): number})

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(add, range(40)))
    assert said(client, place) == {str(number): number for number in range(40)}


def test_somebody_faster_is_looked_at_again(client: Client, place: dict[str, str]) -> None:
    s3 = client("s3")
    ours, newer = ({"as_of": f"2025-01-0{day}T00:00:00Z"} for day in (1, 2))
    original, calls = s3.get_object, []

    def get_then_lose_the_race(**request: Any) -> Any:
        calls.append(request)
        try:
            return original(**request)
        finally:
            if len(calls) == 1:
                s3.put_object(**place, Body=json.dumps(newer).encode())

    s3.get_object = get_then_lose_the_race
    assert not pointer.point_to(s3, place, ours)
    s3.get_object = original
    assert said(client, place) == newer
