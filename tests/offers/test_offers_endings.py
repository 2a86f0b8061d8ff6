"""Offers that end without an answer: by time, by the job, by a block; and the one reminder."""

import datetime as dt
from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.log import reasons_of
from app.audit.models import AdminActionLog
from app.database.session import Database
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job, JobStatus
from app.jobs.rules import JobAction
from app.offers.closing import close_between, close_for_worker, close_job, expire_jobs_due
from app.offers.expire import expire_due
from app.offers.mark_unlocked import mark_unlocked
from app.offers.models import JobMatch
from app.offers.remind import remind_due
from app.offers.respond import respond
from app.offers.rules import OfferAnswer, OfferStatus
from app.policy.policy import Policy
from app.workers.models import Worker
from tests.support.database import (
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
    run,
)
from tests.support.factories import DEADLINE, HOUR, NOW, add_employer, add_job, create_offers

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


async def expires(database: Database, now: dt.datetime, limit: int = 100) -> int:
    count: int = await run(database, lambda session: expire_due(session, now, limit))
    return count


async def reminds(database: Database, now: dt.datetime, limit: int = 100) -> int:
    count: int = await run(database, lambda session: remind_due(session, now, limit))
    return count


async def accepts(database: Database, offer: tuple[UUID, UUID]) -> None:
    await run(database, lambda session: respond(session, *offer, OfferAnswer.ACCEPT, None, NOW))


async def closes(
    database: Database, job_id: UUID, action: JobAction, actor: Actor | None = None
) -> str:
    return await outcome(database, lambda session: close_job(session, job_id, action, actor, NOW))


async def statuses(database: Database, job_id: UUID) -> list[str]:
    async with database.read() as session:
        query = select(JobMatch.status).where(JobMatch.job_id == job_id)
        return list(await session.scalars(query.order_by(JobMatch.score.desc())))


# --- by time ----------------------------------------------------------------------------------


async def test_nothing_expires_before_its_deadline(database: Database) -> None:
    job_id, _ = await market(database, 2)
    assert await expires(database, DEADLINE - MINUTE) == 0
    assert await statuses(database, job_id) == ["offered", "offered"]


async def test_an_unanswered_offer_expires_once_and_counts_as_missed(database: Database) -> None:
    job_id, [offer] = await market(database)
    await mark_delivered(database)
    assert await expires(database, DEADLINE) == 1
    assert await expires(database, DEADLINE + HOUR) == 0
    assert await statuses(database, job_id) == ["expired"]
    assert await message_kinds_to(database, offer[0]) == ["job_offer", "offer_expired"]
    async with database.read() as session:
        assert (await session.get_one(Worker, offer[0])).missed == 1


async def test_what_was_answered_does_not_expire(database: Database) -> None:
    job_id, [first, _second] = await market(database, 2)
    await accepts(database, first)
    assert await expires(database, DEADLINE) == 1
    assert await statuses(database, job_id) == ["accepted", "expired"]


async def test_when_the_last_open_offer_expires_others_are_asked_at_once(
    database: Database,
) -> None:
    job_id, _ = await market(database, 2)
    much_later = DEADLINE + 9 * HOUR
    await run(
        database,
        lambda session: session.execute(
            update(Job).where(Job.id == job_id).values(next_wave_at=much_later)
        ),
    )
    assert await expires(database, DEADLINE, limit=1) == 1
    assert (await job_of(database, job_id)).next_wave_at == DEADLINE  # the other is overdue too
    assert await expires(database, DEADLINE, limit=1) == 1


async def test_a_worker_who_misses_two_offers_misses_two(database: Database) -> None:
    _, [offer] = await market(database)

    async def another_job(session: AsyncSession) -> None:
        job_id = await add_job(session, await add_employer(session))
        await create_offers(session, job_id, [offer[0]])

    await run(database, another_job)
    await mark_delivered(database)
    assert await expires(database, DEADLINE) == 2
    async with database.read() as session:
        assert (await session.get_one(Worker, offer[0])).missed == 2


async def test_nobody_misses_an_offer_that_never_came(database: Database) -> None:
    _, [offer] = await market(database)
    await mark_sent(database)
    assert await expires(database, DEADLINE) == 1
    async with database.read() as session:
        assert (await session.get_one(Worker, offer[0])).missed == 0
    assert (await match_of(database, offer[1])).undelivered


