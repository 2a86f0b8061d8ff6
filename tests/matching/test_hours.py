import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.core.week import DAY, HALF_HOUR, Slot, bits, overlap_minutes
from app.matching.hours import (
    WINDOW_DAYS,
    Availability,
    DateRange,
    Schedule,
    hours_of,
    remaining,
)

INDIA = "Asia/Kolkata"
NEPAL = "Asia/Kathmandu"  # 15 minutes ahead of India
MONDAY = dt.date(2026, 11, 23)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

slots = st.builds(
    lambda weekday, start, minutes: Slot(weekday, start, (start + minutes) % DAY),
    st.integers(0, 6),
    st.integers(0, DAY - 1),
    st.integers(1, DAY - 1),
)
weeks = st.lists(slots, min_size=1, max_size=5).map(tuple)
dates = st.integers(0, 40).map(lambda days: MONDAY + dt.timedelta(days=days))
zones = st.sampled_from([INDIA, NEPAL, "UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])


def schedule_from(slots, first, days, zone):
    last = None if days is None else first + dt.timedelta(days=days)
    return Schedule(slots, first, last, zone)


lengths = st.one_of(st.none(), st.integers(0, 45))
schedules = st.builds(schedule_from, weeks, dates, lengths, st.just(INDIA))
anywhere = st.builds(schedule_from, weeks, dates, lengths, zones)
ranges = st.builds(
    lambda first, days: DateRange(first, first + dt.timedelta(days=days)),
    dates,
    st.integers(0, 9),
)


def walk(slots, first_day, past_day, zone):
    """Minute by minute, by the calendar: the minutes of each slot (UTC, counted through), by the
    date it starts on.
    """
    # Zones without clock changes, so that wall-clock arithmetic is plain.
    offset = dt.datetime.combine(MONDAY, dt.time(12), dt.UTC).astimezone(zone).utcoffset()
    assert offset is not None
    ahead = offset // dt.timedelta(minutes=1)
    day = first_day
    while day < past_day:
        for slot in slots:
            if slot.weekday == day.weekday():
                start = day.toordinal() * DAY - ahead + slot.start
                for minute in range(slot.minutes):
                    yield day, start + minute
        day += dt.timedelta(days=1)


def ahead_of_utc(zone):
    offset = dt.datetime.combine(MONDAY, dt.time(12), dt.UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // dt.timedelta(minutes=1)


def minute_of(instant):
    """A whole minute counted as `walk` counts."""
    return (instant - dt.datetime(1, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(minutes=1) + DAY


def free_by_walking(availability, schedule, now=LONG_AGO):
    """What `JobHours.free` promises, in the slowest and plainest way."""
    zone, mine_zone = ZoneInfo(schedule.time_zone), ZoneInfo(availability.time_zone)
    first = max(schedule.starts_on, now.astimezone(zone).date())
    past = first + dt.timedelta(days=WINDOW_DAYS)
    if schedule.ends_on is not None:
        past = min(past, schedule.ends_on + dt.timedelta(days=1))
    near = (first - dt.timedelta(days=4), past + dt.timedelta(days=4))

    def is_off(day):
        return any(off.starts_on <= day <= off.ends_on for off in availability.time_off)

    work, offered = set(), set()
    for slot in schedule.slots:
        day = max(schedule.starts_on, first - dt.timedelta(days=1))
        while day < past:
            shift = [at for _, at in walk((slot,), day, day + dt.timedelta(days=1), zone)]
            ahead = [at for at in shift if at >= minute_of(now)]
            work.update(ahead)
            if shift:
                begins = shift[0] + ahead_of_utc(mine_zone)
                if not is_off(dt.date.fromordinal(begins // DAY)):
                    offered.update(ahead)
            day += dt.timedelta(days=1)
    mine = offered & {
        at for day, at in walk(availability.slots, *near, mine_zone) if not is_off(day)
    }
    for other in availability.busy:
        mine -= {
            at
            for day, at in walk(other.slots, *near, ZoneInfo(other.time_zone))
            if other.starts_on <= day and (other.ends_on is None or day <= other.ends_on)
        }
    return len(work), len(mine)


@given(
    schedules,
    weeks,
    zones,
    st.lists(ranges, max_size=2).map(tuple),
    st.lists(anywhere, max_size=2).map(tuple),
)
def test_free_minutes_are_those_counted_minute_by_minute(schedule, week, zone, time_off, busy):
    availability = Availability(week, zone, time_off, busy)
    hours = hours_of(schedule)
    assert (hours.minutes, hours.free(availability)) == free_by_walking(availability, schedule)


instants = st.integers(-3 * DAY, 60 * DAY).map(
    lambda minutes: dt.datetime(2026, 11, 23, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)


@given(
    anywhere,
    instants,
    weeks,
    zones,
    st.lists(ranges, max_size=2).map(tuple),
    st.lists(anywhere, max_size=1).map(tuple),
)
def test_only_minutes_still_to_come_count(schedule, now, week, zone, time_off, busy):
    availability = Availability(week, zone, time_off, busy)
    hours = hours_of(remaining(schedule, now))
    counted = (hours.minutes, hours.free(availability))
    assert counted == free_by_walking(availability, schedule, now)


@given(anywhere, instants, st.integers(0, 3 * DAY), weeks)
def test_time_that_passes_never_brings_hours_back(schedule, now, later, week):
    # Within one window: of a longer job the next four weeks move on with the day.
    short = Schedule(
        schedule.slots,
        schedule.starts_on,
        schedule.starts_on + dt.timedelta(days=20),
        schedule.time_zone,
    )
    before = hours_of(remaining(short, now))
    after = hours_of(remaining(short, now + dt.timedelta(minutes=later)))
    assert after.minutes <= before.minutes
    mine = Availability(week, schedule.time_zone)
    assert after.free(mine) <= before.free(mine)


@given(anywhere, instants, weeks)
def test_the_week_of_bits_loses_nobody_who_is_free_for_what_is_left(schedule, now, week):
    hours = hours_of(remaining(schedule, now))
    if hours.free(Availability(week, schedule.time_zone)):
        assert any(one & other for one, other in zip(hours.week, bits(week), strict=True))


@given(slots, weeks, dates, st.sampled_from([6, 13, 20, 27, None]))
def test_whole_weeks_without_time_off_have_the_share_of_one_week(shift, week, first, days):
    hours = hours_of(schedule_from((shift,), first, days, INDIA))
    times = WINDOW_DAYS // 7 if days is None else (days + 1) // 7
    assert hours.minutes == times * shift.minutes
    assert hours.free(Availability(week, INDIA)) == times * overlap_minutes([shift], week)


@given(schedules, weeks)
def test_the_half_hours_promise_no_less_than_the_exact_minutes(schedule, week):
    hours = hours_of(schedule)
    days = bits(week)
    promised = sum(
        minutes for i, minutes in enumerate(hours.half_hours) if days[i // 48] >> i % 48 & 1
    )
    assert hours.free(Availability(week, INDIA)) <= promised <= hours.minutes
    assert sum(hours.half_hours) == hours.minutes


@given(schedules, weeks, st.lists(ranges, max_size=3).map(tuple))
def test_time_off_never_adds_hours(schedule, week, time_off):
    hours = hours_of(schedule)
    assert hours.free(Availability(week, INDIA, time_off)) <= hours.free(Availability(week, INDIA))


def one_shift(weekday, start, end, days=0):
    return Schedule(
        (Slot.parse(weekday, start, end),), MONDAY, MONDAY + dt.timedelta(days=days), INDIA
    )


ALL_NIGHTS = tuple(Slot(day, 20 * 60, 6 * 60) for day in range(7))


def test_a_night_shift_belongs_to_the_day_it_starts_on():
    sunday = MONDAY + dt.timedelta(days=6)
    night = Schedule((Slot.parse("sunday", "22:00", "02:00"),), MONDAY, sunday, INDIA)
    off_on = {day: DateRange(day, day) for day in (sunday, sunday + dt.timedelta(days=1))}
    hours = hours_of(night)
    assert hours.minutes == 240
    assert hours.free(Availability(ALL_NIGHTS, INDIA)) == 240
    assert hours.free(Availability(ALL_NIGHTS, INDIA, (off_on[sunday],))) == 0
    after = off_on[sunday + dt.timedelta(days=1)]
    assert hours.free(Availability(ALL_NIGHTS, INDIA, (after,))) == 240


def test_one_week_off_in_four_takes_a_quarter_of_an_open_ended_job():
    job = hours_of(Schedule((Slot.parse("friday", "09:00", "17:00"),), MONDAY, None, INDIA))
    week_off = DateRange(MONDAY, MONDAY + dt.timedelta(days=6))
    mine = (Slot.parse("friday", "08:00", "18:00"),)
    assert job.minutes == 4 * 480
    assert job.free(Availability(mine, INDIA, (week_off,))) == 3 * 480


def test_hours_of_an_accepted_job_are_not_free_on_its_dates_only():
    friday = Slot.parse("friday", "09:00", "17:00")
    job = hours_of(Schedule((friday,), MONDAY, None, INDIA))
    second = MONDAY + dt.timedelta(days=11)
    taken = Schedule((Slot.parse("friday", "12:00", "20:00"),), second, second, INDIA)
    assert job.free(Availability((friday,), INDIA, busy=(taken,))) == 4 * 480 - 300


def test_another_time_zone_moves_the_week():
    job = hours_of(one_shift("monday", "09:00", "10:00"))
    assert job.free(Availability((Slot.parse("monday", "09:15", "10:15"),), NEPAL)) == 60
    assert job.free(Availability((Slot.parse("monday", "09:00", "10:00"),), NEPAL)) == 45


def test_the_clocks_of_the_first_day_count():
    london_winter = hours_of(one_shift("monday", "15:30", "16:30"))
    assert (
        london_winter.free(Availability((Slot.parse("monday", "10:00", "11:00"),), "Europe/London"))
        == 60
    )
    june = dt.date(2026, 6, 1)
    summer = hours_of(Schedule((Slot.parse("monday", "14:30", "15:30"),), june, june, INDIA))
    assert (
        summer.free(Availability((Slot.parse("monday", "10:00", "11:00"),), "Europe/London")) == 60
    )


def test_a_job_without_a_shift_on_its_days_has_no_minutes():
    assert hours_of(one_shift("sunday", "09:00", "10:00")).minutes == 0


def test_half_hours_are_counted_to_the_minute():
    half_hours = hours_of(one_shift("monday", "09:10", "10:05")).half_hours
    nine = 9 * 60 // HALF_HOUR
    assert half_hours[nine : nine + 3] == (20, 30, 5)


TWO_WEEKS = Schedule(
    tuple(Slot(day, 9 * 60, 17 * 60) for day in range(7)),
    MONDAY,
    MONDAY + dt.timedelta(days=13),
    INDIA,
)
DAYTIME = tuple(Slot(day, 8 * 60, 18 * 60) for day in range(7))


def at(day, clock, zone=INDIA, fold=0):
    local = dt.datetime.combine(day, dt.time.fromisoformat(clock), ZoneInfo(zone))
    return local.replace(fold=fold).astimezone(dt.UTC)


def test_on_day_twelve_of_fourteen_the_days_left_decide():
    day_twelve = MONDAY + dt.timedelta(days=11)
    left = hours_of(remaining(TWO_WEEKS, at(day_twelve, "07:00")))
    away = DateRange(day_twelve, day_twelve + dt.timedelta(days=5))
    was_away = DateRange(MONDAY, day_twelve - dt.timedelta(days=1))
    assert left.minutes == 3 * 480
    assert left.free(Availability(DAYTIME, INDIA, (away,))) == 0
    assert left.free(Availability(DAYTIME, INDIA, (was_away,))) == left.minutes


def test_this_mornings_shift_is_over_this_afternoon():
    morning = one_shift("monday", "08:00", "12:00", days=1)
    assert hours_of(remaining(morning, at(MONDAY, "07:59"))).minutes == 240
    assert hours_of(remaining(morning, at(MONDAY, "11:00"))).minutes == 60
    assert hours_of(remaining(morning, at(MONDAY, "14:00"))).minutes == 0


def test_now_is_read_on_the_clock_of_the_job():
    london = Schedule((Slot.parse("monday", "09:00", "17:00"),), MONDAY, MONDAY, "Europe/London")
    noon_in_india = at(MONDAY, "12:00")  # 06:30 in London
    assert hours_of(remaining(london, noon_in_india)).minutes == 480
    kiritimati = Schedule(
        (Slot.parse("monday", "09:00", "17:00"),), MONDAY, MONDAY, "Pacific/Kiritimati"
    )
    assert hours_of(remaining(kiritimati, noon_in_india)).minutes == 0  # Monday evening there


def test_a_clock_change_moves_what_is_left_with_the_clock():
    sunday = dt.date(2026, 10, 25)  # London: at 02:00 it is 01:00 again
    shift = Schedule((Slot.parse("sunday", "09:00", "17:00"),), sunday, sunday, "Europe/London")
    before = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    assert hours_of(remaining(shift, before)).minutes == 480
    ten = dt.datetime(2026, 10, 25, 10, tzinfo=dt.UTC)  # 10:00 GMT, and no more 11:00
    assert hours_of(remaining(shift, ten)).minutes == 420
    spring = dt.date(2026, 3, 29)  # London: at 01:00 it is 02:00
    night = Schedule(
        (Slot.parse("saturday", "22:00", "06:00"),),
        spring - dt.timedelta(days=1),
        spring - dt.timedelta(days=1),
        "Europe/London",
    )
    assert hours_of(remaining(night, at(spring, "03:00", "Europe/London"))).minutes == 180


def test_a_night_shift_that_runs_still_counts_what_is_left_of_it():
    tuesday = MONDAY + dt.timedelta(days=1)
    night = one_shift("monday", "22:00", "06:00")
    left = hours_of(remaining(night, at(tuesday, "01:00")))
    assert left.minutes == 300
    assert left.free(Availability(ALL_NIGHTS, INDIA)) == 300
    assert left.free(Availability(ALL_NIGHTS, INDIA, (DateRange(MONDAY, MONDAY),))) == 0


def test_a_day_off_stops_a_job_of_that_day_whatever_the_evening_before():
    tuesday = MONDAY + dt.timedelta(days=1)
    early = hours_of(one_shift("tuesday", "01:00", "05:00", days=1))
    evening_before = (Slot.parse("monday", "22:00", "06:00"),)
    assert early.free(Availability(evening_before, INDIA)) == 240
    assert early.free(Availability(evening_before, INDIA, (DateRange(tuesday, tuesday),))) == 0
    # The night that starts on the day before the day off is that day's.
    night = hours_of(one_shift("monday", "22:00", "05:00"))
    assert night.free(Availability(evening_before, INDIA, (DateRange(tuesday, tuesday),))) == 420


def test_a_day_off_is_a_date_where_the_person_lives():
    # 01:00 on Tuesday in India is Monday evening in London.
    early = hours_of(one_shift("tuesday", "01:00", "05:00", days=1))
    evenings = (Slot.parse("monday", "18:00", "23:59"),)
    tuesday = MONDAY + dt.timedelta(days=1)
    free = Availability(evenings, "Europe/London", (DateRange(tuesday, tuesday),))
    assert early.free(free) == 240
    away = Availability(evenings, "Europe/London", (DateRange(MONDAY, MONDAY),))
    assert early.free(away) == 0
