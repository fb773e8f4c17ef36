"""What a step is."""

from collections.abc import Callable
from dataclasses import dataclass

from boatyard.spec import ModelSpec
from boatyard.steps.run import Request, RunContext
from boatyard.steps.source_code import SourceCode


@dataclass(frozen=True)
class Step:
    """Name a step, how it is carried out, what it asks for and what it returns to later steps."""

    name: str  # the Airflow task's id
    kind: str  # which operator carries it out
    build: Callable[[ModelSpec, RunContext], tuple[Request, ...]]
    result: tuple[str, ...]  # the keys of the mapping it returns
    code: Callable[[ModelSpec, RunContext], SourceCode] | None = None
    # Whether earlier work is taken, and which inputs are known by something else than their files (name -> contents).
    contents: Callable[[ModelSpec, RunContext], dict[str, str]] | None = None
