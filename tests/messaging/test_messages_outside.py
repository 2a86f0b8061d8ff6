"""Outside the window: templates that work, so many people a day, and what the platform tells of both."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from app.messaging.channel import TransportError
from app.messaging.models import (
    Channel,
    ChannelState,
    ChatPerson,
    MessageTemplate,
    OutboxMessage,
)
from app.messaging.outbox import delivery, messaging_limits, template_quota
from app.messaging.rules import MUCH_LATER, Refusal
from app.providers.whatsapp.errors import classify
from tests.infra.counted import alerts
from tests.support.channels import channels_of
from tests.support.database import database_of
from tests.support.messages import town

DAY = dt.timedelta(hours=24)


async def test_so_many_people_a_day_and_the_rest_wait_until_the_day_is_over(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        world.limited(3)
        people = await world.workers(5)
        await world.tell(people)
        await world.send()
        assert len(world.phone.received) == 3
        waiting = [row for row in await world.rows() if row.state == "waiting"]
        assert {row.held_why for row in waiting} == {"daily_limit"}
        # Whom we have begun with may hear more: people count, not messages.
        await world.tell(people[:3], "2")
        await world.send()
        assert len(world.phone.received) == 6
        async with world.database.read() as session:
            figures = await template_quota.deferred_figures(
                session, world.clock_now + dt.timedelta(hours=1)
            )
        assert figures[template_quota.DeferralReason.DAILY_LIMIT] == template_quota.DeferredFigures(
            2, 3_600
        )
        world.clock_now += DAY - dt.timedelta(seconds=1)
        await world.send()
        assert len(world.phone.received) == 6
        world.clock_now += dt.timedelta(minutes=31)
        await world.send()
        assert len(world.phone.received) == 8
        assert {row.held_why for row in await world.rows()} == {None}


async def test_answers_within_the_window_never_count(database_url: str) -> None:
    async with town(database_url) as world:
        world.limited(1)
        for number in range(3):
            await world.says("hi", **{"from": f"9198111003{number:02}"})
        assert len(world.phone.received) == 3
        (one,) = await world.workers(1)
        await world.tell([one])
        await world.send()
        assert len(world.phone.received) == 4
        assert sum(row.template_at is not None for row in await world.rows()) == 1


async def test_several_processes_together_keep_to_the_limit(database_url: str) -> None:
    async with town(database_url) as world:
        channels = world.limited(7)
        await world.tell(await world.workers(30))
        others = [database_of(database_url) for _ in range(3)]

        async def process(database: Any) -> None:
            while await delivery.send_due(database, channels, world.clock, 4):
                pass

        try:
            await asyncio.gather(*map(process, [world.database, *others]))
        finally:
            for database in others:
                await database.close()
        assert len(world.phone.received) == 7


async def test_codes_go_first_and_offers_leave_room_for_them(sqlite_database_url: str) -> None:
    async with town(sqlite_database_url) as world:
        world.limited(20)
        people = await world.workers(22)
        await world.tell(people[:21])
        await world.send()
        assert len(world.phone.received) == 19
        await world.code(people[21])
        await world.send()
        assert "482913" in world.texts()[-1]
        assert len(world.phone.received) == 20


async def test_the_limit_is_told_once_a_day(sqlite_database_url: str) -> None:
    async with town(sqlite_database_url) as world:
        world.limited(1)
        await world.tell(await world.workers(3))

        async def told() -> dt.datetime | None:
            async with world.database.read() as session:
                return (await session.get_one(ChannelState, Channel.WHATSAPP)).limit_reached_at

        first = world.clock_now
        for _ in range(3):
            await world.send()
            assert await told() == first
            world.clock_now += dt.timedelta(hours=1)
        world.clock_now = first + DAY + dt.timedelta(minutes=5)
        await world.send()
        assert await told() == world.clock_now


async def test_what_was_refused_at_once_counts_for_nobody(sqlite_database_url: str) -> None:
    async with town(sqlite_database_url) as world:
        world.limited(1)
        one, two = await world.workers(2)
        await world.tell([one])
        await world.refuse(Refusal.UNREACHABLE, "131026")
        await world.tell([two])
        await world.send()
        assert len(world.phone.received) == 1


async def test_the_platforms_limit_is_asked_for_every_hour_and_the_lower_holds(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        told: list[int | None] = [2, 0, None]
        asked = 0

        async def limit() -> int | None:
            nonlocal asked
            asked += 1
            return told[asked - 1]

        world.channels = channels_of(world.phone, email=world.phone, ask_daily_people=limit)

        async def known() -> int | None:
            for _ in range(3):
                await messaging_limits.read_due(world.database, world.channels, world.clock)
            async with world.database.read() as session:
                return (await session.get_one(ChannelState, Channel.WHATSAPP)).daily_people

        assert (await known(), asked) == (2, 1)
        await world.tell(await world.workers(4))
        await world.send()
        assert len(world.phone.received) == 2
        world.clock_now += dt.timedelta(hours=1)
        assert (await known(), asked) == (None, 2)
        await world.send()
        assert len(world.phone.received) == 4
        await world.notice(
            "phone_number_quality_update", event="DOWNGRADE", current_limit="TIER_250"
        )
        world.clock_now += dt.timedelta(hours=1)
        # What the platform does not say leaves what is known.
        assert (await known(), asked) == (250, 3)


async def test_an_unanswered_question_for_the_limit_is_asked_again_after_a_minute(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        answers: list[int | TransportError] = [250, TransportError(Refusal.UNSENT), 2_000]

        async def limit() -> int | None:
            answer = answers.pop(0)
            if isinstance(answer, TransportError):
                raise answer
            return answer

        world.channels = channels_of(world.phone, email=world.phone, ask_daily_people=limit)

        async def known_after(**time: int) -> int | None:
            world.clock_now += dt.timedelta(**time)
            await messaging_limits.read_due(world.database, world.channels, world.clock)
            async with world.database.read() as session:
                return (await session.get_one(ChannelState, Channel.WHATSAPP)).daily_people

        assert await known_after() == 250
        assert await known_after(hours=1) == 250  # what was known stays true meanwhile
        assert (await known_after(seconds=59), len(answers)) == (250, 1)
        assert await known_after(seconds=1) == 2_000
        await known_after(minutes=59)  # and then it is an hour again


async def test_a_paused_templates_messages_wait_until_it_is_approved_again(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        one, two = await world.workers(2)
        await world.template("PAUSED")
        await world.tell([one])
        await world.send()
        [row] = await world.rows()
        assert (row.state, row.held_why, row.attempts) == ("waiting", "template", 0)
        await world.code(two)  # another template is not barred
        await world.send()
        assert len(world.phone.received) == 1
        world.clock_now += dt.timedelta(days=2)
        await world.send()
        assert len(world.phone.received) == 1
        await world.template("APPROVED")
        assert len(world.phone.received) == 2
        assert "A job for you" in world.texts()[-1]
        async with world.database.read() as session:
            assert (await session.scalars(select(MessageTemplate))).all() == []


@pytest.mark.parametrize("code", [132015, 132016])
async def test_the_message_that_met_the_pause_waits_with_those_behind_it(
    database_url: str, code: int
) -> None:
    async with town(database_url) as world:
        barred = alerts("template_barred")
        one, two = await world.workers(2)
        await world.tell([one])
        await world.refuse(classify(code, 400), str(code))
        assert alerts("template_barred") == barred + 1
        await world.tell([two])
        await world.send()
        for row in await world.rows():
            assert (row.state, row.held_why, row.attempts) == ("waiting", "template", 0)
        world.clock_now += dt.timedelta(hours=2)
        await world.send()
        assert world.phone.received == []
        await world.template("APPROVED")
        assert len(world.phone.received) == 2


async def test_a_pause_that_is_told_after_the_answer_holds_too(database_url: str) -> None:
    async with town(database_url) as world:
        await world.tell(await world.workers(1))
        await world.send()
        await world.failed(132015)
        [row] = await world.rows()
        assert (row.state, row.held_why) == ("waiting", "template")
        await world.template("APPROVED")
        assert len(world.phone.received) == 2


async def test_what_was_held_is_not_sent_once_it_is_no_longer_true(
    sqlite_database_url: str,
) -> None:
    async with town(sqlite_database_url) as world:
        (one,) = await world.workers(1)
        await world.tell([one], expires_at=world.clock_now + dt.timedelta(hours=1))
        await world.refuse(Refusal.TEMPLATE_PAUSED, "132015")
        world.clock_now += dt.timedelta(hours=2)
        await world.template("APPROVED")
        assert [row.state for row in await world.rows()] == ["suppressed"]


@pytest.mark.parametrize("told_later", [False, True])
async def test_what_the_platform_chose_not_to_deliver_goes_once_more_much_later(
    database_url: str, told_later: bool
) -> None:
    async with town(database_url) as world:
        (one,) = await world.workers(1)

        async def refused() -> OutboxMessage:
            if told_later:
                await world.send()
                await world.failed(131049)
            else:
                await world.refuse(Refusal.NOT_NOW, "131049")
            return (await world.rows())[0]

        await world.tell([one], expires_at=world.clock_now + dt.timedelta(hours=8))
        row = await refused()
        assert (row.state, row.held_why) == ("waiting", "not_now")
        before = len(world.phone.received)
        await world.tell([one], "2")  # what comes next need not wait for it
        await world.send()
        assert len(world.phone.received) == before + 1
        world.clock_now += MUCH_LATER - dt.timedelta(seconds=1)
        await world.send()
        assert len(world.phone.received) == before + 1
        world.clock_now += dt.timedelta(seconds=1)
        assert (await refused()).state == "failed"
        world.clock_now += dt.timedelta(hours=1)
        await world.send()
        assert len(world.phone.received) == before + (2 if told_later else 1)


async def test_an_offer_without_hours_left_is_not_tried_much_later(
    sqlite_database_url: str,
) -> None:
    async with town(sqlite_database_url) as world:
        (one,) = await world.workers(1)
        await world.tell([one], expires_at=world.clock_now + MUCH_LATER)
        await world.refuse(Refusal.NOT_NOW, "131049")
        assert [row.state for row in await world.rows()] == ["failed"]


async def test_a_barred_template_holds_nothing_back_within_the_window(
    sqlite_database_url: str,
) -> None:
    async with town(sqlite_database_url) as world:
        await world.registered("en")
        await world.template("DISABLED")
        before = len(world.phone.received)
        await world.tell([await world.worker_id()])
        await world.send()
        assert len(world.phone.received) == before + 1


async def test_a_refused_template_is_barred_and_an_administrators_retry_frees_it(
    database_url: str,
) -> None:
    async with town(database_url) as world:
        one, two = await world.workers(2)
        await world.tell([one])
        await world.refuse(Refusal.TEMPLATE, "132001")
        await world.tell([two])
        await world.send()
        dead, waiting = await world.rows()
        assert (dead.state, dead.error_code) == ("dead", "132001")
        assert (waiting.state, waiting.held_why) == ("waiting", "template")
        async with world.database.begin() as session:
            template = (await session.scalars(select(MessageTemplate))).one()
            assert template.reason == "refused 132001"
            await delivery.retry(session, dead.id, world.clock_now)
        await world.send()
        assert len(world.phone.received) == 2


async def test_who_wants_no_marketing_gets_none_and_everything_else(database_url: str) -> None:
    async with town(database_url) as world:
        await world.registered("en")
        worker = await world.worker_id()
        stop = {"category": "marketing_messages", "value": "stop"}

        async def prefers(value: str) -> None:
            stamp = str(int(world.clock_now.timestamp()))
            item = stop | {"wa_id": "919811100001", "value": value, "timestamp": stamp}
            await world.notice("user_preferences", user_preferences=[item])

        await prefers("stop")
        world.clock_now += 2 * DAY
        before = len(world.phone.received)
        await world.tell([worker], "utility")
        await world.send()
        assert len(world.phone.received) == before + 1
        await world.notice(
            "template_category_update",
            message_template_name="partimer_job_offer",
            message_template_language="en",
            previous_category="UTILITY",
            new_category="MARKETING",
        )
        await world.tell([worker], "marketing")
        await world.send()
        assert len(world.phone.received) == before + 1
        assert (await world.rows())[-1].error == "no marketing wanted"
        await prefers("resume")
        await world.tell([worker], "wanted again")
        await world.send()
        assert len(world.phone.received) == before + 2


async def test_the_platforms_refusal_of_marketing_is_remembered(sqlite_database_url: str) -> None:
    async with town(sqlite_database_url) as world:
        await world.registered("en")
        world.clock_now += 2 * DAY
        await world.tell([await world.worker_id()])
        await world.refuse(Refusal.NO_MARKETING, "131050")
        async with world.database.read() as session:
            person = (await session.scalars(select(ChatPerson))).one()
        assert person.no_marketing_at == world.clock_now
        assert (await world.rows())[-1].state == "failed"


@pytest.mark.parametrize("event", ["FLAGGED", "IN_APPEAL", "whatever comes next"])
async def test_other_news_of_a_template_bars_nothing(sqlite_database_url: str, event: str) -> None:
    async with town(sqlite_database_url) as world:
        await world.template(event)
        await world.tell(await world.workers(1))
        await world.send()
        assert len(world.phone.received) == 1
