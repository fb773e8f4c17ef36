"""What a training script is told: SM_* variables and arguments, named and encoded as SageMaker's training toolkit does.

The names are listed in https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

import json
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tabular.optml import OptMl
from tabular.sources import ConfigurationError

# Hyperparameters for the toolkit itself: they are not passed on to the script.
_RESERVED = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    }
)
_INFO = 20


@dataclass(frozen=True)
class TrainingEnvironment:
    """Read what SageMaker wrote for this training job, once."""

    optml: OptMl
    all_hyperparameters: dict[str, Any]
    input_data_config: dict[str, Any]
    resource_config: dict[str, Any]

    @classmethod
    def read(cls, optml: OptMl) -> "TrainingEnvironment":
        """Read the three configuration files; one that is missing counts as empty, as when run by hand."""
        host = socket.gethostname()
        hyperparameters = _read_json(optml, "hyperparameters.json", {})
        return cls(
            optml=optml,
            all_hyperparameters={name: _decoded(value) for name, value in hyperparameters.items()},
            input_data_config=_read_json(optml, "inputdataconfig.json", {}),
            resource_config=_read_json(optml, "resourceconfig.json", {"current_host": host, "hosts": [host]}),
        )

    @property
    def program(self) -> str | None:
        """Name the user's script; the variable wins over the hyperparameter, as in the toolkit."""
        return os.environ.get("SAGEMAKER_PROGRAM") or self.all_hyperparameters.get("sagemaker_program")

    @property
    def submit_directory(self) -> str | None:
        """Name the place of the user's source; the hyperparameter wins over the variable, as in the toolkit."""
        directory = self.all_hyperparameters.get("sagemaker_submit_directory")
        return directory or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")

    @cached_property
    def hyperparameters(self) -> dict[str, Any]:
        """Return the user's own hyperparameters, their values decoded."""
        return {name: value for name, value in self.all_hyperparameters.items() if not _is_reserved(name)}

    @cached_property
    def framework_parameters(self) -> dict[str, Any]:
        """Return the hyperparameters named sagemaker_* that the toolkit does not use itself."""
        everything = self.all_hyperparameters.items()
        return {name: value for name, value in everything if _is_reserved(name) and name not in _RESERVED}

    def arguments(self) -> list[str]:
        """Return the hyperparameters as `--name value`, sorted by name."""
        arguments: list[str] = []
        for name in sorted(self.hyperparameters):
            arguments += ["--" + name if len(name) > 1 else "-" + name, _argument(self.hyperparameters[name])]
        return arguments

    def variables(self, module_dir: str) -> dict[str, str]:
        """Return every variable the toolkit sets for a script whose source is in `module_dir`."""
        described = self._described(module_dir)
        values = {name: described[name] for name in _VARIABLES}
        values |= {
            "channels": sorted(self.input_data_config),
            "framework_params": self.framework_parameters,
            "hps": self.hyperparameters,
            "training_env": described,
            "user_args": self.arguments(),
        }
        values |= {f"channel_{channel}": path for channel, path in described["channel_input_dirs"].items()}
        values |= {f"hp_{name}": value for name, value in self.hyperparameters.items()}
        variables = {f"SM_{name.upper()}": _variable(value) for name, value in values.items()}
        return variables | {
            "SAGEMAKER_JOB_NAME": _variable(self.all_hyperparameters.get("sagemaker_job_name")),
            "SAGEMAKER_REGION": _variable(self.all_hyperparameters.get("sagemaker_region") or _region()),
            "CURRENT_HOST": described["current_host"],
        }

    def _described(self, module_dir: str) -> dict[str, Any]:
        optml, resources = self.optml, self.resource_config
        groups = {group["instance_group_name"]: group for group in resources.get("instance_groups", [])}
        group = resources.get("current_group_name", "homogeneousCluster")
        program = self.program or ""
        level = self.all_hyperparameters.get("sagemaker_container_log_level")
        described: dict[str, Any] = {
            "additional_framework_parameters": self.framework_parameters,
            "channel_input_dirs": {channel: str(optml.data / channel) for channel in self.input_data_config},
            "current_host": resources["current_host"],
            "current_instance_group": group,
            "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
            "current_instance_type": resources.get("current_instance_type", "local"),
            "distribution_hosts": [] if groups else list(resources["hosts"]),
            "distribution_instance_groups": self.framework_parameters.get("sagemaker_distribution_instance_groups", []),
            "framework_module": None,
            "hosts": resources["hosts"],
            "hyperparameters": self.hyperparameters,
            "input_config_dir": str(optml.config),
            "input_data_config": self.input_data_config,
            "input_dir": str(optml.input),
            "instance_groups": list(groups),
            "instance_groups_dict": groups,
            "is_hetero": len(groups) > 1,
            "is_master": resources["current_host"] == resources["hosts"][0],
            "job_name": os.environ.get("TRAINING_JOB_NAME"),
            "log_level": level if level is not None else int(os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL", _INFO)),
            "master_hostname": resources["hosts"][0],
            "model_dir": str(optml.model),
            "module_dir": module_dir,
            "module_name": program.removesuffix(".py"),
            "network_interface_name": resources.get("network_interface_name", "eth0"),
            "num_cpus": os.cpu_count() or 1,
            "num_gpus": _num_gpus(),
            "num_neurons": 0,  # without Neuron's tools the toolkit counts none, and this image does not have them
            "output_data_dir": str(optml.output_data),
            "output_dir": str(optml.output),
            "output_intermediate_dir": str(optml.output_intermediate),
            "resource_config": resources,
            "topology": resources.get("topology", []),
            "user_entry_point": program,
        }
        return described


_VARIABLES = (
    "hosts",
    "network_interface_name",
    "user_entry_point",
    "resource_config",
    "input_data_config",
    "output_data_dir",
    "current_host",
    "current_instance_type",
    "current_instance_group",
    "current_instance_group_hosts",
    "instance_groups",
    "instance_groups_dict",
    "distribution_instance_groups",
    "is_hetero",
    "module_name",
    "log_level",
    "framework_module",
    "input_dir",
    "input_config_dir",
    "output_dir",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "model_dir",
    "module_dir",
    "output_intermediate_dir",
)


def _is_reserved(name: str) -> bool:
    return name in _RESERVED or name.startswith("sagemaker_")


def _read_json(optml: OptMl, name: str, missing: dict[str, Any]) -> dict[str, Any]:
    path = optml.config / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds {type(content).__name__}, not an object")
    return content


def _decoded(value: Any) -> Any:
    # SageMaker keeps hyperparameters as strings; its SDK encodes them as JSON, other clients send them bare
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    return "" if value is None else str(value)


def _variable(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "")


def _num_gpus() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    listed = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
