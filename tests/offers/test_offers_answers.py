"""A worker answers: what changes, what does not, and who hears of it."""

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import Update, select, update

from app.audit.models import AdminActionLog
from app.core.ids import new_id
from app.database.session import Database, keyring
from app.identity.models import User, UserStatus
from app.jobs.models import Job
from app.offers.links import lead_of
from app.offers.mark_unlocked import mark_unlocked
from app.offers.respond import respond, withdraw, withdraw_all
from app.offers.rules import OfferAnswer, OfferStatus
from app.workers.models import Worker
from tests.support.database import (
    employer_of,
    job_of,
    mark_sent,
    market,
    match_of,
    message_kinds_to,
    messages_to,
    opened,
    outcome,
    run,
)
from tests.support.factories import DEADLINE, HOUR, NOW


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


async def answers(
    database: Database,
    offer: tuple[UUID, UUID],
    answer: OfferAnswer,
    now: dt.datetime = NOW,
    reason: str | None = None,
) -> str:
    worker_id, offer_id = offer
    return await outcome(
        database, lambda session: respond(session, worker_id, offer_id, answer, reason, now)
    )


async def takes_back(database: Database, offer: tuple[UUID, UUID], now: dt.datetime = NOW) -> str:
    return await outcome(database, lambda session: withdraw(session, *offer, now))


async def unlocks(database: Database, offer: tuple[UUID, UUID], now: dt.datetime = NOW) -> str:
    return await outcome(database, lambda session: mark_unlocked(session, offer[1], now))


async def worker_of(database: Database, offer: tuple[UUID, UUID]) -> Worker:
    async with database.read() as session:
        return await session.get_one(Worker, offer[0])


async def test_an_acceptance_takes_a_place_and_tells_both(database: Database) -> None:
    job_id, [offer] = await market(database)
    assert await answers(database, offer, OfferAnswer.ACCEPT, NOW + HOUR) == "ok"
    match = await match_of(database, offer[1])
    assert (match.status, match.responded_at) == (OfferStatus.ACCEPTED, NOW + HOUR)
    assert (await job_of(database, job_id)).accepted == 1
    assert (await worker_of(database, offer)).answered == 1
    assert await message_kinds_to(database, offer[0]) == ["offer_accepted"]
    [(kind, lead)] = await messages_to(database, await employer_of(database, job_id))
    assert kind == "lead_accepted"
    assert lead["display_name"] == "Asha K."
    assert lead["price"] == {"amount": 4_900, "currency": "INR"}
    assert lead["match_id"] == str(offer[1])
    async with database.read() as session:
        assert lead_of(keyring(session), lead["url"].rsplit("/pay/")[1]) == offer[1]


async def test_a_rejection_keeps_its_reason_and_asks_others_at_once(database: Database) -> None:
    job_id, [offer] = await market(database)
    later = NOW + dt.timedelta(minutes=7)
    await run(database, lambda s: s.execute(_next_wave(job_id, NOW + HOUR)))
    assert await answers(database, offer, OfferAnswer.REJECT, later, "too far") == "ok"
    match = await match_of(database, offer[1])
    assert (match.status, match.reject_reason) == (OfferStatus.REJECTED, "too far")
    assert (await job_of(database, job_id)).next_wave_at == later
    assert await message_kinds_to(database, offer[0]) == ["offer_rejected_noted"]
    assert await message_kinds_to(database, await employer_of(database, job_id)) == []


def _next_wave(job_id: UUID, at: dt.datetime) -> Update:
    return update(Job).where(Job.id == job_id).values(next_wave_at=at)


async def test_while_somebody_may_still_answer_a_rejection_hurries_nobody(
    database: Database,
) -> None:
    job_id, [offer, _other] = await market(database, 2)
    await run(database, lambda s: s.execute(_next_wave(job_id, NOW + HOUR)))
    await answers(database, offer, OfferAnswer.REJECT)
    assert (await job_of(database, job_id)).next_wave_at == NOW + HOUR


