"""Several numbers of one business account share a webhook: only ours is ours."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.metrics import NOT_OURS
from app.messaging.models import ChatPerson, InboxItem, OutboxMessage
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.outbox import WorldRecipient

OTHER_NUMBER = "100000000000099"
PHONE = "+919822200777"


def change(world: World, number: str, **value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550001111", "phone_number_id": number}
    inner = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    changes = [{"field": "messages", "value": inner}]
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}


def text(world: World, body: str, message_id: str = "wamid.other") -> dict[str, Any]:
    return {
        "id": message_id,
        "from": PHONE.removeprefix("+"),
        "timestamp": str(int(world.clock().timestamp())),
        "type": "text",
        "text": {"body": body},
    }


def arrives(world: World, payload: dict[str, Any]) -> None:
    body = {"payload": payload, "signature": "good", "times": 1}
    ok(world.http.post("/sandbox/whatsapp/_control/raw", json=body))
    world.settle()


def counted(kind: str) -> float:
    value: float = NOT_OURS.labels(kind)._value.get()
    return value


def rows(world: World) -> tuple[int, int, int]:
    async def read(session: Any) -> list[int]:
        tables = (ChatPerson, InboxItem, OutboxMessage)
        return [await session.scalar(select(func.count()).select_from(t)) for t in tables]

    people, items, messages = world.in_session(read)
    return people, items, messages


def test_a_message_to_another_number_is_counted_and_not_answered(world: World) -> None:
    before, count = rows(world), counted("messages")
    arrives(world, change(world, OTHER_NUMBER, messages=[text(world, "hi")]))
    assert rows(world) == before
    assert counted("messages") == count + 1
    # The same id at our own number is another message.
    arrives(world, change(world, world.settings.whatsapp_number, messages=[text(world, "hi")]))
    assert rows(world)[1] == before[1] + 1
    assert len(world.messages(PHONE)) == 1


def test_stop_and_preferences_at_another_number_stop_nobody(world: World) -> None:
    worker = world.worker(phone=PHONE)
    world.says(PHONE, "hi")
    stamp = str(int(world.clock().timestamp()))
    preference = {"wa_id": PHONE[1:], "value": "stop", "timestamp": stamp}
    arrives(world, change(world, OTHER_NUMBER, messages=[text(world, "STOP")]))
    arrives(world, change(world, OTHER_NUMBER, user_preferences=[preference]))
    person = world.in_session(lambda session: session.scalar(select(ChatPerson)))
    assert (person.stopped_at, person.no_marketing_at) == (None, None)
    assert str(person.user_id) == worker.id


@pytest.mark.parametrize("status", ["read", "failed"])
def test_a_status_of_another_number_changes_nothing(world: World, status: str) -> None:
    post = WorldRecipient(world, PHONE)
    post.fault("no_status")
    post.tell()
    world.settle()
    sent = post.row
    assert (sent.state, sent.number_id) == ("accepted", world.settings.whatsapp_number)
    told = {
        "id": sent.provider_id,
        "status": status,
        "timestamp": str(int(world.clock().timestamp())),
        "biz_opaque_callback_data": str(sent.id),
    }
    before = counted("statuses")
    arrives(world, change(world, OTHER_NUMBER, statuses=[told]))
    assert post.row.state == "accepted"
    assert counted("statuses") == before + 1
    arrives(world, change(world, world.settings.whatsapp_number, statuses=[told]))
    assert post.row.state == status


def test_a_status_settles_what_was_sent_from_the_number_before(world: World) -> None:
    """The number was changed while the status was on its way."""
    post = WorldRecipient(world, PHONE)
    post.fault("no_status")
    post.tell()
    world.settle()
    was = update(OutboxMessage).values(number_id=OTHER_NUMBER)
    world.in_session(lambda session: session.execute(was))
    told = {
        "id": post.row.provider_id,
        "status": "delivered",
        "timestamp": str(int(world.clock().timestamp())),
    }
    arrives(world, change(world, OTHER_NUMBER, statuses=[told]))
    assert post.row.state == "delivered"


def test_a_number_we_had_before_is_still_ours(
    database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(database_url, whatsapp_previous_phone_number_ids=f"7, {OTHER_NUMBER}") as world:
        arrives(world, change(world, OTHER_NUMBER, messages=[text(world, "hi")]))
        assert rows(world) == (1, 1, 1)


def test_only_stop_stops_marketing_and_only_resume_ends_that(world: World) -> None:
    def chooses(value: str, **more: str) -> bool:
        world.clock.advance(seconds=2)
        stamp = str(int(world.clock().timestamp()))
        choice = {"wa_id": PHONE[1:], "value": value, "timestamp": stamp, **more}
        arrives(world, change(world, world.settings.whatsapp_number, user_preferences=[choice]))
        person = world.in_session(lambda session: session.scalar(select(ChatPerson)))
        return person.no_marketing_at is not None

    assert not chooses("signup")
    assert not chooses("a word of next year")
    assert chooses("stop", category="marketing_messages")
    assert chooses("signup")
    assert chooses("a word of next year")
    assert not chooses("resume")
    assert not chooses("stop", category="a category of next year")


def test_a_call_opens_the_window_and_is_not_answered(world: World) -> None:
    call = {
        "id": "wacid.1",
        "from": PHONE[1:],
        "event": "connect",
        "direction": "USER_INITIATED",
        "timestamp": str(int(world.clock().timestamp())),
    }
    payload = change(world, world.settings.whatsapp_number, calls=[call])
    payload["entry"][0]["changes"][0]["field"] = "calls"
    arrives(world, payload)
    person = world.in_session(lambda session: session.scalar(select(ChatPerson)))
    assert person.last_inbound_at is not None
    assert rows(world)[2] == 0
