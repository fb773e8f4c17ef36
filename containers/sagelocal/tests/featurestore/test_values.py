"""Feature values and event times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagelocal.featurestore.values import event_time, is_value, moment_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(moment=MOMENTS)
def test_an_iso_8601_time_is_its_nanoseconds(moment: datetime) -> None:
    milliseconds = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    text = milliseconds.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds.microsecond // 1000:03}Z"
    since = milliseconds - EPOCH
    assert event_time(text, "String") == since // timedelta(microseconds=1) * 1000
    assert moment_of(event_time(text, "String") or 0) == milliseconds.replace(microsecond=0)


@given(seconds=st.decimals(-(2**32), 2**32, places=9))
def test_seconds_of_the_epoch_lose_no_nanosecond(seconds: Decimal) -> None:
    assert event_time(f"{seconds:f}", "Fractional") == int(seconds * 10**9)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00+00:00",
        "2024-01-01T00:00:00.1234Z",
        "2024-13-01T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "9999-01-01T00:00:00Z",
        "1704067200",
        "",
    ],
)
def test_another_form_is_no_event_time(text: str) -> None:
    assert event_time(text, "String") is None


@pytest.mark.parametrize(
    ("text", "feature_type", "fits"),
    [
        ("1", "Integral", True),
        ("-9223372036854775808", "Integral", True),
        ("9223372036854775808", "Integral", False),
        ("1.0", "Integral", False),
        ("1_000", "Integral", False),
        (" 1", "Integral", False),
        ("", "Integral", False),
        ("1", "Fractional", True),
        ("-.5e-3", "Fractional", True),
        ("1.", "Fractional", True),
        ("nan", "Fractional", False),
        ("0x1", "Fractional", False),
        ("", "Fractional", False),
        ("", "String", True),
        ("anything\n", "String", True),
    ],
)
def test_a_value_fits_its_type_or_not(text: str, feature_type: str, fits: bool) -> None:
    assert is_value(text, feature_type) is fits