@pytest.mark.parametrize("answer", OfferAnswer)
async def test_the_same_answer_again_changes_nothing(
    database: Database, answer: OfferAnswer
) -> None:
    job_id, [offer] = await market(database)
    await answers(database, offer, answer)
    before = await match_of(database, offer[1])
    heard = await message_kinds_to(database, offer[0])
    much_later = DEADLINE + HOUR
    assert await answers(database, offer, answer, much_later, "another reason") == "ok"
    after = await match_of(database, offer[1])
    assert (after.responded_at, after.reject_reason, after.updated_at) == (
        before.responded_at,
        before.reject_reason,
        before.updated_at,
    )
    assert await message_kinds_to(database, offer[0]) == heard
    assert (await worker_of(database, offer)).answered == 1
    assert (await job_of(database, job_id)).accepted == (answer is OfferAnswer.ACCEPT)


@pytest.mark.parametrize(
    ("first", "second"),
    [(OfferAnswer.ACCEPT, OfferAnswer.REJECT), (OfferAnswer.REJECT, OfferAnswer.ACCEPT)],
)
async def test_the_opposite_answer_is_refused(
    database: Database, first: OfferAnswer, second: OfferAnswer
) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, first)
    status = (await match_of(database, offer[1])).status
    assert await answers(database, offer, second) == "already_responded"
    assert (await match_of(database, offer[1])).status == status


@pytest.mark.parametrize("answer", OfferAnswer)
async def test_a_late_tap_changes_nothing_though_no_process_noted_the_deadline(
    database: Database, answer: OfferAnswer
) -> None:
    job_id, [offer] = await market(database)
    assert await answers(database, offer, answer, DEADLINE) == "offer_expired"
    match = await match_of(database, offer[1])
    assert (match.status, match.responded_at) == (OfferStatus.OFFERED, None)
    assert (await job_of(database, job_id)).accepted == 0
    assert (await worker_of(database, offer)).answered == 0


async def test_the_last_moment_counts(database: Database) -> None:
    _, [offer] = await market(database)
    just_in_time = DEADLINE - dt.timedelta(microseconds=1)
    assert await answers(database, offer, OfferAnswer.ACCEPT, just_in_time) == "ok"


async def test_another_workers_offer_is_not_there(database: Database) -> None:
    _, [mine, theirs] = await market(database, 2)
    assert await answers(database, (mine[0], theirs[1]), OfferAnswer.ACCEPT) == "offer_not_found"
    assert await takes_back(database, (mine[0], theirs[1])) == "offer_not_found"
    assert await answers(database, (mine[0], new_id()), OfferAnswer.ACCEPT) == "offer_not_found"


async def test_a_suspended_worker_answers_nothing(database: Database) -> None:
    job_id, [offer] = await market(database)
    suspended = update(User).where(User.id == offer[0]).values(status=UserStatus.SUSPENDED)
    await run(database, lambda session: session.execute(suspended))
    assert await answers(database, offer, OfferAnswer.ACCEPT) == "account_suspended"
    assert (await match_of(database, offer[1])).status == OfferStatus.OFFERED
    assert (await job_of(database, job_id)).accepted == 0


async def test_the_last_acceptance_closes_what_is_still_open(database: Database) -> None:
    _, offers = await market(database, 4, positions=1)  # at most two acceptances
    await mark_sent(database)
    await answers(database, offers[0], OfferAnswer.ACCEPT)
    assert (await match_of(database, offers[2][1])).status == OfferStatus.OFFERED
    await answers(database, offers[1], OfferAnswer.ACCEPT)
    for waiting in offers[2:]:
        assert (await match_of(database, waiting[1])).status == OfferStatus.CLOSED
        kind, params = (await messages_to(database, waiting[0]))[-1]
        assert (kind, params["reason"]) == ("offer_closed", "full")
    assert await answers(database, offers[2], OfferAnswer.ACCEPT) == "offer_closed"


async def test_an_answer_keeps_back_what_would_only_confuse(database: Database) -> None:
    _, [offer] = await market(database)
    assert await message_kinds_to(database, offer[0]) == ["job_offer"]
    await answers(database, offer, OfferAnswer.ACCEPT)
    assert await message_kinds_to(database, offer[0]) == ["offer_accepted"]


