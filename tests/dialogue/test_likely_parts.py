"""What a sensible reader fills in, and reads back: the pay's unit, weeks, next Monday; distances without a number."""

import datetime as dt

import pytest

from app.dialogue import effects as fx
from app.dialogue.employer.posting import draft_of
from app.dialogue.state import Ask
from app.jobs.usual_pay import usual_unit
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation


def drafted(text: str) -> Person:
    person = Person(situation("employer", "job_new", "en"))
    person.write(text)
    return person


@pytest.mark.parametrize(
    ("text", "per"),
    [
        ("need 2 waiters tomorrow 6 to 11 pm bandra 700 each", "day"),
        ("2 waiter chahiye kal sham 6 se 11 bandra, 600", "day"),
        ("cook chahiye juhu, kal se roz subah 9 se raat 9, 15000", "month"),
        ("need 2 waiters tomorrow 6 to 11 pm bandra 150", None),
        ("need a maths tutor tomorrow 6 to 8 pm bandra 500", None),
        ("need 2 waiters tomorrow 6 to 11 pm bandra 700 per hour", "hour"),
    ],
)
def test_the_unit_of_pay_is_asked_for_where_it_may_be_another(text: str, per: str | None) -> None:
    person = drafted(text)
    state = person.situation.state
    assert draft_of(state).per == per
    assert (state.ask is Ask.JOB_PAY_PER) == (per is None)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_no_unit_is_guessed_where_pay_is_unknown(currency: str) -> None:
    assert usual_unit(currency, 70_000, shift_minutes=300, lasts=True) is None


def test_what_is_paid_by_the_month_goes_on_every_week() -> None:
    person = drafted("maid chahiye powai, mon to sat, subah 8 se 10, 4000 mahina")
    assert draft_of(person.situation.state).weekly is True


def test_a_weekday_whose_shift_has_begun_is_that_of_next_week() -> None:
    # It is Monday, 23 November 2026, 11:30 in India.
    person = drafted("2 waiters bandra 3 days from monday 8am to 6pm 650 per day")
    draft = draft_of(person.situation.state)
    assert (draft.starts_on, draft.ends_on) == (dt.date(2026, 11, 30), dt.date(2026, 12, 2))


def test_today_is_today_even_when_it_is_too_late() -> None:
    person = drafted("2 waiters bandra today 8am to 10am 650 per day")
    assert person.turns[-1].replies[0].text == "job_in_past"


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("paidal jati hu, paas me hi", "near"),
        ("nearby only", "near"),
        ("ज़्यादा दूर नहीं जा सकती", "near"),
        ("anywhere in mumbai", "far"),
        ("jitna door ho chalega", "far"),
        ("कहीं भी", "far"),
    ],
)
def test_a_distance_without_a_number_gets_fitting_numbers(text: str, offered: str) -> None:
    person = Person(situation("worker", "distance", "en"))
    turn = person.write(text)
    assert [reply.text for reply in turn.replies] == [f"ask_distance_{offered}"]
    assert (turn.effects, turn.state.misses, turn.missed) == ((), 0, False)
    assert any(tap.startswith("distance:") for tap in person.tappable())
    again = person.write(text)
    assert again.state.misses == 1


@pytest.mark.parametrize("text", ["5, 10 nahi", "1/2 km", "5 nahi 10"])
def test_a_denied_or_broken_number_is_no_distance(text: str) -> None:
    assert Person(situation("worker", "distance", "en")).write(text).effects == ()


def test_a_bare_range_is_kilometres_and_no_hours() -> None:
    [effect] = Person(situation("worker", "distance", "en")).write("10-15").effects
    assert effect == fx.EditProfile({"max_distance_km": 15.0})


def test_a_yes_to_what_was_noted_is_no_miss_in_words() -> None:
    person = Person(situation("worker", "distance", "en"))
    person.write("3-4 saal ka experience")
    assert "not_understood" not in [reply.text for reply in person.write("haan").replies]


@pytest.mark.parametrize("text", ["5 saal", "2 yrs"])
def test_a_time_at_the_question_for_kilometres_is_experience(text: str) -> None:
    turn = Person(situation("worker", "distance", "en")).write(text)
    assert [reply.text for reply in turn.replies] == ["noted", "ask_distance"]


def test_hours_with_a_day_off_are_kept_at_another_question() -> None:
    turn = Person(situation("worker", "distance", "en")).write("subah 8 se 1 baje tak sunday nahi")
    [hours] = turn.effects
    assert isinstance(hours, fx.SetWeeklyHours)
    assert {slot.weekday for slot in hours.slots} == {0, 1, 2, 3, 4, 5}
