"""Messages to many workers, and what the platform says of our account."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.ids import new_id
from app.identity.models import User
from app.messaging.channel import ChannelRegistry
from app.messaging.inbound import StatusUpdate
from app.messaging.inbox import group_commit
from app.messaging.models import Channel, OutboxMessage
from app.messaging.outbox import delivery, enqueue, statuses
from app.messaging.outbox.notice import Notice
from app.messaging.rules import Refusal
from app.providers.whatsapp.errors import classify
from tests.support.channels import channels_of
from tests.support.chat_player import ChatWorld
from tests.support.database import database_of
from tests.support.factories import NewWorker, add_workers
from tests.support.provider_faults import Refusing

OFFER = {
    "offer_id": str(new_id()),
    "title": "Waiter",
    "company": "Cafe Leopold",
    "verified": True,
    "city": "Mumbai",
    "distance_km": 2.1,
    "starts_on": "2026-11-28",
    "ends_on": None,
    "time_zone": "Asia/Kolkata",
    "slots": [{"weekday": "saturday", "start": "10:00", "end": "18:00"}],
    "salary": None,
    "positions": 1,
    "respond_by": "2026-11-23T10:00:00+00:00",
    "why": [],
}


class Town(ChatWorld):
    """Workers with phones, and a day's limit."""

    def limited(self, people: int | None) -> ChannelRegistry:
        self.channels = channels_of(self.phone, email=self.phone, daily_people=people)
        return self.channels

    async def workers(self, count: int) -> list[UUID]:
        async with self.database.begin() as session:
            return await add_workers(session, [NewWorker() for _ in range(count)])

    async def tell(
        self, people: Sequence[UUID], key: str = "1", expires_at: dt.datetime | None = None
    ) -> None:
        now = self.clock_now
        notices = [
            Notice(person, "job_offer", OFFER, key, expires_at=expires_at) for person in people
        ]
        async with self.database.begin() as session:
            await enqueue.notify_many(session, notices, now)

    async def code(self, person: UUID) -> None:
        """A sign-in code for somebody with a phone."""
        now = self.clock_now
        async with self.database.begin() as session:
            user = await session.get_one(User, person)
            phone = session.info["keyring"].open(user.phone_sealed, "phone")
            await enqueue.send_code(
                session,
                phone=phone,
                code="482913",
                language="en",
                key=str(now),
                now=now,
                expires_at=now + dt.timedelta(minutes=5),
            )

    async def send(self) -> None:
        while await delivery.send_due(self.database, self.channels, self.clock, 100):
            pass

    async def refuse(self, kind: Refusal, code: str) -> None:
        """Send what is due, and have it refused."""
        before = self.channels.by_name[Channel.WHATSAPP]
        refused = replace(before, sender=Refusing(kind, code))
        refusing = replace(self.channels, by_name={Channel.WHATSAPP: refused})
        await delivery.send_due(self.database, refusing, self.clock, 100)

    async def failed(self, code: int) -> None:
        """The platform tells that the first message, which it had taken, failed."""
        first = (await self.rows())[0]
        told = StatusUpdate(
            "failed", self.clock_now, first.provider_id, str(first.id), str(code), classify(code)
        )
        async with self.database.begin() as session:
            assert await statuses.apply(session, [told], self.clock_now) == 1

    async def rows(self) -> list[OutboxMessage]:
        async with self.database.read() as session:
            return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))

    async def notice(self, field: str, **value: Any) -> None:
        """The platform tells something about our account."""
        change = {"field": field, "value": value}
        body = json.dumps({"entry": [{"changes": [change], "time": str(self.clock_now)}]}).encode()
        async with self.database.begin() as session:
            await group_commit.store_events(
                session, [group_commit.of_whatsapp(body)], self.clock_now
            )
        await self.settle()

    async def template(self, event: str, kind: str = "job_offer") -> None:
        await self.notice(
            "message_template_status_update",
            event=event,
            message_template_name=f"partimer_{kind}",
            message_template_language="en",
        )

    def texts(self) -> list[str]:
        return [outgoing.text for _, _, outgoing in self.phone.received]


@asynccontextmanager
async def town(database_url: str) -> AsyncIterator[Town]:
    database = database_of(database_url)
    try:
        yield Town(database)
    finally:
        await database.close()
