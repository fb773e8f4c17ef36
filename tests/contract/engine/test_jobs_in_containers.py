"""Jobs in containers of the real image.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-run-image.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Contained = Any  # conftest's

pytestmark = pytest.mark.unverified

WAIT = "trap 'echo got SIGTERM; echo kept > /opt/ml/model/model.txt; exit 0' TERM; echo waiting; sleep 600 & wait $!"
DEAF = "trap '' TERM; echo waiting; while true; do sleep 1; done"
S3_DATA = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/data/"}}


def test_a_training_job_runs_the_image_s_train_and_its_model_is_in_s3(contained: Contained) -> None:
    contained.write("data/one.txt", b"some data")
    name = contained.train(
        "cat /opt/ml/input/data/training/one.txt > /opt/ml/model/model.txt; echo accuracy=0.5; id -u",
        InputDataConfig=[{"ChannelName": "training", "DataSource": S3_DATA}],
        AlgorithmSpecification={
            "TrainingImage": contained.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
        },
    )
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Completed", described
    assert described["FinalMetricDataList"][0]["Value"] == 0.5
    assert contained.model(name) == {"model.txt": b"some data"}
    assert contained.printed(name) == ["called as train with 0 arguments", "accuracy=0.5", "0"]
    assert not contained.containers()


def test_an_entry_point_and_arguments_of_the_request_take_the_place_of_train(contained: Contained) -> None:
    algorithm = {
        "TrainingImage": contained.image,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["sh", "-c", 'echo "$0 $1" > /opt/ml/model/model.txt'],
        "ContainerArguments": ["two words", "three"],
    }
    name = contained.train("", AlgorithmSpecification=algorithm)
    assert contained.trained(name)["TrainingJobStatus"] == "Completed"
    assert contained.model(name) == {"model.txt": b"two words three\n"}


def test_a_failure_is_told_with_the_job_s_own_words_and_exit_code(contained: Contained) -> None:
    name = contained.train("echo no luck > /opt/ml/output/failure; echo kept > /opt/ml/output/data/report.txt; exit 3")
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: no luck, exit code: 3"
    assert contained.read(f"models/{name}/output/output.tar.gz")


def test_a_link_out_of_the_container_tells_nothing_of_this_machine(contained: Contained, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("of this machine")
    name = contained.train(f"ln -s {tmp_path}/secret.txt /opt/ml/output/failure; exit 1")
    assert contained.trained(name)["FailureReason"].endswith("See job logs for more information, exit code: 1")


def test_an_image_without_the_command_cannot_start(contained: Contained) -> None:
    algorithm = {"TrainingImage": contained.image, "TrainingInputMode": "File", "ContainerEntrypoint": ["no-such"]}
    name = contained.train("", AlgorithmSpecification=algorithm)
    reason = contained.trained(name)["FailureReason"]
    assert reason.startswith("AlgorithmError: CannotStartContainerError. Please make sure the container can be run")
    assert any("no-such" in line for line in contained.printed(name))
    assert not contained.containers()


def test_a_stopped_job_gets_sigterm_and_what_it_then_made_is_kept(contained: Contained) -> None:
    name = contained.train(WAIT)
    contained.await_line(name, "waiting")
    contained.sagemaker("stop_training_job", TrainingJobName=name)
    assert contained.trained(name)["TrainingJobStatus"] == "Stopped"
    assert "got SIGTERM" in contained.printed(name)
    assert contained.model(name) == {"model.txt": b"kept\n"}


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(contained: Contained) -> None:
    name = contained.train(DEAF)
    contained.await_line(name, "waiting")
    contained.sagemaker("stop_training_job", TrainingJobName=name)
    assert contained.trained(name)["TrainingJobStatus"] == "Stopped"
    assert not contained.containers()


def test_a_job_is_stopped_at_its_time_limit(contained: Contained) -> None:
    name = contained.train(WAIT, StoppingCondition={"MaxRuntimeInSeconds": 3})
    described = contained.trained(name)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert "got SIGTERM" in contained.printed(name)


@pytest.mark.parametrize(
    "value", ["plain", "'quoted'", '{"a": "b c"}', "two\nlines", " spaced ", "a=b#c", '"', "$HOME `x`", "é"]
)
def test_a_variable_has_the_value_that_the_request_says(contained: Contained, value: str) -> None:
    name = contained.train('printf "%s" "$GIVEN" > /opt/ml/model/model.txt', Environment={"GIVEN": value})
    assert contained.trained(name)["TrainingJobStatus"] == "Completed"
    assert contained.model(name) == {"model.txt": value.encode()}


def test_a_variable_that_means_something_to_the_engine_reaches_the_job_alone(contained: Contained) -> None:
    given = {"DOCKER_HOST": "tcp://127.0.0.1:1", "CONTAINER_HOST": "tcp://127.0.0.1:1", "LD_PRELOAD": "", "HOME": "/x"}
    name = contained.train('echo "$DOCKER_HOST $CONTAINER_HOST $HOME" > /opt/ml/model/model.txt', Environment=given)
    assert contained.trained(name)["TrainingJobStatus"] == "Completed"
    assert contained.model(name) == {"model.txt": b"tcp://127.0.0.1:1 tcp://127.0.0.1:1 /x\n"}


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc to read command lines in")
def test_no_secret_stands_on_a_command_line(contained: Contained) -> None:
    name = contained.train(WAIT, Environment={"PASSWORD": "open-sesame-7301", "HOME": "/open-sesame-7302"})
    contained.await_line(name, "waiting")
    secret = contained.server.environment["AWS_SECRET_ACCESS_KEY"].encode()
    seen = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    contained.sagemaker("stop_training_job", TrainingJobName=name)
    assert any(b"--name\0sagelocal-" in line for line in seen)
    assert not [line for line in seen if b"open-sesame-730" in line or secret in line]
    contained.trained(name)


def test_a_fast_file_channel_is_read_only(contained: Contained) -> None:
    contained.write("data/one.txt", b"some data")
    name = contained.train(
        "cat /opt/ml/input/data/fast/one.txt > /opt/ml/model/model.txt; echo spoilt > /opt/ml/input/data/fast/one.txt",
        InputDataConfig=[{"ChannelName": "fast", "InputMode": "FastFile", "DataSource": S3_DATA}],
    )
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Failed"
    assert any("Read-only file system" in line for line in contained.printed(name))
    assert contained.read("data/one.txt") == b"some data"


def test_a_job_reaches_the_server_at_its_endpoint_url(contained: Contained) -> None:
    name = contained.train('wget -S -q -O - "$AWS_ENDPOINT_URL/" 2>&1 | head -n 1; test -n "$AWS_SECRET_ACCESS_KEY"')
    assert contained.trained(name)["TrainingJobStatus"] == "Completed"
    assert any("HTTP/1.1 403" in line for line in contained.printed(name)), contained.printed(name)


def test_several_instances_meet_by_their_names(contained: Contained) -> None:
    script = """
        if grep -q '"current_host": "algo-1"' /opt/ml/input/config/resourceconfig.json
        then mkfifo /tmp/open  # an input that ended would end the other one's
            nc -l -p 7311 <> /tmp/open > /opt/ml/model/heard.txt
        else until echo hello from two | nc algo-1 7311; do sleep 1; done
        fi"""
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    name = contained.train(script, ResourceConfig=resources)
    described = contained.trained(name)
    assert described["TrainingJobStatus"] == "Completed", (described, contained.printed(name))
    assert contained.model(name) == {"heard.txt": b"hello from two\n"}


def test_a_processing_job_has_its_entry_point_arguments_and_any_local_path(contained: Contained) -> None:
    contained.write("data/one.txt", b"some data")
    described = contained.process(
        ["sh", "-c", 'cat /far/away/in/one.txt > "$0/out.txt"; echo done > /opt/ml/output/message', "/results"],
        ProcessingInputs=[
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://lake/data/",
                    "LocalPath": "/far/away/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://lake/processed",
                        "LocalPath": "/results",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    )
    assert described["ProcessingJobStatus"] == "Completed", described
    assert described["ExitMessage"] == "done"
    assert contained.read("processed/out.txt") == b"some data"


def test_a_processing_job_without_an_entry_point_runs_the_image_s_own(contained: Contained) -> None:
    described = contained.process([])  # the image has none, and no command either
    assert described["ProcessingJobStatus"] == "Failed"
    assert "CannotStartContainerError" in described["FailureReason"]
