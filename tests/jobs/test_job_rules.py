"""The life of a job, tested from its own table; its days and hours."""

import datetime as dt
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DomainError
from app.core.week import Slot
from app.jobs.rules import (
    NEVER_PUBLISHED,
    OVERDUE,
    PLACES_LEFT,
    STARTS_AHEAD,
    STILL_AHEAD,
    TABLE,
    WAS_PUBLISHED,
    JobAction,
    JobState,
    JobStatus,
    closes_at,
    decide,
    faults_of_schedule,
)

KOLKATA = "Asia/Kolkata"
SATURDAY = Slot(5, 10 * 60, 18 * 60)
NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
"""A Monday, 11:30 in India."""

ALL = list(product(JobStatus, JobAction))

AHEAD = {"starts_on": dt.date(2026, 11, 28), "ends_on": dt.date(2026, 12, 26)}
BEGUN = {"starts_on": dt.date(2026, 11, 21), "ends_on": dt.date(2026, 12, 26)}
OVER = {"starts_on": dt.date(2026, 11, 7), "ends_on": dt.date(2026, 11, 21)}


def facts(
    status: JobStatus,
    dates: dict[str, dt.date],
    *,
    was_published: bool = False,
    has_places: bool = True,
    slots: tuple[Slot, ...] = (SATURDAY,),
    time_zone: str = KOLKATA,
) -> JobState:
    return JobState(
        status,
        dates["starts_on"],
        dates.get("ends_on"),
        time_zone,
        slots,
        was_published=was_published,
        has_places=has_places,
    )


def outcome(job: JobState, action: JobAction, now: dt.datetime = NOW) -> str:
    """Return the new status, or the code of the refusal."""
    try:
        return decide(job, action, now).target.value
    except DomainError as error:
        return error.reason


def test_the_table_knows_every_action_in_every_status() -> None:
    assert set(TABLE.rules) == set(JobAction)
    for status, action in ALL:
        rule = TABLE.rules[action]
        refusal = rule.refusals.get(status, rule.otherwise)
        assert TABLE.starting(action, status) or refusal.code != "conflict"


# What should come of each action in each status: for a job ahead, begun, and over.
EXPECTED: dict[tuple[JobStatus, JobAction], tuple[str, str, str]] = {
    (JobStatus.DRAFT, JobAction.PUBLISH): ("published", "invalid", "invalid"),
    (JobStatus.DRAFT, JobAction.FILL): ("job_not_published",) * 3,
    (JobStatus.DRAFT, JobAction.EXPIRE): ("job_not_published",) * 3,
    (JobStatus.DRAFT, JobAction.CANCEL): ("cancelled",) * 3,
    (JobStatus.DRAFT, JobAction.REOPEN): ("job_not_closed",) * 3,
    (JobStatus.PUBLISHED, JobAction.PUBLISH): ("job_not_draft",) * 3,
    (JobStatus.PUBLISHED, JobAction.FILL): ("filled",) * 3,
    (JobStatus.PUBLISHED, JobAction.EXPIRE): ("job_not_over", "job_not_over", "expired"),
    (JobStatus.PUBLISHED, JobAction.CANCEL): ("cancelled",) * 3,
    (JobStatus.PUBLISHED, JobAction.REOPEN): ("job_not_closed",) * 3,
    (JobStatus.FILLED, JobAction.PUBLISH): ("job_not_draft",) * 3,
    (JobStatus.FILLED, JobAction.FILL): ("job_not_published",) * 3,
    (JobStatus.FILLED, JobAction.EXPIRE): ("job_not_published",) * 3,
    (JobStatus.FILLED, JobAction.CANCEL): ("job_filled",) * 3,
    (JobStatus.FILLED, JobAction.REOPEN): ("job_filled",) * 3,
    (JobStatus.EXPIRED, JobAction.PUBLISH): ("job_not_draft",) * 3,
    (JobStatus.EXPIRED, JobAction.FILL): ("job_not_published",) * 3,
    (JobStatus.EXPIRED, JobAction.EXPIRE): ("job_not_published",) * 3,
    (JobStatus.EXPIRED, JobAction.CANCEL): ("job_expired",) * 3,
    (JobStatus.EXPIRED, JobAction.REOPEN): ("published", "published", "job_over"),
    (JobStatus.CANCELLED, JobAction.PUBLISH): ("job_not_draft",) * 3,
    (JobStatus.CANCELLED, JobAction.FILL): ("job_not_published",) * 3,
    (JobStatus.CANCELLED, JobAction.EXPIRE): ("job_not_published",) * 3,
    (JobStatus.CANCELLED, JobAction.CANCEL): ("job_cancelled",) * 3,
    (JobStatus.CANCELLED, JobAction.REOPEN): ("published", "published", "job_over"),
    (JobStatus.DRAFT, JobAction.ADD_POSITIONS): ("job_not_published",) * 3,
    (JobStatus.PUBLISHED, JobAction.ADD_POSITIONS): ("published", "published", "job_over"),
    (JobStatus.FILLED, JobAction.ADD_POSITIONS): ("published", "published", "job_over"),
    (JobStatus.EXPIRED, JobAction.ADD_POSITIONS): ("job_expired",) * 3,
    (JobStatus.CANCELLED, JobAction.ADD_POSITIONS): ("job_cancelled",) * 3,
    (JobStatus.DRAFT, JobAction.CLOSE): ("job_not_published",) * 3,
    (JobStatus.PUBLISHED, JobAction.CLOSE): ("closed",) * 3,
    (JobStatus.FILLED, JobAction.CLOSE): ("job_filled",) * 3,
    (JobStatus.EXPIRED, JobAction.CLOSE): ("job_expired",) * 3,
    (JobStatus.CANCELLED, JobAction.CLOSE): ("job_cancelled",) * 3,
    (JobStatus.CLOSED, JobAction.PUBLISH): ("job_not_draft",) * 3,
    (JobStatus.CLOSED, JobAction.FILL): ("job_not_published",) * 3,
    (JobStatus.CLOSED, JobAction.EXPIRE): ("job_not_published",) * 3,
    (JobStatus.CLOSED, JobAction.CANCEL): ("job_closed",) * 3,
    (JobStatus.CLOSED, JobAction.CLOSE): ("job_closed",) * 3,
    (JobStatus.CLOSED, JobAction.REOPEN): ("published", "published", "job_over"),
    (JobStatus.CLOSED, JobAction.ADD_POSITIONS): ("job_closed",) * 3,
}


