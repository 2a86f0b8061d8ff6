"""What is due is done by the loops alone: nobody asks, no request touches it, only time passes."""

from typing import Any

from sqlalchemy import select

from app.audit.models import AdminActionLog
from app.messaging.models import OutboxMessage
from tests.flows.world import World


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
