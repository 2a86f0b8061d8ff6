"""A clock that ran ahead for a moment, or runs back: messages go on when it is right again."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import update

from app.core.clocks import SKEW
from app.core.ids import new_id
from app.messaging.channel import TransportError
from app.messaging.inbox.group_commit import of_whatsapp, store_events
from app.messaging.models import (
    Channel,
    ChannelState,
    ChatPerson,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)
from app.messaging.outbox import delivery, messaging_limits, template_quota
from app.messaging.outbox.claim import LEASE
from app.messaging.outbox.rate_limiter import LONGEST_RESERVED, SlotUse, release, reserve
from app.messaging.quiet_hours import QuietPeriod
from app.messaging.rules import PAIR_INTERVAL, Refusal, pair_next, pair_wait
from tests.support.channels import channels_of
from tests.support.factories import NewWorker, add_workers
from tests.support.messages import town
from tests.support.outbox import Recipient, lost, recipient

AHEAD = [
    dt.timedelta(minutes=5),
    dt.timedelta(hours=3),
    dt.timedelta(days=2),
    dt.timedelta(days=3_650),
]


def paced(post: Recipient) -> None:
    """The real pace, which is kept by instants in the database."""
    post.channels = channels_of(post.platform, per_second=80)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_what_was_sent_while_the_clock_ran_ahead_holds_nothing_back(
    database_url: str, ahead: dt.timedelta
) -> None:
    async with recipient(database_url) as post:
        paced(post)
        await post.wrote()
        right = post.now
        post.now = right + ahead
        for number in range(25):
            await post.tell(f"ahead {number}")
        await post.send()
        post.now = right + dt.timedelta(seconds=10)
        sent = len(post.platform.sent)
        after = await post.tell("after")
        for _ in range(40):
            await post.passes(PAIR_INTERVAL)
        assert len(post.platform.sent) == 26 > sent
        assert (await post.row(after)).state == OutboxState.ACCEPTED


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_what_was_put_off_while_the_clock_ran_ahead_goes_when_it_is_right(
    database_url: str, ahead: dt.timedelta
) -> None:
    async with recipient(database_url) as post:
        right = post.now
        post.now = right + ahead
        post.platform.script = [TransportError(Refusal.TRANSIENT, code="131000")]
        message = await post.tell("1")
        await post.send()
        assert (await post.row(message)).due_at > right + ahead
        post.now = right
        await post.passes(dt.timedelta(seconds=5))
        assert (await post.row(message)).state == OutboxState.ACCEPTED


@pytest.mark.parametrize("kind", [Refusal.BACK_OFF, Refusal.CREDENTIALS])
@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_a_channel_held_back_by_a_clock_that_ran_ahead_goes_on(
    database_url: str, ahead: dt.timedelta, kind: Refusal
) -> None:
    async with recipient(database_url) as post:
        right = post.now
        post.now = right + ahead
        post.platform.script = [TransportError(kind, code="1")]
        await post.tell("1")
        await post.send()
        post.now = right
        for _ in range(18):
            await post.passes(dt.timedelta(minutes=1))
        assert len(post.platform.sent) == 1
        async with post.database.read() as session:
            state = await session.get_one(ChannelState, Channel.WHATSAPP)
        assert state.halted_at is None


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_a_lease_of_a_clock_that_ran_ahead_ends(
    database_url: str, ahead: dt.timedelta
) -> None:
    """A process died while it was sending, and its clock was wrong."""
    async with recipient(database_url) as post:
        message = await post.tell("1")
        later = post.now + ahead
        leased = (
            update(OutboxMessage)
            .where(OutboxMessage.id == message)
            .values(
                state=OutboxState.SENDING,
                attempts=1,
                lease_until=later + LEASE,
                due_at=later + LEASE,
                updated_at=later,
            )
        )
        async with post.database.begin() as session:
            await session.execute(leased)
        # Whoever sends it may still be at it: it gets the time that a lease is long, from now on.
        await post.passes(LEASE / 2)
        assert post.platform.sent == []
        await post.tell("2")
        await post.passes(LEASE)
        await post.passes(LEASE)
        assert post.platform.sent[0][0] == message
        assert len(post.platform.sent) == 2


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_a_lost_answer_of_a_clock_that_ran_ahead_is_settled(
    database_url: str, ahead: dt.timedelta
) -> None:
    async with recipient(database_url) as post:
        right = post.now
        post.now = right + ahead
        post.platform.script = [lost()]
        message = await post.tell("1")
        await post.send()
        post.now = right
        await post.passes(LEASE / 2)
        assert post.platform.sent == []
        await post.passes(LEASE)
        await post.passes(LEASE)
        assert [sent for sent, _ in post.platform.sent] == [message]


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_a_lost_answer_waits_for_a_webhook_that_a_clock_ahead_stored(
    database_url: str, ahead: dt.timedelta
) -> None:
    """The webhook may hold the status that says that the message arrived."""
    async with recipient(database_url) as post:
        post.platform.script = [lost()]
        message = await post.tell("1")
        await post.send()
        async with post.database.begin() as session:
            await store_events(session, [of_whatsapp(b"{}")], post.now + ahead)
        for _ in range(4):
            await post.passes(LEASE)
        assert post.platform.sent == []
        async with post.database.begin() as session:
            opened = update(WebhookEvent).values(state=WebhookState.HANDLED)
            await session.execute(opened)
        await post.passes(LEASE)
        assert [sent for sent, _ in post.platform.sent] == [message]


async def test_a_clock_that_runs_back_sends_nothing_twice(database_url: str) -> None:
    async with recipient(database_url) as post:
        paced(post)
        messages = []
        for number in range(30):
            messages.append(await post.tell(str(number)))
            post.now -= dt.timedelta(seconds=45)
            await post.send()
        for _ in range(60):
            await post.passes(PAIR_INTERVAL)
        assert sorted(sent for sent, _ in post.platform.sent) == sorted(messages)


async def test_instants_of_the_far_future_hold_nobody_back(database_url: str) -> None:
    """Whatever a column says."""
    async with recipient(database_url) as post:
        paced(post)
        await post.wrote()
        far = post.now + dt.timedelta(days=36_500)
        async with post.database.begin() as session:
            state = ChannelState(
                channel=Channel.WHATSAPP,
                turns=[far.timestamp()] * 80,
                backs_off_until=far,
                only_replies_until=far,
                limits_read_at=far,
                limit_reached_at=far,
                halted_at=far,
                updated_at=far,
            )
            session.add(state)
            await session.execute(update(ChatPerson).values(pair_free_at=far, last_inbound_at=far))
        await post.tell("1")
        await post.passes(dt.timedelta(hours=2))
        assert len(post.platform.sent) == 1


async def test_the_days_limit_forgets_who_was_begun_with_in_the_future(database_url: str) -> None:
    async with town(database_url) as world:
        world.limited(1)
        right = world.clock_now
        first, second = await world.workers(2)
        world.clock_now = right + dt.timedelta(days=400)
        await world.tell([first])
        await world.send()
        world.clock_now = right
        await world.tell([second])
        await world.send()
        assert len(world.phone.received) == 2


async def test_the_limit_is_asked_for_again_after_a_clock_ran_ahead(database_url: str) -> None:
    async with town(database_url) as world:
        asked = []

        async def limit() -> int:
            asked.append(world.clock_now)
            return 250

        channels = channels_of(world.phone, ask_daily_people=limit)
        right = world.clock_now
        world.clock_now = right + dt.timedelta(days=400)
        await messaging_limits.read_due(world.database, channels, world.clock)
        world.clock_now = right
        await messaging_limits.read_due(world.database, channels, world.clock)
        assert len(asked) == 2


def test_turns_of_another_time_are_free() -> None:
    now = 1_000_000.0
    for ahead in (10.0, 3_600.0, 1e9):
        slots, after = reserve([now + ahead] * 80, 80, now, 100)
        assert len(slots) == 20
        assert max(after) <= now + LONGEST_RESERVED
    slots, after = reserve([], 80, now, 100)
    assert release(after, [SlotUse(slot, now) for slot in slots])[: len(slots)]


def test_a_persons_pace_is_soon_free() -> None:
    now = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
    far = now + dt.timedelta(days=3_650)
    assert pair_wait(far, now) <= PAIR_INTERVAL
    assert pair_next(far, now) <= now + PAIR_INTERVAL * 21


async def test_quiet_hours_in_a_zone_nobody_knows_stop_nobody(database_url: str) -> None:
    async with recipient(database_url) as post:
        other = new_id()
        async with post.database.begin() as session:
            await add_workers(session, [NewWorker(id=other)])

        async def lost_zone(_session: Any, users: Any) -> dict[Any, QuietPeriod]:
            hours = QuietPeriod(dt.time(21), dt.time(8), "Asia/Atlantis")
            return dict.fromkeys(users, hours)

        post.channels = channels_of(post.platform, quiet_hours=lost_zone)
        await post.tell("1")
        assert await delivery.send_due(post.database, post.channels, post.clock, 100) == 1
        assert len(post.platform.sent) == 1


def test_so_much_difference_is_none() -> None:
    assert dt.timedelta(minutes=2) >= SKEW
    assert dt.timedelta(hours=24) == template_quota.DAY
