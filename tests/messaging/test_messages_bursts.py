"""What comes several times at once, or twice in other bytes, and what only looks like an identity."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.metrics import UNKNOWN_VALUES
from app.messaging.inbox import group_commit
from app.messaging.models import ChatPerson, InboxItem, MessageTemplate, PlatformNotice
from app.messaging.rules import window_open
from tests.support.messages import Town, town

PHOTO = {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}}


def unknown(field: str) -> float:
    value: float = UNKNOWN_VALUES.labels(field)._value.get()
    return value


async def album(world: Town, pictures: int, *, seconds_apart: float = 0, **more: Any) -> None:
    """Pictures that arrive together, in one webhook or in one each."""
    start = world.clock_now
    messages = []
    for number in range(pictures):
        world.clock_now = start + dt.timedelta(seconds=number * seconds_apart)
        messages.append(world.message(dict(PHOTO), **more))
    await world.deliver(*messages)


async def test_an_album_gets_one_answer(database_url: str) -> None:
    async with town(database_url) as world:
        await world.says("hi")
        before = len(world.phone.received)
        await album(world, 6)
        assert len(world.phone.received) == before + 1
        async with world.database.read() as session:
            states = (await session.scalars(select(InboxItem.state))).all()
        assert set(states) == {"handled"}
        # Half a minute later it is another one.
        world.clock_now += dt.timedelta(seconds=30)
        await album(world, 6, seconds_apart=1)
        assert len(world.phone.received) == before + 2


async def test_an_album_in_six_webhooks_gets_one_answer(database_url: str) -> None:
    async with town(database_url) as world:
        await world.says("hi")
        before = len(world.phone.received)
        for _ in range(6):
            await world.deliver(world.message(dict(PHOTO)))
        assert len(world.phone.received) == before + 1


async def test_words_beside_an_album_are_heard(database_url: str) -> None:
    async with town(database_url) as world:
        await world.says("hi")
        before = len(world.phone.received)
        words = world.message({"type": "text", "text": {"body": "help"}})
        pictures = [world.message(dict(PHOTO)) for _ in range(3)]
        await world.deliver(*pictures, words)
        assert len(world.phone.received) == before + 2


async def post(world: Town, body: bytes) -> None:
    async with world.database.begin() as session:
        await group_commit.store_events(session, [group_commit.of_whatsapp(body)], world.clock_now)
    await world.settle()


async def notices(world: Town) -> int:
    async with world.database.read() as session:
        return await session.scalar(select(func.count()).select_from(PlatformNotice)) or 0


@pytest.mark.parametrize("dated", [True, False])
async def test_a_notice_in_other_bytes_is_kept_once(database_url: str, *, dated: bool) -> None:
    value = {
        "event": "PAUSED",
        "message_template_name": "partimer_job_offer",
        "message_template_language": "en",
        "reason": "NONE",
    }
    turned = dict(reversed(value.items()))

    def entry(told: dict[str, str]) -> dict[str, Any]:
        change = {"field": "message_template_status_update", "value": told}
        return {"id": "1", "changes": [change], **({"time": 1_795_420_800} if dated else {})}

    async with town(database_url) as world:
        for body in (
            json.dumps({"entry": [entry(value)]}),
            json.dumps({"entry": [entry(turned)]}),
            json.dumps({"entry": [entry(value)]}, indent=2),
        ):
            await post(world, body.encode())
        assert await notices(world) == 1


async def test_the_same_news_on_another_day_are_news(database_url: str) -> None:
    async with town(database_url) as world:
        for event in ("PAUSED", "APPROVED", "PAUSED"):
            world.clock_now += dt.timedelta(days=1)
            await world.template(event)
        assert await notices(world) == 3
        async with world.database.read() as session:
            barred = await session.get(MessageTemplate, ("partimer_job_offer", "en"))
        assert barred is not None
        assert barred.barred_at is not None


async def test_a_category_nobody_knows_is_no_category(database_url: str) -> None:
    async with town(database_url) as world:
        before = unknown("template_category")
        told = {
            "message_template_name": "partimer_job_offer",
            "message_template_language": "en",
            "reason": "MISCATEGORIZED",
        }
        await world.notice("template_category_update", new_category="TELEPATHY", **told)
        async with world.database.read() as session:
            assert await session.get(MessageTemplate, ("partimer_job_offer", "en")) is None
        assert unknown("template_category") == before + 1
        await world.notice("template_category_update", new_category="MARKETING", **told)
        async with world.database.read() as session:
            row = await session.get(MessageTemplate, ("partimer_job_offer", "en"))
        assert row is not None
        assert row.category == "marketing"


async def people(world: Town) -> list[ChatPerson]:
    async with world.database.read() as session:
        return list(await session.scalars(select(ChatPerson).order_by(ChatPerson.id)))


async def test_a_system_message_of_an_unknown_type_moves_nobody(database_url: str) -> None:
    async with town(database_url) as world:
        await world.says("hi")
        before = (await people(world))[0].phone_index
        count = unknown("system")
        for kind in ("user_was_thinking", "", None, 7):
            system = {"type": kind, "wa_id": "919811100099", "user_id": "IN.1234567"}
            await world.says({"type": "system", "system": system})
        (person,) = await people(world)
        assert (person.phone_index, person.platform_user_id) == (before, None)
        assert unknown("system") == count + 4


@pytest.mark.parametrize(
    "given",
    ["foo", "919811100001", "in.123", "IN.", "IND.123", "IN.12 3", "IN.ENT.", "IN.१२", "🙂"],
)
async def test_only_a_platform_id_is_taken_for_one(database_url: str, given: str) -> None:
    async with town(database_url) as world:
        await world.says("hi", from_user_id=given)
        (person,) = await people(world)
        assert person.platform_user_id is None
        assert person.phone_index is not None
        # And where there is nothing else, there is nobody.
        message = world.message({"type": "text", "text": {"body": "hi"}}, from_user_id=given)
        del message["from"]
        await world.deliver(message)
        assert len(await people(world)) == 1


@pytest.mark.parametrize("given", ["IN.13491208655302741918", "US.ENT.11815799212886844830"])
async def test_a_platform_id_is_kept(database_url: str, given: str) -> None:
    async with town(database_url) as world:
        await world.says("hi", from_user_id=given)
        (person,) = await people(world)
        assert person.platform_user_id == given


async def test_a_window_opened_by_a_fast_clock_is_no_window(database_url: str) -> None:
    async with town(database_url) as world:
        now = world.clock_now
        assert window_open(now, now)
        assert not window_open(now + dt.timedelta(days=3), now)
