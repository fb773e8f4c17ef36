"""Load on S3: objects that are written, overwritten and deleted; uploads in parts."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from tests.chaos.sagelocal.ledger import ABSENT, HALF, LOST, Cell, Clients, Findings

BUCKET = "chaos"
_KEYS = 12
_SIZES = (0, 1, 100, 10_000, 300_000, 3_000_000)
_PART = 5 << 20  # bytes, the least that S3 takes of a part that is not the last


def body(number: int, size: int) -> bytes:
    """Return an object's bytes, which tell their own number and length."""
    begin = b"%d %d\n" % (number, size)
    block = hashlib.sha256(begin).digest()
    return begin + (block * (size // len(block) + 1))[:size]


def number_of(data: bytes) -> int | None:
    """Return the number of a whole object, None if it is none."""
    first = data.partition(b"\n")[0].split()
    if len(first) != 2 or not all(word.isdigit() for word in first):
        return None
    number, size = map(int, first)
    return number if data == body(number, size) else None


class Objects:
    """Write, overwrite, copy and delete a few objects of all sizes."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._s3 = clients("s3")
        self._random = random
        self._findings = findings
        self._number = 0
        self._cells = {f"objects/{number}": Cell(f"s3 objects/{number}") for number in range(_KEYS)}

    def act(self) -> None:
        """Write or delete one of them."""
        key = self._random.choice(list(self._cells))
        if self._random.random() < 0.2:
            self._cells[key].write(ABSENT, lambda: self._s3.delete_object(Bucket=BUCKET, Key=key))
            self._findings.count("DeleteObject")
            return
        self._number += 1
        number, data = self._number, body(self._number, self._random.choice(_SIZES))
        self._cells[key].write(number, lambda: self._s3.put_object(Bucket=BUCKET, Key=key, Body=data))
        self._findings.count("PutObject")

    def check(self) -> None:
        """Compare every object, and the list."""
        for key, cell in self._cells.items():
            found = read(self._s3, key)
            cell.check(found and self._whole(key, found), self._findings)
        listed = self._s3.list_objects_v2(Bucket=BUCKET, Prefix="objects/").get("Contents", [])
        there = {key for key, cell in self._cells.items() if cell.known is not ABSENT}
        if {one["Key"] for one in listed} != there:
            self._findings.add(LOST, f"the list has {sorted(one['Key'] for one in listed)}, not {sorted(there)}")

    def _whole(self, key: str, data: bytes) -> int | None:
        number = number_of(data)
        if number is None:
            self._findings.add(HALF, f"{key} has {len(data)} bytes that begin with {data[:20]!r}")
        return number

    def finish(self) -> None:
        """Nothing is under way."""
        self.check()


class Parts:
    """Upload objects of two parts, step by step; a restart may come between any two."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._s3 = clients("s3")
        self._random = random
        self._findings = findings
        self._number = 0
        self._object = Cell("s3 parts/object")
        self._upload = ""
        self._parts: dict[int, str] = {}  # acknowledged
        self._ending = False  # asked to be completed or aborted, without an answer so far

    def act(self) -> None:
        """Take the next step."""
        if not self._upload:
            self._number += 1
            self._parts, self._ending = {}, False
            made = self._s3.create_multipart_upload(Bucket=BUCKET, Key="parts/object")
            self._upload = made["UploadId"]
        elif len(self._parts) < 2:
            number = len(self._parts) + 1
            sent = self._s3.upload_part(**self._named(), PartNumber=number, Body=self._data(number))
            self._parts[number] = sent["ETag"]
            self._findings.count("UploadPart")
        else:
            self._end()

    def _data(self, number: int) -> bytes:
        data = body(self._number, _PART + 5000)
        return data[:_PART] if number == 1 else data[_PART:]

    def _named(self) -> dict[str, Any]:
        return {"Bucket": BUCKET, "Key": "parts/object", "UploadId": self._upload}

    def _end(self) -> None:
        self._ending = True
        if self._random.random() < 0.2:
            self._s3.abort_multipart_upload(**self._named())
        else:
            parts = [{"PartNumber": number, "ETag": etag} for number, etag in self._parts.items()]
            self._object.write(
                self._number,
                lambda: self._s3.complete_multipart_upload(**self._named(), MultipartUpload={"Parts": parts}),
            )
            self._findings.count("CompleteMultipartUpload")
        self._upload = ""

    def check(self) -> None:
        """Compare the object, and the upload that is under way."""
        data = read(self._s3, "parts/object")
        number = number_of(data) if data is not None else ABSENT
        if data is not None and number is None:
            self._findings.add(HALF, f"parts/object has {len(data)} bytes of no whole upload")
        self._object.check(number, self._findings)
        if not self._upload:
            return
        try:
            listed = self._s3.list_parts(**self._named()).get("Parts", [])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload" or not self._ending:
                self._findings.add(LOST, f"upload {self._upload}: {error}")
            self._upload = ""
            return
        found = {part["PartNumber"]: part["ETag"] for part in listed}
        if not self._parts.items() <= found.items():
            self._findings.add(LOST, f"upload {self._upload} has the parts {found}, not {self._parts}")
        self._ending = False

    def finish(self) -> None:
        """Give up what is under way."""
        self.check()
        if self._upload:
            self._s3.abort_multipart_upload(**self._named())


def read(s3: Any, key: str) -> bytes | None:
    """Return an object's bytes, None if there is none."""
    try:
        data: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return data
