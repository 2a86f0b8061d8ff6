"""What happens at the same moment: one winner, no half state. Each race starts for real, several times.

`opened` checks after every race that counts equal rows, that limits are kept, and that the log's chain
is whole.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog
from app.database.session import Database
from app.jobs.models import JobStatus
from app.jobs.rules import JobAction
from app.offers.closing import close_between, close_for_worker, close_job
from app.offers.expire import expire_due
from app.offers.mark_unlocked import mark_unlocked
from app.offers.models import JobMatch
from app.offers.remind import remind_due
from app.offers.respond import respond, withdraw, withdraw_all
from app.offers.rules import OfferAnswer, OfferStatus
from app.workers.models import Worker
from tests.support.database import (
    Verb,
    employer_of,
    job_of,
    mark_delivered,
    mark_sent,
    market,
    match_of,
    message_kinds_to,
    opened,
    outcome,
    race,
    run,
)
from tests.support.factories import DEADLINE, NOW, create_offers

TURNS = 5
"""How often a race between two is run: who wins changes from turn to turn."""

type Offer = tuple[UUID, UUID]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


def answers(offer: Offer, answer: OfferAnswer, now: dt.datetime = NOW) -> Verb:
    return lambda session: respond(session, *offer, answer, None, now)


def accepts(offer: Offer, now: dt.datetime = NOW) -> Verb:
    return answers(offer, OfferAnswer.ACCEPT, now)


def takes_back(offer: Offer) -> Verb:
    return lambda session: withdraw(session, *offer, NOW)


def unlocks(offer: Offer) -> Verb:
    return lambda session: mark_unlocked(session, offer[1], NOW)


def closes(job_id: UUID, action: JobAction) -> Verb:
    return lambda session: close_job(session, job_id, action, None, NOW)


def suspends(worker_id: UUID) -> Verb:
    return lambda session: close_for_worker(session, worker_id, NOW)


async def actions_on(database: Database, offer: Offer) -> list[str]:
    async with database.read() as session:
        query = select(AdminActionLog.action).where(AdminActionLog.target_id == str(offer[1]))
        return list(await session.scalars(query.order_by(AdminActionLog.number)))


async def test_parallel_acceptances_take_exactly_the_limit(database: Database) -> None:
    job_id, offers = await market(database, 20, positions=3)  # at most six acceptances
    await mark_sent(database)
    outcomes = await race(database, *(accepts(offer) for offer in offers))
    assert sorted(outcomes) == ["offer_closed"] * 14 + ["ok"] * 6
    assert (await job_of(database, job_id)).accepted == 6
    for offer, result in zip(offers, outcomes, strict=True):
        match = await match_of(database, offer[1])
        assert match.status == ("accepted" if result == "ok" else "closed")
        last = "offer_accepted" if result == "ok" else "offer_closed"
        assert await message_kinds_to(database, offer[0]) == ["job_offer", last]


async def test_tapping_many_times_accepts_once(database: Database) -> None:
    job_id, [offer] = await market(database)
    assert await race(database, *[accepts(offer)] * 12) == ["ok"] * 12
    assert (await job_of(database, job_id)).accepted == 1
    assert await actions_on(database, offer) == ["offer.accept"]
    assert await message_kinds_to(database, await employer_of(database, job_id)) == [
        "lead_accepted"
    ]


async def test_who_came_later_and_was_quicker_breaks_no_rule(database: Database) -> None:
    """A cancellation waits for the job's row while somebody who came after it accepts."""
    job_id, [offer] = await market(database)
    later = NOW + dt.timedelta(seconds=1)
    answered = asyncio.Event()

    async def accept(session: AsyncSession) -> None:
        await accepts(offer, later)(session)
        answered.set()  # its transaction is still open, and the job's row locked

    async def cancel() -> str:
        await answered.wait()
        return await outcome(database, closes(job_id, JobAction.CANCEL))

    outcomes = await asyncio.gather(outcome(database, accept), cancel())
    assert [*outcomes] == ["ok", "ok"]
    match, job = await match_of(database, offer[1]), await job_of(database, job_id)
    assert (match.responded_at, job.closed_at) == (later, NOW)


