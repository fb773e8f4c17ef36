"""Processing jobs, from the request to their outputs in S3, in both isolation modes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sagelocal.errors import AwsError

Account = Any  # conftest's class
Eventually = Callable[[Callable[[], Any], str], Any]


def _inputs(**paths: str) -> list[dict[str, Any]]:
    return [
        {
            "InputName": f"input-{number}",
            "S3Input": {
                "S3Uri": uri.replace("lake:", "s3://lake/"),
                "LocalPath": path,
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for number, (uri, path) in enumerate(paths.items())
    ]


def _outputs(**paths: str) -> dict[str, Any]:
    outputs = [
        {
            "OutputName": name,
            "S3Output": {"S3Uri": f"s3://lake/out/{name}", "LocalPath": path, "S3UploadMode": "EndOfJob"},
        }
        for name, path in paths.items()
    ]
    return {"Outputs": outputs}


COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"


def test_inputs_come_in_and_outputs_go_out(account: Account) -> None:
    account.write("data/a.csv", b"1")
    account.write("data/deep/b.csv", b"2")
    inputs = _inputs(**{"lake:data": "/opt/ml/processing/input/data"})
    outputs = _outputs(copy="/opt/ml/processing/output")
    arguments = ["/opt/ml/processing/input/data", "/opt/ml/processing/output"]
    account.process("job", COPY, *arguments, ProcessingInputs=inputs, ProcessingOutputConfig=outputs)
    describe = account.processed("job")
    assert describe["ProcessingJobStatus"] == "Completed"
    assert describe["CreationTime"] <= describe["ProcessingStartTime"] <= describe["ProcessingEndTime"]
    assert account.keys("out/") == ["out/copy/a.csv", "out/copy/deep/b.csv"]
    assert account.read("out/copy/deep/b.csv") == b"2"


def test_local_paths_may_lie_anywhere(account: Account) -> None:
    account.write("data/a.csv", b"1")
    inputs = _inputs(**{"lake:data": "/a-new-root-folder/in"})
    outputs = _outputs(copy="/usr/share/a-new-folder/out")
    arguments = ["/a-new-root-folder/in", "/usr/share/a-new-folder/out"]
    account.process("job", COPY, *arguments, ProcessingInputs=inputs, ProcessingOutputConfig=outputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.read("out/copy/a.csv") == b"1"


def test_a_job_finds_its_own_request(account: Account) -> None:
    script = "import shutil, sys; [shutil.copy(name, sys.argv[1]) for name in sys.argv[2:]]"
    outputs = _outputs(config="/opt/ml/processing/output")
    files = ["/opt/ml/config/processingjobconfig.json", "/opt/ml/config/resourceconfig.json"]
    account.process("job", script, "/opt/ml/processing/output", *files, ProcessingOutputConfig=outputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    config = json.loads(account.read("out/config/processingjobconfig.json"))
    assert config["ProcessingJobName"] == "job"
    assert config["ProcessingJobArn"].endswith(":processing-job/job")
    assert config["AppSpecification"]["ContainerEntrypoint"][0] == "python3"
    assert json.loads(account.read("out/config/resourceconfig.json"))["current_host"] == "algo-1"


def test_a_jobs_message_is_its_exit_message(account: Account) -> None:
    script = "import sys; open(sys.argv[1], 'w').write('12 rows' + ' ' * 5 + 'x' * 3000); sys.exit(2)"
    account.process("job", script, "/opt/ml/output/message")
    describe = account.processed("job")
    assert describe["ProcessingJobStatus"] == "Failed"
    assert describe["FailureReason"] == "AlgorithmError: See job logs for more information, exit code: 2"
    assert describe["ExitMessage"].startswith("12 rows")
    assert len(describe["ExitMessage"]) == 1024


def test_a_failed_job_uploads_nothing(account_relocated: Account) -> None:
    account = account_relocated
    script = "import sys; open(sys.argv[1] + '/half.txt', 'w').write('half'); sys.exit(1)"
    outputs = _outputs(half="/opt/ml/processing/output")
    account.process("job", script, "/opt/ml/processing/output", ProcessingOutputConfig=outputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Failed"
    assert account.keys("out/") == []


def test_an_input_without_objects_fails_the_job(account_relocated: Account) -> None:
    inputs = _inputs(**{"lake:nothing": "/opt/ml/processing/input"})
    account_relocated.process("job", "print('ran')", ProcessingInputs=inputs)
    describe = account_relocated.processed("job")
    assert describe["FailureReason"].startswith("ClientError: Data download failed: no object under 's3://lake/noth")


def test_a_job_at_its_time_limit_is_stopped_and_says_so(account_relocated: Account) -> None:
    limit = {"MaxRuntimeInSeconds": 1}
    account_relocated.process("job", "import time; time.sleep(600)", StoppingCondition=limit)
    describe = account_relocated.processed("job")
    assert describe["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds" in describe["FailureReason"]


def test_a_stopped_job_ends_stopped(account_relocated: Account) -> None:
    account = account_relocated
    account.process("job", "import time; print('up'); time.sleep(600)")
    account.await_line("ProcessingJobs", "up")
    account.call("StopProcessingJob", ProcessingJobName="job")
    assert account.processed("job")["ProcessingJobStatus"] == "Stopped"


def test_a_link_that_leads_out_of_an_output_is_not_followed(account_relocated: Account) -> None:
    account = account_relocated
    script = "import os, sys; os.symlink('/etc/passwd', sys.argv[1] + '/link'); open(sys.argv[1] + '/a', 'w').close()"
    account.process(
        "job", script, "/opt/ml/processing/output", ProcessingOutputConfig=_outputs(o="/opt/ml/processing/output")
    )
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.keys("out/") == ["out/o/a"]


def test_several_inputs_and_outputs_are_each_where_they_should_be(account: Account) -> None:
    account.write("data/a.csv", b"1")
    account.write("more/deep/b.csv", b"2")
    account.write("manifest", json.dumps([{"prefix": "s3://lake/more/"}, "deep/b.csv"]).encode())
    inputs = _inputs(**{"lake:data": "/opt/ml/processing/one", "lake:manifest": "/data/two"})
    inputs[1]["S3Input"]["S3DataType"] = "ManifestFile"
    outputs = _outputs(first="/opt/ml/processing/first", second="/results/second")
    script = (
        "import shutil, sys\nfor a, b in zip(sys.argv[1::2], sys.argv[2::2]): shutil.copytree(a, b, dirs_exist_ok=True)"
    )
    arguments = ["/opt/ml/processing/one", "/results/second", "/data/two", "/opt/ml/processing/first"]
    account.process("job", script, *arguments, ProcessingInputs=inputs, ProcessingOutputConfig=outputs)
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.keys("out/") == ["out/first/deep/b.csv", "out/second/a.csv"]


def test_a_continuous_output_is_in_s3_while_the_job_runs(account: Account, eventually: Eventually) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Output.html"""
    outputs = _outputs(live="/opt/ml/processing/live")
    outputs["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    script = (
        "import pathlib, sys, time; folder = pathlib.Path(sys.argv[1])\n"
        "(folder / 'first').write_text('1'); time.sleep(600)"
    )
    account.process("job", script, "/opt/ml/processing/live", ProcessingOutputConfig=outputs)
    eventually(lambda: account.keys("out/live/") == ["out/live/first"], "uploaded")
    account.call("StopProcessingJob", ProcessingJobName="job")
    assert account.processed("job")["ProcessingJobStatus"] == "Stopped"


