import datetime as dt
import random
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.geo import Point, haversine_km
from app.core.week import Slot
from app.matching import rules
from app.matching.hours import Availability, DateRange, Schedule
from app.matching.rules import (
    DEFAULT_WEIGHTS,
    MINIMUM_SHARE,
    Candidate,
    JobFacts,
    ReasonKind,
    Weights,
    WorkerFacts,
    experience_part,
    next_wave_at,
    offers_to_send,
    rank,
    why,
)
from app.policy.policy import MatchingWeights
from app.workers.rules import reliability

INDIA = "Asia/Kolkata"
MONDAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
BANDRA = Point(19.0596, 72.8295)
SKILLS = ("waiter", "bartender", "cashier", "cook")
FRIDAY = Slot.parse("friday", "17:00", "21:00")
SATURDAY = Slot.parse("saturday", "17:00", "21:00")

JOB = JobFacts(
    id=UUID(int=1),
    employer_id=UUID(int=2),
    point=BANDRA,
    radius_km=10,
    schedule=Schedule((FRIDAY, SATURDAY), MONDAY, MONDAY + dt.timedelta(days=6), INDIA),
    required_skills=frozenset({"waiter"}),
    preferred_skills=frozenset({"bartender", "cashier"}),
    min_experience_years=1,
)
WORKER = WorkerFacts(
    id=UUID(int=3),
    point=Point(19.0596 + 4 / 111.19508, 72.8295),
    max_distance_km=8,
    availability=Availability((FRIDAY, SATURDAY), INDIA),
    skills=frozenset({"waiter", "bartender"}),
    experience_years=3,
    reliability=90.0,
)

places = st.builds(Point, st.floats(18.9, 19.3), st.floats(72.7, 73.1))
skills = st.frozensets(st.sampled_from(SKILLS))
slots = st.builds(
    Slot, st.sampled_from([4, 5]), st.sampled_from([960, 1020, 1080]), st.integers(1081, 1320)
)
workers = st.builds(
    WorkerFacts,
    id=st.uuids(),
    point=places,
    max_distance_km=st.integers(1, 60),
    availability=st.builds(Availability, st.lists(slots, max_size=3).map(tuple), st.just(INDIA)),
    skills=skills,
    experience_years=st.integers(0, 12),
    reliability=st.floats(0, 100),
)
jobs = st.builds(
    JobFacts,
    id=st.uuids(),
    employer_id=st.uuids(),
    point=places,
    radius_km=st.one_of(st.none(), st.integers(1, 60)),
    schedule=st.just(JOB.schedule),
    required_skills=skills,
    preferred_skills=skills,
    min_experience_years=st.integers(0, 5),
)
WEIGHT = st.just(0.0) | st.floats(1e-6, 100)
"""What is smaller is lost in the rounding of what it weighs."""
weights = st.lists(WEIGHT, min_size=5, max_size=5).filter(any).map(lambda w: Weights(*w))


def fits(worker, job, minimum_share=MINIMUM_SHARE):
    """Whether the worker is among those who can be offered the job."""
    return [
        candidate.worker for candidate in rank([worker], job, minimum_share=minimum_share)
    ] != []


def score(worker, job, weights=DEFAULT_WEIGHTS):
    return rules.score(worker, job, weights, rules.fit_of(worker, job))


def shown(scored):
    p = scored.parts
    return [p.distance, p.availability, p.skills, p.experience, p.reliability]


def test_a_worked_example():
    scored = score(WORKER, JOB)
    # Half way of the 8 km they travel; free for all; one of two preferred; two of five years; 90.
    assert shown(scored) == [50.0, 100.0, 50.0, 70.0, 90.0]
    assert scored.total == round((50 * 30 + 100 * 30 + 50 * 20 + 70 * 10 + 90 * 10) / 100, 1)
    assert scored.total == 71.0
    assert scored.distance_km == pytest.approx(4.0, abs=1e-4)
    assert (scored.free_minutes, scored.job_minutes) == (480, 480)


@given(workers, jobs, weights)
def test_the_total_is_the_weighted_mean_of_what_is_shown(worker, job, weights):
    scored = score(worker, job, weights)
    parts = shown(scored)
    counts = [
        weights.distance,
        weights.availability,
        weights.skills,
        weights.experience,
        weights.reliability,
    ]
    mean = sum(p * w for p, w in zip(parts, counts, strict=True)) / sum(counts)
    assert scored.total == pytest.approx(mean, abs=0.0501)
    for value in [*parts, scored.total]:
        assert 0 <= value <= 100
        assert value == round(value, 1)


