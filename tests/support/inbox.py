"""Messages of many people in the inbox, and somebody who notes in which order they are handled."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.database.session import Database
from app.messaging.inbound import Inbound, Parsed
from app.messaging.inbox import group_commit
from app.messaging.models import ChatPerson, InboxItem
from app.providers.whatsapp.webhook import parse
from tests.support.factories import NOW


class Listener:
    """Hears what people say, and notes who was heard while somebody else was."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)
        self.busy: Counter[str] = Counter()
        self.most_at_once = 0
        self.bursts: list[list[str]] = []
        """The texts that were read together."""

    def parse(self, body: bytes) -> Parsed:
        return parse(body)

    async def handle(
        self, session: Any, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        who = str(inbound.phone_from)
        self.busy[who] += 1
        assert self.busy[who] == 1, "two messages of one person at once"
        self.most_at_once = max(self.most_at_once, sum(self.busy.values()))
        for _ in range(3):
            await session.execute(select(1))
        self.heard[who].append(inbound.text)
        self.busy[who] -= 1

    async def handle_burst(
        self, session: Any, person: ChatPerson, inbounds: Sequence[Inbound], now: dt.datetime
    ) -> None:
        self.bursts.append([inbound.text for inbound in inbounds])
        for inbound in inbounds:
            await self.handle(session, person, inbound, now)


def clock() -> dt.datetime:
    return NOW


def text_message(who: int, what: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"wamid.{who}.{what}",
        "from": f"9198111{who:05}",
        "timestamp": str(int(NOW.timestamp())),  # the platform counts whole seconds
        "type": "text",
        "text": {"body": what},
        **more,
    }


async def arrive(database: Database, *messages: dict[str, Any]) -> None:
    change = {"field": "messages", "value": {"messages": list(messages)}}
    body = json.dumps({"entry": [{"changes": [change]}]}).encode()
    async with database.begin() as session:
        await group_commit.store_events(session, [group_commit.of_whatsapp(body)], NOW)


async def states(database: Database) -> Counter[str]:
    async with database.read() as session:
        return Counter(await session.scalars(select(InboxItem.state)))
