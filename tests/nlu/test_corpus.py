"""The gate on understanding: no more lines of the corpora are wrong, and no fewer right, than were."""

import pytest

from tests.nlu.corpus_measure import floor
from tests.nlu.corpus_measure.expectation import parse
from tests.nlu.corpus_measure.judge import HARD, judge_all
from tests.nlu.corpus_measure.lines import Line, corpus
from tests.nlu.corpus_measure.situations import situation


def test_understanding_does_not_fall_below_its_floor(subtests, tmp_path):
    # One test: to judge all lines takes ten seconds, and each process of a run would do it.
    judged = judge_all(corpus())
    with subtests.test("no question is understood worse than it was"):
        assert not floor.problems(judged)
    with subtests.test("hardly any line is wrong, and none in what is hard to take back"):
        assert sum(bool(one.wrong) for one in judged) <= floor.MOST_WRONG * len(judged)
        assert not set(floor.grave(judged)) & HARD
    with subtests.test("the floor notices a line that is not right any more"):
        kept = tmp_path / "floor.toml"
        floor.write(judged, kept, keep=False)
        assert not floor.problems(judged, kept)
        right = next(one for one in judged if one.verdict == 2)
        assert floor.problems([one for one in judged if one is not right], kept)


def test_every_line_can_be_judged():
    for line in corpus():
        situation(line.side, line.question, line.language)
        assert parse(line.expected)


def test_no_line_stands_twice():
    lines = [(line.side, line.question, line.language, line.text) for line in corpus()]
    assert len(lines) == len(set(lines)), sorted({one for one in lines if lines.count(one) > 1})


@pytest.mark.parametrize("expected", ["", "names=Ravi", "hours=someday", "job: Juhu"])
def test_an_expectation_that_means_nothing_is_refused(expected):
    with pytest.raises(ValueError, match=r"."):
        parse(expected)


def test_a_fifth_is_held_out():
    lines = [Line("worker", "name", "en", f"text {n}", "ask", "") for n in range(1000)]
    assert 150 < sum(line.held_out for line in lines) < 250
