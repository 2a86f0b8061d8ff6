"""Bursts: what one person sends in a row is answered once.

Several unreadable messages, such as an album, get one answer (`is_answered`). Texts are held for a moment
(`hold_text`), and those that arrive meanwhile are read one after another in one transaction and answered with one
message (`handle_messages`). What is no plain text is never held or joined: a tap, a place, a quotation, STOP, START
and a call for help. It releases the texts before it, so the order stays.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import keyring
from app.database.statements import is_one_of, table
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ITEM, ChatPerson, InboxItem, WebhookState
from app.nlu.intents import Intent, intents
from app.nlu.safety import find_distress

BURST: Final = dt.timedelta(seconds=2)
"""Unreadable messages of a kind within this time belong together, by the platform's clock."""
_MOST_IN_A_BURST: Final = 30
"""An album has at most 30 pictures."""
HOLD: Final = dt.timedelta(seconds=0.7)
"""How long a lone text waits for a second. Texts that a phone sends together, after it was out of reach or from
somebody who pastes, arrive within half a second of each other."""
HOLD_GREETING: Final = dt.timedelta(seconds=1)
"""How long a bare greeting or courtesy waits: mostly more follows, and nothing is answered by it."""
HOLD_BURST: Final = dt.timedelta(seconds=1.2)
"""How long the texts of a burst wait for one more. So does a text that comes so soon after another message."""
LONGEST_HOLD: Final = dt.timedelta(seconds=4)
"""Nobody waits longer for an answer because they go on writing."""
MOST_TEXTS: Final = 10
"""Texts that are read together at most."""
LARGEST_GAP: Final = dt.timedelta(seconds=10)
"""Texts further apart by the platform's clock are no burst, though they waited for us together."""


@dataclass(slots=True)
class Holds:
    """What one round held: until when, so that the loop wakes then."""

    until: dt.datetime | None = None


async def is_answered(session: AsyncSession, person: ChatPerson, inbound: Inbound) -> bool:
    """Whether another message of the same burst was handled already."""
    if not _is_unreadable(inbound):
        return False
    query = (
        select(InboxItem.body_sealed)
        .where(
            InboxItem.person_id == person.id,
            InboxItem.state == WebhookState.HANDLED,
            InboxItem.sent_at.between(inbound.sent_at - BURST, inbound.sent_at + BURST),
            InboxItem.message_id != inbound.message_id,
        )
        .limit(_MOST_IN_A_BURST)
    )
    keys = keyring(session)
    for sealed in await session.scalars(query):
        if not sealed:
            continue
        before = Inbound.from_json(keys.open_json(sealed, ITEM))
        if before.kind is inbound.kind and _is_unreadable(before):
            return True
    return False


def _is_unreadable(inbound: Inbound) -> bool:
    """Whether there is nothing in the message that we read."""
    if inbound.kind is InboundKind.CONTACT:
        return inbound.phone is None
    return inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER}


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────


def joins(inbound: Inbound) -> bool:
    """Whether a message may be held, and read together with other texts."""
    if inbound.kind is not InboundKind.TEXT or inbound.reply_to is not None:
        return False
    alone = intents(inbound.text) & {Intent.STOP, Intent.START}
    return not alone and find_distress(inbound.text) is None


def hold_of(inbound: Inbound) -> dt.timedelta:
    """Return how long a message waits for more of a burst; nothing for what doesn't join."""
    if not joins(inbound):
        return dt.timedelta(0)
    meant = intents(inbound.text)
    bare = meant and meant <= {Intent.GREETING, Intent.COURTESY}
    return HOLD_GREETING if bare else HOLD


def belong_together(before: Inbound, after: Inbound) -> bool:
    """Whether a text is read together with the one before it."""
    return joins(after) and after.sent_at - before.sent_at <= LARGEST_GAP


_ITEMS: Final = table(InboxItem).c
_HELD: Final = select(_ITEMS.id, _ITEMS.received_at).where(
    _ITEMS.person_id == bindparam("person_id"),
    is_one_of(_ITEMS.state, [WebhookState.WAITING]),
    _ITEMS.attempts == 0,
    _ITEMS.lease_until.is_(None),
    _ITEMS.due_at > bindparam("now"),
)
"""A person's texts that wait for more of their burst. Nothing else that was never tried is due later, but what
waits for a language model: it waits no longer either, once its person writes more."""
_DUE_AT: Final = update(table(InboxItem)).where(
    _ITEMS.id.in_(bindparam("ids", expanding=True)),
    is_one_of(_ITEMS.state, [WebhookState.WAITING]),
    _ITEMS.attempts == 0,
    _ITEMS.lease_until.is_(None),
)


async def hold_text(
    session: AsyncSession,
    person_id: UUID,
    inbound: Inbound,
    before: dt.datetime | None,
    now: dt.datetime,
) -> dt.datetime:
    """Return when a message that is about to be stored is due, with the texts held before it.

    A text holds them for one more; anything else releases them, and waits for nothing. `before` is when the
    person wrote last.
    """
    hold = hold_of(inbound)
    if hold and before is not None and now - before <= HOLD_BURST:
        hold = HOLD_BURST
    rows = (await session.execute(_HELD, {"person_id": person_id, "now": now})).all()
    until = now + hold
    if hold and rows:
        until = min(now + HOLD_BURST, min(row.received_at for row in rows) + LONGEST_HOLD)
        until = max(until, now)
    if rows:
        moved = _DUE_AT.values(due_at=until)
        await session.execute(moved, {"ids": [row.id for row in rows]})
    return until


def first_texts(inbounds: Sequence[Inbound]) -> int:
    """Return how many of a person's next messages are read together, at least one."""
    if not joins(inbounds[0]):
        return 1
    for number in range(1, min(len(inbounds), MOST_TEXTS)):
        if not belong_together(inbounds[number - 1], inbounds[number]):
            return number
    return min(len(inbounds), MOST_TEXTS)
