"""A request that AWS would refuse is known without asking AWS."""

import pytest

from boatyard.aws.requests.shapes import shape_errors

ENDPOINT_CONFIG = {
    "EndpointConfigName": "c",
    "ProductionVariants": [
        {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    ],
}


def test_a_sound_request_has_no_errors() -> None:
    assert shape_errors("sagemaker", "CreateEndpointConfig", ENDPOINT_CONFIG) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"InstanceType": "ml.m5.larg"},
            "'ml.m5.larg' is none of the values that AWS knows (did you mean 'ml.m5.large'?)",
        ),
        ({"InitialInstanceCount": "1"}, "Invalid type for parameter ProductionVariants[0].InitialInstanceCount"),
        ({"ModelName": "a_b"}, "ProductionVariants[0].ModelName: 'a_b' does not match"),
        ({"Instances": 1}, 'Unknown parameter in ProductionVariants[0]: "Instances"'),
    ],
)
def test_a_wrong_member_is_named(change: dict[str, object], expected: str) -> None:
    variant = ENDPOINT_CONFIG["ProductionVariants"][0]
    assert isinstance(variant, dict)
    (error,) = shape_errors(
        "sagemaker", "CreateEndpointConfig", ENDPOINT_CONFIG | {"ProductionVariants": [variant | change]}
    )
    assert expected in error


def test_a_word_that_only_a_run_knows_has_no_pattern() -> None:
    assert shape_errors("sagemaker", "DescribeModelPackage", {"ModelPackageName": "<register.model_package_arn>"}) == []
    assert shape_errors("sagemaker", "DescribeModel", {"ModelName": "{model_name}"}) == []
