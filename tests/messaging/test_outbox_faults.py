"""What the platform says too early, too late or twice, and senders that die: nothing lost or doubled."""

import asyncio
import datetime as dt
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.ids import new_id
from app.messaging.channel import TransportError
from app.messaging.models import Channel, ChannelState, OutboxMessage, OutboxState
from app.messaging.outbox import delivery, enqueue
from app.messaging.outbox.claim import LEASE, LONGEST_SEND
from app.messaging.rules import AMBIGUOUS_WAIT, MUCH_LATER, Refusal
from tests.infra.counted import alerts
from tests.support.factories import NewWorker, add_workers
from tests.support.messages import OFFER
from tests.support.outbox import Recipient, lost, recipient

pytestmark = pytest.mark.both_databases  # who claims a message is settled by the database


async def test_a_failure_told_before_the_answer_is_not_forgotten(database_url: str) -> None:
    async with recipient(database_url) as post:
        await post.wrote()

        async def closed(message_id: UUID) -> None:
            await post.hears("failed", message_id, "wamid.1", 131047)

        post.platform.script = [closed]
        message = await post.tell("1")
        await post.send()
        assert (await post.row(message)).state == OutboxState.WAITING
        await post.send()
        assert post.platform.sent == [(message, "free"), (message, "template")]
        assert (await post.row(message)).state == OutboxState.ACCEPTED


async def test_a_final_failure_told_before_the_answer_keeps_its_reason(database_url: str) -> None:
    async with recipient(database_url) as post:

        async def unreachable(message_id: UUID) -> None:
            await post.hears("failed", message_id, "wamid.1", 131026)

        post.platform.script = [unreachable]
        message = await post.tell("1")
        await post.passes(dt.timedelta(0))
        row = await post.row(message)
        assert (row.state, row.error, row.error_code) == (
            OutboxState.FAILED,
            "unreachable",
            "131026",
        )
        await post.passes(dt.timedelta(hours=1))
        assert len(post.platform.sent) == 1


async def test_a_choice_not_to_deliver_told_before_the_answer_is_not_tried_at_once(
    database_url: str,
) -> None:
    async with recipient(database_url) as post:

        async def chosen(message_id: UUID) -> None:
            await post.hears("failed", message_id, "wamid.1", 131049)

        post.platform.script = [chosen]
        message = await post.tell("1", expires_at=post.now + dt.timedelta(hours=12))
        await post.passes(dt.timedelta(minutes=10))
        row = await post.row(message)
        assert (row.state, row.held_why, row.error_code) == (
            OutboxState.WAITING,
            "not_now",
            "131049",
        )
        assert len(post.platform.sent) == 1
        await post.passes(MUCH_LATER)
        assert (await post.row(message)).state == OutboxState.ACCEPTED
        assert len(post.platform.sent) == 2


async def test_a_failure_told_twice_is_of_one_send(database_url: str) -> None:
    async with recipient(database_url) as post:
        await post.wrote()
        post.platform.script = [_nothing, lost()]
        message = await post.tell("1")
        await post.send()
        await post.hears("failed", message, "wamid.1", 131047)
        await post.send()
        assert (await post.row(message)).state == OutboxState.UNKNOWN
        # The answer to the second is still open when the news of the first comes again.
        assert await post.hears("failed", message, "wamid.1", 131047) == 0
        assert await post.hears("sent", message, "wamid.1") == 0
        assert (await post.row(message)).state == OutboxState.UNKNOWN
        assert await post.hears("delivered", message, "wamid.2") == 1
        await post.passes(dt.timedelta(hours=1))
        row = await post.row(message)
        assert (row.state, row.provider_id) == (OutboxState.DELIVERED, "wamid.2")
        assert len(post.platform.sent) == 1


async def _nothing(_message_id: UUID) -> None:
    return None


