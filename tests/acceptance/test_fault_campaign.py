"""Everything goes wrong at once, by a seed: then everything due is done, and everything must hold.

Tens of workers and offers; each kind of fault the stand-in knows, on sends and on webhooks; senders that
die between the platform's yes and their own note; people who write and answer meanwhile; and three days
later every webhook once more, shuffled, those that were lost for the first time.

A person may get a message twice only where nobody could know better: the answer to each copy before was
lost, or its sender died, **and** no status of it had been acknowledged when the next one set off.
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientSession
from sqlalchemy import func, select

from app.identity.models import User
from app.invariants import examine
from app.messaging.channel import Address, SendResult, TransportError
from app.messaging.models import InboxItem, OutboxMessage, OutboxState
from app.messaging.outbox import delivery
from app.messaging.outbox.claim import LEASE
from app.messaging.rules import MAX_UNANSWERED, Refusal
from app.offers.models import JobMatch
from app.providers.http import sending
from app.providers.whatsapp.client import WhatsApp
from app.texts import catalogue
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.channels import channels_of
from tests.support.factories import NewWorker, add_employer, add_job, add_workers, create_offers

WORKERS = 24
JOBS = 4
ROUNDS = 10
OF_SENDS = (
    *("timeout_after_accept", "drop_after_accept", "http_500_after_accept"),
    *("timeout", "http_500", "http_503", "html_502"),
    *("rate_limited", "pair_limited", "spam_limited", "template_paused", "token_expired", "locked"),
    *("error", "blocked", "window_closed", "failed", "no_status", "skip_delivered"),
)
OF_WEBHOOKS = ("duplicate", "reorder", "batch", "delay", "bad_signature", "lost")
_CONTROL = "/sandbox/whatsapp/_control/"
_UNHEARD = {Refusal.AMBIGUOUS, Refusal.GATEWAY}
_SETTLED = set(OutboxState) - {OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN}


async def _sending(to: str) -> ClientSession:
    return sending(to)


class Mortal:
    """A real client that is now and then killed, with all that it does, after the platform's yes."""

    def __init__(self, inner: WhatsApp, campaign: "Campaign") -> None:
        self.inner, self.campaign = inner, campaign

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        if str(message_id) in self.campaign.known:
            self.campaign.sent_although_known.append(message_id)
        self.campaign.unheard[message_id] += 1
        try:
            result = await self.inner.send(message_id, address, outgoing)
        except TransportError as error:
            if error.kind not in _UNHEARD:
                self.campaign.unheard[message_id] -= 1
            raise
        if self.campaign.dies and self.campaign.luck.random() < 0.2:
            self.campaign.killed += 1
            self.campaign.process.cancel()
            await asyncio.Event().wait()
        self.campaign.unheard[message_id] -= 1
        return result