async def test_of_two_opposite_answers_one_counts(database: Database) -> None:
    for _ in range(TURNS):
        _, [offer] = await market(database)
        outcomes = await race(
            database, answers(offer, OfferAnswer.ACCEPT), answers(offer, OfferAnswer.REJECT)
        )
        assert sorted(outcomes) == ["already_responded", "ok"]
        won = OfferStatus.ACCEPTED if outcomes[0] == "ok" else OfferStatus.REJECTED
        assert (await match_of(database, offer[1])).status == won
        assert len(await actions_on(database, offer)) == 1
        async with database.read() as session:
            assert (await session.get_one(Worker, offer[0])).answered == 1


async def test_a_cancellation_and_acceptances_leave_no_offer_open(database: Database) -> None:
    for _ in range(TURNS):
        job_id, offers = await market(database, 6, positions=3)
        outcomes = await race(
            database,
            *(accepts(offer) for offer in offers[:3]),
            closes(job_id, JobAction.CANCEL),
            *(accepts(offer) for offer in offers[3:]),
        )
        assert outcomes.pop(3) == "ok"
        assert (await job_of(database, job_id)).status == JobStatus.CANCELLED
        for offer, result in zip(offers, outcomes, strict=True):
            expected = {"ok": OfferStatus.ACCEPTED, "offer_closed": OfferStatus.CLOSED}[result]
            assert (await match_of(database, offer[1])).status == expected


async def test_expiry_and_acceptance_at_the_deadline_have_one_winner(database: Database) -> None:
    """The tap was in time by its own clock; the process that expires is a moment ahead of it."""
    for _ in range(TURNS):
        job_id, offers = await market(database, 4, positions=2)
        await mark_delivered(database)
        in_time = DEADLINE - dt.timedelta(milliseconds=1)
        outcomes = await race(
            database,
            *(accepts(offer, in_time) for offer in offers),
            *[lambda session: expire_due(session, DEADLINE, 100)] * 2,
        )
        # Whom the process could not get hold of in that moment, it finds the next time.
        await run(database, lambda session: expire_due(session, DEADLINE, 100))
        for offer, result in zip(offers, outcomes[:4], strict=True):
            match = await match_of(database, offer[1])
            assert (result, match.status) in {("ok", "accepted"), ("offer_expired", "expired")}
            assert len(await actions_on(database, offer)) == 1
            async with database.read() as session:
                worker = await session.get_one(Worker, offer[0])
            assert (worker.answered, worker.missed) == ((1, 0) if result == "ok" else (0, 1))
        accepted = outcomes[:4].count("ok")
        assert (await job_of(database, job_id)).accepted == accepted


async def test_a_lead_is_either_taken_back_or_unlocked(database: Database) -> None:
    for _ in range(TURNS):
        job_id, [offer] = await market(database, positions=2)
        await run(database, accepts(offer))
        back, unlocked = await race(database, takes_back(offer), unlocks(offer))
        match, job = await match_of(database, offer[1]), await job_of(database, job_id)
        if unlocked == "ok":
            assert back == "already_unlocked"
            assert (match.status, job.accepted, job.unlocked) == ("accepted", 1, 1)
            assert match.unlocked_at is not None
        else:
            assert (back, unlocked) == ("ok", "match_not_accepted")
            assert (match.status, job.accepted, job.unlocked) == ("withdrawn", 0, 0)
            assert match.unlocked_at is None


async def test_parallel_unlocks_of_one_lead_count_once(database: Database) -> None:
    job_id, [offer] = await market(database, positions=2)
    await run(database, accepts(offer))
    outcomes = await race(database, *[unlocks(offer)] * 10)
    assert sorted(outcomes) == ["already_unlocked"] * 9 + ["ok"]
    assert (await job_of(database, job_id)).unlocked == 1
    assert (await message_kinds_to(database, offer[0])).count("contact_unlocked") == 1


