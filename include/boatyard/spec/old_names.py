"""Names that arguments had in version 1 of the SageMaker SDK: what each is called since version 2, and in a spec.

https://sagemaker.readthedocs.io/en/stable/v2.html
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OldName:
    """One renamed argument."""

    renamed: str  # in version 2
    key: str = ""  # the spec's key for the same thing
    instead: str = ""  # what to do where a spec has no such key


OLD_NAMES = {
    "image": OldName("image_uri", "image"),
    "image_name": OldName("image_uri", "image"),
    "train_instance_type": OldName("instance_type", "instance_type"),
    "train_instance_count": OldName("instance_count", "instance_count", "a job has one instance"),
    "train_max_run": OldName("max_run", "max_runtime"),
    "train_max_wait": OldName("max_wait", instead="a spot job may wait as long as it may run, an hour at least"),
    "train_use_spot_instances": OldName("use_spot_instances", "spot"),
    "train_volume_size": OldName("volume_size", instead="a job's volume has 30 GB"),
    "train_volume_kms_key": OldName("volume_kms_key", instead="security.kms_key encrypts volumes and outputs"),
    "distributions": OldName("distribution", instead="a job has one instance"),
    "hyper_parameters": OldName("hyperparameters", "hyperparameters"),
    "content_type": OldName("serializer", instead="an endpoint takes text/csv"),
    "accept": OldName("deserializer", instead="an endpoint answers text/csv"),
    "update_endpoint": OldName("Predictor.update_endpoint", instead="deploy updates the endpoint if there is one"),
    "session": OldName("sagemaker_session", instead="credentials come from the environment"),
    "script_mode": OldName("a container's only mode", instead="jobs/train.py is the script"),
}

# What version 2 calls by names that a spec does not have; the same answers hold.
NEW_NAMES = {old.renamed: old for old in OLD_NAMES.values() if old.renamed.isidentifier()} | {
    "keep_alive_period_in_seconds": OldName("keep_alive_period_in_seconds", "keep_alive"),
    "checkpoint_s3_uri": OldName("checkpoint_s3_uri", instead="checkpoints lie below the model, by generation"),
    "enable_network_isolation": OldName("enable_network_isolation", instead="security.network_isolation does it"),
    "encrypt_inter_container_traffic": OldName(
        "encrypt_inter_container_traffic", instead="security.encrypt_traffic does it"
    ),
    "output_kms_key": OldName("output_kms_key", instead="security.kms_key encrypts volumes and outputs"),
    "security_group_ids": OldName("security_group_ids", "security_groups"),
    "entry_point": OldName("entry_point", instead="jobs/train.py is the script"),
    "source_dir": OldName("source_dir", instead="jobs/ is the folder"),
    "framework_version": OldName("framework_version", instead='say image: {framework: xgboost, version: "1.7-1"}'),
    "role": OldName("role", instead="BOATYARD_ROLE_ARN is the role"),
    "output_path": OldName("output_path", instead="outputs lie in BOATYARD_BUCKET under the job's name"),
}


def explained(key: str, known: list[str], top: list[str]) -> tuple[str, str | None] | None:
    """Return message and suggestion for a key that the SageMaker SDK has, or had, and None for any other.

    `known` are the keys that may stand there, `top` those of the file's own level.
    """
    old = OLD_NAMES.get(key)
    found = old or NEW_NAMES.get(key)
    if found is None:
        return None
    renamed = old is not None and key != found.key
    called = f"the SageMaker SDK's old name of {found.renamed}" if renamed else "an argument of the SageMaker SDK"
    if found.key in known:
        return f"unknown key: {called}", found.key
    if found.key in top:
        return f"unknown key: {called}; here it is '{found.key}' at the top of the file", None
    instead = found.instead or f"it is {found.key!r} in the part of each job"
    return f"unknown key: {called}, which a spec does not have here: {instead}", None
