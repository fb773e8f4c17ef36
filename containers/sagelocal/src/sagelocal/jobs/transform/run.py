"""A transform job's own process: it starts the container, sends it every record and keeps what is answered.

Run under a supervisor as `python -m sagelocal.jobs.transform.run FOLDER`, it outlives the server. FOLDER/work holds:

plan.json     the request, the folder of the inputs (named by number) and their URIs (written by `transform.kind`)
output/N      the output files that are whole
result.json   written last: why the job failed, or nothing
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from sagelocal.endpoints.connections import Unanswered
from sagelocal.jobs.transform.records import Payload, RecordError, Records
from sagelocal.jobs.transform.serving import Container, ContainerError
from sagelocal.jobs.transform.settings import Settings

CHUNK = 1 << 20  # bytes
SHOWN = 300  # characters of a refusal's text


class TransformError(Exception):
    """Why an input file has no output; the text is a FailureReason."""


class Job:
    """Transform the files of one folder, several requests at once, each file's answers in the order of its records."""

    def __init__(
        self, folder: Path, plan: dict[str, Any], settings: Settings, container: Container, log: DataLog
    ) -> None:
        self._folder = folder
        self._inputs = Path(plan["inputs"])
        self._uris: list[str] = plan["uris"]
        self._settings = settings
        self._container = container
        self._log = log
        self._records = Records(settings)
        self._failures: dict[int, str] = {}
        self._part: tuple[int, BinaryIO] | None = None

    def run(self) -> str:
        """Write every output that can be made, and return why the others cannot; "" if there are none.

        A bad file does not keep the others from being transformed.
        https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-errors.html
        """
        for name in ("parts", "output"):
            (self._folder / name).mkdir()
        under_way: deque[tuple[int, Payload, Future[bytes]]] = deque()
        with ThreadPoolExecutor(self._settings.concurrent) as pool:
            for number, payload in self._payloads():
                under_way.append((number, payload, pool.submit(self._ask, payload)))
                if len(under_way) > self._settings.concurrent:
                    self._settle(*under_way.popleft())
            while under_way:
                self._settle(*under_way.popleft())
        self._close_part()
        for number in range(len(self._uris)):
            if number not in self._failures:
                part = self._folder / "parts" / str(number)
                part.touch()  # an empty input has an empty output
                part.replace(self._folder / "output" / str(number))
        return self._reason()

    def _payloads(self) -> Iterator[tuple[int, Payload]]:
        for number in range(len(self._uris)):
            try:
                for payload in self._records.payloads(self._inputs / str(number)):
                    if number in self._failures:
                        break
                    yield number, payload
            except RecordError as error:
                self._fail(number, f"ClientError: {error}")

    def _sent(self, payload: Payload) -> bytes | list[bytes]:
        """Return what is sent; a list is sent in chunks."""
        if self._settings.max_payload:
            return payload.body
        return [payload.body[start : start + CHUNK] for start in range(0, len(payload.body), CHUNK)]

    def _ask(self, payload: Payload) -> bytes:
        reason, timeout = "", self._settings.timeout
        for _ in range(self._settings.retries + 1):
            try:
                status, _, body = self._container.invoke(self._sent(payload), self._settings.headers, timeout)
            except TimeoutError:
                reason = f"AlgorithmError: no answer within {self._settings.timeout:g} seconds"
                continue
            except Unanswered as error:
                time.sleep(0.05)  # in which the end of a process is seen
                try:
                    self._container.require_alive()
                except ContainerError as ended:
                    raise TransformError(f"AlgorithmError: {ended}") from error
                reason = f"AlgorithmError: the container broke the connection: {error}"
                continue
            if 200 <= status < 300:
                return body
            text = " ".join(body.decode(errors="replace").split())[:SHOWN]
            kind = "ClientError" if status < 500 else "AlgorithmError"
            reason = f"{kind}: Bad HTTP status received from algorithm: {status}" + (f": {text}" if text else "")
            if status < 500:  # the same again would be refused again
                break
        raise TransformError(reason)

    def _settle(self, number: int, payload: Payload, answer: Future[bytes]) -> None:
        if number in self._failures:
            answer.cancel()
            return
        try:
            content = self._records.assembled(payload, answer.result())
        except TransformError as failure:
            self._fail(number, str(failure))
        except RecordError as error:
            self._fail(number, f"AlgorithmError: {error}")
        else:
            self._stream(number).write(content)

    def _stream(self, number: int) -> BinaryIO:
        if self._part is None or self._part[0] != number:
            self._close_part()
            self._part = number, (self._folder / "parts" / str(number)).open("wb")
        return self._part[1]

    def _close_part(self) -> None:
        if self._part is not None:
            self._part[1].close()

    def _fail(self, number: int, reason: str) -> None:
        self._failures[number] = reason
        self._log.write(f"{self._uris[number].removeprefix('s3://')}: {reason}")

    def _reason(self) -> str:
        if not self._failures:
            return ""
        number = min(self._failures)
        kind, _, reason = self._failures[number].partition(": ")
        others = f"; {len(self._failures) - 1} more input files failed" if len(self._failures) > 1 else ""
        return f"{kind}: {self._uris[number]}: {reason}{others}. See job logs for more information"


class DataLog:
    """SageMaker's log stream of what became of the data, beside the container's own."""

    def __init__(self, container_log: Path) -> None:
        self._file = container_log.with_suffix("") / f"data-log{container_log.suffix}"
        self._file.parent.mkdir(parents=True, exist_ok=True)

    def write(self, text: str) -> None:
        """Add a line."""
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(f"{int(time.time() * 1000)}\t[sagemaker logs]: {text}\n")


def transform(folder: Path, plan: dict[str, Any], serve: dict[str, Any], log: DataLog) -> str:
    """Do the job; return why it failed, or ""."""
    try:
        container = Container(serve["command"], serve["environment"])
    except ContainerError as error:
        return f"AlgorithmError: {error}"
    try:
        settings = Settings.of(plan["request"], container.execution_parameters())
        log.write(settings.described())
        return Job(folder, plan, settings, container, log).run()
    finally:
        container.stop()


def main() -> int:
    """Do the job of a folder and return 0: whether it failed, and why, stands in result.json.

    An instance whose data are bad must not be the end of the other ones.
    """
    folder = Path(sys.argv[1])
    work = folder / "work"
    plan = json.loads((work / "plan.json").read_text())
    spec = json.loads((folder / "run" / "spec.json").read_text())
    failure = transform(work, plan, spec["notes"]["serve"], DataLog(Path(spec["log"])))
    new = work / "result.json.new"
    new.write_text(json.dumps({"failure": failure}))
    os.replace(new, work / "result.json")  # noqa: PTH105 - as the supervisor does
    return 0


if __name__ == "__main__":
    sys.exit(main())