@given(workers, jobs, weights, places)
def test_nearer_never_scores_lower(worker, job, weights, elsewhere):
    moved = replace(worker, point=elsewhere)
    near, far = sorted([worker, moved], key=lambda w: haversine_km(w.point, job.point))
    assert score(near, job, weights).total >= score(far, job, weights).total


@given(workers, jobs, weights, st.integers(1, 5))
def test_more_experience_never_scores_lower(worker, job, weights, years):
    veteran = replace(worker, experience_years=worker.experience_years + years)
    assert score(veteran, job, weights).total >= score(worker, job, weights).total


@given(workers, jobs, weights, slots)
def test_more_free_hours_never_score_lower(worker, job, weights, slot):
    freer = replace(worker, availability=Availability((*worker.availability.slots, slot), INDIA))
    assert score(freer, job, weights).total >= score(worker, job, weights).total


@given(workers, jobs, weights, st.sampled_from(SKILLS))
def test_another_skill_never_scores_lower(worker, job, weights, slug):
    abler = replace(worker, skills=worker.skills | {slug})
    assert score(abler, job, weights).total >= score(worker, job, weights).total


@given(workers, jobs, weights)
def test_only_the_proportions_of_weights_matter(worker, job, weights):
    doubled = Weights(
        weights.distance * 2,
        weights.availability * 2,
        weights.skills * 2,
        weights.experience * 2,
        weights.reliability * 2,
    )
    assert score(worker, job, weights) == score(worker, job, doubled)


@given(st.lists(workers, max_size=12, unique_by=lambda w: w.id), jobs, st.randoms())
def test_the_order_depends_on_nothing_but_the_facts(people, job, chance: random.Random):
    shuffled = list(people)
    chance.shuffle(shuffled)
    ranked = rank(people, job)
    assert rank(shuffled, job) == ranked
    totals = [candidate.score.total for candidate in ranked]
    assert totals == sorted(totals, reverse=True)
    assert {c.worker.id for c in ranked} == {w.id for w in people if fits(w, job)}


def test_equal_scores_go_to_the_nearer_and_then_to_the_older_account():
    travels_far = replace(WORKER, id=UUID(int=9), max_distance_km=8)
    twin = replace(WORKER, id=UUID(int=4))
    no_distance = Weights(0, 1, 1, 1, 1)
    nearer = replace(WORKER, id=UUID(int=99), point=Point(19.06, 72.83))
    ranked = rank([travels_far, twin, WORKER, nearer], JOB, no_distance)
    assert [c.worker.id.int for c in ranked] == [99, 3, 4, 9]
    assert len({c.score.total for c in ranked}) == 1
    assert isinstance(ranked[0], Candidate)


@pytest.mark.parametrize(
    ("worker", "fitting"),
    [
        (WORKER, True),
        (replace(WORKER, max_distance_km=3.9), False),
        (replace(WORKER, skills=frozenset({"bartender"})), False),
        (replace(WORKER, experience_years=0), False),
        (replace(WORKER, availability=Availability((), INDIA)), False),
        (replace(WORKER, availability=Availability((FRIDAY,), INDIA)), True),
        (
            replace(
                WORKER, availability=Availability((Slot.parse("friday", "17:00", "20:59"),), INDIA)
            ),
            False,
        ),
        (
            replace(
                WORKER,
                availability=Availability(
                    (FRIDAY, SATURDAY), INDIA, (DateRange(MONDAY, MONDAY + dt.timedelta(days=9)),)
                ),
            ),
            False,
        ),
        (
            replace(
                WORKER, availability=Availability((FRIDAY, SATURDAY), INDIA, busy=(JOB.schedule,))
            ),
            False,
        ),
    ],
)
def test_who_is_asked_and_who_is_not(worker, fitting):
    assert fits(worker, JOB) is fitting


def test_the_radius_of_the_job_binds_too():
    assert not fits(WORKER, replace(JOB, radius_km=3.9))
    assert fits(WORKER, replace(JOB, radius_km=None))


def test_exactly_at_the_limit_is_near_enough_and_scores_nothing_for_distance():
    limit = haversine_km(WORKER.point, JOB.point)
    at_limit = replace(WORKER, max_distance_km=limit)
    assert fits(at_limit, JOB)
    assert score(at_limit, JOB).parts.distance == 0


