"""Erasure where a company has a team: what its members were sent and wrote in the chat goes as well."""

from typing import Any

from sqlalchemy import select

from app.messaging.models import PARAMS, OutboxMessage
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.support.team import member_of


def replies_to(world: World, person: Person) -> list[dict[str, Any]]:
    """Return the parameters of every chat reply to this person's phone, oldest first."""
    index = world.runtime.keyring.index(person.phone or "", "phone")

    async def read(session: Any) -> list[dict[str, Any]]:
        query = select(OutboxMessage.params_sealed).where(
            OutboxMessage.recipient_index == index, OutboxMessage.kind == "reply"
        )
        sealed = await session.scalars(query.order_by(OutboxMessage.id))
        return [world.runtime.keyring.open_json(each, PARAMS) for each in sealed]

    found: list[dict[str, Any]] = world.in_session(read)
    return found


def test_an_erased_worker_is_gone_from_every_members_chat(world: World) -> None:
    owner = world.employer(verified=True)
    manager = member_of(world, owner, "manager")
    mine = lead(world, owner)
    mine.buy()
    assert manager.phone is not None
    assert mine.worker.phone is not None
    world.says(manager.phone, "contacts")
    assert mine.worker.phone[-5:] in str(replies_to(world, manager))
    ok(mine.worker.delete("/api/workers/account"), 204)
    world.settle()
    assert set(map(str, replies_to(world, manager))) == {"{}"}
