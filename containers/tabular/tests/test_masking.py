"""Secrets do not show in what a script writes, however it comes."""

import pytest

from tabular.training.masking import Mask


def shown(text: bytes, size: int, *secrets: str) -> bytes:
    mask = Mask(secrets)
    parts = [mask.feed(text[at : at + size]) for at in range(0, len(text), size)]
    return b"".join([*parts, mask.end()])


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_secret_is_hidden_wherever_the_pieces_of_a_line_end(size: int) -> None:
    assert shown(b"the t1de is in\nt1de", size, "t1de") == b"the *** is in\n***"


def test_a_secret_is_hidden_in_a_line_that_does_not_end() -> None:
    long = b"x" * 200_000
    assert shown(long + b"t1de" + long, 1000, "t1de") == long + b"***" + long


def test_each_line_of_a_key_is_hidden() -> None:
    assert shown(b"key: MIIEabc / MIIEdef\n", 1000, "MIIEabc\nMIIEdef\n") == b"key: *** / ***\n"


def test_a_progress_bar_is_not_held_back() -> None:
    assert Mask(["t1de"]).feed(b"10 %\r20 %\r") == b"10 %\r20 %\r"


def test_without_secrets_everything_passes_at_once() -> None:
    assert Mask().feed(b"half a li") == b"half a li"


def test_a_secret_of_three_letters_hides_nothing_else() -> None:
    assert shown(b"abc", 1000, "abc") == b"abc"
