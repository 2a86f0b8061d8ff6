"""The last line of defence: what a WHERE, a constraint or a key keeps from happening.

Each rule here is also kept further up, by a check or a lock, so that nothing ever shows when it is gone.
These tests go past what is further up. `make mutants` takes each of these protections away and sees that
a test notices.
"""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import func, inspect, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit.models import AdminActionLog
from app.core.crypto import Keyring, SealBroken
from app.core.errors import Conflict
from app.core.ids import new_id
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database, changed, savepoint
from app.identity.models import User
from app.jobs import lifecycle
from app.jobs.models import Job
from app.jobs.rules import JobAction
from app.messaging.channel import Address, SendResult, TransportError
from app.messaging.models import OutboxMessage, OutboxState
from app.messaging.outbox import delivery
from app.messaging.rules import Refusal
from app.offers import expire, remind, respond, rules, steps
from app.offers.job_lock import lock_jobs
from app.offers.models import JobMatch
from app.offers.rules import Action, OfferAnswer, OfferClosed, OfferState, OfferStatus
from app.payments import ledger, refunds, send_refunds
from app.payments.contacts import contacts_of
from app.payments.provider import PaymentProvider, PaymentsUnavailable
from app.payments.rules import CASH, REVENUE, Posting
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.channels import channels_of
from tests.support.database import database_of, job_of, market, match_of
from tests.support.factories import DEADLINE, NOW, NewWorker, add_workers
from tests.support.leads import bought_lead, lead, payment_row
from tests.support.provider_faults import checkout_pages, stripe_objects

# ── Offers: the statement itself repeats what was checked before it ──────────────────────────────


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = database_of(database_url)
    try:
        yield database
    finally:
        await database.close()


_OPEN = OfferState(OfferStatus.OFFERED, DEADLINE, unlocked=False, job_has_room=True)
_ACCEPTED = OfferState(OfferStatus.ACCEPTED, DEADLINE, unlocked=False, job_has_room=True)


async def _moves(
    database: Database, offer_id: UUID, facts: OfferState, action: Action, now: dt.datetime = NOW
) -> bool:
    """Take the step that these facts allowed, which may be out of date by now; whether it was taken."""
    step = rules.decide(facts, action, NOW)
    assert step is not None
    async with database.begin() as session:
        return await steps.move(session, offer_id, step, now, responded_at=now)


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.REJECT])
async def test_what_was_answered_meanwhile_is_not_answered_again(
    database: Database, action: Action
) -> None:
    _, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await respond.respond(session, worker_id, offer_id, OfferAnswer.REJECT, None, NOW)
    assert not await _moves(database, offer_id, _OPEN, action)
    assert (await match_of(database, offer_id)).status == OfferStatus.REJECTED


async def test_an_answer_that_waited_past_the_deadline_is_none(database: Database) -> None:
    _, [(_, offer_id)] = await market(database)
    assert not await _moves(database, offer_id, _OPEN, Action.ACCEPT, DEADLINE)
    assert await _moves(
        database, offer_id, _OPEN, Action.ACCEPT, DEADLINE - dt.timedelta(seconds=1)
    )


async def test_who_was_sold_meanwhile_takes_nothing_back(database: Database) -> None:
    _, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await respond.respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, NOW)
        await session.execute(update(JobMatch).values(unlocked_at=NOW))
    assert not await _moves(database, offer_id, _ACCEPTED, Action.WITHDRAW)
    assert (await match_of(database, offer_id)).status == OfferStatus.ACCEPTED


async def test_a_place_that_went_meanwhile_is_not_given_again(database: Database) -> None:
    job_id, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        job = (await lock_jobs(session, [job_id]))[job_id]
        await session.execute(update(Job).values(accepted=Job.accept_limit))
        with pytest.raises(NoResultFound):
            await respond._accepted(session, job, offer_id, worker_id, NOW, "")
        assert (await session.scalar(select(Job.accepted))) == job.accept_limit


@pytest.mark.parametrize("status", ["cancelled", "filled", "expired"])
async def test_a_closed_job_is_accepted_by_nobody_though_its_offer_stands_open(
    database: Database, status: str
) -> None:
    job_id, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await session.execute(update(Job).values(status=status))
    with pytest.raises(OfferClosed):
        async with database.begin() as session:
            await respond.respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, NOW)
    assert (await job_of(database, job_id)).accepted == 0


