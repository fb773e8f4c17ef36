"""Read the folder of a model or of a feature group; every error is told at once."""

import re
from collections.abc import Iterable
from pathlib import Path

from boatyard.spec.batch import Batch
from boatyard.spec.batch_references import batch_references
from boatyard.spec.check_references import check_references
from boatyard.spec.code import code_hash, requirements
from boatyard.spec.columns import Column, training_columns
from boatyard.spec.feature_group import FeatureGroupFile, FeatureGroupSpec
from boatyard.spec.image_references import image_references, required_jobs
from boatyard.spec.model import Features, ModelFile, ModelSpec
from boatyard.spec.problems import Problem, SpecError, nearest
from boatyard.spec.references import (
    GROUP_JOBS,
    MODEL_JOBS,
    feature_references,
    group_references,
    job_files,
    schedule_references,
)
from boatyard.spec.settings import put
from boatyard.spec.shape import part_of, shaped
from boatyard.spec.source import Path_, Source, read
from boatyard.spec.training_references import training_references

MODEL_FILE = "model.yaml"
GROUP_FILE = "feature_group.yaml"
GROUPS_FOLDER = "features"
GROUP_DAGS = f"{GROUPS_FOLDER}_"

# Folder names become names of DAGs, feature groups, tables and S3 prefixes; this is what all of them allow.
_FOLDER_NAME = re.compile(r"[a-z](?:[-_]?[a-z0-9]){0,39}")


def is_folder_name(name: str) -> bool:
    """Tell whether a model or feature group may be called so."""
    return _FOLDER_NAME.fullmatch(name) is not None


def load_feature_group(folder: Path) -> FeatureGroupSpec:
    """Return the feature group of a folder; raise SpecError with every error."""
    group, problems = _feature_group(folder)
    if group is None or problems:
        raise SpecError(problems)
    return group


def load_model(folder: Path, settings: Iterable[str] = ()) -> ModelSpec:
    """Return the model of a folder; raise SpecError with every error, those of its feature groups among them.

    Feature groups lie beside the model, in `features/<group>/`. `settings` are values for this one time in place of
    the file's, such as `train.hyperparameters.eta=0.1`.
    """
    source = read(folder / MODEL_FILE)
    put(source, settings)
    problems = _folder_problems(folder, source)
    if folder.name.startswith(GROUP_DAGS):
        problems.append(
            Problem(source.file, 1, "", f"{GROUP_DAGS}... are the DAGs of feature groups: choose another name")
        )
    file = shaped(ModelFile, source) if not source.problems or source.data else None
    groups: dict[str, FeatureGroupSpec] = {}
    features = file.features if file else part_of(Features, source, "features")
    if features is not None:
        groups, group_problems = _groups(folder.parent / GROUPS_FOLDER, features, source)
        problems += group_problems
        feature_references(source, features, groups)
    columns = _columns(features, groups, source, problems)
    check_references(source, source.data.get("checks"), columns)
    batch = part_of(Batch, source, "batch") if "batch" in source.data else None
    schedule_references(source, folder.parent / GROUPS_FOLDER)
    if batch is not None and columns is not None:
        batch_references(source, batch, columns, groups)
    jobs, image = folder / "jobs", file.image if file else source.data.get("image")
    lock = image_references(source, folder, image, requirements(jobs))
    training_references(source, jobs, requirements(jobs))
    problems += [*source.problems, *job_files(folder, required_jobs(MODEL_JOBS, image))]
    if file is None or problems:
        raise SpecError(problems)
    return ModelSpec.model_construct(
        **{field.alias or name: getattr(file, name) for name, field in ModelFile.model_fields.items()},
        name=folder.name,
        folder=folder,
        code_hash=code_hash(jobs),
        scripts=tuple(sorted(path.name for path in jobs.glob("*.py"))),
        requirements=requirements(jobs),
        image_lock=lock,
        groups=groups,
    )


def _columns(
    features: Features | None, groups: dict[str, FeatureGroupSpec], source: Source, problems: list[Problem]
) -> tuple[Column, ...] | None:
    """Return the columns of the training set, None where something is wrong with what it is made of."""
    wrong = [problem for problem in (*source.problems, *problems) if problem.key.startswith("features")]
    if features is None or wrong or features.spine.group not in groups:
        return None
    return training_columns(features, groups)


def _feature_group(folder: Path) -> tuple[FeatureGroupSpec | None, list[Problem]]:
    source = read(folder / GROUP_FILE)
    problems = _folder_problems(folder, source)
    file = shaped(FeatureGroupFile, source) if not source.problems or source.data else None
    if file is not None:
        group_references(source, file)
    jobs = folder / "jobs"
    lock = image_references(source, folder, file.image if file else None, requirements(jobs))
    problems += [*source.problems, *job_files(folder, GROUP_JOBS)]
    if file is None:
        return None, problems
    group = FeatureGroupSpec.model_construct(
        **{name: getattr(file, name) for name in FeatureGroupFile.model_fields},
        name=folder.name,
        folder=folder,
        code_hash=code_hash(jobs),
        requirements=requirements(jobs),
        image_lock=lock,
    )
    return group, problems


def _groups(root: Path, features: Features, source: Source) -> tuple[dict[str, FeatureGroupSpec], list[Problem]]:
    """Return the groups that a training set is made of, as far as their files can be understood."""
    there = sorted(path.parent.name for path in root.glob(f"*/{GROUP_FILE}"))
    named: list[tuple[Path_, str]] = [(("features", "spine", "group"), features.spine.group)]
    named += [(("features", "join", number, "group"), join.group) for number, join in enumerate(features.join)]
    groups: dict[str, FeatureGroupSpec] = {}
    problems: list[Problem] = []
    for at, name in named:
        if name not in there:
            source.report(at, f"no such file: {root / name / GROUP_FILE}", nearest(name, there))
            continue
        group, group_problems = _feature_group(root / name)
        problems += group_problems
        if group is not None:
            groups[name] = group
    return groups, problems


def _folder_problems(folder: Path, source: Source) -> list[Problem]:
    if is_folder_name(folder.name):
        return []
    message = f"expected a folder name of at most 40 lower-case letters, digits, '-' and '_', got {folder.name!r}"
    return [Problem(source.file, 1, "", message)]