@pytest.mark.parametrize(("status", "action"), ALL)
def test_every_action_in_every_status(status: JobStatus, action: JobAction) -> None:
    for dates, expected in zip((AHEAD, BEGUN, OVER), EXPECTED[status, action], strict=True):
        assert outcome(facts(status, dates, was_published=True), action) == expected


@pytest.mark.parametrize(("status", "action"), ALL)
def test_a_step_is_taken_only_where_its_guards_hold(status: JobStatus, action: JobAction) -> None:
    transitions = TABLE.starting(action, status)
    if not transitions:
        return
    for dates, was_published, has_places in product(
        (AHEAD, BEGUN, OVER), (True, False), (True, False)
    ):
        holding = {
            WAS_PUBLISHED.name: was_published,
            NEVER_PUBLISHED.name: not was_published,
            STARTS_AHEAD.name: dates is AHEAD,
            STILL_AHEAD.name: dates is not OVER,
            OVERDUE.name: dates is OVER,
            PLACES_LEFT.name: has_places,
        }
        allowed = [
            step.target.value
            for step in transitions
            if all(holding[guard.name] for guard in step.guards)
        ]
        job = facts(status, dates, was_published=was_published, has_places=has_places)
        result = outcome(job, action)
        assert result == allowed[0] if allowed else result not in set(JobStatus)


def test_a_draft_that_was_cancelled_comes_back_as_a_draft() -> None:
    cancelled = facts(JobStatus.CANCELLED, OVER, was_published=False)
    taken = decide(cancelled, JobAction.REOPEN, NOW)
    assert taken.target is JobStatus.DRAFT
    assert taken.guards == (NEVER_PUBLISHED,)


def test_a_refusal_names_its_fields_or_says_what_to_do() -> None:
    for status, action in ALL:
        if not TABLE.starting(action, status):
            rule = TABLE.rules[action]
            refusal = rule.refusals.get(status, rule.otherwise)
            assert refusal.code != "conflict"
            assert refusal.detail.endswith(".")


def test_today_counts_as_ahead_until_the_last_shift_starts() -> None:
    today = {"starts_on": dt.date(2026, 11, 23), "ends_on": dt.date(2026, 11, 23)}
    for minute, expected in ((30, "invalid"), (31, "published")):
        job = facts(JobStatus.DRAFT, today, slots=(Slot(0, 11 * 60 + minute, 18 * 60),))
        assert outcome(job, JobAction.PUBLISH) == expected


def test_the_start_is_judged_in_the_job_s_own_zone() -> None:
    monday = {"starts_on": dt.date(2026, 11, 23)}
    evening = dt.datetime(2026, 11, 23, 20, 0, tzinfo=dt.UTC)  # Tuesday 01:30 in India
    for zone, expected in ((KOLKATA, "invalid"), ("Europe/London", "published")):
        job = facts(JobStatus.DRAFT, monday, time_zone=zone)
        assert outcome(job, JobAction.PUBLISH, evening) == expected


def test_an_open_ended_job_never_closes_by_itself() -> None:
    assert closes_at([SATURDAY], dt.date(2026, 11, 28), None, KOLKATA) is None
    forever = facts(JobStatus.PUBLISHED, {"starts_on": dt.date(2020, 1, 1)})
    assert outcome(forever, JobAction.EXPIRE) == "job_not_over"


