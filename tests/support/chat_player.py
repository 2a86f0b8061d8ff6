"""A conversation without the network: payloads go into the inbox, messages come out of the outbox.

A transcript is a text file: what people write, what happens meanwhile, and all that they get.

    me: hi                      they write
    me: [English]               they tap the button or row of that title
    me: (19.06, 72.83)          they send a place
    me: <image>                 they send something else of the platform's
    me: {days=monday starts=18:00}   they fill in the form; {} is one that can't be read
    me> yes                     they write, quoting the last message they got
    -- offered: Waiter          something happens (see `Happening`)
    bot: …                      what they get, with [buttons] and {rows}
    mail: …                     what somebody gets by e-mail; `me: (code)` writes the code it held
"""

import asyncio
import datetime as dt
import itertools
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.runner import MessageHandler
from app.database.schema import load_models
from app.database.session import Database
from app.identity.models import User
from app.jobs.models import Job
from app.jobs.rules import JobAction
from app.messaging.channel import Address, SendResult
from app.messaging.inbox import group_commit, process
from app.messaging.models import ChatPerson
from app.messaging.outbox import delivery
from app.offers import closing, expire, remind
from app.offers.mark_unlocked import mark_unlocked
from app.offers.models import JobMatch
from app.payments.models import Unlock
from app.texts.message import Button, Outgoing, Row
from tests.support.channels import channels_of
from tests.support.chat_events import EVENTS, mailed_code, shown_mail
from tests.support.database import database_of
from tests.support.factories import NOW, add_employer, add_job, add_payment, create_offers

type Rows = Sequence[tuple[Table, Sequence[dict[str, Any]]]]


async def rows_of(session: AsyncSession) -> Rows:
    """Return all that a database holds, in the order in which it can be written."""
    found = []
    for table in load_models().sorted_tables:
        rows = (await session.execute(select(table))).mappings()
        found.append((table, [dict(row) for row in rows]))
    return [(table, rows) for table, rows in found if rows]


async def write_rows(session: AsyncSession, copied: Rows) -> None:
    """Write it all into a database that holds nothing yet, of whichever kind."""
    for table, rows in copied:
        await session.execute(insert(table), rows)


ASHA = "919811100001"


BATCH = 100
"""What one round of a loop takes at most."""


