"""What AWS says against a request, as people are told it."""

import pytest

from boatyard.aws.requests.refusals import in_short

BOTOCORE = """Parameter validation failed:
Missing required parameter in input: "RoleArn"
Unknown parameter in input: "TraningJobName", must be one of: TrainingJobName, RoleArn, Tags"""
SAGEMAKER = (
    "1 validation error detected: Value 'ml.m5.larg' at 'resourceConfig.instanceType' failed to satisfy constraint: "
    "Member must satisfy enum value set: [ml.m4.xlarge, ml.m5.large, ml.m5.xlarge]"
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            BOTOCORE,
            (
                'Parameter validation failed: Missing required parameter in input: "RoleArn" '
                "Unknown parameter in input: \"TraningJobName\" (did you mean 'TrainingJobName'?)"
            ),
        ),
        (
            SAGEMAKER,
            (
                "1 validation error detected: Value 'ml.m5.larg' at 'resourceConfig.instanceType' failed to satisfy "
                "constraint: Member must satisfy enum value set (did you mean 'ml.m5.large'?)"
            ),
        ),
        ("Role is not\nallowed", "Role is not allowed"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_right_one(said: str, told: str) -> None:
    assert in_short(said) == told


def test_all_names_are_told_where_none_is_like_the_wrong_one() -> None:
    said = 'Unknown parameter in input: "Wind", must be one of: TrainingJobName, RoleArn'
    assert in_short(said) == said
