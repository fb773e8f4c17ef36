"""Settings of buckets that are kept and given back, and change nothing: there is one owner, and nobody is public."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sagelocal.errors import AwsError
from sagelocal.exchange import HttpResponse
from sagelocal.s3 import xml
from sagelocal.s3.call import Call, s3_operation

_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass(frozen=True)
class Setting:
    """Describe a setting. It is `default` until it is put; without one, reading it answers `missing`."""

    name: str  # as the operations have it
    subresource: str
    root: str  # of its document, and the member of the request that carries it
    default: str = ""
    missing: tuple[str, str] = ("", "")
    put_status: int = 200


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html tells the defaults of a new bucket.
SETTINGS = (
    Setting(
        "BucketTagging", "tagging", "Tagging", missing=("NoSuchTagSet", "The TagSet does not exist"), put_status=204
    ),
    Setting(
        "BucketEncryption",
        "encryption",
        "ServerSideEncryptionConfiguration",
        default="<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
        "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
    ),
    Setting(
        "PublicAccessBlock",
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        default="".join(
            f"<{name}>true</{name}>"
            for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        ),
        missing=("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
    ),
    Setting(
        "BucketOwnershipControls",
        "ownershipControls",
        "OwnershipControls",
        default="<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>",
        missing=("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    ),
)


def _get(setting: Setting, call: Call) -> HttpResponse:
    document = call.store.setting(call.bucket, setting.subresource)
    if document is None and setting.default:
        document = f"<{setting.root} {_NAMESPACE}>{setting.default}</{setting.root}>".encode()
    if not document:
        code, message = setting.missing
        raise AwsError(code, message, 404, BucketName=call.bucket)
    return HttpResponse(200, {"Content-Type": "application/xml"}, document)


def _put(setting: Setting, call: Call) -> HttpResponse:
    document = call.payload.document()
    if xml.parse(document).tag != setting.root:
        raise xml.malformed()
    call.store.set_setting(call.bucket, setting.subresource, document)
    return HttpResponse(setting.put_status, {})


def _delete(setting: Setting, call: Call) -> HttpResponse:
    left = b"" if setting.missing[0] else None  # what was deleted does not come back as the default
    call.store.set_setting(call.bucket, setting.subresource, left)
    return HttpResponse(204, {})


for _setting in SETTINGS:
    for _prefix, _method, _handler in (("Get", "GET", _get), ("Put", "PUT", _put), ("Delete", "DELETE", _delete)):
        s3_operation(_prefix + _setting.name, _method, "bucket", _setting.subresource)(partial(_handler, _setting))