class Phone:
    """The other end: a channel that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.received: list[tuple[str, Address, Outgoing]] = []
        self._numbers = itertools.count(time.time_ns())

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        provider_id = f"wamid.out{next(self._numbers)}"
        self.received.append((provider_id, address, outgoing))
        return SendResult(provider_id)


class ChatWorld:
    """One database, one conversation, people who write."""

    def __init__(self, database: Database, *, registered: bool = False) -> None:
        """With `registered` the database holds a conversation that went on for some minutes."""
        self.database = database
        self.phone = Phone()
        self.clock_now = NOW + dt.timedelta(minutes=2 if registered else 0)
        self.conversation = MessageHandler("https://partimer.example", "IN")
        self.channels = channels_of(self.phone, email=self.phone)
        self._ids = itertools.count(1_000 if registered else 1)
        self.jobs: dict[str, UUID] = {}
        self.bursts = False
        """Whether texts are held and read together, as the product does."""

    def clock(self) -> dt.datetime:
        return self.clock_now

    async def settle(self) -> None:
        """Let both loops work as production does: until a round leaves room, or a commit wakes one."""
        event = self.database.wakeups.event
        async with event("inbox") as arrived, event("outbox") as written:
            arrived.set()
            written.set()
            while arrived.is_set() or written.is_set():
                if arrived.is_set():
                    arrived.clear()
                    while await self._handle() >= BATCH:
                        pass
                if written.is_set():
                    written.clear()
                    while await self._send() >= BATCH:
                        pass

    async def _handle(self) -> int:
        return await process.handle_due(
            self.database, self.clock, BATCH, self.conversation, bursts=self.bursts
        )

    async def _send(self) -> int:
        return await delivery.send_due(self.database, self.channels, self.clock, BATCH)

    async def deliver(self, *messages: dict[str, Any], contacts: Sequence[Any] = ()) -> None:
        """One webhook, with these messages."""
        value = {"messages": list(messages), "contacts": list(contacts)}
        await self.deliver_change("messages", value)

    async def deliver_change(self, field: str, value: dict[str, Any]) -> None:
        """One webhook, with this news."""
        payload = {"entry": [{"changes": [{"field": field, "value": value}]}]}
        async with self.database.begin() as session:
            body = json.dumps(payload).encode()
            await group_commit.store_events(
                session, [group_commit.of_whatsapp(body)], self.clock_now
            )
        await self.settle()

    def message(self, content: dict[str, Any], **more: Any) -> dict[str, Any]:
        stamp = str(int(self.clock_now.timestamp()))
        return {
            "id": f"wamid.in{next(self._ids)}",
            "from": ASHA,
            "timestamp": stamp,
            **content,
            **more,
        }

    async def says(self, content: dict[str, Any] | str, name: str = "Asha K", **more: Any) -> None:
        body = {"type": "text", "text": {"body": content}} if isinstance(content, str) else content
        message = self.message(body, **more)
        contact = {"wa_id": message.get("from"), "profile": {"name": name}}
        await self.deliver(message, contacts=[contact])
        self.clock_now += dt.timedelta(seconds=7)

    async def taps(self, payload: str, **more: Any) -> None:
        reply = {"id": payload, "title": payload[:20]}
        interactive = {"type": "button_reply", "button_reply": reply}
        await self.says({"type": "interactive", "interactive": interactive}, **more)

    def id_of(self, title: str) -> str:
        """The id of what carries this title, in the newest message that has it."""
        for _, _, outgoing in reversed(self.phone.received):
            options: list[Button | Row] = [*outgoing.buttons, *outgoing.rows]
            for option in options:
                if option.title == title:
                    return option.id
        raise AssertionError(f"nobody was shown [{title}]")

    async def worker_id(self) -> UUID:
        async with self.database.read() as session:
            person = await session.scalar(
                select(ChatPerson).where(ChatPerson.user_id.is_not(None)).limit(1)
            )
            assert person is not None
            assert person.user_id is not None
            return person.user_id

    async def users(self) -> list[User]:
        async with self.database.read() as session:
            return list(await session.scalars(select(User).order_by(User.id)))

    async def person(self) -> ChatPerson:
        async with self.database.read() as session:
            found = await session.scalars(select(ChatPerson).order_by(ChatPerson.id))
            return list(found)[-1]

    # ── What happens meanwhile ───────────────────────────────────────────────────────────────────

    async def offered(self, title: str, **job: Any) -> UUID:
        """An employer offers a job of that title to the worker who writes."""
        worker_id = await self.worker_id()
        async with self.database.begin() as session:
            employer_id = await add_employer(session, verified=True)
            job_id = await add_job(session, employer_id, **job)
            (await session.get_one(Job, job_id)).title = title
            await session.flush()
            await create_offers(session, job_id, [worker_id], self.clock_now)
            query = select(JobMatch.id).where(JobMatch.job_id == job_id)
            offer_id: UUID = (await session.scalars(query)).one()
        self.jobs[title] = job_id
        await self.settle()
        return offer_id

    async def cancelled(self, title: str) -> None:
        async with self.database.begin() as session:
            await closing.close_job(
                session, self.jobs[title], JobAction.CANCEL, None, self.clock_now
            )
        await self.settle()

    async def unlocked(self, title: str) -> None:
        async with self.database.begin() as session:
            query = select(JobMatch).where(JobMatch.job_id == self.jobs[title])
            match = (await session.scalars(query)).one()
            payment_id = await add_payment(session, match, self.clock_now)
            session.add(
                Unlock(
                    payment_id=payment_id,
                    match_id=match.id,
                    employer_id=match.employer_id,
                    worker_id=match.worker_id,
                    unlocked_at=self.clock_now,
                )
            )
            await mark_unlocked(session, match.id, self.clock_now)
        await self.settle()

    async def passes(self, amount: int, unit: str) -> None:
        self.clock_now += dt.timedelta(**{unit: amount})
        async with self.database.begin() as session:
            await remind.remind_due(session, self.clock_now, 100)
            await expire.expire_due(session, self.clock_now, 100)
        await self.settle()

    async def registered(self, language: str) -> None:
        """A worker who has registered here: as `registers`, of whom this is a copy."""
        assert not self.phone.received, "somebody is here already"
        if language not in _registered:
            with TemporaryDirectory() as folder:
                _registered[language] = await _registered_in(
                    f"sqlite:///{folder}/chat.db", language
                )
        rows, received, self.clock_now = _registered[language]
        self.phone.received = [*received]
        self._ids = itertools.count(1_000)
        async with self.database.begin() as session:
            await write_rows(session, rows)

    async def registers(self, language: str) -> None:
        """Let a worker register here, in the shortest way."""
        await self.says("hi")
        await self.taps(f"language:{language}")
        await self.taps("consent:yes")
        await self.taps("name:profile")
        await self.taps("skill:waiter")
        await self.taps("skills:done")
        await self.says("400050")
        await self.taps("distance:10")
        await self.taps("years:3")
        await self.taps("free:any time")
        await self.taps("free:yes")

    async def suspended(self) -> None:
        worker_id = await self.worker_id()
        async with self.database.begin() as session:
            await session.execute(
                update(User).where(User.id == worker_id).values(status="suspended")
            )


type Had = tuple[Rows, list[tuple[str, Address, Outgoing]], dt.datetime]
"""A conversation that took place: all that is in the database, what they received, and when it was."""


_registered: dict[str, Had] = {}


async def _registered_in(database_url: str, language: str) -> Had:
    """Let somebody register in a database of their own."""
    database = database_of(database_url)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(load_models().create_all)
        world = ChatWorld(database)
        await world.registers(language)
        async with database.read() as session:
            return await rows_of(session), world.phone.received, world.clock_now
    finally:
        await database.close()


def shown(outgoing: Outgoing) -> list[str]:
    """A message as a transcript writes it."""
    # A payment link names an offer, which has another id every time.
    first, *rest = re.sub(r"/pay/\w+", "/pay/(link)", outgoing.text).split("\n")
    lines = [f"bot: {first}", *(f"     {line}".rstrip() for line in rest)]
    if outgoing.buttons:
        lines.append("     " + " ".join(f"[{button.title}]" for button in outgoing.buttons))
    if outgoing.ask:
        lines.append(f"     <asks for {outgoing.ask}>")
    if outgoing.form:
        lines.append(f"     <form: {outgoing.form.label}>")
    for row in () if outgoing.form else outgoing.rows:
        about = f" – {row.description}" if row.description else ""
        lines.append(f"     {{{row.title}}}{about}")
    return lines


async def play(world: ChatWorld, lines: Sequence[str]) -> list[str]:
    """Play what people do in a transcript, and return the whole of it as it went."""
    played: list[str] = []
    for line in lines:
        if not line or line.startswith(("bot:", "mail:", "     ")):
            continue
        played.append(line)
        if line.startswith(_REGISTERED):
            # Told in full in the transcripts of registrations.
            continue
        before = len(world.phone.received)
        if line.startswith(("me: ", "me> ")):
            await _act(world, line[4:], quoting=line.startswith("me>"))
        elif line.startswith("-- "):
            await _happen(world, line[3:])
        for _, address, outgoing in world.phone.received[before:]:
            if address.phone == f"+{ASHA}":
                played += shown(outgoing)
            elif address.email is not None:
                played += shown_mail(outgoing)
    return played


async def _act(world: ChatWorld, said: str, *, quoting: bool) -> None:
    more: dict[str, Any] = {}
    if quoting:
        provider_id, _, _ = world.phone.received[-1]
        more["context"] = {"id": provider_id}
    if tap := re.fullmatch(r"\[(.+)\]", said):
        await world.taps(world.id_of(tap[1]), **more)
    elif place := re.fullmatch(r"\((-?[\d.]+), (-?[\d.]+)\)", said):
        location = {"latitude": float(place[1]), "longitude": float(place[2])}
        await world.says({"type": "location", "location": location}, **more)
    elif form := re.fullmatch(r"\{(.*)\}", said):
        fields = dict(field.split("=") for field in form[1].split())
        response = {name: value.split(",") for name, value in fields.items()}
        reply = {"name": "flow", "response_json": json.dumps(response) if response else "{"}
        interactive = {"type": "nfm_reply", "nfm_reply": reply}
        await world.says({"type": "interactive", "interactive": interactive}, **more)
    elif kind := re.fullmatch(r"<(\w+)>", said):
        await world.says({"type": kind[1], kind[1]: {"emoji": "👍", "id": "1"}}, **more)
    else:
        if "(code)" in said:
            said = said.replace("(code)", mailed_code(world.phone.received))
        await world.says(said, **more)


async def _happen(world: ChatWorld, event: str) -> None:
    name, _, about = event.partition(": ")
    if name == "offered":
        await world.offered(about)
    elif name == "cancelled":
        await world.cancelled(about)
    elif name == "unlocked":
        await world.unlocked(about)
    elif name == "there is a form":
        world.conversation = replace(world.conversation, form_id="300000000000003")
    elif name in EVENTS:
        await EVENTS[name](world, about)
    elif name == "suspended":
        await world.suspended()
    elif later := re.fullmatch(r"(\d+) (minutes|hours|days) later", name):
        await world.passes(int(later[1]), later[2])
    else:
        raise AssertionError(f"nobody knows what this means: {event}")


_REGISTERED = "-- registered: "


def play_file(
    database_url: str, file: Path, registered: Callable[[str], Path]
) -> tuple[list[str], list[str]]:
    """Play a transcript; return what was written down and what came.

    One that begins with somebody registered starts on a copy of `registered(language)`.
    """
    written = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    language = next(
        (line.removeprefix(_REGISTERED) for line in written if line.startswith(_REGISTERED)), None
    )
    if language is not None:
        shutil.copyfile(registered(language), database_url.removeprefix("sqlite:///"))

    async def run() -> list[str]:
        database = database_of(database_url)
        try:
            return await play(ChatWorld(database, registered=language is not None), written)
        finally:
            await database.close()

    return written, asyncio.run(run())


def register_in(database_url: str, language: str) -> None:
    """Let somebody register in that language, in a database of their own."""

    async def run() -> None:
        database = database_of(database_url)
        try:
            await ChatWorld(database).registers(language)
        finally:
            # The last connection that closes writes everything into the one file.
            await database.close()

    asyncio.run(run())


@asynccontextmanager
async def chat(database_url: str) -> AsyncIterator[ChatWorld]:
    database = database_of(database_url)
    try:
        yield ChatWorld(database)
    finally:
        await database.close()


async def count(world: ChatWorld, table: Any) -> int:
    async with world.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0
