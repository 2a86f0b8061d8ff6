"""What is due is done by the loops alone: nobody asks, no request touches it, only time passes."""

import asyncio
from typing import Any

from sqlalchemy import create_engine, select

from app import background
from app.audit.models import AdminActionLog
from app.database.schema import load_models
from app.jobs.models import Job
from app.matching.waves import WAVES_DUE
from app.messaging.inbox.handle_messages import ITEMS_DUE
from app.messaging.inbox.unpack import WEBHOOKS_DUE
from app.messaging.models import OutboxMessage
from app.messaging.outbox.claim import MESSAGES_DUE
from app.offers.closing import JOBS_DUE
from app.offers.expire import OFFERS_DUE
from app.offers.remind import REMINDERS_DUE
from app.payments.events import queue_of
from app.payments.reconcile import PAYMENTS_DUE
from app.payments.send_refunds import REFUNDS_DUE
from app.runtime import Runtime
from tests.support.app_harness import World
from tests.support.factories import NOW, add_employer, add_job


def done(world: World) -> tuple[set[str], set[str]]:
    """Return the steps the system noted, and the kinds of messages it wrote."""
    world.settle()

    async def look(session: Any) -> tuple[set[str], set[str]]:
        by_itself = AdminActionLog.actor_role == "system"
        steps = await session.scalars(select(AdminActionLog.action).where(by_itself))
        kinds = await session.scalars(select(OutboxMessage.kind))
        return set(steps), set(kinds)

    found: tuple[set[str], set[str]] = world.in_session(look)
    return found


def test_time_alone_reminds_expires_and_closes(world: World) -> None:
    world.worker(slots=("saturday",))
    world.job(world.employer())
    steps, kinds = done(world)
    assert "job_offer" in kinds
    assert not steps & {"offer.expire", "job.expire"}
    assert "offer_reminder" not in kinds

    world.clock.advance(hours=3, minutes=30)  # of four, an hour before the end
    assert "offer_reminder" in done(world)[1]

    world.clock.advance(hours=24)
    steps, kinds = done(world)
    assert "offer.expire" in steps
    assert "offer_expired" in kinds
    assert "job.expire" not in steps

    world.clock.advance(days=60)
    assert "job.expire" in done(world)[0]


def test_time_alone_sends_the_next_wave(world: World) -> None:
    world.worker(slots=("saturday",))
    world.job(world.employer())
    world.settle()
    late = world.worker(slots=("saturday",))
    assert late.phone is not None
    assert not world.messages(late.phone)
    world.clock.advance(minutes=31)
    assert len(world.messages(late.phone)) == 1


def test_one_transaction_sends_the_waves_of_twenty_jobs_and_no_more(world: World) -> None:
    """Their rows stay locked until it commits, and on SQLite nobody else writes meanwhile."""

    async def add(session: Any) -> None:
        employer = await add_employer(session)
        for _ in range(21):
            await add_job(session, employer)

    async def waiting(session: Any) -> int:
        jobs = await session.scalars(select(Job.id).where(Job.next_wave_at <= NOW))
        return len(jobs.all())

    world.clock.now = NOW
    world.in_session(add)
    waves = next(loop for loop in background.LOOPS if loop.name == "waves")
    assert world.run(waves.round(world.runtime)) == 20
    assert world.in_session(waiting) == 1


def test_a_full_batch_is_followed_by_the_next_at_once(world: World) -> None:
    to_do = 5
    idle = asyncio.Event()

    async def work(_runtime: Runtime, batch: int) -> int:
        nonlocal to_do
        done = min(to_do, batch)
        to_do -= done
        if done < batch:
            idle.set()
        return done

    async def run() -> None:
        loop = background.Loop("test", work, poll_seconds=600, batch=2)
        running = asyncio.create_task(background._run(world.runtime, loop))
        await asyncio.wait_for(idle.wait(), 30)
        running.cancel()

    world.run(run())
    assert to_do == 0


def test_who_looks_for_what_is_due_reads_no_whole_table() -> None:
    """Asked of SQLite, whose plans are the same for a table of any size."""
    in_offers = [OFFERS_DUE, REMINDERS_DUE, WAVES_DUE, JOBS_DUE]
    in_messages = [MESSAGES_DUE, WEBHOOKS_DUE, ITEMS_DUE]
    in_payments = [queue_of("stripe").due, REFUNDS_DUE, PAYMENTS_DUE]
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        load_models().create_all(connection)
        for due in (*in_offers, *in_messages, *in_payments):
            look = select(due.exists).compile(engine)
            some = tuple("x" for _ in look.positiontup or ())
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", some)
            steps = [step.detail for step in plan if step.detail != "SCAN CONSTANT ROW"]
            assert "SEARCH" in "".join(steps)
            assert "SCAN" not in "".join(steps)