async def test_a_full_job_is_accepted_by_nobody_though_an_offer_stands_open(
    database: Database,
) -> None:
    _, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await session.execute(update(Job).values(accepted=Job.accept_limit))
    with pytest.raises(OfferClosed):
        async with database.begin() as session:
            await respond.respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, NOW)
    assert (await match_of(database, offer_id)).status == OfferStatus.OFFERED


async def test_what_was_answered_at_the_last_moment_does_not_expire(database: Database) -> None:
    _, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await respond.respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, NOW)
    async with database.begin() as session:
        which = {"ids": [offer_id], "now": DEADLINE}
        assert (await session.execute(expire._EXPIRE, which)).all() == []


async def test_who_answered_at_that_moment_is_not_reminded(database: Database) -> None:
    _, [(worker_id, offer_id)] = await market(database)
    async with database.begin() as session:
        await respond.respond(session, worker_id, offer_id, OfferAnswer.ACCEPT, None, NOW)
    async with database.begin() as session:
        which = {"ids": [offer_id], "now": NOW}
        assert (await session.execute(remind._REMIND, which)).all() == []


async def test_of_two_steps_of_a_job_at_once_one_is_taken(database: Database) -> None:
    job_id, _ = await market(database)
    async with database.begin() as session:
        job = await session.get_one(Job, job_id)
        elsewhere = update(Job).values(status="filled")
        await session.execute(elsewhere.execution_options(synchronize_session=False))
        with pytest.raises(Conflict):
            await lifecycle.move(session, job, JobAction.CANCEL, NOW)


# ── Transactions ─────────────────────────────────────────────────────────────────────────────────


async def test_what_fails_in_its_last_step_has_not_happened(database: Database) -> None:
    """The index and the log are written in the transaction they belong to, before it commits."""

    async def fails(_session: AsyncSession, _ids: set[UUID]) -> None:
        raise RuntimeError("the last step failed")

    async def write() -> None:
        async with database.begin() as session:
            [worker_id] = await add_workers(session, [NewWorker()])
            changed(session, "worker", worker_id)

    database.on_change("worker", fails)
    with pytest.raises(RuntimeError):
        await write()
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        pytest.param("unlocks", ["match_id"], id="a_lead_is_sold"),
        pytest.param("outbox", ["key"], id="an_event_is_told"),
        pytest.param("inbox", ["channel", "message_id"], id="an_inbox_message_is_kept"),
        pytest.param("webhook_events", ["provider", "event_id"], id="a_webhook_is_kept"),
        pytest.param("ledger_transactions", ["event_key"], id="money_is_booked"),
        pytest.param("job_matches", ["job_id", "worker_id"], id="somebody_is_asked"),
        pytest.param("payments", ["employer_id", "match_id"], id="a_page_is_open"),
        pytest.param("users", ["role", "email"], id="an_address_signs_in"),
        pytest.param("users", ["phone_index"], id="a_phone_signs_in"),
    ],
)
def test_once_is_kept_by_the_database_itself(
    database_url: str, table: str, columns: list[str]
) -> None:
    load_models()
    engine = sync_engine_for(database_url)
    try:
        found = inspect(engine)
        unique: list[list[str | None]] = []
        unique += [list(each["column_names"]) for each in found.get_unique_constraints(table)]
        unique += [each["column_names"] for each in found.get_indexes(table) if each["unique"]]
    finally:
        engine.dispose()
    assert columns in unique


# ── Money ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_booking_that_does_not_balance_is_not_booked(database: Database) -> None:
    async with database.begin() as session:
        with pytest.raises(ledger.Unbalanced):
            await ledger.book(
                session,
                "capture:x",
                [Posting(CASH, 100), Posting(REVENUE, -99)],
                currency="INR",
                payment_id=new_id(),
                now=NOW,
                provider="stripe",
            )


class LosesAnswers:
    """The provider; of each kind of write the first answer is lost, the way to the process included.

    The provider's own library asks again by itself, under the same key; here even that is lost.
    """

    def __init__(self, inner: PaymentProvider) -> None:
        self._inner = inner
        self._lost: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        if not callable(call):
            return call

        async def once(*arguments: Any) -> Any:
            answer = await call(*arguments)
            if name in {"create_customer", "create_checkout", "refund"} - self._lost:
                self._lost.add(name)
                raise PaymentsUnavailable
            return answer

        return once


