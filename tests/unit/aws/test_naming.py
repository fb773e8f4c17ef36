import re

from hypothesis import given
from hypothesis import strategies as st

from boatyard.aws.naming import NAME_LIMIT, TUNING_NAME_LIMIT, Owner, content_name, job_name, request_token

PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
TAG = re.compile(r"[\w .:/=+\-@]*")

texts = st.text(max_size=300)
owners = st.builds(Owner, texts, texts, texts, texts, st.integers(-1, 10_000))
counts = st.integers(0, 9_999)


@given(texts, owners, counts, counts, st.sampled_from([NAME_LIMIT, TUNING_NAME_LIMIT]))
def test_every_job_name_is_one_that_sagemaker_allows(
    prefix: str, owner: Owner, generation: int, attempt: int, limit: int
) -> None:
    name = job_name(prefix, owner, generation, attempt, limit)
    assert PATTERN.fullmatch(name)
    assert len(name) <= limit


@given(texts, owners, owners, st.tuples(counts, counts), st.tuples(counts, counts))
def test_two_jobs_share_a_name_only_if_they_are_the_same(
    prefix: str, one: Owner, other: Owner, numbers: tuple[int, int], others: tuple[int, int]
) -> None:
    same_name = job_name(prefix, one, *numbers) == job_name(prefix, other, *others)
    assert same_name == ((one, numbers) == (other, others))


def test_a_job_name_stays_the_same_from_release_to_release() -> None:
    owner = Owner("default", "digits", "manual__2025-01-01T00:00:00+00:00", "train")
    assert job_name("digits-train", owner, 0, 0) == "digits-train-k66irkmp5462-0-0"


def test_every_part_of_an_owner_counts() -> None:
    owners = [
        Owner("d", "g", "r", "t", 1),
        Owner("-", "g", "r", "t", 1),
        Owner("d", "-", "r", "t", 1),
        Owner("d", "g", "-", "t", 1),
        Owner("d", "g", "r", "-", 1),
        Owner("d", "g", "r", "t", 2),
    ]
    assert len({owner.digest for owner in owners}) == len(owners)


@given(owners, counts)
def test_every_owner_tag_is_one_that_sagemaker_allows(owner: Owner, generation: int) -> None:
    for tag in owner.tags(generation):
        assert len(tag["Value"]) <= 256
        assert TAG.fullmatch(tag["Value"])
        assert not tag["Key"].lower().startswith("aws:")


@given(texts, st.dictionaries(texts, st.integers() | texts))
def test_equal_content_has_an_equal_name_whatever_its_order(prefix: str, content: dict[str, object]) -> None:
    name = content_name(prefix, content)
    assert name == content_name(prefix, dict(reversed(content.items())))
    assert PATTERN.fullmatch(name)
    assert name != content_name(prefix, content | {"one more": 1})


def test_a_request_token_suits_athena_and_the_registry() -> None:
    # Athena wants 32 to 128 characters, the registry at most 36
    assert re.fullmatch(r"[a-zA-Z0-9-]{32,36}", request_token("owner", 0))
    assert request_token("owner", 0) != request_token("owner", 1)
