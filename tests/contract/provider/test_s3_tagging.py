"""The tags of buckets through the provider.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators import s3

Client = Callable[..., Any]

pytestmark = pytest.mark.unverified

OPTIONS: dict[str, Any] = {"task_id": "task", "aws_conn_id": None}


def test_the_tagging_operators_put_get_and_delete_a_buckets_tags(client: Client, bucket: str) -> None:
    read = s3.S3GetBucketTaggingOperator(bucket_name=bucket, **OPTIONS)
    with pytest.raises(Exception, match="NoSuchTagSet"):
        read.execute({})
    s3.S3PutBucketTaggingOperator(bucket_name=bucket, tag_set={"team": "harbour"}, **OPTIONS).execute({})
    assert read.execute({}) == [{"Key": "team", "Value": "harbour"}]
    s3.S3PutBucketTaggingOperator(bucket_name=bucket, key="cost", value="7", **OPTIONS).execute({})
    tags = client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert tags == [{"Key": "cost", "Value": "7"}]  # a new set takes the place of the old one
    s3.S3DeleteBucketTaggingOperator(bucket_name=bucket, **OPTIONS).execute({})
    with pytest.raises(Exception, match="NoSuchTagSet"):
        read.execute({})


def test_the_hook_puts_gets_and_deletes_a_buckets_tags(bucket: str) -> None:
    hook = S3Hook(aws_conn_id=None)
    hook.put_bucket_tagging({"team": "harbour"}, "cost", "7", bucket)
    assert hook.get_bucket_tagging(bucket) == [{"Key": "team", "Value": "harbour"}, {"Key": "cost", "Value": "7"}]
    hook.delete_bucket_tagging(bucket)
    with pytest.raises(Exception, match="NoSuchTagSet"):
        hook.get_bucket_tagging(bucket)
