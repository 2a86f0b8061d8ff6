"""Answers that say more than was asked: a wish for pay beside hours, a distance of one day, a range of pay, a unit."""

import pytest

from app.dialogue.effects import EditProfile, SetWeeklyHours
from app.nlu.numbers import with_digits
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def person_at(side: str, question: str) -> Person:
    return Person(situation(side, question, "en"))


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("subah 8 se 12, 500 rs", [[day, 480, 720] for day in range(7)]),
        ("saturday evening 800 rs", [[5, 1020, 1320]]),
        ("₹500 per day, monday 9 to 5", [[0, 540, 1020]]),
    ],
)
def test_hours_are_read_beside_a_wish_for_pay(text: str, slots: list[list[int]]) -> None:
    turn = person_at("worker", "availability").write(text)
    assert turn.effects == ()
    assert turn.state.draft["slots"] == slots


@pytest.mark.parametrize(
    "text", ["15km but sunday 5km", "15 km par sunday ko 5 km", "15 km, sunday 5 km"]
)
def test_a_distance_of_one_day_is_neither_hours_nor_the_distance(text: str) -> None:
    turn = person_at("worker", "distance").write(text)
    assert not any(isinstance(effect, SetWeeklyHours) for effect in turn.effects)
    assert [e.changes for e in turn.effects if isinstance(e, EditProfile)] == [
        {"max_distance_km": 15}
    ]


def test_distances_of_different_days_are_asked_about() -> None:
    turn = person_at("worker", "distance").write("weekday 5 km weekend 15 km")
    assert turn.effects == ()


@pytest.mark.parametrize(
    ("text", "paise"),
    [
        ("500 se 600", 50_000),
        ("teen so se paanch so", 30_000),
        ("teen sau se paanch sau", 30_000),
        ("500-600", 50_000),
    ],
)
def test_a_range_of_sums_is_pay_and_no_people(text: str, paise: int) -> None:
    person = person_at("employer", "job_pay")
    before = person.situation.draft("job") or {}
    job = person.write(text).state.draft["job"]
    assert job["amount"] == paise
    assert job.get("people") == before.get("people")


@pytest.mark.parametrize("text", ["per day", "daily", "ek din ka"])
def test_a_unit_of_pay_is_no_company(text: str) -> None:
    turn = person_at("employer", "company").write(text)
    assert not (turn.state.draft.get("new_company") or {}).get("company")


def test_on_a_monday_next_monday_is_in_a_week() -> None:
    job = person_at("employer", "job_days").write("next monday").state.draft["job"]
    assert job["starts_on"] == "2026-11-30"


@pytest.mark.parametrize("text", ["need 2 cooks, 2 so please hurry", "do so", "need two so urgent"])
def test_the_english_so_is_no_hundred(text: str) -> None:
    assert with_digits(text) == text
