"""Why a worker is asked about a job, and which rule keeps another from it."""

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from app.core.week import Slot
from app.identity.models import UserStatus
from app.jobs.models import Job
from app.matching.explain import explain, explain_worker
from app.matching.load import facts_of_anybody, job_facts
from app.matching.refusals import Asked, AskingFacts, Caps, refusals
from app.matching.rules import DEFAULT_WEIGHTS, Exclusion
from app.offers.rules import OfferStatus
from app.policy.policy import Policy
from app.workers.models import BlockByWorker
from tests.matching.test_matching_candidates import (
    SKILLS,
    found_for,
    random_history,
    random_worker,
)
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.factories import (
    BANDRA,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_offer,
    add_workers,
    km_north,
)

ASKABLE = AskingFacts(
    is_active=True,
    has_stopped=False,
    is_located=True,
    was_offered=False,
    blocks_employer=False,
    blocked_by_employer=False,
    asked=Asked(None, 0, 0),
    is_asleep=False,
)
CAPS = Caps(6, 3)


async def explained(session, job_id, worker_id):
    job = await session.get_one(Job, job_id)
    return await explain_worker(session, job, worker_id, NOW, Policy())


def rules(explanation):
    return [each.rule for each in explanation.excluded]


@pytest.mark.parametrize("seed", range(4))
async def test_who_has_no_rule_against_them_is_just_who_the_search_finds(database, seed):
    chance = random.Random(seed)
    async with database.begin() as session:
        people = [random_worker(chance) for _ in range(150)]
        people += [replace(random_worker(chance), id=NewWorker().id, point=None) for _ in range(5)]
        ids = await add_workers(session, people)
        employer_id = await add_employer(session)
        job_id = await add_job(
            session,
            employer_id,
            radius_km=chance.choice((None, 6)),
            preferred=chance.sample(SKILLS[1:], 2),
            years=chance.choice((0, 2)),
        )
        await random_history(session, chance, ids, job_id, employer_id)
    async with database.read() as session:
        found = {c.worker.id: c for c in (await found_for(session, job_id, cap=6, of_one=3)).best}
        assert found
        job = await session.get_one(Job, job_id)
        facts = await job_facts(session, job, NOW)
        for worker_id in ids:
            anybody = await facts_of_anybody(session, worker_id, facts, NOW, job.closes_at)
            assert anybody is not None
            told = explain(*anybody, facts, DEFAULT_WEIGHTS, 0.5, CAPS)
            assert (told.excluded == []) is (worker_id in found)
            if worker_id in found:
                assert told.score == found[worker_id].score


@pytest.mark.parametrize(
    ("worker", "rule", "seen"),
    [
        (NewWorker(point=km_north(BANDRA, 7), max_km=5), Exclusion.DISTANCE, {"limit_km": 5}),
        (NewWorker(skills=("cook",)), Exclusion.SKILLS, {"slugs": ("waiter",)}),
        (NewWorker(years=1), Exclusion.EXPERIENCE, {"years": 1, "needed": 2}),
        (
            NewWorker(slots=(Slot(4, 17 * 60, 20 * 60),)),
            Exclusion.HOURS,
            {"free_minutes": 180, "job_minutes": 480, "minutes": 240},
        ),
        (NewWorker(status=UserStatus.SUSPENDED), Exclusion.NOT_ACTIVE, {}),
        (NewWorker(stopped=True), Exclusion.STOPPED, {}),
        (NewWorker(point=None), Exclusion.NO_LOCATION, {}),
        (NewWorker(cap=0), Exclusion.WEEKLY_CAP, {"offers": 0, "cap": 0}),
    ],
    ids=lambda value: value.value if isinstance(value, Exclusion) else "",
)
async def test_the_rule_that_removed_a_worker_is_named(database, worker, rule, seen):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [worker])
        job_id = await add_job(session, await add_employer(session), years=2)
    async with database.read() as session:
        told = await explained(session, job_id, worker_id)
    assert rules(told) == [rule]
    assert seen.items() <= dict(told.excluded[0].facts).items()
    assert (told.score is None) is (worker.point is None)
    assert told.place is None


