"""A worker takes a rejection back: what is undone, what stays, and who may not."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog
from app.database.session import Database
from app.employers.blocks import block_worker
from app.identity.models import User, UserStatus
from app.jobs.rules import JobAction
from app.offers.closing import close_between, close_for_employer, close_for_worker, close_job
from app.offers.expire import expire_due
from app.offers.models import JobMatch
from app.offers.reconsider import reconsider
from app.offers.remind import remind_due
from app.offers.respond import break_with, respond
from app.offers.rules import OfferAnswer, OfferStatus
from app.workers.blocks import block_employer
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
    messages_to,
    opened,
    outcome,
    race,
    run,
)
from tests.support.factories import DEADLINE, HOUR, NOW

TURNS = 5
"""How often a race between two is run: who wins changes from turn to turn."""

type Offer = tuple[UUID, UUID]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


def reconsiders(offer: Offer, now: dt.datetime = NOW) -> Verb:
    return lambda session: reconsider(session, *offer, now)


def answers(
    offer: Offer, answer: OfferAnswer, reason: str | None = None, now: dt.datetime = NOW
) -> Verb:
    return lambda session: respond(session, *offer, answer, reason, now)


def cancels(job_id: UUID) -> Verb:
    return lambda session: close_job(session, job_id, JobAction.CANCEL, None, NOW)


async def rejected(database: Database, reason: str | None = None) -> tuple[UUID, Offer]:
    """An offer that reached its worker, who rejected it; only such a one can be missed later."""
    job_id, [offer] = await market(database)
    await mark_delivered(database)
    assert await outcome(database, answers(offer, OfferAnswer.REJECT, reason)) == "ok"
    return job_id, offer


async def answered_by(database: Database, offer: Offer) -> tuple[int, int]:
    async with database.read() as session:
        worker = await session.get_one(Worker, offer[0])
        return worker.answered, worker.missed


async def test_what_the_rejection_did_is_undone(database: Database) -> None:
    _, offer = await rejected(database, "too far")
    assert await answered_by(database, offer) == (1, 0)
    assert await outcome(database, reconsiders(offer, NOW + HOUR)) == "ok"
    match = await match_of(database, offer[1])
    assert (match.status, match.responded_at, match.reject_reason) == ("offered", None, None)
    assert match.respond_by == DEADLINE
    assert await answered_by(database, offer) == (0, 0)
    kind, params = (await messages_to(database, offer[0]))[-1]
    assert (kind, params["offer_id"]) == ("offer_open_again", str(offer[1]))
    async with database.read() as session:
        query = select(AdminActionLog.action, AdminActionLog.before, AdminActionLog.after)
        about = query.where(AdminActionLog.target_id == str(offer[1]))
        logged = [row.action for row in await session.execute(about)]
    assert logged == ["offer.reject", "offer.reconsider"]


async def test_an_offer_that_is_open_again_is_reminded_of_once(database: Database) -> None:
    _, offer = await rejected(database)
    assert await outcome(database, reconsiders(offer)) == "ok"
    match = await match_of(database, offer[1])
    due = match.remind_at
    assert due is not None
    assert await run(database, lambda s: remind_due(s, due, 10)) == 1
    assert await outcome(database, answers(offer, OfferAnswer.REJECT, now=due)) == "ok"
    assert await outcome(database, reconsiders(offer, due)) == "ok"
    assert (await match_of(database, offer[1])).remind_at is None


async def test_each_rejection_and_each_opening_is_told(database: Database) -> None:
    _, offer = await rejected(database)
    for hours in (1, 2):
        assert await outcome(database, reconsiders(offer, NOW + hours * HOUR)) == "ok"
        await mark_sent(database)
        again = answers(offer, OfferAnswer.REJECT, now=NOW + hours * HOUR + HOUR / 2)
        assert await outcome(database, again) == "ok"
        await mark_sent(database)
    kinds = await message_kinds_to(database, offer[0])
    assert kinds.count("offer_open_again") == 2
    assert kinds.count("offer_rejected") >= 2
    assert await answered_by(database, offer) == (1, 0)


async def test_an_open_offer_stays_as_it_is(database: Database) -> None:
    _, [offer] = await market(database)
    assert await outcome(database, reconsiders(offer)) == "ok"
    assert await answered_by(database, offer) == (0, 0)
    assert await message_kinds_to(database, offer[0]) == ["job_offer"]
    assert await outcome(database, reconsiders(offer, DEADLINE)) == "offer_expired"


async def test_only_a_rejection_is_taken_back(database: Database) -> None:
    _, [offer] = await market(database)
    assert await outcome(database, answers(offer, OfferAnswer.ACCEPT)) == "ok"
    assert await outcome(database, reconsiders(offer)) == "not_rejected"
    _, [other] = await market(database)
    assert await outcome(database, reconsiders((offer[0], other[1]))) == "offer_not_found"


async def test_the_last_moment_counts_and_the_next_is_too_late(database: Database) -> None:
    _, offer = await rejected(database)
    assert await outcome(database, reconsiders(offer, DEADLINE)) == "offer_expired"
    last = DEADLINE - HOUR / 3_600
    assert await outcome(database, reconsiders(offer, last)) == "ok"
    assert await run(database, lambda s: expire_due(s, DEADLINE, 10)) == 1
    assert await answered_by(database, offer) == (0, 1)


async def test_a_full_or_cancelled_job_is_not_opened_again(database: Database) -> None:
    job_id, [first, second, third] = await market(database, 3, positions=1)
    assert await outcome(database, answers(third, OfferAnswer.REJECT)) == "ok"
    for offer in (first, second):
        assert await outcome(database, answers(offer, OfferAnswer.ACCEPT)) == "ok"
    assert (await job_of(database, job_id)).accepted == 2
    assert await outcome(database, reconsiders(third)) == "offer_closed"
    job_id, offer = await rejected(database)
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, NOW))
    assert await outcome(database, reconsiders(offer)) == "offer_closed"


async def _suspend(session: AsyncSession, user_id: UUID) -> None:
    user = await session.get_one(User, user_id)
    user.status = UserStatus.SUSPENDED


async def _worker_blocks(session: AsyncSession, offer: Offer, employer_id: UUID) -> None:
    await break_with(session, offer[0], employer_id, NOW)
    await block_employer(session, offer[0], employer_id, now=NOW)


async def _employer_blocks(session: AsyncSession, offer: Offer, employer_id: UUID) -> None:
    await close_between(session, offer[0], employer_id, NOW)
    await block_worker(session, employer_id, offer[0], offer[1], now=NOW)


async def _employer_is_suspended(session: AsyncSession, offer: Offer, employer_id: UUID) -> None:
    await close_for_employer(session, employer_id, None, NOW)
    await _suspend(session, employer_id)


async def _worker_is_suspended(session: AsyncSession, offer: Offer, employer_id: UUID) -> None:
    await close_for_worker(session, offer[0], NOW)
    await _suspend(session, offer[0])


def parts(part: "Parting", offer: Offer, employer_id: UUID) -> Verb:
    return lambda session: part(session, offer, employer_id)


type Parting = Callable[[AsyncSession, Offer, UUID], Awaitable[None]]

PARTINGS: dict[str, tuple[Parting, str]] = {
    "the worker blocks": (_worker_blocks, "offer_closed"),
    "the employer blocks": (_employer_blocks, "offer_closed"),
    "the employer is suspended": (_employer_is_suspended, "offer_closed"),
    "the worker is suspended": (_worker_is_suspended, "account_suspended"),
}


@pytest.mark.parametrize("parting", PARTINGS)
async def test_who_parted_meanwhile_is_not_brought_together(
    database: Database, parting: str
) -> None:
    part, refusal = PARTINGS[parting]
    job_id, offer = await rejected(database)
    employer_id = await employer_of(database, job_id)
    await run(database, lambda s: part(s, offer, employer_id))
    assert await outcome(database, reconsiders(offer)) == refusal
    assert (await match_of(database, offer[1])).status == OfferStatus.REJECTED


async def test_who_opened_an_offer_again_hears_that_it_ended(database: Database) -> None:
    """They answered before the offer's own message had left, which was therefore never sent."""
    job_id, [offer] = await market(database)
    assert await outcome(database, answers(offer, OfferAnswer.REJECT)) == "ok"
    assert await outcome(database, reconsiders(offer)) == "ok"
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, NOW))
    assert (await message_kinds_to(database, offer[0]))[-1] == "offer_closed"


