"""Images of AWS's in a spec: what they mean, and what is wrong with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from boatyard.spec import DeploymentError, load_feature_group, load_model
from boatyard.spec.deployment import EXAMPLE
from boatyard.spec.images import INFERENCE, TRAINING, ManagedImage, processor

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Project

XGBOOST = 'image: {framework: xgboost, version: "1.7-1"}'
LOCK: dict[str, Any] = {
    "image": {"framework": "xgboost", "version": "1.7-1", "py_version": None},
    "sdk": "sagemaker-core 2.27.0",
    "images": {
        "training": {"cpu": "sagemaker-xgboost:1.7-1"},
        "inference": {"cpu": "sagemaker-xgboost:1.7-1", "graviton": "sagemaker-xgboost:1.7-1-arm64"},
    },
    "registries": {"us-east-1": "683313688378.dkr.ecr.us-east-1.amazonaws.com"},
}


@pytest.fixture
def managed(project: Project) -> Project:
    """Give a project whose model runs on AWS's XGBoost image, resolved."""
    project.replace(project.model_file, "image: tabular:0.1.0", XGBOOST)
    (project.model / "image.lock").write_text(json.dumps(LOCK))
    return project


def test_an_image_by_framework_is_what_was_resolved_for_scope_machine_and_region(managed: Project) -> None:
    spec = load_model(managed.model)
    training, serving = spec.image_for(TRAINING, "ml.m5.large"), spec.image_for(INFERENCE, "ml.m6g.large")
    registry = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
    assert EXAMPLE.image_uri(training) == f"{registry}/sagemaker-xgboost:1.7-1"
    assert EXAMPLE.image_uri(serving) == f"{registry}/sagemaker-xgboost:1.7-1-arm64"


def test_a_region_without_the_image_is_named_with_those_that_have_it() -> None:
    image = ManagedImage("sagemaker-xgboost:1.7-1", {"eu-west-1": "host"})
    with pytest.raises(DeploymentError, match=r"no sagemaker-xgboost:1.7-1 in us-east-1; it has it in eu-west-1"):
        EXAMPLE.image_uri(image)


@pytest.mark.parametrize("content", [None, "", "{}", json.dumps(LOCK).replace("1.7-1", "1.5-1")])
def test_an_image_that_was_not_resolved_says_which_command_does_it(managed: Project, content: str | None) -> None:
    lock = managed.model / "image.lock"
    lock.unlink() if content is None else lock.write_text(content)
    assert managed.model_errors() == [
        "digits/model.yaml:3: image: xgboost 1.7-1 is not resolved: run `boatyard images resolve digits`"
    ]


def test_a_feature_group_may_have_an_image_by_framework_too(project: Project) -> None:
    project.replace(project.group_file, "image: tabular:0.1.0", XGBOOST)
    assert project.group_errors() == [
        (
            "features/digits/feature_group.yaml:10: image: xgboost 1.7-1 is not resolved: "
            "run `boatyard images resolve features/digits`"
        )
    ]
    (project.group / "image.lock").write_text(json.dumps(LOCK))
    image = load_feature_group(project.group).ingest_image
    assert isinstance(image, ManagedImage)
    assert image.repository == "sagemaker-xgboost:1.7-1"


def test_a_machine_that_the_image_was_not_resolved_for_is_named(managed: Project) -> None:
    managed.replace(managed.model_file, "train:\n  instance_type: ml.m5.large", "train:\n  instance_type: ml.g5.xlarge")
    assert managed.model_errors() == [
        (
            "digits/model.yaml:8: train.instance_type: xgboost 1.7-1 has no training image for gpu in image.lock, "
            "which has cpu: run `boatyard images resolve digits`, or choose another instance"
        )
    ]


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("{framework: xgboost}", "image.version: is missing"),
        ("{framework: xgboost, version: 1.7}", "image.version: expected a string, got 1.7"),
        (
            "{framework: xgboost, version: '1', pyversion: py3}",
            "image.pyversion: unknown key (did you mean 'py_version'?)",
        ),
        ("tabular", "image: expected an image as name:version or as its whole URI, got 'tabular'"),
        ("7", "image: expected a string, got 7"),
    ],
)
def test_a_wrong_image_is_told_with_its_line(project: Project, image: str, error: str) -> None:
    project.replace(project.model_file, "image: tabular:0.1.0", f"image: {image}")
    assert project.model_errors() == [f"digits/model.yaml:3: {error}"]