async def test_an_acceptance_can_be_taken_back_and_opens_the_place(database: Database) -> None:
    job_id, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await run(database, lambda s: s.execute(_next_wave(job_id, NOW + 9 * HOUR)))
    assert await takes_back(database, offer, NOW + HOUR) == "ok"
    match = await match_of(database, offer[1])
    assert (match.status, match.responded_at) == (OfferStatus.WITHDRAWN, NOW)
    job = await job_of(database, job_id)
    assert (job.accepted, job.next_wave_at) == (0, NOW + HOUR)
    assert (await worker_of(database, offer)).withdrawn == 1
    assert await message_kinds_to(database, offer[0]) == ["offer_accepted", "offer_withdrawn"]
    # The employer had not heard of the lead yet, and never will.
    assert await message_kinds_to(database, job.employer_id) == []


async def test_an_employer_who_heard_of_a_lead_hears_that_it_is_gone(database: Database) -> None:
    job_id, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await mark_sent(database)
    await takes_back(database, offer)
    heard = await messages_to(database, await employer_of(database, job_id))
    assert [kind for kind, _ in heard] == ["lead_accepted", "lead_withdrawn"]
    assert heard[-1][1]["display_name"] == "Asha K."


async def test_taking_back_again_changes_nothing_and_accepting_again_is_refused(
    database: Database,
) -> None:
    job_id, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await takes_back(database, offer, NOW + HOUR)
    assert await takes_back(database, offer, NOW + 2 * HOUR) == "ok"
    assert (await worker_of(database, offer)).withdrawn == 1
    assert await answers(database, offer, OfferAnswer.ACCEPT) == "already_responded"
    assert (await job_of(database, job_id)).accepted == 0


async def test_only_an_acceptance_can_be_taken_back(database: Database) -> None:
    _, [offer] = await market(database)
    assert await takes_back(database, offer) == "not_accepted"
    await answers(database, offer, OfferAnswer.REJECT)
    assert await takes_back(database, offer) == "not_accepted"


async def test_an_unlocked_contact_cannot_be_taken_back(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    assert await unlocks(database, offer) == "ok"
    assert await takes_back(database, offer) == "already_unlocked"
    assert (await match_of(database, offer[1])).status == OfferStatus.ACCEPTED


async def test_only_an_accepted_lead_is_unlocked_and_only_once(database: Database) -> None:
    job_id, [offer] = await market(database, positions=2)
    assert await unlocks(database, offer) == "match_not_accepted"
    await answers(database, offer, OfferAnswer.ACCEPT)
    assert await unlocks(database, offer, NOW + HOUR) == "ok"
    assert await unlocks(database, offer) == "already_unlocked"
    assert (await match_of(database, offer[1])).unlocked_at == NOW + HOUR
    assert (await job_of(database, job_id)).unlocked == 1
    assert (await message_kinds_to(database, offer[0]))[-1] == "contact_unlocked"
    assert await unlocks(database, (offer[0], new_id())) == "match_not_found"


async def test_the_contact_of_a_suspended_worker_is_not_sold(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    suspended = update(User).where(User.id == offer[0]).values(status=UserStatus.SUSPENDED)
    await run(database, lambda session: session.execute(suspended))
    assert await unlocks(database, offer) == "match_not_accepted"
    assert (await match_of(database, offer[1])).unlocked_at is None


async def test_whoever_erases_their_account_is_sold_to_nobody_any_more(database: Database) -> None:
    first_job, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await mark_sent(database)
    assert await run(database, lambda session: withdraw_all(session, offer[0], NOW)) == 1
    assert (await match_of(database, offer[1])).status == OfferStatus.WITHDRAWN
    assert (await job_of(database, first_job)).accepted == 0
    assert (await message_kinds_to(database, await employer_of(database, first_job)))[-1] == (
        "lead_withdrawn"
    )
    assert await run(database, lambda session: withdraw_all(session, offer[0], NOW)) == 0


async def test_every_step_is_in_the_log_with_who_took_it(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT, reason="call me on 98765 43210")
    await takes_back(database, offer)
    async with database.read() as session:
        query = select(AdminActionLog).where(AdminActionLog.target_id == str(offer[1]))
        rows = (await session.scalars(query.order_by(AdminActionLog.number))).all()
    assert [(row.action, row.actor_id, row.actor_role) for row in rows] == [
        ("offer.accept", offer[0], "worker"),
        ("offer.withdraw", offer[0], "worker"),
    ]
    assert [(row.before, row.after) for row in rows] == [
        ({"status": "offered"}, {"status": "accepted"}),
        ({"status": "accepted"}, {"status": "withdrawn"}),
    ]
    assert all("98765" not in str(row.reason) for row in rows)
