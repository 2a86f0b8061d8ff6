"""What became of a batch is written down a message at a time; nobody is sent twice for another's row."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.ids import new_id
from app.identity.models import User
from app.messaging.channel import TransportError
from app.messaging.inbox import group_commit, process
from app.messaging.models import ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import enqueue, record_results
from app.messaging.outbox.claim import LEASE
from app.messaging.rules import AMBIGUOUS_WAIT, Refusal
from app.providers.whatsapp.webhook import parse
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.factories import NewWorker, add_workers
from tests.support.messages import OFFER
from tests.support.outbox import Recipient, WorldRecipient, recipient

BROKEN: dict[str, dict[str, Any]] = {
    "sealed bytes": {"params_sealed": b"\x01no such thing"},
    "no bytes": {"params_sealed": b""},
    "recipient": {"recipient_sealed": b"\x01neither"},
    "kind": {"kind": "a_notice_of_last_year"},
    "language": {"language": "tlh"},
}


class Crowd(Recipient):
    """Several people."""

    async def several(self, count: int) -> list[UUID]:
        people = [new_id() for _ in range(count)]
        async with self.database.begin() as session:
            await add_workers(session, [NewWorker(id=person) for person in people])
            for person in people:
                await enqueue.notify(session, person, "job_offer", OFFER, key="1", now=self.now)
            ids = select(OutboxMessage.id).where(OutboxMessage.user_id.in_(people))
            return list(await session.scalars(ids.order_by(OutboxMessage.id)))

    async def breaks(self, message_id: UUID, **values: Any) -> None:
        async with self.database.begin() as session:
            await session.execute(
                update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values)
            )


@asynccontextmanager
async def a_crowd(database_url: str) -> AsyncIterator[Crowd]:
    async with recipient(database_url) as post:
        post.__class__ = Crowd
        assert isinstance(post, Crowd)
        yield post


@pytest.mark.parametrize("what", [name for name in BROKEN if name != "language"])
async def test_a_row_that_cant_be_sent_is_parked_and_the_others_are_sent_once(
    database_url: str, what: str
) -> None:
    async with a_crowd(database_url) as post:
        messages = await post.several(5)
        await post.breaks(messages[2], **BROKEN[what])
        for _ in range(5):
            await post.passes(LEASE)
        others = [*messages[:2], *messages[3:]]
        assert sorted(sent for sent, _ in post.platform.sent) == others
        parked = await post.row(messages[2])
        assert (parked.state, parked.error_code) == (OutboxState.DEAD, "unsayable")


async def test_a_language_nobody_writes_stops_nobody(database_url: str) -> None:
    async with a_crowd(database_url) as post:
        messages = await post.several(3)
        await post.breaks(messages[1], **BROKEN["language"])
        for _ in range(3):
            await post.passes(LEASE)
        sent = [sent for sent, _ in post.platform.sent]
        assert len(sent) == len(set(sent))
        assert {messages[0], messages[2]} <= set(sent)


async def test_a_reply_that_cant_be_opened_is_parked_and_the_others_are_recorded(
    database_url: str,
) -> None:
    """Refused as a form may be: its bytes were opened once more, and with them the batch was lost."""
    async with a_crowd(database_url) as post:
        messages = await post.several(4)
        async with post.database.begin() as session:
            user = await session.get_one(User, post.user)
            person = ChatPerson(
                channel="whatsapp",
                user_id=user.id,
                phone_index=user.phone_index,
                phone_sealed=user.phone_sealed,
                last_inbound_at=post.now,
                created_at=post.now,
                updated_at=post.now,
            )
            session.add(person)
            await session.flush()
            outgoing = Outgoing(text="hello")
            reply = await enqueue.reply(session, person, outgoing, key="r", now=post.now)
        await post.breaks(reply, params_sealed=b"\x01no such thing")
        for _ in range(3):
            await post.passes(LEASE)
        assert sorted(sent for sent, _ in post.platform.sent) == messages
        assert {(await post.row(message)).state for message in messages} == {OutboxState.ACCEPTED}
        assert (await post.row(reply)).state == OutboxState.DEAD


async def test_a_row_that_cant_be_recorded_leaves_the_others_recorded(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_crowd(database_url) as post:
        messages = await post.several(4)
        post.platform.script = [TransportError(Refusal.UNREACHABLE, code="131026")]

        async def fails(*_args: Any) -> None:
            raise RuntimeError("nobody thought of this")

        monkeypatch.setattr(record_results, "apply_refusal", fails)
        for _ in range(3):
            await post.passes(LEASE)
        assert len(post.platform.sent) == 3
        states = [(await post.row(message)).state for message in messages]
        assert sorted(states) == ["accepted", "accepted", "accepted", "dead"]
        [dead] = [row for each in messages if (row := await post.row(each)).state == "dead"]
        assert dead.error == "not recorded: RuntimeError"


def test_a_parked_message_is_shown_to_administrators(world: World) -> None:
    post = WorldRecipient(world)
    post.tell()
    broken = update(OutboxMessage).values(params_sealed=b"\x01no such thing")
    world.in_session(lambda session: session.execute(broken))
    post.tell("2")
    world.settle()
    answer = world.admin().get("/api/admin/messages", params={"state": "dead"})
    [row] = ok(answer)["items"]
    assert (row["kind"], row["error_code"]) == ("job_offer", "unsayable")
    assert len(post.received()) == 1


async def test_a_killed_process_has_used_its_attempt(database_url: str) -> None:
    async with recipient(database_url) as post:
        message = await post.tell("1")

        async def killed(_message_id: UUID) -> None:
            assert (await post.row(message)).attempts == 1
            raise asyncio.CancelledError

        post.platform.script = [killed]
        with pytest.raises(asyncio.CancelledError):
            await post.send()
        row = await post.row(message)
        assert (row.state, row.attempts) == (OutboxState.SENDING, 1)


# ── A process that was away while the platform delivered ─────────────────────────────────────────


class Handler:
    """Reads webhooks; nobody writes to us here."""

    def parse(self, body: bytes) -> Any:
        return parse(body)

    async def handle(self, *_args: Any) -> None:
        raise AssertionError("nobody wrote")

    async def handle_burst(self, *_args: Any) -> None:
        raise AssertionError("nobody wrote")


async def stores_status(post: Recipient, message_id: UUID, number: int) -> None:
    """The platform's status arrives and is stored, and nobody opens it."""
    stamp = int(post.now.timestamp())
    status = {
        "id": f"wamid.{number}",
        "status": "delivered",
        "timestamp": str(stamp),
        "biz_opaque_callback_data": str(message_id),
    }
    change = {"field": "messages", "value": {"statuses": [status]}}
    body = json.dumps({"entry": [{"changes": [change]}]})
    async with post.database.begin() as session:
        await group_commit.store_events(
            session, [group_commit.of_whatsapp(body.encode())], post.now
        )


