"""The provider's register operator, but a model version is registered exactly once; and its approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators import sagemaker as provider

from boatyard.airflow.claimant import Claimant, claimant
from boatyard.airflow.clients import Clients
from boatyard.airflow.operators.recorded import RecordedOperator
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws.carry_out import release
from boatyard.aws.records.links import PACKAGE, RECORD, REPORT
from boatyard.aws.s3 import storage

if TYPE_CHECKING:
    from boatyard.steps import SourceCode


class SageMakerRegisterModelVersionOperator(RecordedOperator, provider.SageMakerRegisterModelVersionOperator):
    """Register a model version exactly once, however often the task is tried, and return its ARN.

    Besides the provider's: `extras` is templated, and `model_approval` may be text.
    """

    template_fields: Sequence[str] = (*provider.SageMakerRegisterModelVersionOperator.template_fields, "extras")
    link_names = (PACKAGE, REPORT, RECORD)

    @cached_property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        return Clients(self)

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Make the group if there is none, then the version."""
        return self.leaving_record(context, lambda: self.register(context))

    def register(self, context: Mapping[str, Any]) -> Any:
        """Register, and return what the task returns."""
        return release.register(self.clients, self._group(), self._package(), claimant(context).token)

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

    def register(self, context: Mapping[str, Any]) -> dict[str, str]:
        """Register, and return the version's ARN by name."""
        if self.source_code is not None:
            code = self.source_code
            storage.upload_code(self.clients.get("s3"), code.folder, code.hash, code.prefix)
        return {"model_package_arn": super().register(context)}


class ApproveModelPackageOperator(RequestsOperator):
    """Approve a model package, unless a person rejected it."""

    link_names = (PACKAGE, RECORD)

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Send UpdateModelPackage."""
        return release.approve(self.plan, self.clients)
