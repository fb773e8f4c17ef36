"""Data capture: requests and answers as JSON lines in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html

Each record is appended to a file of this machine before its answer leaves, and the file becomes an object within
seconds; a server that dies in between leaves the file, and the next one delivers it under the same name.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.errors import AwsError
from sagelocal.s3.uri import split_uri

if TYPE_CHECKING:
    from sagelocal.backend import Backend

EVERY = 5.0  # seconds that records wait at most for their object
LARGEST = 4 << 20  # bytes of an object, about
_CSV, _JSON = ("text/csv",), ("application/json",)
_SPOOL = ".jsonl"

Message = tuple[Mapping[str, str], bytes]  # headers in lower case, body


@dataclass(frozen=True)
class Capture:
    """What of an endpoint's traffic is kept, and where."""

    place: str  # s3://bucket/prefix
    share: float  # of the requests, 0 to 1
    sides: frozenset[str]  # Input, Output
    csv_types: tuple[str, ...]
    json_types: tuple[str, ...]

    @classmethod
    def of(cls, config: Mapping[str, Any] | None) -> Capture | None:
        """Read a DataCaptureConfig; None if it captures nothing."""
        if not config or not config.get("EnableCapture"):
            return None
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        types = config.get("CaptureContentTypeHeader") or {}
        return cls(
            config["DestinationS3Uri"].rstrip("/"),
            config["InitialSamplingPercentage"] / 100,
            frozenset({"Input", "Output"} if "InputAndOutput" in modes else modes),
            tuple(types.get("CsvContentTypes") or _CSV),
            tuple(types.get("JsonContentTypes") or _JSON),
        )

    def described(self) -> dict[str, Any]:
        """Return it as a DataCaptureConfigSummary."""
        return {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": round(self.share * 100),
            "DestinationS3Uri": self.place,
        }

    def record(self, sent: Message, answered: Message, now: datetime) -> dict[str, Any]:
        """Return the record of one invocation."""
        data = {}
        if "Input" in self.sides:
            data["endpointInput"] = self._side("INPUT", sent)
        if "Output" in self.sides:
            data["endpointOutput"] = self._side("OUTPUT", answered)
        metadata = {"eventId": str(uuid.uuid4())}
        if attributes := sent[0].get("x-amzn-sagemaker-custom-attributes"):
            metadata["customAttributes"] = attributes
        if inference := sent[0].get("x-amzn-sagemaker-inference-id"):
            metadata["inferenceId"] = inference
        metadata["inferenceTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}

    def _side(self, mode: str, message: Message) -> dict[str, str]:
        content_type, body = message[0].get("content-type", ""), message[1]
        kind = content_type.partition(";")[0].strip().lower()
        encoding = "CSV" if kind in self.csv_types else "JSON" if kind in self.json_types else "BASE64"
        try:
            text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


class CaptureFiles:
    """Append records to files of this machine, and turn those into objects."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._folder = backend.folder / "capture"
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str, str], tuple[Path, float]] = {}  # the file and when it was begun

    def add(self, capture: Capture, served: tuple[str, str], sent: Message, answered: Message) -> None:
        """Keep one invocation, if it is one of the sample."""
        if random.random() >= capture.share:
            return
        now = datetime.now(UTC)
        line = json.dumps(capture.record(sent, answered, now), separators=(",", ":")) + "\n"
        key = (capture.place, *served)
        with self._lock:
            path, begun = self._open.get(key) or self._begin(key, now)
            with path.open("ab", buffering=0) as file:
                file.write(line.encode())
                if file.tell() >= LARGEST:
                    begun = 0.0
            self._open[key] = path, begun

    def deliver(self, only_due: bool = False) -> None:
        """Turn files into objects: all, or those that have waited long enough."""
        if not self._folder.exists():
            return
        with self._lock:
            due = time.monotonic() - EVERY
            fresh = {key: (path, begun) for key, (path, begun) in self._open.items() if only_due and begun > due}
            self._open = fresh
            kept = {path for path, _ in fresh.values()}
            waiting = [path for path in self._folder.glob(f"*{_SPOOL}") if path not in kept]
        for path in waiting:
            self._put(path)

    def _begin(self, key: tuple[str, str, str], now: datetime) -> tuple[Path, float]:
        place, endpoint, variant = key
        self._folder.mkdir(exist_ok=True)
        identity = str(uuid.uuid4())
        name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{identity}{_SPOOL}"
        target = f"{place}/{endpoint}/{variant}/{now:%Y/%m/%d/%H}/{name}"
        path = self._folder / f"{identity}{_SPOOL}"
        path.write_text(target + "\n")  # its first line says where it goes
        return path, time.monotonic()

    def _put(self, path: Path) -> None:
        target, _, records = path.read_bytes().partition(b"\n")
        whole = records[: records.rfind(b"\n") + 1]  # a server that died may have left half a line
        if whole:
            bucket, key = split_uri(target.decode())
            try:
                self._backend.objects.put(bucket, key, whole, content_type="application/x-jsonlines")
            except AwsError as error:
                if error.code != "NoSuchBucket":  # a bucket that is gone takes nothing any more
                    raise
        path.unlink()
