"""The measure of understanding judges as a person would: right, asked or wrong."""

import datetime as dt

import pytest

from app.core.week import Slot
from tests.nlu.corpus_measure.expectation import parse
from tests.nlu.corpus_measure.judge import Verdict, against
from tests.nlu.corpus_measure.lines import Line
from tests.nlu.corpus_measure.outcome import Outcome
from tests.nlu.corpus_measure.report import interval
from tests.nlu.corpus_measure.situations import situation
from tests.nlu.corpus_measure.values import Place, is_place, parse_days, parse_hours

MORNINGS = (Slot(5, 600, 1080), Slot(6, 600, 1080))
JUHU = Place("Juhu, Mumbai", (19.1, 72.83))
PUNE = Place("Pune", (18.52, 73.86))


def judged(expected, outcome, question="name"):
    line = Line("worker", question, "en", "text", expected, "")
    (alternative,) = parse(expected)
    return against(line, alternative, outcome, situation("worker", question, "en"))


@pytest.mark.parametrize(
    ("expected", "outcome", "verdict"),
    [
        ("name=Ravi", Outcome(saved={"name": "ravi"}), Verdict.RIGHT),
        ("name=Ravi", Outcome(), Verdict.ASKED),
        ("name=Ravi", Outcome(saved={"name": "Ravi 24"}), Verdict.WRONG),
        ("name=Ravi/Ravi Kumar", Outcome(saved={"name": "Ravi Kumar"}), Verdict.RIGHT),
        ("ask", Outcome(saved={"name": "Later"}), Verdict.WRONG),
        ("ask", Outcome(missed=True), Verdict.RIGHT),
        ("talk", Outcome(missed=True), Verdict.ASKED),
        ("name=Ravi; skills=cook", Outcome(saved={"name": "Ravi"}), Verdict.ASKED),
        ("name=Ravi; (skills=cook)", Outcome(saved={"name": "Ravi"}), Verdict.RIGHT),
        (
            "name=Ravi",
            Outcome(saved={"name": "Ravi"}, shown={"skills": frozenset({"cook"})}),
            Verdict.ASKED,
        ),
        ("place=Juhu/Mumbai", Outcome(saved={"place": JUHU}), Verdict.RIGHT),
        ("place=Juhu/Mumbai", Outcome(saved={"place": PUNE}), Verdict.WRONG),
        ("place=Juhu/Mumbai", Outcome(offered={"place": [JUHU]}), Verdict.ASKED),
        ("place?=Juhu/Mumbai", Outcome(offered={"place": [JUHU]}), Verdict.RIGHT),
        ("place?=Juhu/Mumbai", Outcome(saved={"place": JUHU}), Verdict.RIGHT),
        ("which_place=Juhu", Outcome(saved={"place": JUHU}), Verdict.WRONG),
        ("accept", Outcome(acts=frozenset({"accept"})), Verdict.RIGHT),
        ("accept", Outcome(replies=frozenset({"accept?"})), Verdict.ASKED),
        ("accept?", Outcome(replies=frozenset({"accept?"})), Verdict.RIGHT),
        ("accept?", Outcome(replies=frozenset({"accept?"}), missed=True), Verdict.ASKED),
        ("accept?", Outcome(acts=frozenset({"reject"})), Verdict.WRONG),
        ("reject:far", Outcome(acts=frozenset({"reject"})), Verdict.RIGHT),
        ("reject:far", Outcome(acts=frozenset({"reject:pay"})), Verdict.WRONG),
        ("later", Outcome(acts=frozenset({"reject:time"})), Verdict.WRONG),
        ("answer:pay", Outcome(keys=("faq_pay",)), Verdict.RIGHT),
        ("answer:pay", Outcome(keys=("help",), missed=True), Verdict.ASKED),
        ("human", Outcome(acts=frozenset({"human"})), Verdict.RIGHT),
        ("ask", Outcome(acts=frozenset({"human"})), Verdict.WRONG),
        (
            "danger",
            Outcome(acts=frozenset({"human"}), replies=frozenset({"danger"})),
            Verdict.RIGHT,
        ),
        ("stop", Outcome(acts=frozenset({"stop"})), Verdict.RIGHT),
        ("ask", Outcome(replies=frozenset({"delete?"})), Verdict.ASKED),
    ],
)
def test_a_line_is_judged_by_what_follows(expected, outcome, verdict):
    assert judged(expected, outcome).verdict is verdict


def test_what_is_read_back_falsely_is_counted_apart():
    found = judged("skills=cook", Outcome(shown={"skills": frozenset({"waiter"})}), "skills")
    assert (found.verdict, found.misread, found.wrong) == (Verdict.ASKED, ("skills=waiter",), ())


def test_a_wrong_alternative_does_not_spoil_a_right_one():
    assert len(parse("ask | skills=waiter")) == 2
    assert parse("job: role=cook people=3")[0].facts["job.people"] == 3


@pytest.mark.parametrize(
    ("expected", "slots", "holds"),
    [
        ("sat,sun 10:00-18:00", MORNINGS, True),
        ("sat-sun", MORNINGS, True),
        ("weekends 10:00-*", MORNINGS, True),
        ("sat 10:00-18:00", MORNINGS, False),
        ("? 10:00-18:00", MORNINGS, True),
        ("sat,sun 10:00-17:00", MORNINGS, False),
        ("sun 22:00-6:00", (Slot(6, 1320, 360),), True),
        ("sun 22:00-6:00", (Slot(6, 1320, 1080),), False),
        ("sun all", (Slot(6, 0, 720), Slot(6, 720, 0)), True),
        ("sun morning&evening", (Slot(6, 360, 720), Slot(6, 1020, 1320)), True),
        ("sun morning", (Slot(6, 360, 720), Slot(6, 1020, 1320)), False),
        ("mon evening + sun", (Slot(0, 1080, 1320), Slot(6, 0, 60)), True),
    ],
)
def test_hours_are_compared_by_day_and_span(expected, slots, holds):
    assert parse_hours(expected).holds(slots) is holds


def test_days_are_dates_or_weekdays():
    dates = parse_days("2026-12-05..2026-12-06")
    assert dates.dates == {dt.date(2026, 12, 5), dt.date(2026, 12, 6)}
    assert parse_days("sat,sun").holds(dates)
    assert not parse_days("sun").holds(dates)
    assert parse_days("sat/weekly").holds(parse_days("sat"))
    assert not parse_days("sat/weekly").holds(parse_days("sat/once"))


def test_a_namesake_far_away_is_another_place():
    assert is_place("Juhu/Mumbai", JUHU)
    assert not is_place("Juhu/Mumbai", Place("Juhu, Pune", PUNE.at))
    assert is_place("Pune", PUNE)
    assert not is_place("Mumbai", PUNE)


def test_intervals_are_wide_for_few_lines():
    low, high = interval(18, 20)
    assert (round(low, 2), round(high, 2)) == (0.70, 0.97)
    assert interval(0, 0) == (0.0, 1.0)
