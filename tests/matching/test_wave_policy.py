"""The wave policy by its properties: what must hold for any people and any history."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.matching.asking import (
    MOST_SCARCE,
    AskingRules,
    Candidates,
    Need,
    OpenOffers,
    Outlook,
    Plan,
    scarcity,
)
from app.matching.response import (
    EDGES,
    HOURS,
    LOADS,
    Curves,
    Outcomes,
    fit_curves,
    from_json,
)
from tests.infra.sweeps import examples

NOBODY = OpenOffers(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
CURVES = Curves()
chances = st.floats(0.05, 0.95)


def people(
    answered,
    silent,
    load,
    *,
    cap=6,
    km=2.0,
    lately=0,
    newcomer=False,
    liked=False,
    barred=False,
    torn=False,
    scarce=0.0,
):
    size = len(answered)

    def column(value, kind):
        return np.broadcast_to(np.asarray(value, dtype=kind), (size,)).copy()

    return Candidates(
        base=CURVES.base(np.asarray(answered, float), np.asarray(silent, float)),
        load=column(load, np.int64),
        lately=column(lately, np.int64),
        cap=column(cap, np.int64),
        km=column(km, float),
        newcomer=column(newcomer, bool),
        liked=column(liked, bool),
        barred=column(barred, bool),
        torn=column(torn, bool),
        fit=column(0.8, float),
        scarce=column(scarce, float),
        arrives=column(1.0, float),
    )


def plan(places=1, minutes_left=2_000.0, waiting=NOBODY, rules=None):
    return Plan(Need(places, minutes_left, 12), waiting, CURVES, rules or AskingRules())


@st.composite
def crowds(draw):
    size = draw(st.integers(0, 40))

    def many(values):
        return draw(st.lists(values, min_size=size, max_size=size))

    return people(
        many(st.floats(0, 30)),
        many(st.floats(0, 30)),
        many(st.integers(0, 9)),
        cap=many(st.integers(0, 8)),
        km=many(st.floats(0, 50)),
        lately=many(st.integers(0, 30)),
        newcomer=many(st.booleans()),
        liked=many(st.booleans()),
        barred=many(st.booleans()),
        torn=many(st.booleans()),
    )


@settings(max_examples=examples(150), deadline=None)
@given(crowds(), st.integers(0, 500), st.floats(0, 20_000), st.integers(0, 60))
def test_nobody_is_asked_beyond_their_cap_or_for_hours_given_away_or_twice(
    crowd, places, minutes_left, most
):
    chosen = plan(places, minutes_left).choose(crowd, most)
    assert len(set(chosen)) == len(chosen) <= most
    for place in chosen:
        assert crowd.load[place] < crowd.cap[place]
        assert not crowd.barred[place]
    if places == 0 or minutes_left <= 0:
        assert chosen == []


@settings(max_examples=examples(150), deadline=None)
@given(crowds(), st.integers(1, 30), st.integers(1, 30))
def test_more_people_never_make_it_less_likely_to_fill(crowd, places, most):
    one = plan(places)
    before = one.chance
    one.choose(crowd, most)
    assert one.chance >= before - 1e-9
    assert 0 < one.look_again() <= 120


@settings(max_examples=examples(100), deadline=None)
@given(
    st.floats(0, 20), st.floats(0, 20), st.lists(st.floats(0, 20), min_size=2, max_size=12),
    st.integers(0, 5),
)  # fmt: skip
def test_a_rejection_lowers_nobodys_turn(answered, silent, others, load):
    """One more answer, which a no is, never moves somebody back in the order."""

    def turn(answers):
        crowd = people([answers, *others], [silent, *[3.0] * len(others)], load)
        everybody = plan(400, 100.0).choose(crowd, len(crowd))
        return everybody.index(0)

    assert turn(answered + 1) <= turn(answered)


@settings(max_examples=examples(150), deadline=None)
@given(crowds(), st.integers(1, 30), st.floats(1, 20_000), st.integers(1, 60), st.booleans())
def test_nobody_with_an_open_offer_for_these_hours_is_asked_beside_others(
    crowd, places, minutes_left, most, asked_anybody
):
    """A yes to both would book them twice; so they are asked only where a job would ask nobody at all."""
    need = Need(places, minutes_left, 12, asked_anybody=asked_anybody)
    chosen = Plan(need, NOBODY, CURVES, AskingRules()).choose(crowd, most)
    torn = [place for place in chosen if crowd.torn[place]]
    free = ~crowd.barred & ~crowd.torn & (crowd.load < crowd.cap)
    if asked_anybody or free.any():
        assert torn == []


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=30),
    st.integers(1, 6), st.integers(1, 200),
)  # fmt: skip
def test_a_newcomer_is_asked_before_whoever_is_alike_but_was_asked(histories, load, places):
    """Newcomers are guaranteed offers: of people of the same chance none who was asked comes before them."""
    base = [(answered + 1, silent + 1) for answered, silent in histories]
    chance = CURVES.base(np.array([a for a, _ in base]), np.array([s for _, s in base]))
    size = len(histories)
    crowd = people(
        [0.0, *(a for a, _ in base)],
        [0.0, *(s for _, s in base)],
        [0, *[load] * size],
        cap=50,
        lately=[0, *[load] * size],
        newcomer=[True, *[False] * size],
    )
    order = plan(400, 100.0).choose(crowd, size + 1)
    new = float(CURVES.base(np.zeros(1), np.zeros(1))[0])
    before = order[: order.index(0)]
    for place in before:
        assert chance[place - 1] > new


def test_a_thin_market_still_asks_who_has_another_offer():
    crowd = people([2.0], [2.0], 0, torn=True)
    assert plan().choose(crowd, 1) == [0]


def test_who_was_asked_seldom_comes_first_of_people_alike():
    crowd = people([2.0] * 3, [2.0] * 3, [4, 0, 2], lately=[4, 0, 2])
    assert plan(3).choose(crowd, 3) == [1, 2, 0]


def test_a_newcomer_comes_before_people_alike():
    crowd = people([0.0] * 3, [0.0] * 3, 0, newcomer=[False, False, True])
    assert plan().choose(crowd, 1) == [2]


def test_whoever_is_needed_elsewhere_comes_after_people_alike():
    crowd = people([3, 3], [3, 3], [0, 0], scarce=[1.0, 0.0])
    assert plan().choose(crowd, 1) == [1]
    # Nobody is kept back where the job has nobody else.
    assert set(plan(places=2).choose(crowd, 2)) == {0, 1}


PEOPLE_WITH = {"waiter": 900, "cook": 300, "barber": 30}


@pytest.mark.parametrize(
    ("skills", "required", "times"),
    [
        (["waiter"], ["waiter"], 1),
        (["waiter", "cook"], ["waiter"], 3),
        (
            ["waiter", "cook", "barber"],
            ["waiter"],
            30,
        ),  # at most twenty times: they want work as well
        (["cook", "waiter"], ["cook"], 1),
        (["cook", "barber"], ["cook", "barber"], 1),
        (["barber", "plumber"], ["barber"], 1),  # no job asked for a plumber lately
        (["cook"], [], 3),
        ([], [], 1),
        (["cook", "waiter"], ["plumber"], 3),
    ],
)
def test_who_is_needed_elsewhere_is_told_by_how_many_have_their_rarest_skill(
    skills, required, times
):
    told = scarcity(skills, required, PEOPLE_WITH)
    assert told == pytest.approx(min(np.log(times), MOST_SCARCE))


@given(
    st.sets(st.sampled_from("abcdef")),
    st.sets(st.sampled_from("abcdef")),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**9)),
)
def test_scarcity_is_always_a_number_and_never_for_anybody(skills, required, people_with):
    assert 0 <= scarcity(skills, required, people_with) <= MOST_SCARCE
    assert scarcity(skills, required, {}) == 0


def test_a_liked_worker_comes_before_people_alike_but_not_before_much_likelier_ones():
    assert plan().choose(people([2.0] * 2, [2.0] * 2, 0, liked=[False, True]), 1) == [1]
    crowd = people([30.0, 0.0], [0.0, 30.0], 0, liked=[False, True])
    assert plan().choose(crowd, 1) == [0]


def test_just_enough_are_asked_and_no_more():
    crowd = people([2.0] * 200, [2.0] * 200, 0)
    one, ten = (len(plan(places).choose(crowd, 200)) for places in (1, 10))
    assert 1 <= one < 8
    assert 10 < ten < 10 * one + 30


def test_near_the_deadline_more_are_asked():
    crowd = people([2.0] * 200, [2.0] * 200, 0)
    early = len(plan(2, 5_000.0).choose(crowd, 200))
    late = len(plan(2, 60.0).choose(crowd, 200))
    assert late > early


def test_silence_makes_more_people_wanted():
    size = 4
    waiting = OpenOffers(
        np.full(size, 0.45), np.full(size, 0.65), np.zeros(size), np.full(size, 12)
    )
    fresh = plan(waiting=waiting)
    assert not fresh.wants_more
    after = fresh.look_again()
    stale = plan(
        waiting=OpenOffers(waiting.answers, waiting.accepts, np.full(size, after), waiting.hour)
    )
    assert stale.wants_more


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(chances, min_size=1, max_size=10), st.integers(1, 6))
def test_the_outlook_is_the_exact_chance_of_enough_yeses(likely, places):
    outlook = Outlook(places)
    for chance in likely:
        outlook.add(chance)
    exact = 0.0
    for case in range(2 ** len(likely)):
        said = [case >> place & 1 for place in range(len(likely))]
        if sum(said) >= places:
            exact += np.prod(
                [chance if yes else 1 - chance for chance, yes in zip(likely, said, strict=True)]
            )
    assert outlook.chance == pytest.approx(exact, abs=1e-9)


def outcomes(size=4_000, *, answer=0.5, tired=0.85, logit=(1.0, -0.3), median=40.0, seed=1):
    """Offers that ended as people with these habits end them."""
    draw = np.random.default_rng(seed)
    load = draw.integers(0, 7, size)
    km = draw.uniform(0, 10, size)
    answered = draw.random(size) < answer * tired**load
    yes = draw.random(size) < 1 / (1 + np.exp(-(logit[0] + logit[1] * km)))
    minutes = np.where(answered, median * np.exp(draw.standard_normal(size)), 240.0)
    answered &= minutes < 240
    return Outcomes(
        worker=draw.integers(0, 600, size),
        base=np.full(size, 0.45),
        load=load,
        hour=draw.integers(0, HOURS, size),
        km=km,
        answered=answered,
        accepted=answered & yes,
        minutes=np.minimum(minutes, 240.0),
        expired=~answered,
        age_days=draw.uniform(0, 20, size),
    )


def test_habits_are_learned_from_what_people_did():
    curves = fit_curves(outcomes())
    near, far = curves.accepts(np.array([1.0, 8.0]))
    assert near == pytest.approx(1 / (1 + np.exp(-0.7)), abs=0.05)
    assert far == pytest.approx(1 / (1 + np.exp(1.4)), abs=0.05)
    assert curves.by_load[6] / curves.by_load[0] == pytest.approx(0.85**6, abs=0.1)
    assert float(curves.replied(40.0, 12)) == pytest.approx(0.5, abs=0.08)
    hours = np.arange(HOURS)
    fresh = curves.answers(np.full(HOURS, 0.45), np.zeros(HOURS, dtype=np.int64), hours).mean()
    assert fresh == pytest.approx(0.5, abs=0.08)


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(0, 60), st.integers(0, 1_000))
def test_what_is_learned_is_always_usable(size, seed):
    curves = fit_curves(outcomes(size, seed=seed))
    assert curves.by_load.shape == (LOADS,)
    assert curves.replies.shape == (HOURS, len(EDGES))
    assert (np.diff(curves.replies, axis=1) >= -1e-12).all()
    assert (np.diff(curves.by_load) <= 1e-12).all()
    assert 0 < curves.answer < 1
    again = from_json(curves.as_json())
    assert again.as_json() == curves.as_json()


@pytest.mark.parametrize(
    "values",
    [None, {}, [], "curves", {"answer": "x"}, Curves().as_json() | {"by_load": [1.0]},
     Curves().as_json() | {"people_with": ["waiter"]}, Curves().as_json() | {"people_with": {"a": "b"}},
     Curves().as_json() | {"answer": float("nan")}],
)  # fmt: skip
def test_stored_curves_that_make_no_sense_are_the_usual_ones(values):
    assert from_json(values).as_json() == Curves().as_json()


def test_what_a_version_before_stored_is_read_without_counts_of_skills():
    before = {**fit_curves(outcomes(200)).as_json()}
    before.pop("people_with")
    assert from_json(before).people_with == {}
    assert from_json(before).seen == 200
