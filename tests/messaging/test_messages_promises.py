"""What is promised of messages however they are sent: the number's rate, STOP, the cheapest form."""

import asyncio
import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.__main__ import _templates
from app.messaging.channel import Address, SendResult
from app.messaging.models import Channel, ChannelState, ChatPerson, OutboxMessage
from app.messaging.outbox import enqueue, templates
from app.messaging.outbox.claim import claim
from app.messaging.outbox.rate_limiter import SECOND, SendSlot, SlotUse, release
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.channels import channels_of
from tests.support.chat_player import ASHA
from tests.support.database import database_of
from tests.support.messages import Town, town

PER_SECOND = 80


async def test_four_processes_together_never_exceed_the_numbers_rate(database_url: str) -> None:
    """Each claim gives its messages their slots; what counts is when they may set off."""
    async with town(database_url) as world:
        await world.tell(await world.workers(250))
        channels = channels_of(world.phone, email=world.phone, per_second=PER_SECOND)
        processes = [world.database, *(database_of(database_url) for _ in range(3))]
        moments: list[float] = []
        sent: list[list[SendSlot]] = [[], [], [], []]

        async def process(number: int) -> None:
            now = world.clock_now.timestamp()
            if sent[number] and sent[number][-1].at > now:
                return
            async with processes[number].begin() as session:
                state = await session.get(ChannelState, Channel.WHATSAPP, with_for_update=True)
                if state is not None:
                    slot_uses = [SlotUse(slot, slot.at) for slot in sent[number]]
                    state.turns = release(state.turns or (), slot_uses)
            async with processes[number].begin() as session:
                claimed, _ = await claim(session, channels, world.clock_now, 30)
            sent[number] = [message.slot for message in claimed if message.slot]
            moments.extend(slot.at for slot in sent[number])

        started = world.clock_now.timestamp()
        try:
            while len(moments) < 250:
                await asyncio.gather(*map(process, range(4)))
                world.clock_now += dt.timedelta(milliseconds=90)
        finally:
            for database in processes[1:]:
                await database.close()
        moments.sort()
        for number, moment in enumerate(moments):
            # A hair less than a second: these are sums of binary fractions.
            within = [other for other in moments[number:] if other < moment + SECOND - 1e-6]
            assert len(within) <= PER_SECOND
        # Nor is the rate wasted: 95 % of it is used.
        assert moments[-1] - started <= 250 / (0.95 * PER_SECOND) + 0.2


class Forgetful:
    """A platform that gives every message the same name."""

    def __init__(self) -> None:
        self.taken = 0

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        self.taken += 1
        return SendResult("wamid.same")


async def test_messages_that_were_given_one_name_are_not_sent_again(database_url: str) -> None:
    async with town(database_url) as world:
        platform = Forgetful()
        world.channels = channels_of(platform)
        await world.tell(await world.workers(3))
        for _ in range(2):
            await world.send()
            assert {row.state for row in await world.rows()} == {"accepted"}
            assert platform.taken == 3
            world.clock_now += dt.timedelta(minutes=10)
        assert {row.provider_id for row in await world.rows()} == {None}


async def test_stop_counts_for_what_was_queued_before_it(database_url: str) -> None:
    async with town(database_url) as world:
        await world.registered("en")
        await world.tell([await world.worker_id()])
        message = world.message({"type": "text", "text": {"body": "STOP"}})
        await world.deliver(message)
        texts = world.texts()
        assert "no more messages" in texts[-1]
        assert not any("A job for you" in text for text in texts)
        [offer] = [row for row in await world.rows() if row.kind == "job_offer"]
        assert (offer.state, offer.error) == ("suppressed", "stopped")


async def _waiting(world: Town, kind: str) -> OutboxMessage:
    return [row for row in await world.rows() if row.kind == kind][-1]


async def test_what_was_written_within_the_window_and_sent_after_it_goes_as_what_is_allowed_then(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        await world.registered("en")
        world.clock_now += dt.timedelta(hours=23, minutes=55)
        before = len(world.phone.received)
        await world.tell([await world.worker_id()])
        async with world.database.begin() as session:
            person = (await session.scalars(select(ChatPerson))).one()
            await enqueue.reply(
                session, person, Outgoing("Late words"), key="late", now=world.clock_now
            )
        world.clock_now += dt.timedelta(minutes=6)
        await world.send()
        # The notice has a template; a reply has none, and is not sent as anything else.
        [(_, _, sent)] = world.phone.received[before:]
        assert sent.template is not None
        assert "A job for you" in sent.text
        reply = await _waiting(world, "reply")
        assert (reply.state, reply.error_code) == ("failed", "no_template")
        # Within the window the same costs nothing more than free text.
        await world.says("hi")
        await world.tell([await world.worker_id()], "2")
        await world.send()
        assert world.phone.received[-1][2].template is None
        assert (await _waiting(world, "job_offer")).cost_category == "service"


async def test_what_is_said_in_one_go_is_one_message(sqlite_database_url: str) -> None:
    async with town(sqlite_database_url) as world:
        await world.says("hi")
        await world.taps("language:en")
        before = len(world.phone.received)
        await world.says({"type": "image", "image": {"id": "1"}})
        [(_, _, sent)] = world.phone.received[before:]
        assert "\n\n" in sent.text
        assert sent.buttons


@pytest.mark.parametrize("status", ["PAUSED", "APPROVED"])
def test_the_command_compares_the_templates_and_frees_those_that_are_as_they_should_be(
    sqlite_world: World, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    world, name = sqlite_world, "partimer_job_offer"
    world.in_session(
        lambda session: templates.bar_template(session, name, "en", "paused", world.clock())
    )
    body = {"name": name, "language": "en", "status": status}
    ok(world.http.post("/sandbox/whatsapp/_control/templates", json=body))
    differ = world.run(_templates(world.settings, register=False))
    told = capsys.readouterr().out
    barred = world.in_session(templates.list_barred)
    if status == "PAUSED":
        assert f"{name} (en): not_approved" in told
        assert (differ, barred) == (1, [(name, "en")])
    else:
        assert f"{name} (en) may be sent again" in told
        assert (differ, barred) == (0, [])


def test_each_send_carries_our_id_and_a_status_finds_it_by_that_alone(sqlite_world: World) -> None:
    world = sqlite_world
    world.says(f"+{ASHA}", "hi")
    path = "/sandbox/whatsapp/_control/messages"
    sent = ok(world.http.get(path, params={"phone": f"+{ASHA}"}))["items"][-1]

    async def newest(session: Any) -> Any:
        query = select(OutboxMessage).where(OutboxMessage.channel == Channel.WHATSAPP)
        return (await session.scalars(query.order_by(OutboxMessage.id.desc()))).first()

    row = world.in_session(newest)
    assert sent["payload"]["biz_opaque_callback_data"] == str(row.id)
    status = {
        "id": "wamid.another",
        "status": "read",
        "timestamp": str(int(world.clock().timestamp())),
        "biz_opaque_callback_data": str(row.id),
    }
    change = {"field": "messages", "value": {"statuses": [status]}}
    raw = {"payload": json.dumps({"entry": [{"changes": [change]}]}), "signature": "good"}
    ok(world.http.post("/sandbox/whatsapp/_control/raw", json=raw))
    world.settle()
    assert world.in_session(newest).state == "read"