async def test_an_offer_of_a_job_that_closed_in_between_still_expires(database: Database) -> None:
    job_id, [offer] = await market(database)
    late = DEADLINE + MINUTE
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, late))
    assert (await match_of(database, offer[1])).status == OfferStatus.OFFERED
    assert await expires(database, late) == 1
    assert (await job_of(database, job_id)).next_wave_at is None


# --- the reminder -----------------------------------------------------------------------------


async def test_one_reminder_with_a_quarter_of_the_time_left(database: Database) -> None:
    _, [offer] = await market(database)
    await mark_sent(database)
    assert await reminds(database, NOW + 3 * HOUR - MINUTE) == 0
    assert await reminds(database, NOW + 3 * HOUR) == 1
    assert await reminds(database, NOW + 3 * HOUR + MINUTE) == 0
    (_, first), (kind, again) = await messages_to(database, offer[0])
    assert kind == "offer_reminder"
    assert again == first  # it says the same as the offer, and can be answered the same way
    assert (await match_of(database, offer[1])).reminded_at == NOW + 3 * HOUR


async def test_nobody_is_reminded_of_what_they_answered_or_can_answer_no_more(
    database: Database,
) -> None:
    _, offers = await market(database, 2)
    await accepts(database, offers[0])
    assert await reminds(database, DEADLINE) == 0
    assert await reminds(database, DEADLINE - MINUTE) == 1


async def test_who_has_less_than_an_hour_is_not_reminded(database: Database) -> None:
    closes_at = NOW + 50 * MINUTE
    _, [offer] = await market(database, closes_at=closes_at)
    assert (await match_of(database, offer[1])).respond_by == closes_at
    assert await reminds(database, closes_at - MINUTE) == 0


# --- by the job -------------------------------------------------------------------------------


async def test_a_cancelled_job_closes_what_is_open_and_tells_each_worker_once(
    database: Database,
) -> None:
    job_id, [accepted, waiting] = await market(database, 2)
    await accepts(database, accepted)
    await mark_sent(database)
    assert await closes(database, job_id, JobAction.CANCEL) == "ok"
    assert await statuses(database, job_id) == ["accepted", "closed"]
    for worker_id, _ in (accepted, waiting):
        kind, params = (await messages_to(database, worker_id))[-1]
        assert (kind, params["reason"]) == ("offer_closed", "cancelled")
    heard = await message_kinds_to(database, waiting[0])
    assert await closes(database, job_id, JobAction.CANCEL) == "job_cancelled"
    assert await message_kinds_to(database, waiting[0]) == heard
    refusal = await outcome(
        database, lambda s: respond(s, *waiting, OfferAnswer.ACCEPT, None, NOW + HOUR)
    )
    assert refusal == "offer_closed"


async def test_a_closed_job_asks_nobody_more_and_keeps_who_said_yes(database: Database) -> None:
    job_id, [accepted, waiting] = await market(database, 2)
    await accepts(database, accepted)
    await mark_sent(database)
    heard = await message_kinds_to(database, accepted[0])
    assert await closes(database, job_id, JobAction.CLOSE) == "ok"
    assert await statuses(database, job_id) == ["accepted", "closed"]
    # Nothing changes for who said yes; who was asked hears why it is over.
    assert await message_kinds_to(database, accepted[0]) == heard
    kind, params = (await messages_to(database, waiting[0]))[-1]
    assert (kind, params["reason"]) == ("offer_closed", "closed")
    assert await closes(database, job_id, JobAction.CLOSE) == "job_closed"
    assert await closes(database, job_id, JobAction.CANCEL) == "job_closed"
    refusal = await outcome(
        database, lambda s: respond(s, *waiting, OfferAnswer.ACCEPT, None, NOW + HOUR)
    )
    assert refusal == "offer_closed"
    assert await outcome(database, lambda s: mark_unlocked(s, accepted[1], NOW)) == "ok"


async def test_who_was_going_to_come_hears_that_the_job_is_cancelled(database: Database) -> None:
    job_id, [bought, accepted] = await market(database, 2, positions=2)
    for offer in (bought, accepted):
        await accepts(database, offer)
    await run(database, lambda session: mark_unlocked(session, bought[1], NOW))
    await mark_sent(database)
    heard = await message_kinds_to(database, bought[0])
    assert await closes(database, job_id, JobAction.CANCEL) == "ok"
    assert await message_kinds_to(database, bought[0]) == [*heard, "job_called_off"]
    assert (await message_kinds_to(database, accepted[0]))[-1] == "offer_closed"
    # Their contact stays with who bought it, and their yes stays a yes.
    match = await match_of(database, bought[1])
    assert (match.status, match.unlocked_at) == ("accepted", NOW)
    assert await closes(database, job_id, JobAction.CANCEL) == "job_cancelled"
    assert await message_kinds_to(database, bought[0]) == [*heard, "job_called_off"]


