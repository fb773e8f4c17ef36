"""S3 buckets."""

from typing import Any


def ensure_bucket(s3: Any, bucket: str, region: str) -> None:
    """Create the bucket unless this account has it."""
    if bucket in {known["Name"] for known in s3.list_buckets()["Buckets"]}:
        return
    # us-east-1 is the one region that must not be named: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **place)
