"""Jobs as small owners write them: counts beside roles, sums without a unit, words misspelt or written as one."""

import datetime as dt

import pytest

from app.dialogue.state import Ask
from app.nlu.job_request import read
from app.nlu.pay import unit_of_answer
from app.nlu.role_words import choose_role
from app.nlu.spelling import respelled
from tests.nlu.corpus_measure.judge import Verdict, judge
from tests.nlu.corpus_measure.lines import Line

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "role", "people"),
    [
        ("shaadi mein 15 waiter lagenge", "waiter", 15),
        ("require 20 pickers for sale week 1 Dec to 7 Dec", "picker_packer", 20),
        ("2-3 waiters", "waiter", 3),
        ("Waiter - 6", "waiter", 6),
        ("waiter - 6 to 11", "waiter", None),
        ("10 to 7 waiter", "waiter", None),
        ("class 5 maths tutor", "maths_tutor", None),
        ("need 2 cook urgnt 4 hotel", "cook", 2),
        ("2 tailr", "tailor", 2),
        ("khana banane wali bai", "home_cook", None),
        ("cashier for supermarket", "cashier", None),
        ("2 waiters and 1 cook", None, None),
    ],
)
def test_the_number_before_a_role_counts_people_and_no_hour(text, role, people):
    found = read(text, TODAY)
    assert (found.skill, found.people) == (role, people)


def test_of_several_roles_with_numbers_nothing_said_is_lost():
    found = read("2 waiters and 1 cook tomorrow", TODAY)
    assert set(found.skills) == {"waiter", "cook"}
    assert "2 waiters, 1 cook" in found.note


@pytest.mark.parametrize(
    ("text", "rupees"),
    [
        ("dukaan ke liye ladki chahiye, 10 hazar pagar", 10_000),
        ("2 loader bhej do, 600 denge", 600),
        ("waiter vashi 550", 550),
        ("cook, sal 18k", 18_000),
        ("barber 12k+tips", 12_000),
        ("nanny, 16k to 18k", 16_000),
        ("we will give 18000 and food", 18_000),
        ("600 हर एक", 600),
        ("flat 402, waiter", None),
        ("waiter on 5 dec 2026", None),
        ("waiter for 2 hours", None),
    ],
)
def test_a_sum_without_a_unit_is_the_pay(text, rupees):
    amount = read(text, TODAY).amount
    assert amount == (None if rupees is None else rupees * 100)


@pytest.mark.parametrize(
    ("text", "rupees", "per", "people"),
    [
        ("500 for 4 hours", 500, "day", None),
        ("rs 500 for 4 hrs", 500, "day", None),
        ("4 ghante ke 500", 500, "day", None),
        ("500 rs 4 ghante ke", 500, "day", None),
        ("char ghante ka 500 rupaye", 500, "day", None),
        ("4 घंटे के 500", 500, "day", None),
        ("for 4 hours 500", 500, "day", None),
        ("500 for 1 hour", 500, "hour", None),
        ("6 hours 150/hour", 150, "hour", None),
        ("8 hours 12000", 12_000, None, None),
        ("need 50 for 4 hours", None, None, 50),
    ],
)
def test_a_sum_for_some_hours_is_what_the_shift_pays(text, rupees, per, people):
    found = read(text, TODAY)
    amount = None if rupees is None else rupees * 100
    assert (found.amount, found.per, found.people) == (amount, per, people)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("ek din ke", "day"),
        ("for the whole event", "day"),
        ("ghante ke hisaab se", "hour"),
        ("p/d", "day"),
        ("mahine ka", "month"),
        ("3 days", None),
        ("monday", None),
    ],
)
def test_an_answer_names_the_unit_of_the_pay(text, unit):
    assert unit_of_answer(text) == unit


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("need1cook", "need 1 cook"),
        ("3boysneededtomorrow", "3 boys needed tomorrow"),
        ("sundayalso", "sunday also"),
        ("repeet", "repeat"),
        ("ghatkpr", "ghatkopar"),
        ("Priya Sharma", "Priya Sharma"),
        ("kitne log aaye", "kitne log aaye"),
        ("दादर", "दादर"),
    ],
)
def test_words_are_spelled_as_they_are_known(text, spelled):
    assert respelled(text) == spelled


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("not cook, helper", ["kitchen_helper"]),
        ("cook nahi helper", ["kitchen_helper"]),
        ("number 2", ["kitchen_helper"]),
        ("someone to help in the kitchen", ["kitchen_helper"]),
        ("cuk", ["cook"]),
        ("dono", []),
        ("none, i want a waiter", []),
    ],
)
def test_one_of_the_roles_is_chosen_in_a_sentence(text, slugs):
    assert list(choose_role(text, ("cook", "kitchen_helper"))) == slugs


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("मलाड", "Malad"),
        ("Bandra, Mumbai", "Bandra"),
        ("receptionist for my clinic in Indiranagar, Bangalore", "Indiranagar"),
        ("bangalore, indiranagar", "Indiranagar"),
        ("juhu tara road", "Juhu"),
        ("cook, Pune", "Pune"),
        ("khana rehna free", None),
    ],
)
def test_a_place_beside_its_city_and_in_devanagari(text, place):
    found = read(text, TODAY, city="Mumbai").place
    assert (found or {}).get("name") == place


def test_what_was_not_used_stays_as_it_was_written():
    found = read("2 waiters tomorrow. Must speak English well. 600 per day", TODAY)
    assert found.note == "Must speak English well"


def test_a_contact_in_a_note_is_masked():
    found = read("2 waiters tomorrow. Call me on 98201 23456 for details", TODAY)
    assert "23456" not in found.note


@pytest.mark.parametrize(
    ("ask", "text", "expected"),
    [
        (Ask.JOB_HOURS, "6 to 11 for 700", "job: hours=? 18:00-23:00 pay=700"),
        (Ask.JOB_PEOPLE, "one only, 900", "job: people=1 pay=900"),
        (Ask.JOB_RIGHT, "nahi 900 dena hai", "job: pay=900/day"),
        (Ask.JOB_RIGHT, "one more person", "job: people=4"),
        (Ask.JOB_RIGHT, "not saturday, sunday", "job: days=2026-12-06"),
        (Ask.JOB_RIGHT, "ladies only", "job: note=ladies"),
        (Ask.JOB_RIGHT, "rehne do, cancel karo", "discard"),
        (Ask.JOB_RIGHT, "जुहू नहीं, बांद्रा", "job: place=Bandra/Mumbai"),
        (Ask.JOB_PLACE, "bndra", "job: place=Bandra/Mumbai"),
        (Ask.JOB_WEEKLY, "evry wk", "job: days=sat,sun/weekly"),
    ],
)
def test_an_answer_at_a_question_about_a_job(ask, text, expected):
    found = judge(Line("employer", ask.value, "en", text, expected, "test"))
    assert found.verdict is Verdict.RIGHT, found
