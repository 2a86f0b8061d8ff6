"""What is forgotten by itself."""

from typing import Any

from sqlalchemy import select

from app.identity.models import User
from app.messaging.models import OutboxMessage, WebhookEvent
from app.workers.models import Worker
from tests.flows.auth_world import register
from tests.flows.world import World, ok

ME = "/api/auth/me"
STRANGER = "+919811100077"


def test_a_registration_whose_phone_is_not_proven_in_thirty_days_is_erased(world: World) -> None:
    """Anybody can register anybody's number; what was said of its owner is not kept for ever."""
    register(world, STRANGER, name="Canary Sharma", city="Mumbai")
    world.worker_through_doors(name="Asha Kulkarni", city="Pune")
    proven = ("Asha Kulkarni", "active", "Pune")
    world.clock.advance(days=29, hours=23)
    world.settle()
    assert workers(world) == {("Canary Sharma", "pending", "Mumbai"), proven}

    world.clock.advance(hours=2)
    world.settle()
    assert workers(world) == {("Deleted", "erased", None), proven}


def test_who_registers_again_after_being_forgotten_starts_anew(world: World) -> None:
    register(world, STRANGER)
    world.clock.advance(days=31)
    world.settle()
    register(world, STRANGER)
    assert ok(world.sign_in_worker(STRANGER).get(ME))["status"] == "active"


def test_after_ninety_days_nothing_tells_what_a_message_said_or_to_whom(world: World) -> None:
    worker = world.worker_through_doors(slots=())
    assert worker.phone is not None
    world.messages(worker.phone)
    world.clock.advance(days=89)
    world.settle()
    assert bodies(world) == {"outbox": 1, "webhooks": 0}
    world.clock.advance(days=2)
    world.settle()
    assert bodies(world) == {"outbox": 0, "webhooks": 0}


def bodies(world: World) -> dict[str, int]:
    """Return how many messages still name their recipient, and how many events hold a body."""

    async def look(session: Any) -> Any:
        recipients = await session.scalars(select(OutboxMessage.recipient_sealed))
        events = await session.scalars(select(WebhookEvent.body_sealed))
        return {"outbox": sum(map(bool, recipients)), "webhooks": sum(map(bool, events))}

    found: dict[str, int] = world.in_session(look)
    return found


def workers(world: World) -> set[tuple[Any, ...]]:
    """Return name, status and city of every worker."""

    async def look(session: Any) -> Any:
        query = select(User.name, User.status, Worker.city).join(Worker, Worker.id == User.id)
        return {tuple(row) for row in await session.execute(query)}

    found: set[tuple[Any, ...]] = world.in_session(look)
    return found
