"""approve: say in the registry that this version may be deployed."""

from boatyard.spec import ModelSpec
from boatyard.steps.run import Request, RunContext


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return UpdateModelPackage."""
    params = {
        "ModelPackageArn": run.result("register", "model_package_arn"),
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": f"policy {spec.approve.policy}: every rule of the gate was kept in run {run.run_id}",
    }
    return (Request("sagemaker", "UpdateModelPackage", params),)