# ── At the same moment ───────────────────────────────────────────────────────────────────────────


async def test_a_cancellation_and_an_opening_leave_no_offer_open(database: Database) -> None:
    for _ in range(TURNS):
        job_id, offer = await rejected(database)
        opening, cancelling = await race(
            database,
            reconsiders(offer),
            cancels(job_id),
        )
        assert cancelling == "ok"
        expected = {"ok": OfferStatus.CLOSED, "offer_closed": OfferStatus.REJECTED}[opening]
        assert (await match_of(database, offer[1])).status == expected


async def test_expiry_and_an_opening_have_one_outcome(database: Database) -> None:
    """The opening was in time by its own clock; the process that expires is a moment ahead of it."""
    for _ in range(TURNS):
        _, offer = await rejected(database)
        last = DEADLINE - HOUR / 3_600
        opening, _ = await race(
            database, reconsiders(offer, last), lambda s: expire_due(s, DEADLINE, 10)
        )
        assert opening == "ok"
        await run(database, lambda s: expire_due(s, DEADLINE, 10))
        assert (await match_of(database, offer[1])).status == OfferStatus.EXPIRED
        assert await answered_by(database, offer) == (0, 1)


async def test_the_last_place_and_an_opening_leave_no_offer_open(database: Database) -> None:
    for _ in range(TURNS):
        job_id, [first, second, third] = await market(database, 3, positions=1)
        assert await outcome(database, answers(first, OfferAnswer.ACCEPT)) == "ok"
        assert await outcome(database, answers(third, OfferAnswer.REJECT)) == "ok"
        opening, filling = await race(
            database, reconsiders(third), answers(second, OfferAnswer.ACCEPT)
        )
        assert filling == "ok"
        assert (await job_of(database, job_id)).accepted == 2
        expected = {"ok": OfferStatus.CLOSED, "offer_closed": OfferStatus.REJECTED}[opening]
        assert (await match_of(database, third[1])).status == expected


async def test_opening_many_times_opens_once(database: Database) -> None:
    _, offer = await rejected(database)
    assert await race(database, *[reconsiders(offer)] * 8) == ["ok"] * 8
    assert await answered_by(database, offer) == (0, 0)
    assert (await message_kinds_to(database, offer[0])).count("offer_open_again") == 1


@pytest.mark.parametrize("parting", PARTINGS)
async def test_a_parting_at_the_same_moment_leaves_no_offer_open(
    database: Database, parting: str
) -> None:
    part, refusal = PARTINGS[parting]
    for _ in range(TURNS):
        job_id, offer = await rejected(database)
        employer_id = await employer_of(database, job_id)
        outcomes = await race(
            database,
            reconsiders(offer),
            parts(part, offer, employer_id),
        )
        assert outcomes[1] == "ok"
        assert outcomes[0] in {"ok", refusal}
        async with database.read() as session:
            match = await session.get_one(JobMatch, offer[1])
            assert match.status in {OfferStatus.CLOSED, OfferStatus.REJECTED}