async def test_two_last_unlocks_at_once_fill_the_job_once(database: Database) -> None:
    job_id, offers = await market(database, 4, positions=1)
    for offer in offers[:2]:
        await run(database, accepts(offer))
    assert await race(database, *(unlocks(offer) for offer in offers[:2])) == ["ok", "ok"]
    job = await job_of(database, job_id)
    assert (job.status, job.unlocked) == (JobStatus.FILLED, 2)
    assert (await message_kinds_to(database, job.employer_id)).count("job_filled") == 1


async def test_a_suspension_and_an_answer_have_one_winner(database: Database) -> None:
    for _ in range(TURNS):
        job_id, [offer] = await market(database)
        answer, _ = await race(database, accepts(offer), suspends(offer[0]))
        match = await match_of(database, offer[1])
        assert (answer, match.status) in {("ok", "accepted"), ("offer_closed", "closed")}
        assert (await job_of(database, job_id)).accepted == (answer == "ok")


async def test_two_who_leave_at_once_never_wait_for_each_other(database: Database) -> None:
    """Each accepted the job that the other was only offered."""
    for _ in range(TURNS):
        _first, [(anna, anna_first), (bela, _)] = await market(database, 2, positions=2)
        second, _own = await market(database, 1, positions=2)
        await run(database, partial(_offer, second, [anna, bela]))
        bela_second = await _offer_of(database, bela, second)
        await run(database, accepts((anna, anna_first)))
        await run(database, accepts((bela, bela_second)))
        erasures = (partial(_erase, anna), partial(_erase, bela))
        assert await race(database, *erasures) == ["ok", "ok"]
        assert (await match_of(database, anna_first)).status == OfferStatus.WITHDRAWN
        assert (await match_of(database, bela_second)).status == OfferStatus.WITHDRAWN


async def _offer_of(database: Database, worker_id: UUID, job_id: UUID) -> UUID:
    async with database.read() as session:
        query = select(JobMatch.id).where(
            JobMatch.worker_id == worker_id, JobMatch.job_id == job_id
        )
        return (await session.scalars(query)).one()


async def test_everything_at_once_neither_blocks_itself_nor_loses_count(
    database: Database,
) -> None:
    """Several jobs share their workers, and every verb runs against every other."""
    first, offers = await market(database, 8, positions=2)
    people = [worker_id for worker_id, _ in offers]
    jobs = [first]
    for _ in range(3):
        job_id, _own = await market(database, 1, positions=2)
        await run(database, partial(_offer, job_id, people))
        jobs.append(job_id)
    async with database.read() as session:
        rows = await session.execute(select(JobMatch.worker_id, JobMatch.id))
        every: list[Offer] = [(row.worker_id, row.id) for row in rows]
    employer_id = await employer_of(database, jobs[1])
    verbs: list[Verb] = []
    for place, offer in enumerate(every):
        verbs.append(accepts(offer) if place % 3 else answers(offer, OfferAnswer.REJECT))
        if place % 4 == 0:
            verbs.append(takes_back(offer))
        if place % 5 == 0:
            verbs.append(unlocks(offer))
    verbs += [lambda session: expire_due(session, DEADLINE, 50)] * 2
    verbs += [lambda session: remind_due(session, DEADLINE - dt.timedelta(minutes=30), 50)] * 2
    verbs += [closes(jobs[3], JobAction.CANCEL)]
    verbs += [partial(_erase, people[0]), partial(_erase, people[1])]
    verbs += [lambda session: close_between(session, people[2], employer_id, NOW)]
    verbs += [suspends(people[3])]
    outcomes = await race(database, *verbs)
    known = {
        *("ok", "already_responded", "offer_expired", "offer_closed", "not_accepted"),
        *("already_unlocked", "match_not_accepted", "job_cancelled"),
    }
    assert set(outcomes) <= known


async def _offer(job_id: UUID, people: list[UUID], session: AsyncSession) -> None:
    await create_offers(session, job_id, people)


async def _erase(worker_id: UUID, session: AsyncSession) -> None:
    await close_for_worker(session, worker_id, NOW)
    await withdraw_all(session, worker_id, NOW)
