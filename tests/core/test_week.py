import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.week import (
    DAY,
    WEEK,
    WEEKDAYS,
    Slot,
    bits,
    format_clock,
    intervals,
    never_falling,
    overlap_minutes,
    overlaps,
    parse_clock,
    union,
    weekdays_between,
)

slots = st.builds(
    lambda weekday, start, minutes: Slot(weekday, start, (start + minutes) % DAY),
    st.integers(0, 6),
    st.integers(0, DAY - 1),
    st.integers(1, DAY - 1),
)
weeks = st.lists(slots, max_size=8)
dates = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))


def minutes_of(week) -> set[int]:
    """The plainest model there is: walk every slot minute by minute round the week."""
    return {(slot.begin + step) % WEEK for slot in week for step in range(slot.minutes)}


@given(weeks)
def test_the_union_holds_the_minutes_of_every_slot_once(week):
    parts = union(week)
    assert {minute for begin, end in parts for minute in range(begin, end)} == minutes_of(week)
    assert all(0 <= begin < end <= WEEK for begin, end in parts)
    assert all(parts[i][1] < parts[i + 1][0] for i in range(len(parts) - 1))


@given(weeks, weeks)
def test_overlap_is_the_minutes_in_both_weeks(a, b):
    assert overlap_minutes(a, b) == len(minutes_of(a) & minutes_of(b))
    assert overlap_minutes(a, b) == overlap_minutes(b, a)


@given(slots, slots)
def test_two_slots_overlap_when_they_share_a_minute_whoever_is_asked(a, b):
    assert overlaps(a, [b]) == overlaps(b, [a]) == bool(minutes_of([a]) & minutes_of([b]))


@given(weeks)
def test_a_half_hour_counts_when_any_minute_of_it_does(week):
    half_hours = {minute // 30 for minute in minutes_of(week)}
    days = bits(week)
    assert len(days) == 7
    assert all(0 <= day < 2**48 for day in days)
    assert {48 * day + bit for day in range(7) for bit in range(48) if days[day] >> bit & 1} == (
        half_hours
    )


@given(weeks, weeks)
def test_the_half_hours_never_hide_an_overlap(a, b):
    shared = any(x & y for x, y in zip(bits(a), bits(b), strict=True))
    assert shared or overlap_minutes(a, b) == 0


def test_a_sunday_night_runs_into_monday():
    night = Slot.parse("sunday", "22:00", "02:00")
    assert sorted(intervals(night)) == [(0, 120), (6 * DAY + 22 * 60, WEEK)]
    assert overlaps(night, [Slot.parse("monday", "01:00", "03:00")])
    assert not overlaps(night, [Slot.parse("monday", "02:00", "03:00")])
    assert bits([night])[6] == 0b1111 << 44
    assert bits([night])[0] == 0b1111


def test_a_slot_until_midnight_stays_in_its_day():
    evening = Slot.parse("friday", "18:00", "00:00")
    assert evening.minutes == 360
    assert bits([evening])[5] == 0
    assert not overlaps(evening, [Slot.parse("saturday", "00:00", "01:00")])


def test_bits_round_outward():
    assert bits([Slot.parse("tuesday", "09:29", "09:31")])[1] == 0b11 << 18


@pytest.mark.parametrize(
    ("weekday", "start", "end"),
    [(7, 0, 60), (-1, 0, 60), (0, 60, 60), (0, -1, 60), (0, 0, DAY), (0, DAY, 10)],
)
def test_what_is_no_slot_is_refused(weekday, start, end):
    with pytest.raises(ValueError, match="must"):
        Slot(weekday, start, end)


@pytest.mark.parametrize(
    "text", ["24:00", "9:00", "09:60", "0900", "", " 09:00", "09:00\n", "०९:००"]
)
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ValueError, match="HH:MM"):
        parse_clock(text)


def test_an_unknown_weekday_is_refused():
    with pytest.raises(ValueError, match="monday"):
        Slot.parse("someday", "09:00", "10:00")


@given(st.integers(0, DAY - 1))
def test_a_time_of_day_is_read_as_it_is_written(minutes):
    assert parse_clock(format_clock(minutes)) == minutes


@given(dates, st.integers(0, 30))
def test_the_weekdays_between_two_dates_are_those_of_each_date(first, more):
    last = first + dt.timedelta(days=more)
    each = {(first + dt.timedelta(days=day)).weekday() for day in range(more + 1)}
    assert weekdays_between(first, last) == each


def test_an_open_ended_job_has_every_weekday():
    assert len(weekdays_between(dt.date(2026, 11, 23), None)) == 7


def test_a_shift_that_never_falls_within_the_dates_is_named():
    monday = dt.date(2026, 11, 23)
    assert WEEKDAYS[monday.weekday()] == "monday"
    week = [Slot.parse(day, "09:00", "12:00") for day in ("monday", "thursday", "tuesday")]
    assert never_falling(week, monday, monday) == [1, 2]
    assert never_falling(week, monday, monday + dt.timedelta(days=1)) == [1]
    assert never_falling(week, monday, None) == []
