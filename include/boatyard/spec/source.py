"""YAML with the line of every key: plain data (YAML 1.2's core schema), and each thing that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from boatyard.spec.problems import Problem, nearest

Path_ = tuple[str | int, ...]  # where a value stands, such as ("gate", 0, "metric")


class _CoreLoader(yaml.SafeLoader):
    """Read scalars by YAML 1.2: `1e-5` is a number, `on` and `no` are words, dates are words."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN"),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [*_first])
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])

_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:null": lambda text: None,
}
_JINJA = re.compile(r"\{[{%#]")


@dataclass
class Source:
    """Hold a file's data, the line of each of its values and what could not be read."""

    file: Path
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    settings: dict[Path_, Path] = field(default_factory=dict)  # values that were set for one run: their own wording

    def line(self, path: Path_) -> int:
        """Return the line of a value, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path_, message: str, suggestion: str | None = None) -> Problem:
        """Return a problem with the value at `path`."""
        setting = self._setting(path)
        if setting is not None:
            return Problem(setting, 0, dotted(path), message, suggestion)
        return Problem(self.file, self.line(path), dotted(path), message, suggestion)

    def _setting(self, path: Path_) -> Path | None:
        """Return the setting that a path lies in, or that brought in a path which the file does not have."""
        for at, setting in self.settings.items():
            if path[: len(at)] == at or (path not in self.lines and at[: len(path)] == path):
                return setting
        return None

    def report(self, path: Path_, message: str, suggestion: str | None = None) -> None:
        """Add a problem with the value at `path`."""
        self.problems.append(self.problem(path, message, suggestion))


def dotted(path: Path_) -> str:
    """Return a path as people write it: `gate[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read(file: Path) -> Source:
    """Read a YAML file; errors are in `problems`, never raised."""
    source = Source(file)
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=_CoreLoader)
    except FileNotFoundError:
        beside = [path.name for path in file.parent.iterdir()] if file.parent.is_dir() else []
        source.report((), f"no such file; a folder of this kind has a {file.name}", nearest(file.name, beside))
        return source
    except UnicodeDecodeError as error:
        source.report((), f"not UTF-8: {error.reason} at byte {error.start}")
        return source
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        source.problems.append(Problem(file, mark.line + 1 if mark else 1, "", f"not YAML: {said}"))
        return source
    except yaml.YAMLError as error:
        source.report((), f"not YAML: {error}")
        return source
    if root is None:
        return source
    if not isinstance(root, yaml.MappingNode):
        source.report((), "expected keys with values")
        return source
    source.data = _Reader(source).value((), root)
    return source


def value_of(source: Source, path: Path_, text: str) -> Any:
    """Return the value that `text` is at `path`; raise YAMLError if it is none."""
    node = yaml.compose(text, Loader=_CoreLoader)
    return None if node is None else _Reader(source).value(path, node)


class _Reader:
    """Turn nodes into data; `_open` holds the nodes being read, so that an alias to one of them is seen."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: set[int] = set()

    def value(self, path: Path_, node: yaml.Node) -> Any:
        self._source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(path, node)
        if id(node) in self._open:
            self._source.report(path, "contains itself")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value((*path, number), item) for number, item in enumerate(node.value)]
            return self._mapping(path, node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, path: Path_, node: yaml.Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._source.problems.append(Problem(self._source.file, line, dotted(path), "a key must be a word"))
                continue
            here = (*path, key_node.value)
            if key_node.value in found:
                first = self._source.lines[here]
                message = f"given twice, first on line {first}"
                self._source.problems.append(Problem(self._source.file, line, dotted(here), message))
                continue
            self._source.lines[here] = line
            found[key_node.value] = self.value(here, value_node)
        return found

    def _scalar(self, path: Path_, node: yaml.ScalarNode) -> Any:
        if node.tag not in _SCALARS:
            self._source.report(path, f"the tag {node.tag} is not supported")
            return None
        if _JINJA.search(node.value):
            self._source.report(path, "'{{', '{%' and '{#' are not supported: a spec holds values, not templates")
        return _SCALARS[node.tag](node.value)
