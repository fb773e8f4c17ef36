"""What a target gets of an event: all of it, a part, or a text made of it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from sagelocal.errors import validation_error
from sagelocal.events.event import Event

_PATH = re.compile(r"\$(?:\.[^.\[\]$]+|\[\d+\])*")
_STEP = re.compile(r"\.([^.\[\]$]+)|\[(\d+)\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


def text_of(target: dict[str, Any], event: Event, rule_arn: str, now: str) -> str:
    """Return what goes to a target, as text."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        return json.dumps(at(target["InputPath"], event))
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    values = {name: at(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": now,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    return _filled(transformer["InputTemplate"], values)


def at(path: str, event: Event) -> Any:
    """Return what stands at a JSON path, None if nothing does."""
    found: Any = event
    for name, index in _STEP.findall(path):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(name) if isinstance(found, dict) else None
    return found


def check_input(target: dict[str, Any]) -> None:
    """Refuse a target that says in two ways, or in a wrong one, what it gets."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
    if len(given) > 1:
        raise validation_error(
            f"Only one of Input, InputPath, or InputTransformer must be provided for {target['Id']}."
        )
    transformer = target.get("InputTransformer") or {}
    paths = [
        *(transformer.get("InputPathsMap") or {}).values(),
        *([target["InputPath"]] if "InputPath" in given else []),
    ]
    for path in paths:
        if not _PATH.fullmatch(path):
            raise validation_error(f"Invalid JSON path {path!r} for target {target['Id']}.")


def _filled(template: str, values: dict[str, Any]) -> str:
    """Return a template with its placeholders filled: as JSON, but bare within a quoted text."""

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value, quoted = values[match[1]], _in_quotes(template, match.start())
        if not quoted:
            return json.dumps(value)
        if value is None:
            return ""  # what the event has not does not appear
        return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value).replace('"', '\\"')

    return _PLACEHOLDER.sub(fill, template)


def _in_quotes(template: str, position: int) -> bool:
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1
