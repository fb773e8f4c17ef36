"""Spot jobs of the image `echo`, the faults that meet them, and what is seen of it."""

from __future__ import annotations

from typing import Any

from sagelocal.faults.fault import Fault

# the fixture `account` is conftest's class Account
Account = Any

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/boatyard/echo:0.1.0"

# Counts to 6 with a checkpoint at each step, and stays at every second number when it comes to it for the first time.
COUNT = """
import json, os, pathlib, sys, time
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
state = base / "checkpoints" / "state.json"
told = json.loads((base / "input/config/checkpointconfig.json").read_text())
assert pathlib.Path(told["LocalPath"]) == state.parent and told["S3Uri"], told
seen = json.loads(state.read_text()) if state.exists() else []
while len(seen) < 6:
    seen.append(len(seen) + 1)
    new = state.with_suffix(".new")
    new.write_text(json.dumps(seen))
    os.replace(new, state)
    print("reached", seen[-1], flush=True)
    if seen[-1] in (2, 4) and "--once" not in sys.argv:
        time.sleep(600)
(base / "model" / "seen.json").write_text(json.dumps(seen))
"""
WAIT = "import time; print('waiting', flush=True); time.sleep(600)"


def spot(script: str, *arguments: str, **members: Any) -> dict[str, Any]:
    """Return the members of a spot job that runs a script."""
    return {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", script],
            **({"ContainerArguments": list(arguments)} if arguments else {}),
        },
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
        "CheckpointConfig": {"S3Uri": "s3://lake/checkpoints/"},
        **members,
    }


def steps(describe: dict[str, Any]) -> list[str]:
    """Return the secondary statuses that a job went through."""
    return [step["Status"] for step in describe["SecondaryStatusTransitions"]]


def arm(account: Account, action: str, **members: Any) -> None:
    """Add a fault."""
    account.backend.faults.add(Fault(action, **members))
