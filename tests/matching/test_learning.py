"""What is learned of offers that ended, and how many people have the skills that jobs ask for."""

import datetime as dt

import pytest
from sqlalchemy import select, text, update

from app.catalogue.skills import SKILLS
from app.core.ids import new_id
from app.jobs.models import Job
from app.matching.asking_facts import find_curves
from app.matching.learning import LEARN_EVERY, LEAST, WANTED_WITHIN, learn_due, people_with
from app.matching.models import ResponseCurves
from app.matching.standby_odds import USUAL_WITHDRAWALS, standby_chance
from app.matching.waves import send_due
from app.matching.withdrawals import find_withdrawal_share
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from tests.support.database import offered
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

AT = km_north(BANDRA, 1)


async def ended_offers(database, count=LEAST):
    """Offers of one job that ended, by people without skills that a job asks for."""
    async with database.begin() as session:
        employer_id = await add_employer(session)
        job_id = await add_job(session, employer_id, required=())
        ids = await add_workers(session, [NewWorker(point=AT, skills=()) for _ in range(count)])
        for worker_id in ids:
            await add_offer(session, job_id, worker_id, OfferStatus.REJECTED, NOW)
        known = {"answer_base": 0.5, "asked_before": 0, "responded_at": NOW}
        await session.execute(update(JobMatch).values(**known))
        await session.execute(update(Job).values(next_wave_at=None))


async def published(database, required, at=NOW):
    async with database.begin() as session:
        job_id = await add_job(session, await add_employer(session), required=required)
        await session.execute(update(Job).where(Job.id == job_id).values(published_at=at))
    return job_id


async def learned(database, now=NOW):
    count = await learn_due(database, now)
    async with database.read() as session:
        return count, await find_curves(session)


async def test_with_few_offers_nothing_is_learned(database):
    await ended_offers(database, LEAST - 1)
    count, curves = await learned(database)
    assert (count, curves.seen) == (0, 0)


async def test_it_is_learned_how_many_have_each_skill_that_jobs_ask_for(database):
    await ended_offers(database)
    async with database.begin() as session:
        skills = [("waiter",)] * 3 + [("waiter", "cook"), ("cook", "electrician")]
        await add_workers(session, [NewWorker(point=AT, skills=each) for each in skills])
        stopped = NewWorker(point=AT, skills=("waiter",), stopped=True)
        await add_workers(session, [stopped])
    await published(database, ["waiter"])
    await published(database, ["cook", "tailor"])
    await published(database, ["electrician"], NOW - WANTED_WITHIN - dt.timedelta(days=1))
    count, curves = await learned(database)
    assert (count, curves.seen) == (LEAST, LEAST)
    assert curves.people_with == {"cook": 2, "tailor": 0, "waiter": 4}
    assert (await learned(database, NOW + LEARN_EVERY / 2))[0] == 0
    assert (await learned(database, NOW + LEARN_EVERY))[0] == LEAST


async def test_people_with_a_skill_are_counted_from_a_range_of_the_index(database):
    """A million workers have millions of rows by skill: only those of the skill are read, and no table row."""
    async with database.begin() as session:
        skills = [("waiter", "cook")] * 30 + [("cook", "electrician")] * 30
        await add_workers(session, [NewWorker(point=AT, skills=each) for each in skills])
    await published(database, ["waiter"])
    async with database.begin() as session:
        if database.is_postgresql:
            # Few rows are read whole, whatever there is to choose from.
            await session.execute(text("SET LOCAL enable_seqscan = off"))
        query = people_with(SKILLS["waiter"].bit)
        connection = await session.connection()
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        words = "EXPLAIN" if database.is_postgresql else "EXPLAIN QUERY PLAN"
        plan = str((await session.execute(text(f"{words} {compiled}"))).all())
        counted = (await session.execute(query)).scalar_one()
    assert counted == 30
    assert "ix_worker_skill_match_cover" in plan, plan
    assert "skill_key" in plan, plan
    assert "SCAN worker_skill_match" not in plan, plan


async def test_a_wave_spares_whoever_else_has_nobody(database):
    """Of people alike those are asked who have no skill that hardly anybody else has."""
    await ended_offers(database)
    first = new_id()  # of people alike the oldest account comes first
    async with database.begin() as session:
        many = [NewWorker(point=AT, skills=("waiter",)) for _ in range(20)]
        both = NewWorker(point=AT, skills=("waiter", "cook"), id=first)
        await add_workers(session, [both, *many])
    for_cook = await published(database, ["cook"])
    job_id = await published(database, ["waiter"])
    await learned(database)
    async with database.begin() as session:
        await session.execute(update(Job).where(Job.id == for_cook).values(next_wave_at=None))
    async with database.begin() as session:
        assert await send_due(session, NOW, 20) == 1
    async with database.read() as session:
        asked = await offered(session, job_id)
    assert len(asked) == 2
    assert first not in asked


async def test_how_often_a_yes_is_taken_back_is_learned_and_decides_the_odds_of_standing_by(
    database,
):
    async with database.read() as session:
        assert await find_withdrawal_share(session) == USUAL_WITHDRAWALS
    await ended_offers(database, 60)
    async with database.begin() as session:
        ids = (await session.scalars(select(JobMatch.id).order_by(JobMatch.id))).all()
        accepted = update(JobMatch).where(JobMatch.id.in_(ids[:40]))
        await session.execute(accepted.values(status=OfferStatus.ACCEPTED))
        taken_back = update(JobMatch).where(JobMatch.id.in_(ids[:20]))
        await session.execute(taken_back.values(status=OfferStatus.WITHDRAWN))
    await learned(database)
    async with database.read() as session:
        share = await find_withdrawal_share(session)
    # Twenty of forty, beside thirty acceptances' worth of one in ten.
    assert share == pytest.approx(23 / 70)
    assert standby_chance(2, 0, 0, share) > standby_chance(2, 0, 0)


@pytest.mark.parametrize("stored", [None, "often", True, -0.1, 1.5, {"a": 1}])
async def test_a_share_of_withdrawals_that_makes_no_sense_is_the_usual_one(database, stored):
    async with database.begin() as session:
        session.add(ResponseCurves(id=1, values={"withdraws": stored}, learned_at=NOW))
    async with database.read() as session:
        assert await find_withdrawal_share(session) == USUAL_WITHDRAWALS


async def test_a_job_whose_zone_is_gone_keeps_nobody_from_learning(database):
    await ended_offers(database)
    async with database.begin() as session:
        await session.execute(update(Job).values(time_zone="Mars/Phobos"))
    count, curves = await learned(database)
    assert (count, curves.seen) == (LEAST, LEAST)
