"""More skills than two masks hold: the rows of each skill tell who has it."""

import gc

import pytest

from app.catalogue.skills import MASK_BITS, MOST_BITS, SKILLS, Skill, masks
from app.core.geo import SKILL_SHIFT, TIERS, geo_key, skill_keys
from app.database.session import changed
from app.jobs.models import Job
from app.matching.census import count_fitting
from app.matching.load import job_facts
from app.matching.search import rarest
from app.workers.models import Worker
from tests.matching.test_matching_candidates import best
from tests.support.factories import NOW, NewWorker, add_employer, add_job, add_workers

pytestmark = pytest.mark.both_databases  # people are filed by other statements on each

BEYOND = {"juggler": 2 * MASK_BITS, "stilt_walker": 2 * MASK_BITS + 1, "lion_tamer": MOST_BITS - 1}


@pytest.fixture(autouse=True)
def many_skills(monkeypatch):
    # The catalogue is a read-only view of this.
    [known] = gc.get_referents(SKILLS)
    for slug, bit in BEYOND.items():
        skill = Skill(slug, bit, "2659", "hospitality", {"en": slug, "hi": slug}, ())
        monkeypatch.setitem(known, slug, skill)


def test_the_last_skill_and_the_last_cell_make_a_key_that_the_database_takes():
    last = geo_key(len(TIERS) - 1, 2**24 - 1, 2**24 - 1)
    assert last < 1 << SKILL_SHIFT
    assert skill_keys(MOST_BITS - 1, [last])[0] < 2**63


def test_skills_beyond_the_masks_are_in_neither_and_searched_first():
    assert masks(BEYOND) == (0, 0)
    assert rarest(["waiter", "juggler"]) == "juggler"
    assert rarest(["waiter", "barista"]) == "barista"
    assert rarest([]) is None


async def test_who_has_skills_that_no_mask_holds_is_found(database):
    async with database.begin() as session:
        has = [
            ("juggler",),
            ("juggler", "stilt_walker"),
            ("stilt_walker", "waiter"),
            ("juggler", "lion_tamer", "waiter"),
            ("waiter",),
        ]
        ids = await add_workers(session, [NewWorker(skills=skills) for skills in has])
        employer_id = await add_employer(session)
    # The index is written as a transaction ends.
    async with database.begin() as session:

        async def found(*required, preferred=()):
            job_id = await add_job(session, employer_id, required=required, preferred=preferred)
            await session.flush()
            return [ids.index(each) for each in await best(session, job_id)]

        assert sorted(await found("juggler")) == [0, 1, 3]
        assert await found("juggler", "stilt_walker") == [1]
        assert sorted(await found("waiter", "juggler")) == [3]
        assert await found("lion_tamer") == [3]
        assert await found("juggler", "waiter", "stilt_walker") == []
        # Who has what is preferred comes first, though no bound could tell.
        assert (await found("juggler", preferred=("lion_tamer",)))[0] == 3
        assert (await found(preferred=("stilt_walker",)))[:2] in ([1, 2], [2, 1])
        job_id = await add_job(session, employer_id, required=("juggler", "waiter"))
        await session.flush()
        job = await job_facts(session, await session.get_one(Job, job_id), NOW)
        census = await count_fitting(session, job, 0.5)
        assert sum(census.fit) == 1
        assert sum(census.without_skill["waiter"]) == 2


async def test_a_skill_that_no_mask_holds_is_filed_when_only_it_changes(database):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker(skills=("waiter",))])
        job_id = await add_job(session, await add_employer(session), required=("juggler",))
    for skills, found in ((["waiter", "juggler"], [worker_id]), (["waiter"], [])):
        async with database.begin() as session:
            worker = await session.get_one(Worker, worker_id)
            worker.skills = skills
            changed(session, "worker", worker_id)
        async with database.begin() as session:
            assert await best(session, job_id) == found
