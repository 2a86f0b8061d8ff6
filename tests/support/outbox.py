"""Somebody to write to, and what became of each message: without an application, and in a running one."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.ids import new_id
from app.database.session import keyring
from app.identity.models import User
from app.messaging.channel import Address, SendResult, TransportError
from app.messaging.inbound import StatusUpdate
from app.messaging.models import Channel, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import delivery, enqueue, statuses
from app.messaging.rules import Refusal
from app.providers.http import sending
from app.providers.whatsapp.client import WhatsApp
from app.providers.whatsapp.errors import classify
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.channels import channels_of
from tests.support.database import database_of
from tests.support.factories import NOW, NewWorker, add_workers
from tests.support.messages import OFFER

type Happening = Callable[[UUID], Awaitable[Any]]


class ScriptedPlatform:
    """A channel to the end of the world: what happens to each send is scripted, first come."""

    def __init__(self) -> None:
        self.script: list[Happening | Exception] = []
        self.sent: list[tuple[UUID, str]] = []
        """Which message, in which form, in the order in which the platform took them."""

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        happens = self.script.pop(0) if self.script else None
        if isinstance(happens, Exception):
            raise happens
        self.sent.append((message_id, "template" if outgoing.template else "free"))
        provider_id = f"wamid.{len(self.sent)}"
        if happens is not None:
            await happens(message_id)
        return SendResult(provider_id)


class Recipient:
    """Somebody to write to, and the platform between."""

    def __init__(self, database_url: str) -> None:
        self.database = database_of(database_url)
        self.platform = ScriptedPlatform()
        self.now = NOW
        self.user = new_id()
        self.channels = channels_of(self.platform)

    def clock(self) -> dt.datetime:
        return self.now

    async def tell(self, key: str, **more: Any) -> UUID:
        """Write one offer to the person; return the message's id."""
        async with self.database.begin() as session:
            await enqueue.notify(
                session, self.user, "job_offer", OFFER, key=key, now=self.now, **more
            )
            newest = select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)
            found: UUID = (await session.scalars(newest)).one()
            return found

    async def wrote(self) -> None:
        """The person writes: free form is allowed."""
        async with self.database.begin() as session:
            user = await session.get_one(User, self.user)
            session.add(
                ChatPerson(
                    channel=Channel.WHATSAPP,
                    user_id=user.id,
                    phone_index=user.phone_index,
                    phone_sealed=user.phone_sealed,
                    last_inbound_at=self.now,
                    created_at=self.now,
                    updated_at=self.now,
                )
            )

    async def send(self) -> int:
        return await delivery.send_due(self.database, self.channels, self.clock, 100)

    async def passes(self, time: dt.timedelta) -> None:
        self.now += time
        while await self.send():
            pass

    async def hears(
        self,
        status: str,
        message_id: UUID | None,
        provider_id: str | None = None,
        code: int | None = None,
    ) -> int:
        told = StatusUpdate(
            status,
            self.now,
            provider_id,
            str(message_id) if message_id else None,
            str(code) if code else None,
            classify(code) if code else None,
        )
        async with self.database.begin() as session:
            return await statuses.apply(session, [told], self.now)

    async def row(self, message_id: UUID) -> OutboxMessage:
        async with self.database.read() as session:
            return await session.get_one(OutboxMessage, message_id)


@asynccontextmanager
async def recipient(database_url: str) -> AsyncIterator[Recipient]:
    post = Recipient(database_url)
    try:
        async with post.database.begin() as session:
            await add_workers(session, [NewWorker(id=post.user)])
        yield post
    finally:
        await post.database.close()


def lost() -> TransportError:
    return TransportError(Refusal.AMBIGUOUS, code="ReadTimeout")


PHONE = "+919822200001"


class WorldRecipient:
    """Somebody with a phone, and a way to write to them and look at what became of it."""

    def __init__(self, world: World, phone: str = PHONE) -> None:
        self.world = world
        self.phone = phone
        self.user_id = world.in_session(self._person)

    async def _person(self, session: Any) -> UUID:
        keys = keyring(session)
        now = self.world.clock()
        user = User(
            role="worker",
            status="active",
            name="Asha",
            language="en",
            phone_sealed=keys.seal(self.phone, "phone"),
            phone_index=keys.index(self.phone, "phone"),
            created_at=now,
            updated_at=now,
        )
        session.add(user)
        await session.flush()
        return user.id

    def tell(self, key: str = "1", kind: str = "job_offer", **more: Any) -> None:
        self.world.in_session(
            lambda session: enqueue.notify(
                session, self.user_id, kind, OFFER, key=key, now=self.world.clock(), **more
            )
        )

    def send(self, **how: Any) -> int:
        """Send what is due through a client that waits half a second for answers."""
        return self.world.run(self._send(how))

    async def _send(self, how: dict[str, Any]) -> int:
        settings, runtime = self.world.settings, self.world.runtime
        async with sending(settings.whatsapp_url) as http:
            whatsapp = WhatsApp(
                http,
                base=how.pop("base", settings.whatsapp_url),
                version=settings.whatsapp_api_version,
                token=how.pop("token", settings.whatsapp_token or ""),
                number_id=settings.whatsapp_number,
                answer_seconds=0.5,
            )
            channels = channels_of(whatsapp, **how)
            return await delivery.send_due(runtime.database, channels, runtime.clock, 100)

    def rows(self) -> list[OutboxMessage]:
        async def read(session: Any) -> list[OutboxMessage]:
            return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))

        rows: list[OutboxMessage] = self.world.in_session(read)
        return rows

    @property
    def row(self) -> OutboxMessage:
        return self.rows()[0]

    def received(self) -> list[dict[str, Any]]:
        path = "/sandbox/whatsapp/_control/messages"
        items: list[dict[str, Any]] = ok(self.world.http.get(path, params={"phone": self.phone}))[
            "items"
        ]
        return items

    def fault(self, kind: str, times: int = 1, **more: Any) -> None:
        body = {"next": times, "kind": kind, **more}
        ok(self.world.http.post("/sandbox/whatsapp/_control/faults", json=body))

    def news(self, state: OutboxState) -> None:
        """Let the statuses arrive until the first message is in `state`; they take their time."""
        for _ in range(100):
            self.world.settle()
            if self.row.state == state:
                return
        raise AssertionError(f"{self.row.state}, not {state}")
