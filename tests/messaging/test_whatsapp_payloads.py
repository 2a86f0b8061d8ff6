"""Every kind of payload through the webhook's door into the database: alone, together, twice, shuffled."""

import datetime as dt
import hashlib
import hmac
import itertools
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.core.ids import new_id
from app.messaging.models import ChatPerson, InboxItem, OutboxMessage, WebhookEvent
from app.messaging.outbox import enqueue
from app.providers.whatsapp.webhook import parse
from tests.providers.platform_payloads import (
    CHANGES,
    MESSAGES,
    NEWS,
    STATUSES,
    Json,
    change_of,
    webhook,
)
from tests.providers.test_whatsapp_payloads import damaged
from tests.support.app_harness import World

_numbers = itertools.count(1)


class Door:
    """The webhook, and what stands in the tables behind it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ours: dict[str, UUID] = {}
        """Messages of ours, by the number in the statuses about them."""

    def post(self, *changes: Json) -> None:
        """Post one signed webhook; it is always acknowledged."""
        body = webhook(*changes)
        secret = (self.world.settings.whatsapp_secret or "").encode()
        signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        answer = self.world.http.post(
            "/api/webhooks/whatsapp",
            content=body,
            headers={"X-Hub-Signature-256": signature},
        )
        assert answer.status_code == 200, answer.text

    def kinds(self, kinds: Sequence[str]) -> dict[str, Json]:
        """Changes of these kinds, each of a person of its own and with ids of its own."""
        made: dict[str, Json] = {}
        ours: dict[str, UUID] = {}
        for kind in kinds:
            number = next(_numbers)
            if kind in STATUSES:
                sent = self.ours[str(number)] = new_id()
                unknown = kind == "of_a_message_nobody_sent"
                ours[f"wamid.{number}.{'another' if unknown else kind}"] = sent
            made[kind] = change_of(
                kind,
                phone=f"9198222{number:05}",
                person_id=f"IN.1{number:018}",
                new_phone=f"9198333{number:05}",
                new_id=f"IN.2{number:018}",
                message=f'"id": "wamid.{number}.',
                stamp=str(int(self.world.clock().timestamp()) - 1_000 + number % 900),
                number_id=self.world.settings.whatsapp_number,
                own_id=str(ours.get(f"wamid.{number}.{kind}", "")),
            )
        self.world.in_session(lambda session: self._accepted(session, ours))
        return made

    async def _accepted(self, session: Any, ours: dict[str, UUID]) -> None:
        """Messages of ours that the platform has accepted, under these of its ids."""
        now = self.world.clock()
        for provider_id, sent in ours.items():
            key, phone = sent.hex, f"+9198444{next(_numbers):05}"
            ends = now + dt.timedelta(minutes=5)
            await enqueue.send_code(
                session, code="1", language="en", key=key, now=now, expires_at=ends, phone=phone
            )
            newest = select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)
            await session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == await session.scalar(newest))
                .values(id=sent, state="accepted", provider_id=provider_id)
            )

    def counts(self) -> tuple[int, ...]:
        """How many rows there are of all that a message can make."""

        async def read(session: Any) -> list[int]:
            tables = (InboxItem, OutboxMessage, ChatPerson)
            return [await session.scalar(select(func.count()).select_from(t)) for t in tables]

        return tuple(self.world.in_session(read))

    def nothing_failed(self) -> None:
        """No event and no message was set back or given up."""

        async def read(session: Any) -> set[tuple[str, int]]:
            found = set()
            for table in (WebhookEvent, InboxItem):
                rows = await session.execute(select(table.state, table.attempts).distinct())
                found |= {(state, attempts) for state, attempts in rows}
            return found

        assert self.world.in_session(read) <= {("handled", 1)}

    def outcomes(self, made: dict[str, Json]) -> dict[str, str]:
        """What became of each change."""

        async def read(session: Any) -> dict[str, str]:
            return {kind: await self._outcome(session, change) for kind, change in made.items()}

        found: dict[str, str] = self.world.in_session(read)
        return found

    async def _outcome(self, session: Any, change: Json) -> str:
        """`Follows` of its message, or the state of the message of ours that it is about."""
        parsed = parse(webhook(change))
        for status in parsed.statuses:
            ours = self.ours[str(status.provider_id).split(".")[1]]
            state: str = (await session.get_one(OutboxMessage, ours)).state
            return state
        if not parsed.messages:
            return "aside" if parsed.set_aside else "noted"
        [message] = parsed.messages
        query = select(InboxItem.person_id).where(InboxItem.message_id == message.message_id)
        if (person_id := await session.scalar(query)) is None:
            return "ignored"
        replies = select(OutboxMessage.id).where(
            OutboxMessage.person_id == person_id, OutboxMessage.kind == "reply"
        )
        if await session.scalar(replies.limit(1)) is not None:
            return "answered"
        person = await session.get_one(ChatPerson, person_id)
        index = self.world.runtime.keyring.index(message.moved_to_phone or "", "phone")
        moved = (not message.moved_to_phone or person.phone_index == index) and (
            not message.moved_to_id or person.platform_user_id == message.moved_to_id
        )
        names_something = message.moved_to_phone or message.moved_to_id
        return "moved" if names_something and moved else "heard"


def expected(kind: str) -> str:
    if kind in NEWS:
        return "noted"
    return MESSAGES[kind][2] if kind in MESSAGES else STATUSES[kind]


@pytest.fixture(scope="module")
def door(world_of_file: World) -> Door:
    return Door(world_of_file)


def test_each_kind_alone_has_its_outcome(door: Door) -> None:
    made = door.kinds(sorted(CHANGES))
    for change in made.values():
        door.post(change)
    door.world.settle()
    assert door.outcomes(made) == {kind: expected(kind) for kind in made}
    door.nothing_failed()


def test_all_kinds_in_one_webhook_have_the_same_outcomes_and_no_second_ones(door: Door) -> None:
    made = door.kinds(sorted(CHANGES))
    door.post(*made.values())
    door.world.settle()
    assert door.outcomes(made) == {kind: expected(kind) for kind in made}
    before = door.counts()
    door.post(*made.values())  # the same bytes
    door.post(*reversed(made.values()))  # the same items, batched anew
    for change in made.values():
        door.post(change)
    door.world.settle()
    assert door.counts() == before
    door.nothing_failed()


def test_one_persons_messages_in_any_order_are_one_persons(door: Door) -> None:
    """Their phone, their id, both, and both changed, in batches as luck has them, some twice."""
    luck = random.Random(1)
    number = next(_numbers)
    names = {
        "phone": f"9198555{number:05}",
        "person_id": f"IN.3{number:018}",
        "new_phone": f"9198666{number:05}",
        "new_id": f"IN.4{number:018}",
        "number_id": door.world.settings.whatsapp_number,
    }
    kinds = [kind for kind in MESSAGES if not kind.startswith("number_changed_the")]
    start = int(door.world.clock().timestamp()) - 2_000
    stamps = [str(start + luck.randint(0, 900)) for _ in kinds]
    changes = [
        change_of(kind, **names, message=f'"id": "wamid.{number}.', stamp=stamp)
        for kind, stamp in zip(kinds, stamps, strict=True)
    ]
    again = changes + luck.sample(changes, 15)
    luck.shuffle(again)
    before = door.counts()
    while again:
        size = luck.randint(1, 9)
        batch, again = again[:size], again[size:]
        door.post(*batch)
        if luck.random() < 0.3:
            door.world.settle()
    door.world.settle()
    items, _, _ = (now - then for now, then in zip(door.counts(), before, strict=True))
    ignored = sum(MESSAGES[kind][2] in {"ignored", "aside"} for kind in kinds)
    assert items == len(kinds) - ignored
    door.nothing_failed()
    # Whatever they were called on the way: names that are nobody's any more were left by nobody.
    nameless = select(func.count()).where(
        ChatPerson.phone_index.is_(None), ChatPerson.platform_user_id.is_(None)
    )
    assert door.world.in_session(lambda session: session.scalar(nameless)) == 0


def test_damaged_payloads_fail_nothing_and_harm_no_neighbour(door: Door) -> None:
    luck = random.Random(3)
    neighbours: list[dict[str, Json]] = []
    for _ in range(8):
        made = door.kinds(luck.sample(sorted(CHANGES), 6))
        good = door.kinds(["text", "sent"])
        door.post(good["text"], *(damaged(change, luck) for change in made.values()), good["sent"])
        neighbours.append(good)
    door.world.settle()
    for good in neighbours:
        assert door.outcomes(good) == {kind: expected(kind) for kind in good}
    door.nothing_failed()
