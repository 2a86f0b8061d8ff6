"""Bursts: of several unreadable messages at once, such as an album, one is answered.

The platform delivers an album as one message a picture, within a second or two. A message with text never counts.
"""

import datetime as dt
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import keyring
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ITEM, ChatPerson, InboxItem, WebhookState

BURST: Final = dt.timedelta(seconds=2)
"""Messages of a kind within this time belong together, by the platform's clock."""
_MOST_IN_A_BURST: Final = 30
"""An album has at most 30 pictures."""


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
