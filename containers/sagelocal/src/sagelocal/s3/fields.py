"""Members of S3's requests that are accepted, kept and given back, and change nothing."""

from __future__ import annotations

from sagelocal.s3.bucket_settings import SETTINGS

_OF_A_NEW_OBJECT = ("ServerSideEncryption", "SSEKMSKeyId", "StorageClass")

ACCEPTED_WITHOUT_EFFECT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("CopyObject", "CreateMultipartUpload", "PutObject"), _OF_A_NEW_OBJECT),
    **{f"Put{setting.name}": (setting.root,) for setting in SETTINGS},
}
# Members that may have some values only.
ONLY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("CopyObject", "CreateBucket", "CreateMultipartUpload", "PutObject"), ("ACL",)),
    "PutBucketVersioning": ("VersioningConfiguration.MFADelete",),
}
