"""Load on a bucket of S3 that keeps versions."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.chaos.sagelocal.ledger import HALF, LOST, WRONG, Clients, Findings
from tests.chaos.sagelocal.objects import body, number_of

BUCKET = "chaos-versions"
_KEYS = ("versions/a", "versions/b", "versions/c")
_SIZES = (0, 100, 10_000, 300_000)
_MARKER = 0  # stands for a delete marker where the number of an object's bytes would stand
_MOST = 40  # versions of all keys; above it they are removed rather than added

Entry = tuple[str, str]  # a key and a version of it


class ObjectVersions:
    """Write, delete and remove versions. Every one that was acknowledged has its bytes until it is removed."""

    def __init__(self, clients: Clients, random: Random, findings: Findings) -> None:
        self._s3 = clients("s3")
        self._random = random
        self._findings = findings
        self._number = _MARKER
        self._known: dict[Entry, int] = {}
        self._newest: dict[str, list[Entry]] = {key: [] for key in _KEYS}  # what was acknowledged, newest last
        self._sent: dict[str, Counter[int]] = {key: Counter() for key in _KEYS}  # without an answer so far
        self._leaving: set[Entry] = set()  # asked to be removed, without an answer so far

    def create(self) -> None:
        """Make the bucket."""
        self._s3.create_bucket(Bucket=BUCKET)
        self._s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def act(self) -> None:
        """Add a version, or remove one."""
        if self._known and (len(self._known) > _MOST or self._random.random() < 0.3):
            self._remove(self._random.choice(sorted(self._known)))
        else:
            self._add(self._random.choice(_KEYS))

    def _add(self, key: str) -> None:
        if self._random.random() < 0.2:
            number, name = _MARKER, "DeleteObject"
        else:
            self._number += 1
            number, name = self._number, "PutObject"
        self._sent[key][number] += 1
        if number == _MARKER:
            answer = self._s3.delete_object(Bucket=BUCKET, Key=key)
        else:
            data = body(number, self._random.choice(_SIZES))
            answer = self._s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        self._sent[key][number] -= 1
        entry = (key, answer["VersionId"])
        self._known[entry] = number
        self._newest[key].append(entry)
        self._findings.count(f"{name} of a version")

    def _remove(self, entry: Entry) -> None:
        key, version = entry
        self._leaving.add(entry)
        number = self._known.pop(entry)
        try:
            self._s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version)
        except BaseException:
            self._known[entry] = number
            raise
        self._leaving.discard(entry)
        self._newest[key].remove(entry)
        self._findings.count("removed versions")

    def check(self) -> None:
        """Compare every version, and what a plain read gets."""
        found = self._found()
        for entry, number in self._known.items():
            if found.get(entry, number if entry in self._leaving else None) != number:
                self._findings.add(LOST, f"{entry} has {found.get(entry)}, acknowledged {number}")
        for (key, version), number in found.items():
            if (key, version) in self._known:
                continue
            self._sent[key][number] -= 1
            if self._sent[key][number] < 0:
                self._findings.add(WRONG, f"{key} has a version {version} of {number} that nobody sent, or sent once")
        self._known = found
        self._sent = {key: Counter() for key in _KEYS}
        self._leaving.clear()

    def _found(self) -> dict[Entry, int]:
        """Return what each version holds, as the list has it and the bytes tell."""
        found: dict[Entry, int] = {}
        latest: dict[str, Entry] = {}
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
            for kind in ("Versions", "DeleteMarkers"):
                for listed in page.get(kind, []):
                    entry = (listed["Key"], listed["VersionId"])
                    found[entry] = self._read(entry) if kind == "Versions" else _MARKER
                    if listed["IsLatest"]:
                        latest[listed["Key"]] = entry
        listed_plainly = self._s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        visible = {key for key, entry in latest.items() if found[entry] != _MARKER}
        if {one["Key"] for one in listed_plainly} != visible:
            self._findings.add(LOST, f"the list has {[one['Key'] for one in listed_plainly]}, not {sorted(visible)}")
        self._check_latest(found, latest)
        return found

    def _check_latest(self, found: dict[Entry, int], latest: dict[str, Entry]) -> None:
        for key, entries in self._newest.items():
            entries[:] = [entry for entry in entries if entry in found]
            if entries and latest[key] in self._known and latest[key] != entries[-1]:
                self._findings.add(LOST, f"the latest of {key} is {latest[key]}, not {entries[-1]}")
            if key in latest and latest[key] not in entries:
                entries.append(latest[key])

    def _read(self, entry: Entry) -> int:
        key, version = entry
        data: bytes = self._s3.get_object(Bucket=BUCKET, Key=key, VersionId=version)["Body"].read()
        number = number_of(data)
        if number is None:
            self._findings.add(HALF, f"{entry} has {len(data)} bytes that begin with {data[:20]!r}")
            return -1
        return number

    def finish(self) -> None:
        """Nothing is under way."""
        self.check()
