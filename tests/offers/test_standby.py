"""Who came too late for a full job stands by, and gets the place of whoever withdraws."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import do_due
from app.core.week import Slot
from app.database.session import Database
from app.employers.blocks import block_worker
from app.identity.models import User, UserStatus
from app.identity.rules import AccountAction
from app.identity.users import change_status
from app.jobs.models import Job
from app.jobs.rules import JobAction
from app.matching.standby import PLACES, promote_due
from app.matching.standby_odds import standby_chance
from app.messaging.models import ChatPerson
from app.offers.closing import close_for_employer, close_job
from app.offers.models import JobMatch
from app.offers.respond import respond, withdraw
from app.offers.rules import OfferAnswer, OfferStatus
from app.offers.standby import StandbyPlace, leave, stand_by
from app.workers.availability import add_time_off
from app.workers.models import Worker
from app.workers.opt_out import stop
from app.workers.quiet_hours import note_sign_in
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
    race,
    run,
)
from tests.support.factories import (
    HOME,
    HOUR,
    MONDAY,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    create_offers,
)

MINUTE = dt.timedelta(minutes=1)
type Offer = tuple[UUID, UUID]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


async def accepts(database: Database, offer: Offer, now: dt.datetime = NOW) -> str:
    return await outcome(
        database, lambda session: respond(session, *offer, OfferAnswer.ACCEPT, None, now)
    )


async def stands_by(database: Database, offer: Offer, now: dt.datetime = NOW) -> StandbyPlace:
    standing: StandbyPlace = await run(database, lambda session: stand_by(session, *offer, now))
    return standing


async def withdraws(database: Database, offer: Offer, now: dt.datetime = NOW + HOUR) -> None:
    await run(database, lambda session: withdraw(session, *offer, now))


async def promotes(database: Database, now: dt.datetime = NOW + HOUR) -> int:
    count: int = await run(database, lambda session: promote_due(session, now, 100))
    return count


async def full(database: Database, late: int = 2, **job: Any) -> tuple[UUID, Offer, list[Offer]]:
    """A job that takes one acceptance and has it; whoever came too late."""
    job_id, [first, *others] = await market(database, 1 + late, **job)
    await mark_sent(database)
    await run(
        database,
        lambda s: s.execute(update(Job).where(Job.id == job_id).values(accept_limit=1)),
    )
    assert await accepts(database, first) == "ok"
    return job_id, first, others


async def also_offered(database: Database, worker_id: UUID) -> Offer:
    """The offer of another job in the same hours."""

    async def offer(session: AsyncSession) -> Offer:
        job_id = await add_job(session, await add_employer(session))
        await create_offers(session, job_id, [worker_id])
        query = select(JobMatch.id).where(JobMatch.job_id == job_id)
        return worker_id, (await session.scalars(query)).one()

    offered: Offer = await run(database, offer)
    return offered


async def status_of(database: Database, offer: Offer) -> str:
    return (await match_of(database, offer[1])).status


# ── The odds ─────────────────────────────────────────────────────────────────────────────────────

PEOPLE, SHARES = st.integers(0, 30), st.floats(0, 1)


@given(PEOPLE, PEOPLE, st.integers(0, 5), SHARES)
def test_odds_are_odds_and_nobody_is_worse_off_for_waiting_nearer(
    accepted: int, ahead: int, places: int, withdraws: float
) -> None:
    chance = standby_chance(accepted, ahead, places, withdraws)
    assert 0 <= chance <= 1
    assert standby_chance(accepted, ahead + 1, places, withdraws) <= chance + 1e-9
    assert standby_chance(accepted + 1, ahead, places, withdraws) >= chance - 1e-9
    assert standby_chance(accepted, ahead, places + 1, withdraws) >= chance - 1e-9


def test_odds_of_the_first_are_that_anybody_withdraws() -> None:
    assert standby_chance(2, 0, 0, 0.1) == pytest.approx(1 - 0.9**2)
    assert standby_chance(2, 1, 0, 0.1) == pytest.approx(0.1**2)
    assert standby_chance(2, 2, 0, 0.1) == 0
    assert standby_chance(0, 1, 2, 0.1) == 1


# ── Waiting ──────────────────────────────────────────────────────────────────────────────────────


async def test_whoever_is_too_late_may_wait_and_reads_where_they_stand(database: Database) -> None:
    _, _, [second, third] = await full(database)
    assert await accepts(database, second) == "offer_closed"
    one = await stands_by(database, second)
    other = await stands_by(database, third, NOW + MINUTE)
    assert (one.ahead, one.accepted, one.open_places) == (0, 1, 0)
    assert other.ahead == 1
    assert await stands_by(database, second, NOW + HOUR) == one


async def test_a_place_that_gets_free_goes_to_whoever_waited_longest(database: Database) -> None:
    job_id, first, [second, third] = await full(database)
    await stands_by(database, third)
    await stands_by(database, second, NOW + MINUTE)
    assert await promotes(database) == 0
    await withdraws(database, first)
    assert await promotes(database) == 1
    assert await promotes(database) == 0
    assert await status_of(database, third) == OfferStatus.ACCEPTED
    assert await status_of(database, second) == OfferStatus.CLOSED
    assert (await job_of(database, job_id)).accepted == 1
    kind, params = (await messages_to(database, third[0]))[-1]
    assert (kind, params["offer_id"]) == ("standby_promoted", str(third[1]))
    heard = await message_kinds_to(database, await employer_of(database, job_id))
    assert heard[-1] == "lead_accepted"


async def test_a_place_that_was_waited_for_is_taken_back_without_a_trace(
    database: Database,
) -> None:
    _, first, [second, _] = await full(database)
    await stands_by(database, second)
    await withdraws(database, first)
    await promotes(database)
    await withdraws(database, second, NOW + 9 * HOUR)
    async with database.read() as session:
        worker = await session.get_one(Worker, second[0])
        assert (worker.answered, worker.withdrawn) == (0, 0)


async def test_two_processes_give_a_place_once(database: Database) -> None:
    job_id, first, [second, third] = await full(database)
    await stands_by(database, second)
    await stands_by(database, third, NOW + MINUTE)
    await withdraws(database, first)
    again = [lambda session: promote_due(session, NOW + HOUR, 100)] * 2
    assert await race(database, *again) == ["ok", "ok"]
    assert (await job_of(database, job_id)).accepted == 1


async def test_nobody_is_booked_twice_by_waiting(database: Database) -> None:
    _, first, [second, third] = await full(database)
    other = await also_offered(database, second[0])
    await stands_by(database, second)
    await stands_by(database, third, NOW + MINUTE)
    assert await accepts(database, other) == "ok"
    await withdraws(database, first)
    assert await promotes(database) == 1
    assert await status_of(database, third) == OfferStatus.ACCEPTED
    assert (await match_of(database, second[1])).standby_at is None


async def test_who_is_blocked_or_suspended_is_passed_over(database: Database) -> None:
    job_id, first, [second, third] = await full(database)
    await stands_by(database, second)
    await stands_by(database, third, NOW + MINUTE)
    employer_id = await employer_of(database, job_id)
    await run(database, lambda s: block_worker(s, employer_id, second[0], second[1], now=NOW))
    await run(
        database,
        lambda s: s.execute(
            update(User).where(User.id == third[0]).values(status=UserStatus.SUSPENDED)
        ),
    )
    await withdraws(database, first)
    assert await promotes(database) == 0
    assert (await job_of(database, job_id)).accepted == 0


async def test_two_processes_do_not_book_whoever_waits_twice(database: Database) -> None:
    """One process promotes for each job, at the same moment."""
    one, first, [both] = await full(database, 1)
    elsewhere = await also_offered(database, both[0])
    other = (await match_of(database, elsewhere[1])).job_id

    async def fill_other(session: AsyncSession) -> None:
        await session.execute(update(Job).where(Job.id == other).values(accept_limit=1))
        [taker] = await add_workers(session, [NewWorker(point=HOME)])
        await create_offers(session, other, [taker])

    await run(database, fill_other)
    async with database.read() as session:
        takers = select(JobMatch.worker_id, JobMatch.id).where(
            JobMatch.job_id == other, JobMatch.worker_id != both[0]
        )
        row = (await session.execute(takers)).one()
    taker = (row.worker_id, row.id)
    assert await accepts(database, taker) == "ok"
    for offer in (both, elsewhere):
        await stands_by(database, offer)
    for offer in (first, taker):
        await withdraws(database, offer)
    verbs = [
        lambda session, job_id=job_id: promote_due(session, NOW + HOUR, 100, only=[job_id])
        for job_id in (one, other)
    ]
    assert await race(database, *verbs) == ["ok", "ok"]
    stands = [await status_of(database, offer) for offer in (both, elsewhere)]
    assert sorted(stands) == [OfferStatus.ACCEPTED, OfferStatus.CLOSED]


async def test_who_said_stop_or_is_away_is_passed_over(database: Database) -> None:
    job_id, first, [second, third] = await full(database)
    await stands_by(database, second)
    await stands_by(database, third, NOW + MINUTE)
    await run(database, lambda s: stop(s, ChatPerson(user_id=second[0]), now=NOW))
    week = (MONDAY, MONDAY + dt.timedelta(days=6))
    await run(database, lambda s: add_time_off(s, third[0], *week, now=NOW))
    await withdraws(database, first)
    assert await promotes(database) == 0
    assert (await job_of(database, job_id)).accepted == 0


async def test_days_off_beside_the_work_keep_nobody_from_a_place(database: Database) -> None:
    _, first, [second, _] = await full(database)
    await stands_by(database, second)
    await run(database, lambda s: add_time_off(s, second[0], MONDAY, MONDAY, now=NOW))
    await withdraws(database, first)
    assert await promotes(database) == 1


async def test_who_sleeps_until_the_job_closes_is_passed_over_and_waits_on(
    database: Database,
) -> None:
    night = dt.datetime(2026, 11, 22, 17, 30, tzinfo=dt.UTC)  # 23:00 there
    hours: dict[str, Any] = {
        "slots": [Slot(0, 6 * 60, 10 * 60)],
        "ends_on": MONDAY,
        "closes_at": night + 7 * HOUR,
    }
    _, first, [second, third] = await full(database, **hours)
    awake = update(Worker).where(Worker.id == third[0]).values(quiet_start=None, quiet_end=None)
    await run(database, lambda session: session.execute(awake))
    await stands_by(database, second)
    await stands_by(database, third, NOW + MINUTE)
    await withdraws(database, first, night)
    assert await promotes(database, night) == 1
    assert await status_of(database, third) == OfferStatus.ACCEPTED
    await withdraws(database, third, night)
    assert await promotes(database, night) == 0
    await run(database, lambda s: note_sign_in(s, second[0], night + HOUR))
    assert await promotes(database, night + HOUR) == 1
    assert await status_of(database, second) == OfferStatus.ACCEPTED


async def test_jobs_whose_people_all_sleep_keep_no_other_from_its_place(database: Database) -> None:
    night = dt.datetime(2026, 11, 22, 17, 30, tzinfo=dt.UTC)  # 23:00 there
    hours: dict[str, Any] = {"slots": [Slot(0, 6 * 60, 10 * 60)], "ends_on": MONDAY}
    waiting = []
    for number in range(3):
        closes_at = night + 7 * HOUR + number * MINUTE
        _, first, [second, _] = await full(database, **hours, closes_at=closes_at)
        await stands_by(database, second)
        await withdraws(database, first, night)
        waiting.append(second)
    awake = update(Worker).where(Worker.id == waiting[-1][0])
    awake = awake.values(quiet_start=None, quiet_end=None)
    await run(database, lambda session: session.execute(awake))

    async def round_of_two(at: dt.datetime) -> int:
        return await do_due(database, lambda: at, 2, PLACES, promote_due)

    assert await round_of_two(night) == 2
    assert await round_of_two(night) == 1
    assert await status_of(database, waiting[-1]) == OfferStatus.ACCEPTED
    assert await round_of_two(night + MINUTE / 2) == 0
    await run(database, lambda s: note_sign_in(s, waiting[0][0], night + MINUTE))
    assert await round_of_two(night + MINUTE) == 2
    assert await status_of(database, waiting[0]) == OfferStatus.ACCEPTED
    assert await round_of_two(night + MINUTE) == 0


@pytest.mark.parametrize("shut", [AccountAction.SUSPEND, AccountAction.RESTRICT])
async def test_who_waits_for_an_employer_who_is_shut_out_waits_on(
    database: Database, shut: AccountAction
) -> None:
    job_id, first, [second, _] = await full(database)
    employer_id = await employer_of(database, job_id)
    await stands_by(database, second)
    await run(database, lambda s: change_status(s, employer_id, shut, now=NOW))
    await withdraws(database, first)
    assert await promotes(database) == 0
    assert await status_of(database, second) == OfferStatus.CLOSED
    again = AccountAction.ACTIVATE
    await run(database, lambda s: change_status(s, employer_id, again, now=NOW + HOUR))
    assert await promotes(database) == 1
    assert await status_of(database, second) == OfferStatus.ACCEPTED


async def test_who_leaves_gets_no_place(database: Database) -> None:
    _, first, [second, _] = await full(database)
    await stands_by(database, second)
    for _ in range(2):
        await run(database, lambda session: leave(session, *second, NOW))
    await withdraws(database, first)
    assert await promotes(database) == 0


async def test_who_leaves_too_late_is_told_that_the_place_is_theirs(database: Database) -> None:
    _, first, [second, _] = await full(database)
    await stands_by(database, second)
    await withdraws(database, first)
    assert await promotes(database) == 1
    refused = await outcome(database, lambda s: leave(s, *second, NOW + HOUR))
    assert refused == "already_responded"
    assert await status_of(database, second) == OfferStatus.ACCEPTED
    await withdraws(database, second)


async def test_a_place_that_is_free_already_can_be_waited_for(database: Database) -> None:
    _, first, [second, _] = await full(database)
    await withdraws(database, first)
    assert (await stands_by(database, second, NOW + HOUR)).open_places == 1
    assert await promotes(database) == 1


async def test_who_may_not_be_asked_cannot_wait(database: Database) -> None:
    job_id, _, [second, third] = await full(database)
    employer_id = await employer_of(database, job_id)
    await run(database, lambda s: block_worker(s, employer_id, second[0], second[1], now=NOW))
    assert await outcome(database, lambda s: stand_by(s, *second, NOW)) == "offer_closed"
    shut, again = AccountAction.SUSPEND, AccountAction.ACTIVATE
    await run(database, lambda s: change_status(s, employer_id, shut, now=NOW))
    assert await outcome(database, lambda s: stand_by(s, *third, NOW)) == "offer_closed"
    await run(database, lambda s: change_status(s, employer_id, again, now=NOW))
    assert await outcome(database, lambda s: stand_by(s, *third, NOW)) == "ok"


async def test_an_offer_that_closed_for_another_reason_cannot_wait(database: Database) -> None:
    job_id, [offer] = await market(database)
    employer_id = await employer_of(database, job_id)
    await run(database, lambda s: close_for_employer(s, employer_id, None, NOW))
    assert await status_of(database, offer) == OfferStatus.CLOSED
    assert await outcome(database, lambda s: stand_by(s, *offer, NOW)) == "offer_closed"


async def test_whoever_waits_hears_that_the_job_is_over_once(database: Database) -> None:
    job_id, _, [second, third] = await full(database)
    await stands_by(database, second)
    before = len(await message_kinds_to(database, third[0]))
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, NOW + HOUR))
    assert (await messages_to(database, second[0]))[-1][1]["reason"] == "cancelled"
    assert len(await message_kinds_to(database, third[0])) == before
    assert (await match_of(database, second[1])).standby_at is None
    refused = await outcome(database, lambda s: stand_by(s, *second, NOW + HOUR))
    assert refused == "offer_closed"


async def test_whoever_was_given_a_place_hears_that_the_job_is_cancelled(
    database: Database,
) -> None:
    job_id, first, [second, _] = await full(database)
    await stands_by(database, second)
    await withdraws(database, first)
    assert await promotes(database) == 1
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, NOW + 2 * HOUR))
    kind, params = (await messages_to(database, second[0]))[-1]
    assert (kind, params.get("reason")) == ("offer_closed", "cancelled")


async def test_only_ones_own_closed_offer_can_wait(database: Database) -> None:
    _, first, [second, _] = await full(database)
    theirs = await outcome(database, lambda s: stand_by(s, first[0], second[1], NOW))
    assert theirs == "offer_not_found"
    assert await outcome(database, lambda s: stand_by(s, *first, NOW)) == "offer_closed"