async def test_a_process_away_longer_than_the_lease_sends_nothing_twice(database_url: str) -> None:
    async with a_crowd(database_url) as post:
        messages = await post.several(12)

        async def vanishes(_message_id: UUID) -> None:
            raise asyncio.CancelledError

        post.platform.script = [*[_taken] * 11, vanishes]
        with pytest.raises(asyncio.CancelledError):
            await post.send()
        assert len(post.platform.sent) == 12
        for number, message in enumerate(messages, 1):
            post.now += dt.timedelta(seconds=1)
            await stores_status(post, message, number)
        # It is back after the lease: its outbox loop comes first, and then the one that opens webhooks.
        post.now += LEASE + dt.timedelta(minutes=3)
        new = (await post.several(1))[0]
        for _ in range(3):
            await post.send()
        assert [sent for sent, _ in post.platform.sent][12:] == [new]
        while await process.handle_due(post.database, post.clock, 5, Handler()):
            await post.send()
        await post.passes(LEASE)
        assert len(post.platform.sent) == 13
        states = [(await post.row(message)).state for message in messages]
        assert states == [OutboxState.DELIVERED] * 12


async def _taken(_message_id: UUID) -> None:
    return None


async def test_a_lost_answer_waits_for_statuses_that_are_stored(database_url: str) -> None:
    async with recipient(database_url) as post:
        message = await post.tell("1")

        async def answer_lost(_message_id: UUID) -> None:
            raise TransportError(Refusal.AMBIGUOUS, code="ReadTimeout")

        post.platform.script = [answer_lost]
        await post.send()
        await stores_status(post, message, 1)
        await post.passes(AMBIGUOUS_WAIT)
        assert len(post.platform.sent) == 1
        await process.handle_due(post.database, post.clock, 100, Handler())
        assert (await post.row(message)).state == OutboxState.DELIVERED


async def test_what_was_lost_is_sent_again_where_webhooks_never_end(database_url: str) -> None:
    """Some are always just stored: those that are opened within a minute hold nothing up."""
    async with recipient(database_url) as post:
        message = await post.tell("1")

        async def lost_before(_message_id: UUID) -> None:
            post.platform.sent.clear()
            raise TransportError(Refusal.AMBIGUOUS, code="ReadTimeout")

        post.platform.script = [lost_before]
        await post.send()
        for number in range(20):
            post.now += dt.timedelta(seconds=10)
            await process.handle_due(post.database, post.clock, 100, Handler())
            await stores_status(post, new_id(), number)
            await post.send()
        assert [sent for sent, _ in post.platform.sent] == [message]
