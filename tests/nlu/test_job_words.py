"""Roles, days and pay as owners write them."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from app.dialogue.employer.posting import draft_of
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.nlu.job_draft import Draft
from app.nlu.job_request import read
from tests.support.dialogue import EMPLOYERS, context, incoming

NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
"""A Monday."""
FACTS = replace(context(profile=None, employers=[EMPLOYERS[0]]), now=NOW)


def answered(text: str, ask: Ask, **draft: Any) -> Draft:
    state = State(persona=str(EMPLOYERS[0].id)).at(ask, job=Draft(**draft).as_json())
    return draft_of(handle_message(state, incoming(text), FACTS).state)


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("shaadi mein 15 waiter lagenge", "waiter"),
        ("promoters at Phoenix Mall", "promoter"),
        ("warehouse in Hadapsar needs 10 pickers", "picker_packer"),
        ("शादी में 15 वेटर चाहिए", "waiter"),
        ("someone who can serve food", "waiter"),
        ("saman uthane wale chahiye", "loader"),
        ("gaadi chalane wala", "car_driver"),
        ("to look after my mother", "elder_care"),
        ("someone to wash dishes", "dishwasher"),
    ],
)
def test_what_somebody_shall_do_names_the_work_and_where_it_is_does_not(
    text: str, skill: str
) -> None:
    assert read(text, NOW.date()).skill == skill


def test_a_setting_alone_is_the_work() -> None:
    assert read("shaadi ke liye log chahiye", NOW.date()).skill == "catering"


@pytest.mark.parametrize(
    ("text", "starts_on", "ends_on"),
    [
        ("till month end", 24, 30),
        ("mahine ke aakhir tak", 24, 30),
        ("कल से तीन दिन", 24, 26),
        ("ek hafte ke liye kal se", 24, 30),
        ("daily for a week", 24, 30),
        ("2mro", 24, 24),
        ("tomorrow and day after", 24, 25),
    ],
)
def test_days_are_read_as_owners_write_them(text: str, starts_on: int, ends_on: int) -> None:
    draft = read(text, NOW.date())
    assert draft.starts_on == dt.date(2026, 11, starts_on)
    assert draft.ends_on == dt.date(2026, 11, ends_on)


@pytest.mark.parametrize(
    "text", ["sunday off baaki din 10 se 7", "budhwar chutti, baaki sab din", "रविवार छोड़कर रोज़"]
)
def test_days_off_leave_the_others(text: str) -> None:
    assert len(answered(text, Ask.JOB_DAYS, skill="cook").days) == 6


@pytest.mark.parametrize(
    ("text", "amount", "per"),
    [
        ("800 including travel", 800, None),
        ("700 aur khana", 700, None),
        ("1.5k", 1_500, None),
        ("12-15k", 12_000, None),
        ("15thousand", 15_000, None),
        ("ek din ka 600", 600, "day"),
        ("500 for the day", 500, "day"),
    ],
)
def test_pay_is_the_only_sum_of_its_answer(text: str, amount: int, per: str | None) -> None:
    found = answered(text, Ask.JOB_PAY, skill="cook", people=2)
    assert (found.amount, found.per, found.people) == (amount * 100, per, 2)


@pytest.mark.parametrize("ask", [Ask.JOB_DAYS, Ask.JOB_HOURS, Ask.JOB_PLACE, Ask.JOB_PAY])
def test_a_bare_number_at_another_question_is_no_number_of_people(ask: Ask) -> None:
    assert answered("5", ask, skill="cook").people is None
