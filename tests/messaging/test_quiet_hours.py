"""Quiet hours as rules: who is awake, and how time rests."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from app.messaging.quiet_hours import (
    MOST_NIGHTS,
    QUIET_FROM,
    QUIET_TO,
    QuietPeriod,
    quiet_until,
    rested,
    rested_since,
    waking_time,
)

INDIA = QuietPeriod(QUIET_FROM, QUIET_TO, "Asia/Kolkata")
HOUR = dt.timedelta(hours=1)
zones = st.sampled_from(["Asia/Kolkata", "America/New_York", "Pacific/Apia", "Europe/London"])
instants = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=dt.UTC)
)
times = st.times().map(lambda time: time.replace(microsecond=0))
periods = st.builds(QuietPeriod, times, times, zones, st.none() | instants)


def india(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """An instant of November 2026 by the clock of India."""
    local = dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.timezone(dt.timedelta(hours=5.5)))
    return local.astimezone(dt.UTC)


def test_time_to_answer_rests_from_nine_to_eight() -> None:
    assert rested(INDIA, india(22, 20), 4 * HOUR) == india(23, 11)
    assert rested(INDIA, india(22, 23), 4 * HOUR) == india(23, 12)
    assert rested(INDIA, india(22, 12), 4 * HOUR) == india(22, 16)
    assert rested(None, india(22, 20), 4 * HOUR) == india(23, 0)


def test_time_runs_on_for_an_hour_after_a_sign_of_life() -> None:
    awake = QuietPeriod(QUIET_FROM, QUIET_TO, "Asia/Kolkata", active_at=india(22, 22))
    assert quiet_until(awake, india(22, 22, 59)) is None
    assert quiet_until(awake, india(22, 23)) == india(23, 8)
    assert rested(awake, india(22, 22, 30), HOUR) == india(23, 8, 30)
    assert rested(awake, india(22, 22, 30), HOUR / 2) == india(22, 23)


def test_a_sign_of_life_in_the_future_counts_for_nothing() -> None:
    ahead = QuietPeriod(QUIET_FROM, QUIET_TO, "Asia/Kolkata", active_at=india(25, 12))
    assert quiet_until(ahead, india(22, 22)) == india(23, 8)


def test_clocks_put_back_make_the_night_an_hour_longer() -> None:
    york = QuietPeriod(QUIET_FROM, QUIET_TO, "America/New_York")
    evening = dt.datetime(2026, 11, 1, 0, 30, tzinfo=dt.UTC)  # 20:30, the evening before
    assert rested(york, evening, HOUR) == dt.datetime(2026, 11, 1, 13, 30, tzinfo=dt.UTC)


@given(periods, instants, st.integers(0, 10_080))
def test_rested_time_is_waking_time(hours: QuietPeriod, start: dt.datetime, minutes: int) -> None:
    length = dt.timedelta(minutes=minutes)
    end = rested(hours, start, length)
    assert start + length <= end <= start + length + dt.timedelta(days=MOST_NIGHTS + 1)
    nights = (end - start).days
    if nights < MOST_NIGHTS - 1:
        assert waking_time(hours, start, end) == length


@given(zones, instants, st.integers(1, 2_880), st.integers(0, 3_000))
def test_an_offer_is_fresh_until_its_interval_has_rested(
    zone: str, now: dt.datetime, minutes: int, ago: int
) -> None:
    hours, interval = QuietPeriod(QUIET_FROM, QUIET_TO, zone), dt.timedelta(minutes=minutes)
    made = now - dt.timedelta(minutes=ago)
    since = rested_since(hours, now, interval)
    assert (made > since) <= (rested(hours, made, interval) > now)
    if rested(hours, made, interval) > now:
        assert made >= since


@given(periods, instants)
def test_quiet_ends_later_than_now_and_then_it_is_not_quiet(
    hours: QuietPeriod, now: dt.datetime
) -> None:
    until = quiet_until(hours, now)
    if until is not None:
        assert now < until <= now + dt.timedelta(hours=26)
        assert quiet_until(hours, until) is None
