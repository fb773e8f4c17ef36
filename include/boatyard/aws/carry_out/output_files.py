"""Small JSON files that a processing job leaves, such as metrics."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from boatyard.aws.calls import trouble_of
from boatyard.aws.errors import PermanentError, aws_failures
from boatyard.aws.s3 import storage

log = logging.getLogger(__name__)

_MEMBERS = {"result_name", "output_name", "file_name"}


def check(asked: Iterable[Mapping[str, Any]]) -> None:
    """Refuse, with `PermanentError`, what does not say which files are asked for."""
    for one in asked:
        if missing := _MEMBERS - one.keys():
            raise PermanentError(f"output_files_to_xcom: {dict(one)} lacks {', '.join(sorted(missing))}")


def read(s3: Any, asked: Iterable[Mapping[str, str]], outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return what the files hold by their `result_name`; `outputs` are the job's, S3 prefixes by name.

    As the provider's operator does, an output that the job does not have is left out, and a file that is not there, or
    is not JSON, is told of under `_error`.
    """
    check(asked := list(asked))
    found = {}
    for one in asked:
        if one["output_name"] not in outputs:
            known = ", ".join(outputs)
            log.warning("%s: the job has no output %s, only %s", one["result_name"], one["output_name"], known)
            continue
        found[one["result_name"]] = _read(s3, f"{outputs[one['output_name']].rstrip('/')}/{one['file_name']}")
    return found


def _read(s3: Any, uri: str) -> Any:
    try:
        return json.loads(storage.read_bytes(s3, uri))
    except aws_failures() as error:
        if trouble_of(error) is not None:
            raise
        problem = f"Failed to read from {uri}: {error}"
    except PermanentError:
        problem = f"File not found: {uri}"
    except ValueError as error:
        problem = f"Invalid JSON at {uri}: {error}"
    log.warning("%s", problem)
    return {"_error": problem}
