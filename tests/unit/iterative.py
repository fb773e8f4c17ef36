"""A training that goes on from its checkpoint: gradient descent on w * w, a step at a time."""

from typing import Any

STEPS = 10
SCRIPT = f"""
import json, os, pathlib, time
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
checkpoint = base / "checkpoints" / "state.json"
state = json.loads(checkpoint.read_text()) if checkpoint.exists() else {{"step": 0, "weight": 5.0}}
while state["step"] < {STEPS}:
    state = {{"step": state["step"] + 1, "weight": state["weight"] * 0.8}}
    print("step", state["step"], "loss", state["weight"] ** 2, flush=True)
    if checkpoint.parent.exists():
        partial = checkpoint.with_name("partial")
        partial.write_text(json.dumps(state))
        partial.replace(checkpoint)
    time.sleep(0.22)
(base / "model" / "weight.json").write_text(json.dumps(state))
"""
IN_TWO_JOBS = """
import os, pathlib, time
checkpoint = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "checkpoints", "begun")
if checkpoint.exists():
    print("done")
else:
    print("begun", flush=True)
    checkpoint.touch()
    time.sleep(600)
"""
_RUN = (
    "import json, os; base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml'); "
    "exec(json.load(open(base + '/input/config/hyperparameters.json'))['script'].replace(';;', chr(10)))"
)
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"
ROLE = "arn:aws:iam::123456789012:role/boatyard"


def request(bucket: str, seconds: int, *, checkpoints: bool = True, script: str = SCRIPT) -> dict[str, Any]:
    """Return CreateTrainingJob for a job that may run so long."""
    place = {"CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints/{{job_generation}}/"}} if checkpoints else {}
    return {
        "TrainingJobName": "{job_name}",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", _RUN],  # a member may have 256 characters
        },
        "HyperParameters": {"script": script.replace("\n", ";;")},  # of one line
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        **place,
    }


def losses(lines: list[str]) -> dict[int, str]:
    """Return the loss of each step as the jobs wrote it; a step that was done twice must have come to the same."""
    found: dict[int, str] = {}
    for line in lines:
        words = line.split()
        if words[0] == "step":
            assert found.setdefault(int(words[1]), words[3]) == words[3]
    return found