async def test_news_of_a_failed_send_that_come_late_do_not_stop_the_next(database_url: str) -> None:
    async with recipient(database_url) as post:
        message = await post.tell("1")
        await post.send()
        await post.hears("failed", message, "wamid.1", 131000)
        assert await post.hears("sent", message, "wamid.1") == 0
        await post.passes(dt.timedelta(minutes=1))
        assert len(post.platform.sent) == 2
        # And of what was given up, nothing is begun again.
        await post.hears("failed", message, "wamid.2", 131026)
        assert await post.hears("failed", message, "wamid.2", 131000) == 0
        assert (await post.row(message)).state == OutboxState.FAILED


async def test_a_failure_after_sent_is_found_by_the_id_of_the_last_send(database_url: str) -> None:
    async with recipient(database_url) as post:
        await post.wrote()
        post.platform.script = [_nothing, lost()]
        message = await post.tell("1")
        await post.send()
        await post.hears("failed", message, "wamid.1", 131047)
        await post.send()
        await post.hears("sent", message, "wamid.2")
        assert await post.hears("failed", None, "wamid.2", 131026) == 1
        assert (await post.row(message)).state == OutboxState.FAILED


async def test_what_comes_next_waits_for_what_is_tried_again(database_url: str) -> None:
    async with recipient(database_url) as post:
        post.platform.script = [TransportError(Refusal.TRANSIENT, code="131000")]
        first, second = await post.tell("1"), await post.tell("2")
        await post.send()
        assert (post.platform.sent, await post.send()) == ([], 0)
        async with post.database.begin() as session:
            await enqueue.send_code(
                session,
                code="482913",
                language="en",
                key="c",
                now=post.now,
                expires_at=post.now + dt.timedelta(minutes=5),
                phone="+919811100055",
            )
        assert await post.send() == 1  # a code waits for nobody
        third = await post.tell("3")
        await post.passes(dt.timedelta(seconds=10))
        assert [message for message, _ in post.platform.sent[1:]] == [first, second, third]


async def test_what_comes_next_waits_for_a_lost_answer_but_not_for_one_given_up(
    database_url: str,
) -> None:
    async with recipient(database_url) as post:
        post.platform.script = [lost(), lost()]
        first, second = await post.tell("1"), await post.tell("2")
        await post.send()
        assert await post.send() == 0
        await post.passes(AMBIGUOUS_WAIT)
        await post.passes(AMBIGUOUS_WAIT)
        assert (await post.row(first)).state == OutboxState.DEAD
        assert [message for message, _ in post.platform.sent] == [second]


async def test_what_waited_goes_before_what_was_written_since(database_url: str) -> None:
    """Also when there is room for one only, as while a channel is tried again."""
    async with recipient(database_url) as post:
        post.platform.script = [lost()]
        written = [await post.tell("1"), await post.tell("2")]
        await post.send()
        post.now += AMBIGUOUS_WAIT + AMBIGUOUS_WAIT
        written.append(await post.tell("3"))
        for _ in written:
            await delivery.send_due(post.database, post.channels, post.clock, 1)
        assert [message for message, _ in post.platform.sent] == written


async def test_a_status_that_settles_a_lost_answer_lets_the_next_go(database_url: str) -> None:
    async with recipient(database_url) as post:
        post.platform.script = [lost()]
        first, second = await post.tell("1"), await post.tell("2")
        await post.send()
        async with post.database.wakeups.event("outbox") as woken:
            await post.hears("delivered", first, "wamid.0")
            assert woken.is_set()
        await post.send()
        assert [message for message, _ in post.platform.sent] == [second]


async def test_a_channel_that_breaks_on_one_message_loses_no_other_answer(
    database_url: str,
) -> None:
    async with recipient(database_url) as post:
        other = new_id()
        async with post.database.begin() as session:
            await add_workers(session, [NewWorker(id=other)])
            await enqueue.notify(session, other, "job_offer", OFFER, key="1", now=post.now)
        post.platform.script = [RuntimeError("nobody thought of this")]
        await post.tell("1")
        await post.send()
        async with post.database.read() as session:
            states = (await session.scalars(select(OutboxMessage.state))).all()
        assert sorted(states) == [OutboxState.ACCEPTED, OutboxState.UNKNOWN]


