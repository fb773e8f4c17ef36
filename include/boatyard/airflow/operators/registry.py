"""The provider's register operator, but a model version is registered exactly once; and its approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.claimant import Claimant, claimant
from boatyard.airflow.clients import Clients
from boatyard.airflow.failures import explained
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws import registry, storage
from boatyard.aws.naming import request_token
from boatyard.steps.run import CLIENT_TOKEN, fill

if TYPE_CHECKING:
    from boatyard.steps import SourceCode


class SageMakerRegisterModelVersionOperator(provider.SageMakerRegisterModelVersionOperator):
    """Register a model version exactly once, however often the task is tried, and return its ARN.

    Besides the provider's: `extras` is templated, and `model_approval` may be text.
    """

    template_fields: Sequence[str] = (*provider.SageMakerRegisterModelVersionOperator.template_fields, "extras")

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Make the group if there is none, then the version."""
        me = claimant(context)
        # one token per generation: a retry gets the same version, a person's clear a new one
        token = request_token(me.owner.digest, me.generation)
        client = self.clients.get("sagemaker")
        with explained():
            registry.ensure_group(client, self._group())
            return registry.register(client, fill(self._package() | {"ClientToken": token}, {CLIENT_TOKEN: token}))

    def _group(self) -> dict[str, Any]:
        description = {"ModelPackageGroupDescription": self.package_group_desc} if self.package_group_desc else {}
        return {"ModelPackageGroupName": self.package_group_name} | description

    def _package(self) -> dict[str, Any]:
        package = {
            "InferenceSpecification": {
                "Containers": [{"Image": self.image_uri, "ModelDataUrl": self.model_url}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ModelPackageGroupName": self.package_group_name,
            "ModelApprovalStatus": getattr(self.model_approval, "value", self.model_approval),
        }
        if self.package_desc:
            package["ModelPackageDescription"] = self.package_desc
        return package | (self.extras or {})


class RegisterModelOperator(SageMakerRegisterModelVersionOperator):
    """Register a model version as CreateModelPackageGroup and CreateModelPackage say."""

    def __init__(
        self, *, group: dict[str, Any], package: dict[str, Any], source_code: SourceCode | None = None, **kwargs: Any
    ) -> None:
        (container,) = package["InferenceSpecification"]["Containers"]
        super().__init__(
            image_uri=container["Image"],
            model_url=container["ModelDataUrl"],
            package_group_name=group["ModelPackageGroupName"],
            package_group_desc=group.get("ModelPackageGroupDescription", ""),
            extras=package,
            **kwargs,
        )
        self.source_code = source_code

    def execute(self, context: Mapping[str, Any]) -> dict[str, str]:
        """Register, and return the version's ARN by name."""
        if self.source_code is not None:
            code = self.source_code
            with explained():
                storage.upload_code(self.clients.get("s3"), code.folder, code.hash, code.prefix)
        return {"model_package_arn": super().execute(context)}


class ApproveModelPackageOperator(RequestsOperator):
    """Approve a model package, unless a person rejected it."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Send UpdateModelPackage."""
        request = self.only("UpdateModelPackage")
        registry.approve(self.clients.get("sagemaker"), request)
        return {"model_package_arn": request["ModelPackageArn"]}
