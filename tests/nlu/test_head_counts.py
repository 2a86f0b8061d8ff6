"""How many people an employer wants, and numbers that count something else."""

import datetime as dt

import pytest

from app.nlu import head_count
from app.nlu.job_request import read

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("need 3 boys for catering", 3),
        ("2 boys 1 girl for a shop", 3),
        ("3 boys and 2 girls", 5),
        ("one male one female", 2),
        ("do ladke ek ladki chahiye", 3),
        ("दो लड़के और एक लड़की चाहिए", 3),
        ("10 people, 6 boys 4 girls", 10),
        ("2-3 log chahiye", 3),
        ("teen char bande chahiye", 4),
        ("2 or 3 people for packing", 3),
        ("half a dozen helpers needed, half a dozen people", 6),
        ("5 chahiye", 5),
        ("3ppl", 3),
        ("waiter 4 nos", 4),
    ],
)
def test_people_are_counted(text: str, people: int) -> None:
    assert read(text, TODAY).people == people


@pytest.mark.parametrize(
    "text",
    [
        "cook, 4 hours in the evening",
        "maid for 2 hours daily",
        "do ghante ka kaam",
        "nanny for our 2 year old",
        "age 18 to 30, warehouse",
        "cook for 30 people",
        "40 logo ka khana banana hai",
        "subah 9 baje",
        "room 2 3 4",
    ],
)
def test_what_counts_something_else_is_no_number_of_people(text: str) -> None:
    assert read(text, TODAY).people in (None, 1)


def test_the_age_and_the_hours_of_work_are_kept_as_a_note() -> None:
    assert "2 year old" in read("nanny for our 2 year old", TODAY).note
    assert "4 hours" in read("cook, 4 hours in the evening", TODAY).note


@pytest.mark.parametrize(
    ("text", "people", "sure"),
    [
        ("just one", 1, True),
        ("bas ek hi", 1, True),
        ("around five", 5, True),
        ("a couple", 2, True),
        ("x5", 5, True),
        ("3nos", 3, True),
        ("fourr", 4, True),
        ("2-3", 3, False),
        ("char panch", 5, False),
        ("दो तीन", 3, False),
        ("4-5 nos", 5, False),
        ("दस लोग", 10, True),
        ("4 hours", None, True),
        ("1000", None, True),
        ("three thousand", None, True),
        ("as many as possible", None, True),
        ("2 20", None, True),
        ("501", None, True),
        ("", None, True),
    ],
)
def test_an_answer_is_one_number_or_a_range(text: str, people: int | None, sure: bool) -> None:
    found = head_count.parse_answer(text)
    assert (None if found is None else found.people) == people
    if found is not None:
        assert found.sure is sure
