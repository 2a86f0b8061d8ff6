"""Erasure where a company has a team: what its members were sent and wrote in the chat goes as well."""

from typing import Any

import pytest
from sqlalchemy import select

from app.messaging.models import PARAMS, InboxItem, OutboxMessage
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.support.team import TEAM, invite, joins_by_phone, member_of

SAID = "please call me at the blue house"


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


def kept_of_chats(world: World) -> list[Any]:
    """Return what is kept of all chats: what came in, and parameters of replies that are not empty."""
    keys = world.runtime.keyring

    async def read(session: Any) -> list[Any]:
        came = await session.scalars(select(InboxItem.body_sealed))
        query = select(OutboxMessage.params_sealed).where(OutboxMessage.kind == "reply")
        replies = [keys.open_json(sealed, PARAMS) for sealed in await session.scalars(query)]
        return [each for each in (*came, *replies) if each]

    found: list[Any] = world.in_session(read)
    return found


def writes(world: World, person: Person) -> None:
    assert person.phone is not None
    world.says(person.phone, SAID)
    assert len(kept_of_chats(world)) >= 2


@pytest.mark.parametrize("how", ["leaves", "is removed", "goes with the company", "by our team"])
def test_what_a_member_wrote_in_the_chat_goes_with_them(world: World, how: str) -> None:
    owner = world.employer()
    manager = member_of(world, owner, "manager")
    writes(world, manager)
    if how == "leaves":
        ok(manager.delete("/api/employers/account"), 204)
    elif how == "is removed":
        ok(owner.delete(f"{TEAM}/{manager.id}"), 204)
    elif how == "goes with the company":
        ok(owner.delete("/api/employers/account"), 204)
    else:
        path = f"/api/admin/employers/{owner.id}/erase"
        ok(world.admin().post(path, {"reason": "asked by mail"}), 204)
    assert kept_of_chats(world) == []


def test_a_chat_stays_while_another_company_has_the_phone(world: World) -> None:
    first, second = world.employer(), world.employer()
    manager = member_of(world, first, "manager")
    again = joins_by_phone(
        world, invite(second, "manager", phone=manager.phone), employer_id=second.id
    )
    writes(world, manager)
    ok(manager.delete("/api/employers/account"), 204)
    assert kept_of_chats(world)
    ok(again.delete("/api/employers/account"), 204)
    assert kept_of_chats(world) == []


def test_a_copy_is_of_who_asks_for_it(world: World) -> None:
    opener = world.employer()
    other = member_of(world, opener, "owner")
    writes(world, other)
    own, theirs = (ok(person.get("/api/employers/export")) for person in (opener, other))
    assert own["profile"] == theirs["profile"]
    assert SAID in str(theirs["written"])
    assert own["written"] == []
    assert {message["kind"] for message in theirs["messages"]} >= {"sign_in_code"}
    assert "sign_in_code" not in {message["kind"] for message in own["messages"]}
    for person, copy in ((opener, own), (other, theirs)):
        open_now = ok(person.get("/api/auth/sessions"))["items"]
        assert [each["created_at"] for each in copy["sessions"]] == [
            each["created_at"] for each in open_now
        ]