class Campaign:
    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.luck = random.Random(seed)
        self.unheard: Counter[UUID] = Counter()
        """Sends of each message whose answer nobody heard."""
        self.known: set[str] = set()
        """Messages of which a good status had been acknowledged before this round."""
        self.sent_although_known: list[UUID] = []
        self.held: set[UUID] = set()
        """Messages that were held back: what came next to their people went before them."""
        self.killed = 0
        self.dies = False
        self.process: asyncio.Future[int] = asyncio.Future(loop=world.loop)
        """The sender, to be killed."""
        self.phones: list[str] = []

    def journal(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.world.settings.sandbox_journal)) as journal:
            return journal.execute(query).fetchall()

    def control(self, path: str, **body: Any) -> Any:
        return self.world.http.post(_CONTROL + path, json=body)

    # ── What goes right ──────────────────────────────────────────────────────────────────────────

    def publish(self) -> None:
        async def make(session: Any) -> list[str]:
            people = await add_workers(session, [NewWorker() for _ in range(WORKERS)])
            for _ in range(JOBS):
                job_id = await add_job(session, await add_employer(session), positions=5)
                await create_offers(
                    session, job_id, self.luck.sample(people, WORKERS // 2), self.world.clock()
                )
            sealed = await session.scalars(select(User.phone_sealed).where(User.id.in_(people)))
            keys = session.info["keyring"]
            return [keys.open(phone, "phone") for phone in sealed]

        self.phones = self.world.in_session(make)

    def people_write(self) -> None:
        """Some say hello or help; some tap what was offered to them, some twice."""
        shown = self.journal(
            "SELECT people.phone, messages.buttons FROM messages JOIN people"
            " ON people.id = person_id WHERE incoming = 0 AND buttons LIKE '%offer:%'"
        )
        for phone in self.luck.sample(self.phones, 6):
            words = self.luck.choice(("hi", "help", "menu"))
            self.control("inbound", phone=phone, message={"type": "text", "text": words})
        for phone, buttons in self.luck.sample(shown, min(5, len(shown))):
            button = self.luck.choice(json.loads(buttons))["id"]
            for _ in range(self.luck.randint(1, 2)):
                message = {"type": "button_reply", "id": button}
                self.control("inbound", phone=f"+{phone}", message=message)

    # ── What goes wrong ──────────────────────────────────────────────────────────────────────────

    def break_things(self, left: list[str]) -> None:
        for _ in range(min(3, len(left))):
            self.control("faults", next=self.luck.randint(1, 2), kind=left.pop(), seconds=0.05)

    def mend(self) -> None:
        for kind in (*OF_SENDS, *OF_WEBHOOKS):
            self.control("faults", next=0, kind=kind)
        # Whichever message the pause met first, its template is approved again.
        names = {template.name for template in catalogue.templates()}
        values = [{"event": "APPROVED", "message_template_name": name} for name in sorted(names)]
        changes = [{"field": "message_template_status_update", "value": value} for value in values]
        ok(self.control("raw", payload={"entry": [{"changes": changes}]}, signature="good"))

    def look(self) -> None:
        """Note what is known of every message before the next sends."""
        self.held |= {row.id for row in self.rows() if row.held_why}
        self.known = {
            row[0]
            for row in self.journal(
                "SELECT messages.callback_data FROM webhooks JOIN messages"
                " ON messages.id = webhooks.ref WHERE webhooks.state = 'delivered'"
                " AND webhooks.attempts > 0 AND messages.status != 'failed' AND incoming = 0"
            )
        }

    def send(self) -> None:
        """Send once what is due, and perhaps die of it."""
        self.look()
        self.dies = True
        self.world.run(self._until_it_ends())
        self.dies = False

    async def _until_it_ends(self) -> None:
        runtime = self.world.runtime
        due = delivery.send_due(runtime.database, runtime.channels, runtime.clock, 100)
        self.process = asyncio.ensure_future(due)
        await asyncio.wait([self.process])
        if not self.process.cancelled():
            self.process.result()

    def settle(self) -> None:
        self.look()
        self.world.settle()

    def settle_all(self) -> None:
        """Settle until nothing waits: on a busy machine an answer may be late by itself."""
        for _ in range(30):
            self.settle()
            if {row.state for row in self.rows()} <= _SETTLED:
                break
            self.world.clock.advance(minutes=5)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """The world sends by a client that waits a third of a second for answers."""
        settings = self.world.settings
        http = self.world.run(_sending(settings.whatsapp_url))
        client = WhatsApp(
            http,
            base=settings.whatsapp_url,
            version=settings.whatsapp_api_version,
            token=settings.whatsapp_token or "",
            number_id=settings.whatsapp_number,
            answer_seconds=0.3,
        )
        channels = channels_of(Mortal(client, self))
        object.__setattr__(self.world.runtime, "channels", channels)
        try:
            yield
        finally:
            self.world.run(http.close())

    def everything_again(self) -> None:
        """Three days later each webhook comes again, in another order and in other batches."""
        items = [json.loads(item) for (item,) in self.journal("SELECT item FROM webhooks")]
        self.luck.shuffle(items)
        while items:
            size = self.luck.randint(1, 40)
            batch, items = items[:size], items[size:]
            value = {
                "messages": [item["message"] for item in batch if "message" in item],
                "statuses": [item["status"] for item in batch if "status" in item],
                "contacts": [item["contact"] for item in batch if item.get("contact")],
            }
            change = {"field": "messages", "value": value}
            ok(self.control("raw", payload={"entry": [{"changes": [change]}]}, signature="good"))

    # ── What must hold ───────────────────────────────────────────────────────────────────────────

    def rows(self) -> list[OutboxMessage]:
        async def read(session: Any) -> list[OutboxMessage]:
            return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))

        found: list[OutboxMessage] = self.world.in_session(read)
        return found

    def received(self) -> dict[UUID, list[int]]:
        """When each message reached its person, by the journal's own count: once, as a rule."""
        copies: dict[UUID, list[int]] = defaultdict(list)
        for callback_data, seq in self.journal(
            "SELECT callback_data, seq FROM messages WHERE incoming = 0 AND person_id NOT NULL"
            " AND status != 'failed' ORDER BY seq"
        ):
            copies[UUID(callback_data)].append(seq)
        return copies


