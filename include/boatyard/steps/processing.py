"""The one shape of the processing jobs that run a script of a jobs/ folder."""

from collections.abc import Mapping, Sequence
from typing import Any

from boatyard.spec.images import ManagedImage
from boatyard.spec.script_job import ScriptJob
from boatyard.spec.security import Security
from boatyard.steps import locations
from boatyard.steps.run import JOB_NAME, Request, RunContext
from boatyard.steps.secrets import references
from boatyard.steps.security import effective, key, processing_network, volume_key
from boatyard.steps.source_code import SourceCode

BASE = "/opt/ml/processing"
VOLUME_SIZE_IN_GB = 30  # SageMaker's own default in its console and SDK

_PLAIN = ("python3",)
# SageMaker runs a processing script as it is. An image with a program `process` installs what the folder requires once
# per content and fetches secrets; any other does as with SageMaker's FrameworkProcessor: pip, then the script. At most
# 256 characters.
_INSTALL_FIRST = (
    'command -v process >/dev/null && exec process "$0" "$@"; '
    '(cd "${0%/*}" && for f in requirements.txt requirements/*.txt; do '
    '[ ! -f "$f" ] || python3 -m pip install -r "$f" || exit 1; done) && exec python3 "$0" "$@"'
)
_PREPARED = ("/bin/sh", "-c", _INSTALL_FIRST)


def processing_job(
    spec: locations.Place,
    run: RunContext,
    step: str,
    *,
    image: str | ManagedImage,
    resources: ScriptJob,
    code: SourceCode,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    security: Security | None = None,
) -> Request:
    """Return CreateProcessingJob for `<step>.py`.

    `inputs` maps a folder below input/ to its S3 URI, `outputs` maps an output to its folder below /opt/ml/processing.
    `security` is the model's; without it, the deployment's holds.
    """
    security = effective(security, run.deployment)
    prepared = code.requires or resources.secrets
    application: dict[str, Any] = {
        "ImageUri": run.deployment.image_uri(image),
        "ContainerEntrypoint": [*(_PREPARED if prepared else _PLAIN), f"{BASE}/input/code/{step}.py"],
    }
    if arguments:
        application["ContainerArguments"] = list(arguments)
    params: dict[str, Any] = {
        "ProcessingJobName": JOB_NAME,
        "AppSpecification": application,
        "ProcessingInputs": [_input(name, uri) for name, uri in ({"code": code.files} | dict(inputs)).items()],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": name,
                    "S3Output": {
                        "S3Uri": locations.own(spec, run, step, f"{name}/"),
                        "LocalPath": f"{BASE}/{folder}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for name, folder in outputs.items()
            ],
            **key(security, "KmsKeyId"),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": resources.instance_type,
                "VolumeSizeInGB": VOLUME_SIZE_IN_GB,
                **volume_key(security, resources.instance_type),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": resources.max_runtime},
        **processing_network(security),
        "RoleArn": run.deployment.role_arn,
    }
    variables = {**(environment or {}), **references(resources.secrets)}
    if variables:
        params["Environment"] = variables
    return Request("sagemaker", "CreateProcessingJob", params)


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{BASE}/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
