"""What the SageMaker SDK says of AWS's own images, asked in an environment of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boatyard.cli.home import StackError
from boatyard.spec.images import INFERENCE, TRAINING, FrameworkImage, processor, uses

SCRIPT = Path(__file__).with_name("image_uris.py")
# Asked besides those of the spec, so that another size of machine needs no new answer.
_USUAL = ("ml.m5.large", "ml.g5.xlarge")
_LAST_LINES = 8


def images(image: FrameworkImage, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SDK's answer for an image on the machines of a spec, or its `problem`: key, message, choices.

    Raises StackError if the SDK cannot be asked.
    """
    instances = {scope: {processor(usual): usual for usual in _USUAL} for scope in (TRAINING, INFERENCE)}
    for use in uses(spec):
        instances[use.scope].setdefault(processor(use.instance_type), use.instance_type)
    question = {**image.model_dump(), "instances": instances}
    # an unset region makes the SDK look for an instance's own: it is asked for every region by name
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"} | os.environ
    done = subprocess.run(
        [_uv(), "run", "--quiet", "--script", "--frozen", str(SCRIPT)],
        input=json.dumps(question),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise StackError(f"the SageMaker SDK could not be asked about {image}:\n{lines}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _uv() -> str:
    try:
        import uv
    except ImportError:
        found = shutil.which("uv")
        if found is None:
            raise StackError(
                "the SageMaker SDK runs in an environment that uv makes: install uv (pip install uv)"
            ) from None
        return found
    return uv.find_uv_bin()
