"""What keeps jobs and endpoints apart from others: VPC, keys and isolation, as SageMaker's requests spell it."""

import re
from typing import Any

from boatyard.spec import Deployment
from boatyard.spec.security import Security

# Instances with disks of their own, which they encrypt themselves: SageMaker refuses a key for their volumes.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
_OWN_DISKS = re.compile(r"ml\.(g5|g6e?|gr6|p5\w*|p6\S*|trn\d\w*|[a-z]+\d+[a-z]*d[a-z]*)\.\w+")


def effective(security: Security | None, deployment: Deployment) -> Security:
    """Return what a model asks for, and what the deployment sets for all models where it asks for nothing."""
    own = security or Security()
    network = own if own.subnets else deployment
    return own.model_copy(
        update={
            "subnets": network.subnets,
            "security_groups": network.security_groups,
            "kms_key": own.kms_key or deployment.kms_key or None,
        }
    )


def vpc(security: Security) -> dict[str, Any]:
    """Return the member VpcConfig, if there is a VPC."""
    if not security.subnets:
        return {}
    return {"VpcConfig": {"SecurityGroupIds": list(security.security_groups), "Subnets": list(security.subnets)}}


def training_network(security: Security) -> dict[str, Any]:
    """Return the members of CreateTrainingJob, which are also those of NetworkConfig of a processing job."""
    return {
        **vpc(security),
        **({"EnableNetworkIsolation": True} if security.network_isolation else {}),
        **({"EnableInterContainerTrafficEncryption": True} if security.encrypt_traffic else {}),
    }


def processing_network(security: Security) -> dict[str, Any]:
    """Return the member NetworkConfig of CreateProcessingJob, if there is anything to say."""
    network = training_network(security)
    return {"NetworkConfig": network} if network else {}


def key(security: Security, member: str) -> dict[str, str]:
    """Return `member` with the key that encrypts what is written to S3, if there is one."""
    return {member: security.kms_key} if security.kms_key else {}


def volume_key(security: Security, instance_type: str, member: str = "VolumeKmsKeyId") -> dict[str, str]:
    """Return `member` with the key of an instance's volume, where the instance takes one."""
    return {} if _OWN_DISKS.fullmatch(instance_type) else key(security, member)