@pytest.mark.parametrize("share", [0.1, 0.55, 0.7, 0.9, 1.0])
def test_exactly_the_minimum_share_is_enough(share):
    hours = Schedule((Slot(0, 0, 100),), MONDAY, MONDAY, INDIA)
    job = replace(JOB, schedule=hours)
    for minutes, expected in (
        (round(100 * share), True),
        (round(100 * share) - 1, False),
    ):
        worker = replace(WORKER, availability=Availability((Slot(0, 0, minutes),), INDIA))
        assert fits(worker, job, share) is expected


def test_with_no_minimum_somebody_without_a_single_hour_is_still_not_asked():
    nobody = replace(WORKER, availability=Availability((), INDIA))
    assert not fits(nobody, JOB, 0.0)


@pytest.mark.parametrize(
    ("years", "asked", "part"),
    [(0, 0, 50), (1, 0, 60), (5, 0, 100), (40, 0, 100), (3, 3, 50), (4, 3, 60)],
)
def test_experience_beyond_what_is_asked_counts_up_to_five_years(years, asked, part):
    assert experience_part(years, asked) == part


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_reliability_is_bounded_and_moves_with_what_people_do(answered, missed, withdrawn):
    withdrawn = min(withdrawn, answered)
    now = reliability(answered, missed, withdrawn)
    assert 0 <= now <= 100
    assert reliability(answered + 1, missed, withdrawn) >= now
    assert reliability(answered, missed + 1, withdrawn) <= now
    assert reliability(answered + 1, missed, withdrawn + 1) <= now


def test_a_newcomer_starts_at_the_usual_and_no_single_slip_ruins_anybody():
    assert reliability(0, 0, 0) == 75.0
    assert reliability(0, 1, 0) == reliability(1, 0, 1) == 60.0
    assert reliability(20, 0, 0) > 95


@pytest.mark.parametrize(
    "bad",
    [
        (0, 0, 0, 0, 0),
        (-1, 1, 1, 1, 1),
        (float("nan"), 1, 1, 1, 1),
        (float("inf"), 1, 1, 1, 1),
    ],
)
def test_weights_that_weigh_nothing_are_refused(bad):
    with pytest.raises(ValueError, match="weight"):
        Weights(*bad)


def test_why_says_what_speaks_for_it_and_only_that():
    reasons = why(WORKER, JOB, score(WORKER, JOB))
    assert [(r.kind, dict(r.params)) for r in reasons] == [
        (ReasonKind.DISTANCE, {"km": 4.0}),
        (ReasonKind.HOURS, {"percent": 100}),
        (ReasonKind.SKILLS, {"slugs": ("bartender", "waiter")}),
        (ReasonKind.EXPERIENCE, {"years": 3}),
    ]
    newcomer = replace(WORKER, experience_years=0, skills=frozenset({"cook"}))
    checked = replace(JOB, employer_verified=True)
    assert [r.kind for r in why(newcomer, checked, score(newcomer, checked))] == [
        ReasonKind.DISTANCE,
        ReasonKind.HOURS,
        ReasonKind.VERIFIED,
    ]


def test_not_quite_all_hours_are_never_called_all():
    nearly = replace(
        WORKER,
        availability=Availability((FRIDAY, Slot.parse("saturday", "17:00", "20:59")), INDIA),
    )
    hours = next(r for r in why(nearly, JOB, score(nearly, JOB)) if r.kind is ReasonKind.HOURS)
    assert hours.params == {"percent": 99}


@pytest.mark.parametrize(
    ("open_places", "fresh", "factor", "asked"),
    [
        (3, 0, 2, 6),
        (3, 4, 2, 2),
        (3, 6, 2, 0),
        (3, 9, 2, 0),
        (0, 0, 2, 0),
        (-1, 0, 2, 0),
        (1, 0, 5, 5),
    ],
)
def test_a_wave_asks_two_for_each_open_place_less_who_may_still_answer(
    open_places, fresh, factor, asked
):
    assert offers_to_send(open_places, fresh, factor) == asked


def test_the_next_wave_comes_an_interval_later_while_places_are_open():
    half_hour = dt.timedelta(minutes=30)
    assert next_wave_at(NOW, 1, half_hour, None) == NOW + half_hour
    assert next_wave_at(NOW, 0, half_hour, None) is None
    assert next_wave_at(NOW, 1, half_hour, NOW + half_hour) is None
    assert next_wave_at(NOW, 1, half_hour, NOW + 2 * half_hour) == NOW + half_hour


def test_default_weights_are_what_the_policy_says():
    assert Weights(**MatchingWeights().model_dump()) == DEFAULT_WEIGHTS
