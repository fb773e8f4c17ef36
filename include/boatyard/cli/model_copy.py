"""A model's folder and its feature group's under another name: complete beside the DAGs first, then moved in."""

import filecmp
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from boatyard.cli.home import StackError
from boatyard.cli.model_names import endpoint_name
from boatyard.spec import ModelSpec, load_model
from boatyard.spec.load import GROUPS_FOLDER, MODEL_FILE

_README = "README.md"
_IGNORED = shutil.ignore_patterns("__pycache__", ".*")
_Place = tuple[str | int, ...]


@dataclass(frozen=True)
class ModelCopy:
    """Say what is copied and what it is called afterwards."""

    source: ModelSpec
    name: str
    dags: Path

    @property
    def model(self) -> Path:
        """Return the new model's folder."""
        return self.dags / self.name

    @property
    def group(self) -> Path:
        """Return the folder of its feature group, which has its name."""
        return self.dags / GROUPS_FOLDER / self.name

    def write(self, staging: Path) -> None:
        """Write the folders, below `staging` first: a process that dies leaves nothing half-written in the DAGs."""
        staged = staging / self.dags.name
        shutil.copytree(self.source.folder, staged / self.name, ignore=_IGNORED)
        shutil.copytree(self.source.spine_group.folder, staged / GROUPS_FOLDER / self.name, ignore=_IGNORED)
        for name, group in self.source.groups.items():
            if name not in (self.source.spine_group.name, self.name):
                shutil.copytree(group.folder, staged / GROUPS_FOLDER / name, ignore=_IGNORED)  # to be checked with it
        _change(staged / self.name / MODEL_FILE, self._renamed_spec)
        if (staged / self.name / _README).is_file():
            _change(staged / self.name / _README, self._renamed_prose)
        load_model(staged / self.name)
        # The group first: alone it does nothing, and the next try knows it by its contents.
        if not self.group.exists():
            _move(staged / GROUPS_FOLDER / self.name, self.group)
        elif not _same(staged / GROUPS_FOLDER / self.name, self.group):
            raise StackError(f"{self.group} is there already and is no copy of {self.source.spine_group.folder}")
        _move(staged / self.name, self.model)

    def _renamed_spec(self, text: str) -> str:
        """Return model.yaml with its own names changed and everything else, comments too, as it was."""
        group, endpoint = self.source.spine_group.name, endpoint_name(self.name)
        places: dict[_Place, Callable[[str], str]] = {
            ("features", "spine", "group"): lambda _: self.name,
            ("register", "group"): lambda _: endpoint,
            ("deploy", "endpoint"): lambda _: endpoint,
        }
        pieces: list[str] = []
        done = 0
        for place, node in _scalars((), yaml.compose(text, Loader=yaml.SafeLoader)):
            old = text[node.start_mark.index : node.end_mark.index]
            if place in places:
                new = places[place](old)
            elif place[:1] == ("batch",):
                new = old.replace(f"{{{group}}}", f"{{{self.name}}}")  # a group's table in a query
            elif place[:2] == ("schedule", "assets") and node.value == group:
                new = self.name
            else:
                continue
            pieces += [text[done : node.start_mark.index], new]
            done = node.end_mark.index
        # comments name the model's further DAGs
        return re.sub(
            rf"\b{re.escape(self.source.name)}(?=_(?:batch|monitor|release)\b)",
            self.name,
            "".join([*pieces, text[done:]]),
        )

    def _renamed_prose(self, text: str) -> str:
        """Return the README with the names in code, titles and commands changed; the prose stays as it is."""
        old = {self.source.name, self.source.spine_group.name, self.source.deploy.endpoint}
        words = "|".join(sorted(map(re.escape, old), key=len, reverse=True))
        lead = r"""endpoint `|EndpointName=["']|`|["']|^# |\bboatyard \w+ |\bdags/|\bfeatures/"""
        return re.sub(
            rf"(?P<lead>{lead})(?:{words})(?![\w-])",
            lambda match: match["lead"] + (endpoint_name(self.name) if "ndpoint" in match["lead"] else self.name),
            text,
            flags=re.MULTILINE,
        )


def _scalars(place: _Place, node: yaml.Node | None) -> Iterator[tuple[_Place, yaml.ScalarNode]]:
    """Yield every value of a document with its place, in the order of the text."""
    if isinstance(node, yaml.ScalarNode):
        yield place, node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars((*place, key.value), value)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _scalars((*place, number), item)


def _change(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")


def _move(staged: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        staged.rename(folder)
    except OSError as error:  # somebody else made it meanwhile
        raise StackError(f"{folder} cannot be made: {os.strerror(error.errno or 0)}") from None


def _same(one: Path, other: Path) -> bool:
    """Return whether two folders hold the same files; compiled code does not count."""
    if not other.is_dir():
        return False
    listed = [_files(folder) for folder in (one, other)]
    return listed[0] == listed[1] and not any(filecmp.cmpfiles(one, other, listed[0], shallow=False)[1:])


def _files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if "__pycache__" not in path.parts)