@pytest.mark.parametrize("seed", [7])
def test_after_every_fault_nothing_is_lost_and_nothing_is_doubled(world: World, seed: int) -> None:
    campaign = Campaign(world, seed)
    campaign.publish()
    left = [*OF_SENDS, *OF_WEBHOOKS, *OF_SENDS[:3]]
    campaign.luck.shuffle(left)
    with campaign.sending():
        for _ in range(ROUNDS):
            campaign.break_things(left)
            campaign.send()
            campaign.people_write()
            world.clock.advance(seconds=campaign.luck.choice((3, 20, LEASE.total_seconds())))
            campaign.settle()
        assert left == [], "each kind of fault had its turn"
        assert campaign.killed

        campaign.mend()
        campaign.settle_all()
        world.clock.advance(days=3)
        campaign.everything_again()
        campaign.settle_all()

    rows, received = campaign.rows(), campaign.received()
    states = Counter(row.state for row in rows)
    assert set(states) <= _SETTLED, states
    assert states[OutboxState.DELIVERED] > len(rows) / 2, states
    assert [each for each in world.run(examine(world.runtime.database)) if each.broken] == []

    # None lost: who got it is known to have it, and who didn't is accounted for.
    by_id = {row.id: row for row in rows}
    assert {by_id[id_].state for id_ in received} <= {
        OutboxState.DELIVERED,
        OutboxState.SENT,
        OutboxState.ACCEPTED,
    }
    for row in rows:
        assert row.id in received or row.error, (row.state, row.kind)
    told = select(func.count()).select_from(JobMatch)
    assert sum(row.kind == "job_offer" for row in rows) == world.in_session(
        lambda session: session.scalar(told)
    )

    # None doubled, but where nobody could know.
    twice = {id_: len(copies) - 1 for id_, copies in received.items() if len(copies) > 1}
    assert campaign.sent_although_known == []
    assert all(more <= campaign.unheard[id_] for id_, more in twice.items()), twice
    assert all(more < MAX_UNANSWERED for more in twice.values())

    # In order: each person's first copies, answers among answers and offers among offers.
    failed = campaign.journal("SELECT callback_data FROM messages WHERE status = 'failed'")
    overtaken = campaign.held | {UUID(id_) for (id_,) in failed}
    for reads in _by_reader(rows, received, overtaken).values():
        assert reads == sorted(reads)

    # What people sent was heard once each.
    async def heard(session: Any) -> Counter[str]:
        return Counter(await session.scalars(select(InboxItem.state)))

    sent = {id_ for (id_,) in campaign.journal("SELECT id FROM messages WHERE incoming = 1")}
    assert world.in_session(heard) == {"handled": len(sent)}


def _by_reader(
    rows: list[OutboxMessage], received: dict[UUID, list[int]], overtaken: set[UUID]
) -> dict[tuple[str, int], list[int]]:
    """Where in the journal each person's messages are, in the order in which they were written.

    What was held back, or what the platform took and failed only later, is left out: what came next had
    gone by then.
    """
    places = defaultdict(list)
    for row in rows:
        if row.id in received and row.id not in overtaken:
            places[row.recipient_index, row.priority].append(received[row.id][0])
    return places
