"""The training toolkit's contract: https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md"""

import json
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from container import Container

SHOW = "import json, os, sys; print(json.dumps({'argv': sys.argv, 'env': dict(os.environ), 'cwd': os.getcwd()}))"


def test_the_script_gets_hyperparameters_as_sorted_arguments_without_the_reserved_ones(container: Container) -> None:
    hyperparameters = {
        "sagemaker_program": '"train.py"',
        "sagemaker_region": "eu-west-1",
        "_tuning_objective_metric": "train:merror",
        "objective": "multi:softmax",
        "max_depth": "5",
        "eta": '"0.2"',
        "k": "true",
        "layers": '{"b": 2, "a": 1}',
    }
    container.config("hyperparameters", hyperparameters)
    container.source("train.py", SHOW)
    seen = json.loads(container.train().stdout)
    expected = "train.py --eta 0.2 -k True --layers a=1,b=2 --max_depth 5 --objective multi:softmax"
    assert seen["argv"] == expected.split()
    assert seen["cwd"] == str(container.base / "code")


def test_the_script_gets_the_toolkits_variables(container: Container) -> None:
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
    resources = {
        "current_host": "algo-1",
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }
    container.config("resourceconfig", resources)
    container.config("inputdataconfig", {"train": {"TrainingInputMode": "File"}, "valid": {}})
    container.config("hyperparameters", {"eta": "0.2", "name": "x", "sagemaker_mpi_enabled": "false"})
    container.source("train.py", SHOW)
    env = json.loads(container.train(SAGEMAKER_PROGRAM="train.py", TRAINING_JOB_NAME="job-1").stdout)["env"]
    base = container.base
    expected = {
        "SM_MODEL_DIR": f"{base}/model",
        "SM_OUTPUT_DIR": f"{base}/output",
        "SM_OUTPUT_DATA_DIR": f"{base}/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{base}/output/intermediate",
        "SM_INPUT_DIR": f"{base}/input",
        "SM_INPUT_CONFIG_DIR": f"{base}/input/config",
        "SM_MODULE_DIR": f"{base}/code",
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_USER_ARGS": '["--eta","0.2","--name","x"]',
        "SM_HPS": '{"eta":0.2,"name":"x"}',
        "SM_HP_ETA": "0.2",
        "SM_HP_NAME": "x",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_mpi_enabled":false}',
        "SM_FRAMEWORK_MODULE": "",
        "SM_CHANNELS": '["train","valid"]',
        "SM_CHANNEL_TRAIN": f"{base}/input/data/train",
        "SM_CHANNEL_VALID": f"{base}/input/data/valid",
        "SM_INPUT_DATA_CONFIG": '{"train":{"TrainingInputMode":"File"},"valid":{}}',
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_IS_HETERO": "false",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_LOG_LEVEL": "20",
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SAGEMAKER_REGION": "eu-west-1",
        "CURRENT_HOST": "algo-1",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert int(env["SM_NUM_CPUS"]) >= 1
    assert json.loads(env["SM_RESOURCE_CONFIG"]) == resources
    assert json.loads(env["SM_INSTANCE_GROUPS_DICT"]) == {"homogeneousCluster": group}
    described = json.loads(env["SM_TRAINING_ENV"])
    assert described["job_name"] == "job-1"
    assert described["channel_input_dirs"]["train"] == f"{base}/input/data/train"
    assert described["is_master"] is True


def test_a_script_that_ends_well_leaves_a_success_file_and_no_failure(container: Container) -> None:
    script = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('1')"
    container.source("train.py", script)
    assert container.train().returncode == 0
    assert (container.base / "model" / "m").read_text() == "1"
    assert sorted(path.name for path in (container.base / "output").iterdir()) == ["data", "success"]


def test_a_script_that_raises_fails_the_job_with_its_last_lines_and_its_exit_code(container: Container) -> None:
    container.source(
        "train.py", "import sys\nprint('x' * 5000, file=sys.stderr)\nraise ValueError('no such column: é')\n"
    )
    result = container.train()
    assert result.returncode == 1
    assert container.failure.startswith('ExecuteUserScriptError:\nExitCode 1\nErrorMessage "Traceback (most recent')
    assert 'ValueError: no such column: é"\nCommand "' in container.failure[:1024]
    assert "x" * 5000 in result.stderr


def test_an_error_far_longer_than_a_failure_reason_keeps_its_last_lines(container: Container) -> None:
    script = "import sys\nfor n in range(3000):\n    print('line', n, file=sys.stderr)\nsys.exit(7)\n"
    container.source("train.py", script)
    assert container.train().returncode == 7
    assert "ExitCode 7" in container.failure
    assert 'line 2999"' in container.failure[:1024]


def test_the_failure_a_script_wrote_itself_is_kept(container: Container) -> None:
    script = (
        "import os, pathlib, sys; pathlib.Path(os.environ['SM_OUTPUT_DIR'], 'failure').write_text('mine'); sys.exit(3)"
    )
    container.source("train.py", script)
    assert container.train().returncode == 3
    assert container.failure == "mine"


def test_a_script_killed_for_its_memory_is_told_apart(container: Container) -> None:
    container.source("train.py", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert container.train().returncode == 137
    assert 'ExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' in container.failure


def test_sigterm_reaches_the_script_which_may_save_its_work_and_end_well(container: Container) -> None:
    script = """
import os, pathlib, signal, sys, time
def save(*_):
    pathlib.Path(os.environ["SM_MODEL_DIR"], "checkpoint").write_text("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready")
while True:
    time.sleep(0.01)
"""
    container.source("train.py", script)
    with container.start("train") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"  # unbuffered: it arrives while the script runs
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert (container.base / "model" / "checkpoint").read_text() == "saved"


def test_a_script_ended_by_sigterm_is_stopped_and_has_not_failed(container: Container) -> None:
    container.source("train.py", "import time\nprint('ready')\nwhile True:\n    time.sleep(0.01)\n")
    with container.start("train") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert not (container.base / "output" / "failure").exists()


def test_a_process_the_script_left_behind_does_not_hold_up_the_end(container: Container) -> None:
    child = "import pathlib, time\nwhile not pathlib.Path('end').exists(): time.sleep(0.01)"
    script = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.DEVNULL)\n"
    container.source("train.py", script)
    with container.start("train") as process:
        assert process.wait(timeout=60) == 0
        container.source("end", "")


def test_the_source_comes_from_s3(
    container: Container, s3: tuple[Path, dict[str, str]], tar_gz: Callable[..., bytes]
) -> None:
    folder, environment = s3
    (folder / "bucket" / "job").mkdir(parents=True)
    (folder / "bucket" / "job" / "sourcedir.tar.gz").write_bytes(
        tar_gz(train="import part.one", part__one="print('it ran')")
    )
    uri = "s3://bucket/job/sourcedir.tar.gz"
    container.config(
        "hyperparameters", {"sagemaker_program": "train.py", "sagemaker_submit_directory": json.dumps(uri)}
    )
    container.source("train.py", "raise SystemExit('this is what an earlier start left')")
    result = container.train(**environment)
    assert (result.returncode, result.stdout) == (0, "it ran\n"), result.stderr
    assert stat.S_IMODE((container.base / "code").stat().st_mode) == 0o755


def test_a_source_that_is_not_in_s3_fails_with_its_address(
    container: Container, s3: tuple[Path, dict[str, str]]
) -> None:
    uri = "s3://bucket/none.tar.gz"
    result = container.train(SAGEMAKER_SUBMIT_DIRECTORY=uri, **s3[1])
    assert result.returncode == 1
    assert container.failure.startswith(f"ConfigurationError: cannot read the source code at {uri}: ")


def test_a_local_archive_and_a_local_folder_are_sources_too(
    container: Container, tmp_path: Path, tar_gz: Callable[..., bytes]
) -> None:
    archive, folder = tmp_path / "source.tar.gz", tmp_path / "source"
    archive.write_bytes(tar_gz(train="print('archive')"))
    folder.mkdir()
    (folder / "train.py").write_text("print('folder')")
    assert container.train(SAGEMAKER_SUBMIT_DIRECTORY=str(archive)).stdout == "archive\n"
    assert container.train(SAGEMAKER_SUBMIT_DIRECTORY=str(folder)).stdout == "folder\n"


def test_an_archive_that_reaches_out_of_its_folder_is_refused(
    container: Container, tmp_path: Path, tar_gz: Callable[..., bytes]
) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(tar_gz(**{"..__outside": "pass"}))
    assert container.train(SAGEMAKER_SUBMIT_DIRECTORY=str(archive)).returncode == 1
    assert "'../outside.py' in" in container.failure
    assert not (container.base / "outside.py").exists()
    assert [path.name for path in container.base.glob(".code-*")] == []


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("", "num_round (no script was named by sagemaker_program, so the built-in XGBoost algorithm trains)"),
        ("trian.py", "(did you mean train.py?)"),
        ("train.sh", "the program 'train.sh' is not a .py file"),
    ],
)
def test_a_program_that_cannot_run_is_named(container: Container, program: str, message: str) -> None:
    container.source("train.py", "")
    container.config("hyperparameters", {"sagemaker_program": program})
    assert container.train().returncode == 1
    assert container.failure.startswith("ConfigurationError: ")
    assert message in container.failure


def test_a_configuration_that_is_not_json_is_named(container: Container) -> None:
    path = container.source("hyperparameters.json", "{", folder="input/config")
    assert container.train().returncode == 1
    assert container.failure.startswith(f"ConfigurationError: {path} is not JSON")
