"""Masking and review reach their goals on the lines of their corpora that no rule was written by."""

import pytest
from pydantic import TypeAdapter

from app.jobs.company_names import CompanyName
from app.jobs.review import LIKE_A_SCAM, judge
from tests.measure import train
from tests.measure.texts import (
    CORPORA,
    LEAST_PRECISION,
    LEAST_RECALL,
    Line,
    count,
    interval,
    is_masked,
    lines,
)

LEAST_LINES = {"masking": (200, 200), "review": (150, 150)}
"""How many lines of the kinds to find and to leave a corpus has at least."""


@pytest.mark.parametrize("name", LEAST_LINES)
def test_the_held_out_lines_are_judged_as_well_as_promised(name: str) -> None:
    wanted, finds = CORPORA[name]
    every = lines(name, wanted)
    for held_out in (True, False):
        figures = count((line for line in every if line.held_out is held_out), finds)
        assert figures.recall >= LEAST_RECALL
        assert figures.precision >= LEAST_PRECISION


@pytest.mark.parametrize("name", LEAST_LINES)
def test_a_corpus_is_large_varied_and_partly_held_out(name: str) -> None:
    every = lines(name, CORPORA[name][0])
    found, left = LEAST_LINES[name]
    assert sum(line.wanted for line in every) >= found
    assert sum(not line.wanted for line in every) >= left
    assert len({line.text for line in every}) == len(every)
    assert {"en", "hi", "hinglish"} <= {line.language for line in every}
    first = [line for line in every if not line.seen]
    assert 0.1 < sum(line.held_out for line in first) / len(first) < 0.3


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Call «98200 55123» now", True),
        ("Call «98200» later", False),
        ("Come at 9", False),
        ("Come at 98200 55123", True),
    ],
)
def test_a_contact_counts_as_hidden_when_little_of_it_is_left(text: str, masked: bool) -> None:
    assert is_masked(text) is masked


def test_an_interval_says_how_much_so_few_lines_tell() -> None:
    low, high = interval(19, 20)
    assert 0.7 < low < 0.95 < high < 1
    assert interval(0, 0) == (0.0, 1.0)
    assert Line(wanted=True, language="en", text="a").held_out in {True, False}


def test_the_weights_were_trained_from_the_lines_as_they_are() -> None:
    first = train.WEIGHTS.read_text(encoding="utf-8").splitlines()[0]
    assert train.digest() in first, "run `make weights`"


def test_a_scam_that_no_rule_names_waits_and_its_sentence_is_shown() -> None:
    text = "Work is easy. Grooming class at our academy is compulsory, its price is 4,200. Come on Monday."
    found = judge({"title": "Airport helper", "description": text})
    assert [finding.kind for finding in found if finding.holds] == [LIKE_A_SCAM]
    assert found[0].sentence in text


def test_a_company_with_a_hard_worked_name_may_take_it() -> None:
    for name in ("Lucky Packers", "Membership Club", "Crypto Cafe", "Deposit Street Kitchen"):
        assert TypeAdapter(CompanyName).validate_python(name) == name
