"""A job in people's words: English, Hindi, Hinglish, in any order."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.week import Slot
from app.nlu import weekly_hours
from app.nlu.dates import read as read_dates
from app.nlu.head_count import parse_count
from app.nlu.job_draft import Draft, Shifts, shifts_of
from app.nlu.job_request import read
from app.nlu.normalize import normalize
from tests.infra.sweeps import examples

TODAY = dt.date(2026, 11, 25)
"""A Wednesday."""
NOW = dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
INDIA = "Asia/Kolkata"


def said(text: str) -> dict[str, Any]:
    """What was read, with the place by its name."""
    draft = read(text, TODAY, city="Mumbai")
    known = draft.as_json()
    if draft.place:
        known["place"] = draft.place["name"]
    return known


def shifts(text: str) -> Shifts:
    found = shifts_of(read(text, TODAY), NOW, INDIA)
    assert found is not None
    return found


WAITERS = {
    "skill": "waiter",
    "place": "Bandra",
    "days": [5],
    "weekly": False,
    "spans": [[-1, 600, 1080]],
    "people": 2,
    "amount": 15_000,
    "per": "hour",
}


@pytest.mark.parametrize(
    "text",
    [
        "waiter, Saturday 10-6, Bandra, 2 people, 150/hour",
        "150/hour, 2 people, Bandra, Saturday 10-6, waiter",
        "need 2 waiters in Bandra this saturday 10am to 6pm 150 per hour",
        "Bandra 2 waiter sat 10 to 6 rs 150 per hour",
        "2 waiter chahiye shanivar ko subah 10 se shaam 6 baje tak Bandra mein, 150 rupaye ghanta",
        "waiter\nsat 10:00-18:00\nat Bandra\n2 persons\n₹150/hr",
        "दो वेटर चाहिए, शनिवार 10 से 6, Bandra, ₹150 प्रति घंटा",
        "URGENT!! waiter required, bandra, saturday 10am-6pm, 2 nos, Rs.150 an hour",
    ],
)
def test_the_same_job_is_read_however_it_is_said(text: str) -> None:
    assert said(text) == WAITERS


@pytest.mark.parametrize(
    ("text", "amount", "per"),
    [
        ("₹800 per day", 80_000, "day"),
        ("800 a day", 80_000, "day"),
        ("rs 800/day", 80_000, "day"),
        ("800 roz", 80_000, "day"),
        ("roz ke 800", 80_000, "day"),
        ("din ka 800 rupaye", 80_000, "day"),
        ("12,000 a month", 1_200_000, "month"),
        ("12000 mahina", 1_200_000, "month"),
        ("15k per month", 1_500_000, "month"),
        ("monthly 12000", 1_200_000, "month"),
        ("प्रति घंटा 150", 15_000, "hour"),
        ("150 रुपये घंटा", 15_000, "hour"),
        ("1,500.50 per week", 150_050, "week"),
        ("₹800", 80_000, None),
        ("salary 12000", 1_200_000, None),
        ("four hundred rupees per day", 40_000, "day"),
        ("ek hazar do sau roz", 120_000, "day"),
        ("पंद्रह हज़ार महीना", 1_500_000, "month"),
        ("saadhe teen hazar mahina", 350_000, "month"),
        ("cook, 800, Pune", 80_000, None),
        ("cook, Pune, 8k", 800_000, None),
        ("20 catering boys, 700 each", 70_000, None),
        ("2 helpers 3 days from tomorrow 500/day", 50_000, "day"),
    ],
)
def test_pay(text: str, amount: int, per: str | None) -> None:
    draft = read(text, TODAY)
    assert (draft.amount, draft.per) == (amount, per)


@pytest.mark.parametrize(
    "text",
    [
        "10-6 daily",
        "3 days",
        "5 days a week",
        "28 nov",
        "400050",
        "2 people",
        "8 hours a day",
        "10",
    ],
)
def test_what_is_no_pay(text: str) -> None:
    assert read(text, TODAY).amount is None


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("2 people", 2),
        ("3 log chahiye", 3),
        ("teen log", 3),
        ("दो लोग", 2),
        ("a waiter", 1),
        ("ek cook", 1),
        ("5 waiters", 5),
        ("waiter x 10", 10),
        ("need 2", 2),
        ("4 pax", 4),
        ("waiter, 3, Pune", 3),
        ("waiter", None),
        ("tuition for class 8 maths", None),
    ],
)
def test_people(text: str, people: int | None) -> None:
    assert read(text, TODAY).people == people


def test_a_number_of_people_is_one() -> None:
    assert [parse_count(text) for text in ("2", "do", "दस", "500", "501", "0", "many", "")] == [
        2, 2, 10, 500, None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "starts_on", "ends_on", "weekdays"),
    [
        ("tomorrow 10-6", "2026-11-26", "2026-11-26", [3]),
        ("kal 10 se 6", "2026-11-26", "2026-11-26", [3]),
        ("परसों 10 से 6", "2026-11-27", "2026-11-27", [4]),
        ("saturday 10-6", "2026-11-28", "2026-11-28", [5]),
        ("28 Nov 10-6", "2026-11-28", "2026-11-28", [5]),
        ("Nov 28, 10-6", "2026-11-28", "2026-11-28", [5]),
        ("28/11 10-6", "2026-11-28", "2026-11-28", [5]),
        ("28 नवंबर 10 से 6", "2026-11-28", "2026-11-28", [5]),
        ("28-30 nov 10-6", "2026-11-28", "2026-11-30", [0, 5, 6]),
        ("28 nov se 5 dec tak 10-6", "2026-11-28", "2026-12-05", [0, 1, 2, 3, 4, 5, 6]),
        ("from 1 Dec to 15 Dec, mon-fri 10-6", "2026-12-01", "2026-12-15", [0, 1, 2, 3, 4]),
        ("from 1 dec, every monday 10-6", "2026-12-07", None, [0]),
        ("this weekend 9-5", "2026-11-28", "2026-11-29", [5, 6]),
        ("3 days from tomorrow 9-5", "2026-11-26", "2026-11-28", [3, 4, 5]),
        ("every saturday 10-6", "2026-11-28", None, [5]),
        ("har shanivar 10 se 6", "2026-11-28", None, [5]),
        ("saturdays 10-6", "2026-11-28", None, [5]),
        ("mon-fri 10-6 for 2 weeks from 30 nov", "2026-11-30", "2026-12-11", [0, 1, 2, 3, 4]),
        ("daily 6pm-10pm", "2026-11-25", None, [0, 1, 2, 3, 4, 5, 6]),
        # Today's shift has begun at 11:30, so the next one is meant.
        ("wednesday 10-6", "2026-12-02", "2026-12-02", [2]),
        ("wednesday 2pm-6pm", "2026-11-25", "2026-11-25", [2]),
        ("5 jan 10-6", "2027-01-05", "2027-01-05", [1]),
    ],
)
def test_days(text: str, starts_on: str, ends_on: str | None, weekdays: list[int]) -> None:
    found = shifts(text)
    assert found.starts_on.isoformat() == starts_on
    assert (found.ends_on.isoformat() if found.ends_on else None) == ends_on
    assert sorted({slot.weekday for slot in found.slots}) == weekdays


def test_hours_differ_by_day_and_pass_midnight() -> None:
    assert shifts("sat 10-6, sun 12-8").slots == (Slot(5, 600, 1080), Slot(6, 720, 1200))
    assert shifts("friday 8pm-2am").slots == (Slot(4, 1200, 120),)


def test_whether_it_is_once_or_every_week_is_left_open_where_it_was_not_said() -> None:
    assert read("mon-fri 10-6", TODAY).weekly is None
    assert read("sat and sun 10-6", TODAY).weekly is None
    assert read("saturday 10-6", TODAY).weekly is False
    # Nobody is paid by the month for one day.
    assert read("saturday 10-6 12000 a month", TODAY).weekly is None


def test_what_nobody_could_read_stays_as_a_note() -> None:
    assert read("cook, saturday 10-6, Bandra, must know dosa", TODAY).note == "must know dosa"
    assert read("waiter and cook, saturday", TODAY).skills == ("waiter", "cook")


def test_distance_and_experience() -> None:
    draft = read("driver, Pune, within 5 km, 2 years experience", TODAY)
    assert (draft.radius_km, draft.years, draft.skill) == (5, 2, "car_driver")


@settings(max_examples=examples(300))
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(
                "waiter|2|people|saturday|10-6|bandra|150/hour|kal|28|nov|to|se|-|,|from|31/2|99/99|"
                "every|daily|₹|k|per|day|§0§|for 3 days|0|till|next week|2026-02-30|mon-fri|/".split(
                    "|"
                )
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_whatever_is_written_is_read_without_an_error(text: str) -> None:
    draft = read(text, TODAY)
    assert Draft.from_json(draft.as_json()) == draft
    shifts_of(draft, NOW, INDIA)
    read_dates(normalize(text), TODAY)


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("waiter for a company party, saturday 10-6", "waiter"),
        ("guard for our shop, 2 people", "security_guard"),
        ("cook for 20 bachche tomorrow", "cook"),
        ("driver, khana free", "car_driver"),
    ],
)
def test_what_stands_around_a_role_is_no_second_one(text: str, skill: str) -> None:
    draft = read(text, TODAY)
    assert (draft.skill, draft.skills) == (skill, ())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("2 waiters saturday 10 to 6 near dadar station 500/day", "Dadar"),
        ("2 waiters near dadar rly stn", "Dadar"),
        ("waiter dadar station ke paas, saturday", "Dadar"),
        ("waiter, near bandra railway station", "Bandra"),
        ("waiter, Marine Lines, saturday", "Marine Lines"),
    ],
)
def test_near_a_station_is_where_the_station_is(text: str, place: str) -> None:
    assert said(text)["place"] == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("need one helper for kitchen from tomorrow", None),
        ("small party at home on friday, need 2 waiters", None),
        ("owner of Sagar restaurant, Dadar, need 1 cook", "Dadar"),
        ("call me, need maid", None),
        ("4 promoters at Phoenix Mall Lower Parel this weekend", "Lower Parel"),
    ],
)
def test_words_of_the_story_are_no_places(text: str, place: str | None) -> None:
    draft = read(text, TODAY, city="Mumbai")
    found = draft.place["name"] if draft.place else None
    assert (found, draft.places) == (place, ())


def test_a_station_in_hindi_is_known_by_its_name() -> None:
    place = read("बांद्रा स्टेशन के पास", TODAY, city="Mumbai").place
    assert place is not None
    assert (place["name"], place["city"]) == ("Bandra", "Mumbai")


@pytest.mark.parametrize(
    ("text", "starts_on", "ends_on"),
    [
        ("driver needed 1st to 5th", "2026-12-01", "2026-12-05"),
        ("28th to 2nd", "2026-11-28", "2026-12-02"),
        ("on 30th", "2026-11-30", "2026-11-30"),
        ("from 1st to 5th dec", "2026-12-01", "2026-12-05"),
        ("30 तारीख को", "2026-11-30", "2026-11-30"),
        ("20 tarikh", "2026-12-20", "2026-12-20"),
        ("yesterday", "2026-11-24", "2026-11-24"),
        ("05/12", "2026-12-05", "2026-12-05"),
        ("28/11", "2026-11-28", "2026-11-28"),
        ("05/06/2027", "2027-06-05", "2027-06-05"),
    ],
)
def test_days_without_a_month(text: str, starts_on: str, ends_on: str) -> None:
    draft = read(text, TODAY)
    assert (str(draft.starts_on), str(draft.ends_on), draft.dates) == (starts_on, ends_on, ())


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("05/06", ("2027-06-05", "2027-05-06")),
        ("next sunday", ("2026-11-29", "2026-12-06")),
        ("agle ravivar", ("2026-11-29", "2026-12-06")),
    ],
)
def test_a_day_that_may_be_two_is_left_to_choose(text: str, days: tuple[str, ...]) -> None:
    draft = read(f"cook, {text} 10-6", TODAY)
    assert (draft.dates, draft.when, draft.spans) == (days, False, ((-1, 600, 1080),))


@pytest.mark.parametrize(
    "text",
    [
        "tuition class 8th",
        "2nd floor dadar",
        "next monday 10-6",
        "this sunday",
        "8th pass",
        "12th std",
    ],
)
def test_what_is_no_unclear_day(text: str) -> None:
    draft = read(text, TODAY)
    assert (draft.dates, draft.no_day, draft.starts_on) == ((), "", None)


@pytest.mark.parametrize("text", ["31 feb", "cook, 31 feb, 10-6", "30 feb 2027", "june 31"])
def test_a_day_that_no_calendar_has_is_named(text: str) -> None:
    draft = read(text, TODAY)
    assert (draft.when, draft.no_day != "") == (False, True)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500-600 per day", 50_000),
        ("rs 500 to 600 a day", 50_000),
        ("₹500-600/day", 50_000),
        ("500 se 600 roz", 50_000),
        ("10-18 daily", None),
        ("9-50", None),
    ],
)
def test_of_a_range_of_pay_the_lower_end_is_promised(text: str, amount: int | None) -> None:
    assert read(text, TODAY).amount == amount


VOCABULARY = (
    "no 12 12pm pm a.m. am 9-5 9 to 5 from after before till saade half past sat saturday somvaar and , ; - "
    "not except tomorrow kal morning subah sham tak se ke baad every day all weekends also too wait "
    "waiter i'm free college ek do noon midnight 24 7:30 07:30 k baje"
).split()


@given(st.lists(st.sampled_from(VOCABULARY), max_size=30), st.integers(0, 5))
def test_the_longest_run_is_the_one_that_reading_each_would_find(words: list[str], at: int) -> None:
    def by_reading_each() -> int | None:
        for end in range(min(len(words), at + 12), at, -1):
            if weekly_hours.read(" ".join(words[at:end])) is not None:
                return end
        return None

    assert weekly_hours.longest_run(words, at, 12) == by_reading_each()