def losing(world: World) -> PaymentProvider:
    """The world's provider, whose first answers are lost."""
    assert world.runtime.payments is not None
    return cast(PaymentProvider, LosesAnswers(world.runtime.payments))


def test_a_refund_whose_answer_was_lost_is_made_once(world: World) -> None:
    mine, payment_id = bought_lead(world)
    forgets, database, clock = losing(world), world.runtime.database, world.runtime.clock
    part = 1_000

    async def ask(session: AsyncSession) -> None:
        await refunds.request(session, UUID(payment_id), part, "a part", None, clock())

    world.in_session(ask)
    for _ in range(2):
        assert world.run(send_refunds.send_due(database, forgets, clock, 100)) == 1
        world.clock.advance(hours=1)
    intent = payment_row(world, payment_id).intent_id
    made = [each for each in stripe_objects(world, "refund") if each["payment_intent"] == intent]
    assert [each["amount"] for each in made] == [part]
    assert mine.employer.email is not None
    mine.employer.token = world.sign_in(mine.employer.email, role="employer").token
    assert mine.payment["refunded"]["amount"] == part


def test_a_page_and_a_customer_whose_answer_was_lost_are_made_once(world: World) -> None:
    mine = lead(world)
    object.__setattr__(world.runtime, "payments", losing(world))
    refused(mine.unlock(), 503, "payments_unavailable")
    refused(mine.unlock(), 503, "payments_unavailable")
    mine.begin()
    assert len(checkout_pages(world, mine.id)) == 1
    assert len(stripe_objects(world, "customer")) == 1


def test_a_contact_is_read_by_the_employer_who_bought_it(world: World) -> None:
    mine, _ = bought_lead(world)
    other = world.employer()

    async def read(session: AsyncSession, employer_id: str) -> Any:
        return await contacts_of(session, UUID(employer_id), [UUID(mine.id)])

    held = world.in_session(lambda session: read(session, mine.employer.id))
    assert held[UUID(mine.id)].phone == mine.worker.phone
    assert world.in_session(lambda session: read(session, other.id)) == {}


def test_the_contact_of_an_erased_worker_is_shown_to_nobody(world: World) -> None:
    mine, _ = bought_lead(world)
    ok(mine.worker.delete("/api/workers/account"), 204)
    contact = mine.contact()
    assert contact is None or set(contact.values()) == {None}


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────


class TakenOver:
    """A channel so slow that its lease runs out: another takes the message up before it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.taken_until = NOW + dt.timedelta(hours=1)

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        async with self._database.begin() as session:
            await session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == message_id)
                .values(lease_until=self.taken_until, due_at=self.taken_until)
            )
        raise TransportError(Refusal.TRANSIENT, code="500")


async def test_whose_lease_ran_out_does_not_record_a_refusal(database: Database) -> None:
    await market(database)
    slow = TakenOver(database)
    channels = channels_of(slow)
    await delivery.send_due(database, channels, lambda: NOW, 1)
    async with database.read() as session:
        [row] = await session.scalars(select(OutboxMessage))
    assert (row.state, row.lease_until) == (OutboxState.SENDING, slow.taken_until)
    assert row.error is None


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_sealed_as_one_thing_opens_in_no_another_context() -> None:
    keys = Keyring("a secret of one installation")
    sealed = keys.seal("+919820000001", "phone")
    assert keys.open(sealed, "phone") == "+919820000001"
    with pytest.raises(SealBroken):
        keys.open(sealed, "outbox")


def test_an_index_is_worth_nothing_without_the_key() -> None:
    one, other = Keyring("a secret of one installation"), Keyring("a secret of another one")
    assert one.index("+919820000001", "phone") != other.index("+919820000001", "phone")


async def test_what_a_savepoint_has_taken_back_is_not_logged(database: Database) -> None:
    """A refused step of a message commits with the others: only they stand in the log."""
    async with database.begin() as session:
        audit.record(session, "job.publish", "kept", None, NOW)
        with contextlib.suppress(Conflict):
            async with savepoint(session):
                audit.record(session, "job.publish", "refused", None, NOW)
                raise Conflict
    async with database.begin() as session:
        assert list(await session.scalars(select(AdminActionLog.target_id))) == ["kept"]