async def test_who_was_bought_hears_nothing_of_a_closed_job(database: Database) -> None:
    job_id, [bought] = await market(database, positions=2)
    await accepts(database, bought)
    await run(database, lambda session: mark_unlocked(session, bought[1], NOW))
    await mark_sent(database)
    heard = await message_kinds_to(database, bought[0])
    assert await closes(database, job_id, JobAction.CLOSE) == "ok"
    assert await message_kinds_to(database, bought[0]) == heard


async def test_who_never_got_the_offer_does_not_hear_of_its_end(database: Database) -> None:
    job_id, [offer] = await market(database)
    await closes(database, job_id, JobAction.CANCEL)
    assert await message_kinds_to(database, offer[0]) == []


async def test_the_employer_is_told_of_what_they_did_not_do_themselves(database: Database) -> None:
    job_id, _ = await market(database)
    other_job, _ = await market(database)
    employer_id = await employer_of(database, job_id)
    employer = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "Rustom")
    admin = Actor(await employer_of(database, other_job), Role.ADMIN, UserStatus.ACTIVE, "Admin")
    await closes(database, job_id, JobAction.CANCEL, employer)
    assert await messages_to(database, employer_id) == []
    await run(
        database,
        lambda s: close_job(s, other_job, JobAction.CANCEL, None, NOW, "looks like a scam"),
    )
    [(kind, params)] = await messages_to(database, admin.user_id)
    assert (kind, params["reason"]) == ("job_closed", "cancelled")


async def test_closing_is_in_the_log_with_who_and_why(database: Database) -> None:
    job_id, [offer] = await market(database)
    admin = Actor(await employer_of(database, job_id), Role.ADMIN, UserStatus.ACTIVE, "Admin")
    await run(
        database, lambda s: close_job(s, job_id, JobAction.CANCEL, admin, NOW, "looks like a scam")
    )
    async with database.read() as session:
        rows = (await session.scalars(select(AdminActionLog).order_by(AdminActionLog.number))).all()
        said = await reasons_of(session, rows)
    assert [(row.action, row.target_id, row.actor_role, said[row.id]) for row in rows] == [
        ("job.cancel", str(job_id), "admin", "looks like a scam"),
        ("offer.close", str(offer[1]), "admin", "cancelled"),
    ]


async def test_a_job_is_filled_by_its_last_unlock_and_keeps_its_leads(database: Database) -> None:
    job_id, offers = await market(database, 3, positions=1)
    await mark_sent(database)
    for offer in offers[:1]:
        await accepts(database, offer)
    await run(database, lambda session: mark_unlocked(session, offers[0][1], NOW))
    job = await job_of(database, job_id)
    assert (job.status, job.unlocked, job.next_wave_at) == (JobStatus.FILLED, 1, None)
    assert await statuses(database, job_id) == ["accepted", "closed", "closed"]
    assert (await messages_to(database, offers[1][0]))[-1][1]["reason"] == "filled"
    assert (await message_kinds_to(database, job.employer_id))[-1] == "job_filled"


async def test_more_leads_than_positions_can_be_unlocked_of_a_filled_job(
    database: Database,
) -> None:
    job_id, offers = await market(database, 2, positions=1)
    for offer in offers:
        await accepts(database, offer)
    for _, match_id in offers:
        await run(database, partial(mark_unlocked, match_id=match_id, now=NOW))
    job = await job_of(database, job_id)
    assert (job.status, job.unlocked) == (JobStatus.FILLED, 2)


async def test_a_job_ends_when_its_last_shift_begins(database: Database) -> None:
    job_id, _ = await market(database)
    # Friday and Saturday from 17:00 in India, in the week from the 23rd: the last at 11:30 UTC.
    last_shift = dt.datetime(2026, 11, 28, 11, 30, tzinfo=dt.UTC)
    closing = update(Job).where(Job.id == job_id).values(closes_at=last_shift)
    await run(database, lambda session: session.execute(closing))
    assert await run(database, lambda s: expire_jobs_due(s, last_shift - MINUTE, 10)) == 0
    assert await run(database, lambda s: expire_jobs_due(s, last_shift, 10)) == 1
    assert await run(database, lambda s: expire_jobs_due(s, last_shift, 10)) == 0
    job = await job_of(database, job_id)
    assert (job.status, job.closed_at) == (JobStatus.EXPIRED, last_shift)
    assert (await messages_to(database, job.employer_id))[-1] == (
        "job_closed",
        {"title": "Evening waiter", "reason": "expired"},
    )


