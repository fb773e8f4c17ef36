"""What a spec names must be there: files of its folder, feature groups and their features."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from boatyard.spec.code import REQUIREMENTS, requirements
from boatyard.spec.feature_group import FeatureGroupFile, FeatureGroupSpec
from boatyard.spec.model import Features, Join
from boatyard.spec.problems import Problem, nearest
from boatyard.spec.source import Path_, Source

MODEL_JOBS = ("process.py", "train.py", "evaluate.py", "inference.py")
GROUP_JOBS = ("ingest.py",)

Groups = Mapping[str, FeatureGroupSpec]
Report = Callable[[Path_, str, str | None], None]


def job_files(folder: Path, required: Iterable[str]) -> list[Problem]:
    """Return what is wrong with a jobs/ folder."""
    jobs = folder / "jobs"
    there = sorted(path.name for path in jobs.iterdir() if path.is_file()) if jobs.is_dir() else []
    required = tuple(required)
    spare = [name for name in there if name not in required]
    problems = [
        Problem(jobs / name, 1, "", "no such file", nearest(name, spare)) for name in required if name not in there
    ]
    found = requirements(jobs)
    if found[:1] == (REQUIREMENTS,) and len(found) > 1:
        message = f"there is also {found[1]}: keep one file, or the stages of one folder"
        problems.append(Problem(jobs / REQUIREMENTS, 1, "", message))
    return problems


def group_references(source: Source, group: FeatureGroupFile) -> None:
    """Report record identifier and event time that are no features, or not of a type that they may have."""
    for key, name, types in (
        ("record_identifier", group.record_identifier, ("String", "Integral")),
        ("event_time", group.event_time, ("String", "Fractional")),
    ):
        found = group.features.get(name)
        if found is None:
            source.report((key,), f"there is no feature {name!r}", nearest(name, group.features))
        elif found not in types:
            source.report((key,), f"must be {' or '.join(types)}, but {name!r} is {found}")
    if group.record_identifier == group.event_time:
        source.report(("event_time",), "must be another feature than the record identifier")


def feature_references(source: Source, features: Features, groups: Groups) -> None:
    """Report features of the training set that their groups do not have; `groups` holds the sound ones."""
    spine, at = features.spine, ("features", "spine")
    group = groups.get(spine.group)
    if group is not None:
        own = (group.record_identifier, group.event_time)
        _known(source, (*at, "label"), spine.label, group, own)
        for number, name in enumerate(spine.features or ()):
            _known(source, (*at, "features", number), name, group, (*own, spine.label))
        _once(source, (*at, "features"), spine.features or ())
    _once(source, ("features", "join"), [join.group for join in features.join], key="group")
    for number, join in enumerate(features.join):
        _join(source, ("features", "join", number), join, group, groups)


def schedule_references(source: Source, root: Path) -> None:
    """Report feature groups of a schedule that are not there, or that nothing fills; `root` holds their folders."""
    schedule = source.data.get("schedule")
    assets = schedule.get("assets") if isinstance(schedule, dict) else None
    names = [name for name in assets if isinstance(name, str)] if isinstance(assets, list) else []
    there = sorted(path.parent.name for path in root.glob("*/feature_group.yaml"))
    for number, name in enumerate(names):
        at = ("schedule", "assets", number)
        if name not in there:
            source.report(at, f"there is no feature group {name!r}", nearest(name, there))
        elif not (root / name / "dag.py").is_file():
            source.report(at, f"nothing fills feature group {name!r}: there is no {root / name / 'dag.py'}")
    _once(source, ("schedule", "assets"), names)


def _join(source: Source, at: Path_, join: Join, spine: FeatureGroupSpec | None, groups: Groups) -> None:
    group = groups.get(join.group)
    if group is None:
        return
    for number, name in enumerate(join.features):
        _known(source, (*at, "features", number), name, group, ())
    _once(source, (*at, "features"), join.features)
    if spine is None:
        return
    if spine.name == join.group:
        source.report((*at, "group"), "is the spine itself")
        return
    entity, wanted = join.entity(groups), group.features[group.record_identifier]
    found = spine.features.get(entity)
    where = (*at, "on") if join.on else at
    if found is None:
        hint = "" if join.on else ": say with 'on' which feature holds the record identifier"
        source.report(where, f"group '{spine.name}' has no feature {entity!r}{hint}", nearest(entity, spine.features))
    elif found != wanted:
        message = f"{entity!r} of '{spine.name}' is {found}, but '{group.name}' is identified by {wanted}"
        source.report(where, message)


def _known(source: Source, at: Path_, name: str, group: FeatureGroupSpec, taken: tuple[str, ...]) -> None:
    if name not in group.features:
        free = [feature for feature in group.features if feature not in taken]
        source.report(at, f"group '{group.name}' has no feature {name!r}", nearest(name, free))
    elif name in taken:
        source.report(at, f"{name!r} cannot be one: it is the identifier, the event time or the label")


def _once(source: Source, at: Path_, names: Iterable[str], key: str | None = None) -> None:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            source.report((*at, number, key) if key else (*at, number), f"{name!r} is given twice")
        seen.add(name)
