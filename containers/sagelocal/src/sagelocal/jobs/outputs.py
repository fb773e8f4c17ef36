"""What jobs may leave in /opt/ml/output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagelocal.jobs.isolation import OPT_ML

if TYPE_CHECKING:
    from sagelocal.jobs.container import Container

SEE_LOGS = "See job logs for more information"


def first_text(container: Container, name: str, size: int) -> str:
    """Return the first characters of a file there, "" if there is none; a link that leads out of there is none."""
    file = container.locate(f"{OPT_ML}/output/{name}")
    if not file.is_file() or not file.resolve().is_relative_to(container.locate(OPT_ML).resolve()):
        return ""
    with file.open("rb") as stream:
        return stream.read(size * 4).decode(errors="replace")[:size].strip()