async def test_who_could_still_answer_hears_that_a_job_s_time_is_over(database: Database) -> None:
    """Deadlines end with the job; this one was given by rules of the zone that have changed since."""
    job_id, [offer] = await market(database)
    await mark_sent(database)
    last_shift = dt.datetime(2026, 11, 28, 11, 30, tzinfo=dt.UTC)
    async with database.begin() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(closes_at=last_shift))
        late = update(JobMatch).where(JobMatch.job_id == job_id)
        await session.execute(late.values(respond_by=last_shift + HOUR))
    assert await run(database, lambda s: expire_jobs_due(s, last_shift, 10)) == 1
    assert await statuses(database, job_id) == ["closed"]
    kind, params = (await messages_to(database, offer[0]))[-1]
    assert (kind, params["reason"]) == ("offer_closed", "expired")


async def test_a_job_that_is_not_over_after_all_keeps_no_other_from_ending(
    database: Database,
) -> None:
    """Its hour of closing was reckoned by rules of the zone that have changed since."""
    waits, _ = await market(database)
    ends, _ = await market(database)
    last_shift = dt.datetime(2026, 11, 28, 11, 30, tzinfo=dt.UTC)
    async with database.begin() as session:
        for job_id, closes_at in ((waits, NOW), (ends, last_shift)):
            await session.execute(update(Job).where(Job.id == job_id).values(closes_at=closes_at))
    assert await run(database, lambda s: expire_jobs_due(s, last_shift - HOUR, 10)) == 0
    assert (await job_of(database, waits)).status == JobStatus.PUBLISHED
    assert await run(database, lambda s: expire_jobs_due(s, last_shift, 10)) == 2


# --- by the two not meeting -------------------------------------------------------------------


async def test_a_block_closes_that_employers_offers_and_no_others(database: Database) -> None:
    job_id, [offer] = await market(database)

    async def another_job(session: AsyncSession) -> UUID:
        other = await add_job(session, await add_employer(session))
        await create_offers(session, other, [offer[0]])
        return other

    kept = await run(database, another_job)
    employer_id = await employer_of(database, job_id)
    assert await run(database, lambda s: close_between(s, offer[0], employer_id, NOW)) == 1
    assert (await match_of(database, offer[1])).status == OfferStatus.CLOSED
    assert await statuses(database, kept) == ["offered"]
    assert "offer_closed" not in await message_kinds_to(database, offer[0])
    assert (await job_of(database, job_id)).next_wave_at == NOW


async def test_a_suspension_closes_all_open_offers_of_the_worker_only(database: Database) -> None:
    _, [gone, stays] = await market(database, 2)
    assert await run(database, lambda s: close_for_worker(s, gone[0], NOW)) == 1
    assert await run(database, lambda s: close_for_worker(s, gone[0], NOW)) == 0
    assert (await match_of(database, gone[1])).status == OfferStatus.CLOSED
    assert (await match_of(database, stays[1])).status == OfferStatus.OFFERED


# --- being made -------------------------------------------------------------------------------


async def test_an_offer_carries_its_price_and_deadline_from_the_start(database: Database) -> None:
    _, [offer] = await market(database)
    match = await match_of(database, offer[1])
    assert (match.price_amount, match.price_currency) == (4_900, "INR")
    within = Policy().deadlines.respond_within_minutes
    assert match.respond_by == NOW + within * MINUTE
    [(kind, params)] = await messages_to(database, offer[0])
    assert kind == "job_offer"
    assert params["distance_km"] == 1.0
    assert params["respond_by"] == match.respond_by.isoformat()
    assert params["slots"][0] == {"weekday": "friday", "start": "17:00", "end": "21:00"}


async def test_nobody_is_offered_the_same_job_twice(database: Database) -> None:
    job_id, [offer] = await market(database)
    await run(database, lambda session: create_offers(session, job_id, [offer[0]]))
    assert await statuses(database, job_id) == ["offered"]
    assert await message_kinds_to(database, offer[0]) == ["job_offer"]


async def test_a_job_whose_last_shift_began_is_offered_to_nobody(database: Database) -> None:
    job_id, _ = await market(database, 1, closes_at=NOW)
    assert await statuses(database, job_id) == []
