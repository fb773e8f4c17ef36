"""S3Hook's asynchronous methods, which triggers use.

https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/_api/airflow/providers/amazon/aws/hooks/s3/
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook

Client = Callable[..., Any]
Ask = Callable[[Callable[[S3Hook, Any], Awaitable[Any]]], Any]

pytestmark = pytest.mark.unverified


@pytest.fixture
def ask() -> Ask:
    """Return a function that runs a question to a hook and its asynchronous client."""

    def run(question: Callable[[S3Hook, Any], Awaitable[Any]]) -> Any:
        async def asked() -> Any:
            hook = S3Hook(aws_conn_id=None)
            async with await hook.get_async_conn() as made:
                return await question(hook, made)

        return asyncio.run(asked())

    return run


@pytest.fixture
def tree(client: Client, bucket: str) -> str:
    """Return a bucket with three objects on two levels."""
    for key in ("a/1.csv", "a/b/2.csv", "c.json"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def test_a_key_is_found_by_name_wildcard_and_regular_expression(ask: Ask, tree: str) -> None:
    async def question(hook: S3Hook, made: Any) -> list[bool]:
        return [
            await hook.check_key_async(made, tree, "c.json", False),
            await hook.check_key_async(made, tree, ["a/1.csv", "nothing"], False),
            await hook.check_key_async(made, tree, "a/*/2.csv", True),
            await hook.check_key_async(made, tree, r"a/\d\.csv", False, True),
            await hook.check_key_async(made, tree, r"b/\d\.csv", False, True),
            await hook.check_for_prefix_async(made, "a/b", "/", tree),
            await hook.check_for_prefix_async(made, "b", "/", tree),
        ]

    assert ask(question) == [True, False, True, True, False, True, False]


def test_objects_are_described_and_listed(ask: Ask, tree: str) -> None:
    async def question(hook: S3Hook, made: Any) -> tuple[Any, ...]:
        head = await hook.get_head_object_async(made, "c.json", tree)
        assert head is not None
        return (
            head["ContentLength"],
            await hook.get_head_object_async(made, "nothing", tree),
            await hook.list_prefixes_async(made, tree, "a/", "/", page_size=1),
            [found["Key"] async for found in hook.get_file_metadata_async(made, tree, "a/*")],
            await hook.get_files_async(made, tree, "a/*", True),
        )

    assert ask(question) == (6, None, ["a/b/"], ["a/1.csv", "a/b/2.csv"], ["a/1.csv"])


def test_keys_are_unchanged_once_nothing_came_for_a_while(ask: Ask, client: Client, tree: str) -> None:
    async def question(hook: S3Hook, made: Any) -> list[dict[str, Any]]:
        first = await hook.is_keys_unchanged_async(made, tree, "a/", inactivity_period=0)
        known = {"previous_objects": first["previous_objects"], "last_activity_time": first["last_activity_time"]}
        second = await hook.is_keys_unchanged_async(made, tree, "a/", inactivity_period=0, **known)
        client("s3").delete_object(Bucket=tree, Key="a/1.csv")
        third = await hook.is_keys_unchanged_async(made, tree, "a/", inactivity_period=0, allow_delete=False, **known)
        return [first, second, third]

    first, second, third = ask(question)
    assert (first["status"], first["previous_objects"]) == ("pending", {"a/1.csv", "a/b/2.csv"})
    assert (second["status"], third["status"]) == ("success", "error")
