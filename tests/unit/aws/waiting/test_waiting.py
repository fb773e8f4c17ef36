"""How often work is looked at, by its age."""

from boatyard.aws.waiting.pauses import JITTER, jittered, looks, pause, quick_pause


def test_work_of_a_few_seconds_is_looked_at_several_times_a_second() -> None:
    assert [pause(age) for age in (0.0, 0.4, 2.0, 4.0)] == [0.2, 0.2, 0.5, 1.0]


def test_work_that_may_end_any_moment_is_looked_at_up_to_ten_times_a_second() -> None:
    assert [quick_pause(running) for running in (0.0, 1.0, 1.5, 2.0, 19.0)] == [0.1, 0.1, 0.15, 0.2, 0.2]


def test_pauses_grow_from_one_second_to_half_a_minute_with_age() -> None:
    assert [pause(age) for age in (4.0, 20.0, 60.0, 300.0, 600.0, 86400.0)] == [1.0, 1.0, 3.0, 15.0, 30.0, 30.0]


def test_the_longest_pause_can_be_chosen() -> None:
    assert pause(3600.0, longest=5.0) == 5.0
    assert pause(3600.0, longest=0.0) > 0


def test_a_pause_is_a_little_different_each_time() -> None:
    drawn = {jittered(10.0) for _ in range(100)}
    assert len(drawn) > 50
    assert all(10 * (1 - JITTER) <= seconds <= 10 * (1 + JITTER) for seconds in drawn)


def test_who_has_no_time_looks_once() -> None:
    assert len(list(looks(0.0))) == 1
