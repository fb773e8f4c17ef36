"""deploy: the approved version behind its endpoint."""

from boatyard.spec import ModelSpec
from boatyard.steps.run import ENDPOINT_CONFIG_NAME, MODEL_NAME, Request, RunContext
from boatyard.steps.security import effective, volume_key, vpc

VARIANT = "AllTraffic"  # the name that SageMaker's SDK gives to an endpoint's only variant


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return what makes or updates the endpoint; of the last two requests only one is sent."""
    package = run.result("register", "model_package_arn")
    security = effective(spec.security, run.deployment)
    model = {
        "ModelName": MODEL_NAME,
        "PrimaryContainer": {"ModelPackageName": package},
        "ExecutionRoleArn": run.deployment.role_arn,
        **vpc(security),
    }
    variant = {
        "VariantName": VARIANT,
        "ModelName": MODEL_NAME,
        "InstanceType": spec.deploy.instance_type,
        "InitialInstanceCount": spec.deploy.instance_count,
        "InitialVariantWeight": 1.0,
    }
    config = {
        "EndpointConfigName": ENDPOINT_CONFIG_NAME,
        "ProductionVariants": [variant],
        **volume_key(security, spec.deploy.instance_type, "KmsKeyId"),
    }
    endpoint = {"EndpointName": spec.deploy.endpoint, "EndpointConfigName": ENDPOINT_CONFIG_NAME}
    return (
        Request("sagemaker", "DescribeModelPackage", {"ModelPackageName": package}),
        Request("sagemaker", "CreateModel", model),
        Request("sagemaker", "CreateEndpointConfig", config),
        Request("sagemaker", "CreateEndpoint", endpoint),
        # Instance counts come from the spec: nothing scales an endpoint behind its back.
        Request("sagemaker", "UpdateEndpoint", endpoint | {"RetainAllVariantProperties": False}),
    )