async def test_nobody_sends_what_another_has_taken_over(database_url: str) -> None:
    """The first answer takes so long that the lease ends: the rest is left to who claims it then."""
    async with recipient(database_url) as post:
        first, second = await post.tell("1"), await post.tell("2")

        async def slow(_message_id: UUID) -> None:
            post.now += LEASE - LONGEST_SEND + dt.timedelta(seconds=1)

        post.platform.script = [slow]
        await post.send()
        assert [message for message, _ in post.platform.sent] == [first]
        await post.send()
        assert [message for message, _ in post.platform.sent] == [first, second]

        async def far_too_slow(_message_id: UUID) -> None:
            post.now += LEASE
            assert await post.send() == 1  # another process, for whom the lease is over
            raise TransportError(Refusal.TRANSIENT, code="131000")

        post.platform.script = [far_too_slow]
        third = await post.tell("3")
        await post.send()
        # What the first sender heard is no news of the second one's send.
        assert (await post.row(third)).state == OutboxState.ACCEPTED


async def test_who_dies_twice_while_sending_does_not_send_a_third_time(database_url: str) -> None:
    async with recipient(database_url) as post:
        message = await post.tell("1")
        dead_before = alerts("message_dead")
        for _ in range(3):
            post.platform.script = [_die]
            with suppress(asyncio.CancelledError):
                await post.send()
            post.now += LEASE
        await post.passes(LEASE)
        assert [sent for sent, _ in post.platform.sent] == [message, message]
        assert (await post.row(message)).state == OutboxState.DEAD
        assert alerts("message_dead") == dead_before + 1
        # Once it turns out that it was there, that is what counts.
        await post.hears("delivered", message, "wamid.1")
        assert (await post.row(message)).state == OutboxState.DELIVERED


async def _die(_message_id: UUID) -> None:
    raise asyncio.CancelledError


async def test_what_is_no_longer_true_is_not_sent_again(database_url: str) -> None:
    async with recipient(database_url) as post:
        job = new_id()
        post.platform.script = [lost()]
        message = await post.tell("1", subject_id=job)
        await post.send()
        async with post.database.begin() as session:
            await enqueue.suppress(session, [job], post.now)
        await post.passes(AMBIGUOUS_WAIT)
        assert (await post.row(message)).state == OutboxState.SUPPRESSED
        assert await post.hears("failed", message, "wamid.1", 131000) == 0
        await post.passes(dt.timedelta(hours=1))
        assert post.platform.sent == []


async def test_an_unpaid_account_that_is_told_later_halts_the_channel(database_url: str) -> None:
    async with recipient(database_url) as post:
        first = await post.tell("1")
        await post.send()
        await post.hears("failed", first, "wamid.1", 131042)
        await post.tell("2")
        assert await post.send() == 0
        post.now += dt.timedelta(minutes=2)
        # One tries; that it was taken proves nothing, because the first one was taken too.
        assert await post.send() == 1
        assert await _halted(post)
        await post.hears("failed", first, "wamid.2", 131042)
        assert await post.send() == 0
        post.now += dt.timedelta(minutes=2)
        assert await post.send() == 1
        await post.hears("sent", first, "wamid.3")
        assert not await _halted(post)
        await post.passes(dt.timedelta(0))
        async with post.database.read() as session:
            attempts = (await session.scalars(select(OutboxMessage.attempts))).all()
        assert attempts == [1, 1]


async def _halted(post: Recipient) -> bool:
    async with post.database.read() as session:
        state = await session.get_one(ChannelState, Channel.WHATSAPP)
        return state.halted_at is not None


async def test_two_messages_of_one_name_are_told_apart_by_our_own_ids(database_url: str) -> None:
    async with recipient(database_url) as post:
        first, second = await post.tell("1"), await post.tell("2")
        await post.send()
        assert await post.hears("delivered", first, "wamid.same") == 1
        assert await post.hears("delivered", second, "wamid.same") == 1
