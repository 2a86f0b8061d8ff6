"""How often due work is tried, and with which pauses."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from app.attempts.rules import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_OF_BAD_DATA,
    SPREAD,
    is_last,
    lease_of,
    pause_after,
)


def until_parked(limit: int) -> dt.timedelta:
    return sum((pause_after(number, 0.5) for number in range(1, limit)), dt.timedelta())


def test_tries_are_spread_over_a_day_and_bad_data_is_parked_within_minutes() -> None:
    assert dt.timedelta(hours=20) < until_parked(MAX_ATTEMPTS) < dt.timedelta(hours=28)
    bad = until_parked(MAX_ATTEMPTS_OF_BAD_DATA)
    assert dt.timedelta(minutes=5) < bad < dt.timedelta(minutes=15)


@given(attempts=st.integers(1, 10**6), jitter=st.floats(0, 1))
def test_pauses_grow_to_a_limit_and_are_spread(attempts: int, jitter: float) -> None:
    pause = pause_after(attempts, jitter)
    assert FIRST_PAUSE * (1 - SPREAD) <= pause <= LONGEST_PAUSE * (1 + SPREAD)
    assert pause <= pause_after(attempts + 1, jitter)
    assert abs(pause - pause_after(attempts, 0.5)) <= pause_after(attempts, 0.5) * SPREAD


def test_the_last_try_is_the_last() -> None:
    assert [is_last(number, bad_data=False) for number in (11, 12, 13)] == [False, True, True]
    assert [is_last(number, bad_data=True) for number in (5, 6, 7)] == [False, True, True]


def test_who_lost_its_reader_waits_longer_each_time() -> None:
    lease = dt.timedelta(seconds=30)
    waits = [lease_of(lease, lost).total_seconds() for lost in range(3)]
    assert waits == [30, 90, 270]
