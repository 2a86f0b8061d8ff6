"""What was learned of answers, as a forecast takes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.matching.forecast import Pace, chance_to_fill
from app.matching.learned_responses import LearnedResponses
from app.matching.response import HOURS, Curves
from tests.support.usual_responses import UsualResponses

NOTHING_SEEN = LearnedResponses(Curves())
FEW = [2, 3, 4, 3, 0, 0, 0]


def test_before_anything_was_learned_it_is_what_is_usual() -> None:
    usual = UsualResponses()
    assert NOTHING_SEEN.seen == 0
    for km in (0.0, 3.0, 20.0):
        assert NOTHING_SEEN.yes(km) == pytest.approx(usual.yes(km), rel=0.06)
    for minutes in (4.0, 30.0, 120.0):
        assert NOTHING_SEEN.replied(minutes) == pytest.approx(usual.replied(minutes), abs=0.02)


@given(st.floats(-10, 5_000), st.floats(-10, 5_000), st.floats(0, 500))
def test_replies_only_add_up_and_chances_are_chances(one: float, other: float, km: float) -> None:
    early, late = sorted((one, other))
    assert 0 <= NOTHING_SEEN.replied(early) <= NOTHING_SEEN.replied(late) <= 1
    assert 0 < NOTHING_SEEN.yes(km) < 1


def test_people_who_answer_more_and_sooner_fill_a_job_likelier() -> None:
    eager = LearnedResponses(
        Curves(answer=0.8, replies=np.tile(np.linspace(0.5, 1, 14), (HOURS, 1)), seen=900)
    )
    by_eager = chance_to_fill(FEW, 4, 90, Pace(8, 30), eager)
    assert by_eager > chance_to_fill(FEW, 4, 90, Pace(8, 30), NOTHING_SEEN) + 0.1
    assert eager.seen == 900