def test_an_algorithm_of_aws_needs_neither_train_nor_inference(managed: Project) -> None:
    for script in ("train.py", "inference.py"):
        (managed.model / "jobs" / script).unlink()
    assert managed.model_errors() == [
        (
            "digits/model.yaml:11: train.metrics: xgboost trains by itself here (there is no jobs/train.py), and AWS's "
            "algorithm brings its own metric definitions and takes no others: leave them out"
        )
    ]
    managed.replace(managed.model_file, "  metrics: {\"train:merror\": 'train-merror:([0-9.]+)'}\n", "")
    assert load_model(managed.model).scripts == ("evaluate.py", "process.py")


def test_an_image_of_ones_own_needs_every_script(project: Project) -> None:
    (project.model / "jobs" / "train.py").unlink()
    assert project.model_errors() == ["digits/jobs/train.py:1: no such file"]


def test_requirements_are_one_file_or_stages_in_the_order_of_their_names(project: Project) -> None:
    assert load_model(project.model).requirements == ()
    stages = project.model / "jobs" / "requirements"
    stages.mkdir()
    for name in ("02-rest.txt", "01-build.txt", "notes.md"):
        (stages / name).write_text("")
    assert load_model(project.model).requirements == ("requirements/01-build.txt", "requirements/02-rest.txt")


def test_stages_are_not_for_images_of_aws(managed: Project) -> None:
    stages = managed.model / "jobs" / "requirements"
    stages.mkdir()
    (stages / "1.txt").write_text("")
    assert managed.model_errors() == [
        (
            "digits/model.yaml:3: image: AWS's images install jobs/requirements.txt only, not the stages in "
            "jobs/requirements/"
        )
    ]


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ("ml.m5.large", "cpu"),
        ("ml.c7i.xlarge", "cpu"),
        ("ml.g5.xlarge", "gpu"),
        ("ml.p4d.24xlarge", "gpu"),
        ("ml.m6g.large", "graviton"),
        ("ml.c7gn.large", "graviton"),
        ("ml.trn1.2xlarge", "trainium"),
        ("ml.inf2.xlarge", "inferentia"),
    ],
)
def test_a_machines_family_decides_about_the_image(instance: str, expected: str) -> None:
    assert processor(instance) == expected


@pytest.mark.parametrize(
    ("where", "line", "error"),
    [
        (
            "train",
            "train_instance_count: 1",
            "the SageMaker SDK's old name of instance_count, which a spec does not have here: a job has one instance",
        ),
        (
            "train",
            "image_name: x:1",
            "the SageMaker SDK's old name of image_uri; here it is 'image' at the top of the file",
        ),
        (
            "train",
            "train_max_run: 3600",
            "the SageMaker SDK's old name of max_run (did you mean 'max_runtime'?)",
        ),
        (
            "train",
            "train_volume_size: 30",
            "the SageMaker SDK's old name of volume_size, which a spec does not have here: a job's volume has 30 GB",
        ),
        (
            "train",
            "entry_point: train.py",
            "an argument of the SageMaker SDK, which a spec does not have here: jobs/train.py is the script",
        ),
        (
            "train",
            "train_instance_type: ml.m5.large",
            "the SageMaker SDK's old name of instance_type (did you mean 'instance_type'?)",
        ),
        (
            "",
            "train_instance_type: ml.m5.large",
            (
                "the SageMaker SDK's old name of instance_type, which a spec does not have here: it is "
                "'instance_type' in the part of each job"
            ),
        ),
        ("", "image_name: x:1", "the SageMaker SDK's old name of image_uri (did you mean 'image'?)"),
    ],
)
def test_an_old_name_of_the_sagemaker_sdk_is_answered_with_the_new_one(
    project: Project, where: str, line: str, error: str
) -> None:
    before = "train:\n" if where else "features:\n"
    indent = "  " if where else ""
    put = f"train:\n{indent}{line}\n" if where else f"{line}\nfeatures:\n"
    project.replace(project.model_file, before, put)
    key = line.partition(":")[0]
    number = 8 if where else 4
    shown = f"{where}.{key}" if where else key
    assert project.model_errors() == [f"digits/model.yaml:{number}: {shown}: unknown key: {error}"]