def test_a_job_closes_when_its_last_shift_starts() -> None:
    closes = closes_at(
        [SATURDAY, Slot(1, 0, 60)], dt.date(2026, 11, 2), dt.date(2026, 11, 30), KOLKATA
    )
    assert closes == dt.datetime(2026, 11, 28, 4, 30, tzinfo=dt.UTC)


def test_of_two_shifts_on_the_last_day_the_later_start_counts() -> None:
    slots = [Slot(5, 10 * 60, 12 * 60), Slot(5, 22 * 60, 2 * 60)]
    closes = closes_at(slots, dt.date(2026, 11, 28), dt.date(2026, 11, 28), KOLKATA)
    assert closes == dt.datetime(2026, 11, 28, 16, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # Clocks in London go back on 25 October 2026 at 02:00, forward on 28 March 2027 at 01:00.
        (dt.date(2026, 10, 24), "2026-10-24T08:00:00+00:00"),
        (dt.date(2026, 10, 25), "2026-10-25T09:00:00+00:00"),
        (dt.date(2027, 3, 27), "2027-03-27T09:00:00+00:00"),
        (dt.date(2027, 3, 28), "2027-03-28T08:00:00+00:00"),
    ],
)
def test_a_clock_change_moves_the_instant_not_the_wall_clock(day: dt.date, expected: str) -> None:
    closes = closes_at([Slot(day.weekday(), 9 * 60, 17 * 60)], day, day, "Europe/London")
    assert closes is not None
    assert closes.isoformat() == expected


def test_a_start_in_the_skipped_hour_counts_by_the_offset_before() -> None:
    day = dt.date(2027, 3, 28)
    closes = closes_at([Slot(6, 90, 300)], day, day, "Europe/London")
    assert closes == dt.datetime(2027, 3, 28, 1, 30, tzinfo=dt.UTC)


slots = st.builds(
    lambda weekday, start, length: Slot(weekday, start, (start + length) % 1440),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1439),
)
dates = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))


@given(
    st.lists(slots, min_size=1, max_size=5),
    dates,
    st.integers(0, 60),
    st.sampled_from([KOLKATA, "Europe/London", "America/New_York", "Pacific/Apia"]),
)
def test_closing_is_the_latest_of_all_dated_starts(
    week: list[Slot], starts_on: dt.date, days: int, zone: str
) -> None:
    ends_on = starts_on + dt.timedelta(days=days)
    starts = [
        dt.datetime.combine(day, dt.time(slot.start // 60, slot.start % 60), ZoneInfo(zone))
        for offset in range(days + 1)
        for slot in week
        if (day := starts_on + dt.timedelta(days=offset)).weekday() == slot.weekday
    ]
    closes = closes_at(week, starts_on, ends_on, zone)
    if not starts:
        assert closes is None
        return
    last = max(starts, key=lambda start: start.replace(tzinfo=None))
    assert closes == last.astimezone(dt.UTC)


def names(*week: Slot, starts_on: dt.date, ends_on: dt.date | None) -> list[str]:
    return [error.field for error in faults_of_schedule(week, starts_on, ends_on)]


def test_a_weekday_that_never_falls_is_named() -> None:
    weekend = {"starts_on": dt.date(2026, 11, 28), "ends_on": dt.date(2026, 11, 29)}
    assert names(SATURDAY, Slot(6, 60, 120), Slot(0, 60, 120), **weekend) == ["slots.2.weekday"]


def test_a_week_or_no_end_has_every_weekday() -> None:
    every = tuple(Slot(day, 60, 120) for day in range(7))
    start = dt.date(2026, 11, 28)
    assert names(*every, starts_on=start, ends_on=start + dt.timedelta(days=6)) == []
    assert names(*every, starts_on=start, ends_on=None) == []


def test_an_end_before_the_start_is_named_alone() -> None:
    start = dt.date(2026, 11, 28)
    assert names(SATURDAY, starts_on=start, ends_on=start - dt.timedelta(days=1)) == ["ends_on"]


def test_a_job_lasts_two_years_at_most() -> None:
    start = dt.date(2026, 11, 28)
    assert names(SATURDAY, starts_on=start, ends_on=dt.date(2028, 11, 27)) == []
    assert names(SATURDAY, starts_on=start, ends_on=dt.date(2028, 11, 28)) == ["ends_on"]


def test_overlapping_slots_are_named_by_the_later_one() -> None:
    start = dt.date(2026, 11, 28)
    sunday_night, monday = Slot(6, 22 * 60, 2 * 60), Slot(0, 60, 180)
    assert names(sunday_night, SATURDAY, monday, starts_on=start, ends_on=None) == ["slots.2"]