async def test_every_rule_is_named_and_not_only_the_first(database):
    hopeless = NewWorker(
        point=km_north(BANDRA, 50), skills=("cook",), years=0, slots=(), stopped=True, cap=0
    )
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [hopeless])
        employer_id = await add_employer(session)
        job_id = await add_job(session, employer_id, years=2)
        await add_offer(session, job_id, worker_id, OfferStatus.REJECTED)
        block = {"worker_id": worker_id, "employer_id": employer_id, "created_at": NOW}
        await session.execute(insert(BlockByWorker), block)
    async with database.read() as session:
        told = await explained(session, job_id, worker_id)
    assert set(rules(told)) == {
        *(Exclusion.STOPPED, Exclusion.ALREADY_OFFERED, Exclusion.BLOCKS_EMPLOYER),
        *(Exclusion.WEEKLY_CAP, Exclusion.DISTANCE, Exclusion.SKILLS, Exclusion.EXPERIENCE),
        Exclusion.HOURS,
    }


async def test_who_may_be_asked_learns_their_place(database):
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, km)) for km in (1, 3, 2)]
        ids = await add_workers(session, people)
        job_id = await add_job(session, await add_employer(session))
    async with database.read() as session:
        places = [(await explained(session, job_id, worker_id)).place for worker_id in ids]
    assert places == [1, 3, 2]


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(ASKABLE, is_asleep=True), Exclusion.ASLEEP),
        (replace(ASKABLE, blocked_by_employer=True), Exclusion.BLOCKED_BY_EMPLOYER),
        (replace(ASKABLE, asked=Asked(None, 6, 0)), Exclusion.WEEKLY_CAP),
        (replace(ASKABLE, asked=Asked(9, 6, 3)), Exclusion.EMPLOYER_CAP),
    ],
)
def test_what_forbids_asking_is_named_alone(facts, rule):
    assert [each.rule for each in refusals(facts, CAPS)] == [rule]
    assert [*refusals(ASKABLE, CAPS)] == []


def test_an_administrator_reads_why_not(world: World) -> None:
    fitting = world.worker()
    far = world.worker(name="Ravi Menon", max_distance_km=5, location=north_of_bandra(9))
    employer = world.employer()
    draft = world.job(employer, publish=False)
    admin = world.admin()

    def ask(worker_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = ok(admin.get(f"/api/admin/jobs/{draft['id']}/why-not/{worker_id}"))
        return answer

    told = ask(fitting.id)
    assert (told["may_be_asked"], told["excluded_by"], told["place"]) == (True, [], 1)
    assert told["why"][0].endswith("away")
    assert 0 < told["score"] <= 100
    removed = ask(far.id)
    assert (removed["may_be_asked"], removed["place"]) == (False, None)
    [rule] = removed["excluded_by"]
    assert rule["rule"] == "distance"
    assert rule["facts"]["limit_km"] == 5
    assert "at most 5 km" in rule["text"]
    nobody = "01900000-0000-7000-8000-000000000000"
    path = "/api/admin/jobs/{}/why-not/{}"
    refused(admin.get(path.format(draft["id"], nobody)), 404, "worker_not_found")
    refused(admin.get(path.format(nobody, fitting.id)), 404, "job_not_found")
    refused(employer.get(path.format(draft["id"], fitting.id)), 403, "wrong_role")


def north_of_bandra(km: float) -> dict[str, float]:
    return {"latitude": round(19.0596 + km / 111.195, 4), "longitude": 72.8295}


def test_an_employer_reads_why_and_never_a_finer_distance(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker(location=north_of_bandra(1.7))
    employer = world.employer()
    job = world.job(employer)
    [match] = world.matches(employer, job["id"])
    assert match["why"] == [
        f"{match['distance_km']:g} km away",
        "free at all its hours",
        "knows Waiter",
        "2 years of experience",
    ]
    assert match["distance_km"] * 2 == int(match["distance_km"] * 2)
    [offer] = world.offers(worker)
    assert f"{offer['job']['distance_km']:g} km away" == offer["why"][0]
