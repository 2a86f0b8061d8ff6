"""One reader of numbers, asked by pay, hours, people, ages and distances."""

import datetime as dt

import pytest

from app.nlu import head_count, job_request, pay, quantities
from app.nlu.normalize import normalize
from app.nlu.numbers import count_words, parse_whole, with_digits, with_spoken_hundreds
from app.nlu.weekly_hours import read as read_hours

MONDAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("1,25,000", 125_000),
        ("12,500", 12_500),
        ("२५", 25),
        ("पच्चीस", 25),
        ("pachees", 25),
        ("twenty five", 25),
        ("forty-two", 42),
        ("half a dozen", 6),
        ("अड़तालीस", 48),
        ("tera", None),
        ("a", None),
        ("saath", None),
        ("some", None),
    ],
)
def test_a_whole_number_is_read_in_digits_and_in_words(text: str, number: int | None) -> None:
    assert parse_whole(text) == number


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("aath sau", "800"),
        ("dhai hazaar", "2500"),
        ("saade paanch sau", "550"),
        ("sava sau", "125"),
        ("sava do sau", "225"),
        ("paune do sau", "175"),
        ("डेढ़ हज़ार", "1500"),
        ("dedh lakh", "150000"),
        ("1.5 lakh", "150000"),
        ("two thousand five hundred fifty", "2550"),
        ("need 2 so please", "need 2 so please"),
        ("sava", "sava"),
    ],
)
def test_a_sum_in_words_becomes_digits(text: str, digits: str) -> None:
    assert with_digits(normalize(text)) == digits


def test_hundreds_are_spoken_without_their_name_only_where_a_sum_is_asked() -> None:
    assert with_spoken_hundreds("six fifty") == "650"
    found = pay.parse_only_number("six fifty", "INR")
    assert found is not None
    assert found.amount == 65_000
    assert pay.extract("six fifty", "INR")[1].amount is None


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("dhai km", 2.5),
        ("sava do km", 2.25),
        ("paune km", 0.75),
        ("sadhe saat km", 7.5),
        ("twenty five km", 25),
    ],
)
def test_distances_ask_it(text: str, km: float) -> None:
    assert quantities.kilometres(text) == pytest.approx(km)


@pytest.mark.parametrize(
    ("text", "years"), [("sava saal", 1.25), ("paune do saal", 1.75), ("साढ़े तीन साल", 3.5)]
)
def test_experience_asks_it(text: str, years: float) -> None:
    assert quantities.years(text) == pytest.approx(years)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("thirty", 30),
        ("twenty-two boys", 22),
        ("one hundred", 100),
        ("सत्तर लोग", 70),
        ("sau log", 100),
    ],
)
def test_people_ask_it(text: str, people: int) -> None:
    found = head_count.parse_answer(text)
    assert found is not None
    assert found.people == people


def test_hours_ask_it() -> None:
    assert read_hours("daily das se paanch") == read_hours("daily 10 to 5")
    assert read_hours("daily saade das se paanch") == read_hours("daily 10:30 to 5")


def test_no_everyday_word_counts_people() -> None:
    assert {"a", "tera", "bara", "sat", "saath", "chah"}.isdisjoint(count_words())


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("500 for 4 hours", 500, "day"),
        ("4 ghante ke 500", 500, "day"),
        ("४ घंटे के ५००", 500, "day"),
        ("300 for every 2 hours", 150, "hour"),
        ("400 half day", 400, "day"),
        ("aadhe din ke 400", 400, "day"),
        ("800 for 2 days", 400, "day"),
        ("2 din ke 1600", 800, "day"),
        ("2 days 1600 total", 800, "day"),
        ("15000 for 1 month", 15_000, "month"),
        ("4000 for a week", 4_000, "week"),
        ("600 for one day 4 hours", 600, "day"),
        ("1000 for 3 days", 1_000, None),
    ],
)
def test_pay_is_read_with_its_period(text: str, amount: int, unit: str | None) -> None:
    rest, found = pay.extract(normalize(text), "INR")
    assert (found.amount, found.per) == (amount * 100, unit)
    assert found.people is None
    assert not head_count.take(rest)[1]


def test_the_share_of_a_sum_is_read_back_to_be_checked() -> None:
    found = job_request.read(
        "cook, Juhu, 5 december to 6 december, 9 to 6, 1600 for 2 days", MONDAY, city="Mumbai"
    )
    assert (found.amount, found.per) == (80_000, "day")
    assert found.unsure == (("pay", "1600 for 2 days"),)
    assert found.people is None
    assert found.ends_on == dt.date(2026, 12, 6)
