"""What is asked of SageMaker next, by how many jobs are due; no call is made here."""

import pytest

from boatyard.aws.waiting.pauses import JITTER
from boatyard.aws.waiting.watch import LIST_FROM, Ask, Look, Page, Watch, Watched

OLD = -3600.0  # born so long before the time 0


def watching(number: int, kind: str = "training", born: float = OLD) -> tuple[Watch, list[int]]:
    watch = Watch()
    return watch, [watch.add(Watched(Look(kind, f"job-{n}"), born), 0.0) for n in range(number)]


def asked(watch: Watch, now: float) -> Ask:
    ask = watch.next(now)
    assert ask is not None
    return ask


def test_what_was_just_looked_at_is_not_asked_about_again() -> None:
    watch, _ = watching(1)
    assert watch.next(1.0) is None


def test_a_few_jobs_are_described_each() -> None:
    watch, numbers = watching(LIST_FROM - 1)
    seen = set()
    for _ in numbers:
        look = asked(watch, 60.0)
        assert isinstance(look, Look)
        seen.add(look.name)
        watch.looked(look, ended=False, now=60.0)
    assert seen == {f"job-{n}" for n in numbers}
    assert watch.next(60.0) is None


def test_many_jobs_of_a_kind_are_seen_to_run_by_a_list() -> None:
    watch, _ = watching(250)
    assert asked(watch, 60.0) == Page("training")
    watch.listed([f"job-{n}" for n in range(100)], "more", 60.0)
    assert asked(watch, 60.2) == Page("training", "more")
    watch.listed([f"job-{n}" for n in range(100, 250)], None, 60.2)
    assert watch.next(60.4) is None
    assert watch.over == {}


def test_what_is_missing_from_the_list_is_asked_about_itself() -> None:
    watch, numbers = watching(20)
    watch.next(60.0)
    watch.listed([f"job-{n}" for n in range(20) if n not in (3, 4)], None, 60.0)
    look = asked(watch, 60.0)
    assert look in {Look("training", "job-3"), Look("training", "job-4")}
    assert isinstance(look, Look)
    watch.looked(look, ended=True, now=60.0)
    other = asked(watch, 60.0)
    assert isinstance(other, Look)
    watch.looked(other, ended=False, now=60.0)  # a list may be a moment old
    assert watch.over == {numbers[int(look.name[4:])]: True}
    assert watch.next(60.0) is None


def test_a_job_that_ended_is_over_for_everybody_who_waits_for_it() -> None:
    watch = Watch()
    both = [watch.add(Watched(Look("training", "job"), OLD), 0.0) for _ in range(2)]
    watch.looked(Look("training", "job"), ended=True, now=1.0)
    assert watch.over == {both[0]: True, both[1]: True}


def test_a_deadline_ends_the_wait_of_one_job_only() -> None:
    watch, (first,) = watching(1)
    second = watch.add(Watched(Look("training", "late"), OLD, deadline=10.0), 0.0)
    assert watch.next(9.0) is None
    watch.next(10.0)
    assert watch.over == {second: False}
    assert first not in watch.over


def test_who_may_not_list_still_learns_of_every_job() -> None:
    watch, numbers = watching(LIST_FROM)
    watch.refused(asked(watch, 60.0))
    for _ in numbers:
        look = asked(watch, 60.0)
        assert isinstance(look, Look)
        watch.looked(look, ended=True, now=60.0)
    assert sorted(watch.over) == numbers


def test_a_job_that_may_not_be_looked_at_is_left_to_its_task() -> None:
    watch, (first, second) = watching(2)
    look = asked(watch, 60.0)
    watch.refused(look)
    assert len(watch.over) == 1
    assert set(watch.over.values()) == {True}
    assert set(watch.over) < {first, second}


def test_what_is_forgotten_is_asked_about_no_more() -> None:
    watch, (number,) = watching(1)
    watch.remove(number)
    assert watch.next(3600.0) is None


def test_endpoints_are_always_described() -> None:
    watch, _ = watching(LIST_FROM, kind="endpoint")
    assert isinstance(asked(watch, 60.0), Look)


@pytest.mark.parametrize(("age", "pause"), [(20.0, 1.0), (200.0, 10.0), (6000.0, 30.0)])
def test_an_older_job_is_looked_at_more_rarely(age: float, pause: float) -> None:
    watch = Watch()
    look = Look("training", "job")
    watch.add(Watched(look, born=-age), 0.0)
    due = next(now for now in (step / 100 for step in range(10_000)) if watch.next(now) == look)
    assert pause * (1 - JITTER) <= due <= pause * (1 + JITTER) + 0.01