def test_what_the_job_manages_itself_is_left_to_it(account_relocated: Account) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingOutput.html"""
    account = account_relocated
    account.backend.store.create("feature_group", "digits", {"request": {}, "describe": {}})
    group = {"OutputName": "features", "AppManaged": True, "FeatureStoreOutput": {"FeatureGroupName": "digits"}}
    mine = {**_outputs(mine="/opt/ml/processing/mine")["Outputs"][0], "AppManaged": True}
    theirs = [{**_inputs(**{"lake:nothing": "/opt/ml/processing/in"})[0], "AppManaged": True}]
    script = "import os, sys; sys.exit(os.path.exists(sys.argv[1]))"
    account.process(
        "job",
        script,
        "/opt/ml/processing/in",
        ProcessingInputs=theirs,
        ProcessingOutputConfig={"Outputs": [group, mine]},
    )
    assert account.processed("job")["ProcessingJobStatus"] == "Completed"
    assert account.keys("out/") == []


def test_a_feature_store_output_needs_its_group_and_a_job_that_manages_it(account_relocated: Account) -> None:
    output = {"OutputName": "features", "FeatureStoreOutput": {"FeatureGroupName": "digits"}}
    with pytest.raises(AwsError, match="only when AppManaged is true"):
        account_relocated.process("job", "pass", ProcessingOutputConfig={"Outputs": [output]})
    with pytest.raises(AwsError, match='FeatureGroup with name "digits"'):
        account_relocated.process("job", "pass", ProcessingOutputConfig={"Outputs": [{**output, "AppManaged": True}]})
