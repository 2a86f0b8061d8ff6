"""Several messages at once that nobody can read, such as an album: one of them is answered.

The platform delivers an album as one message a picture, all within a second or two. Each would be told
the same. What has words is never passed over.
"""

import datetime as dt
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import keyring
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ITEM, ChatPerson, InboxItem, WebhookState

BURST: Final = dt.timedelta(seconds=2)
"""Messages of a kind that follow each other this quickly belong together, by the platform's clock."""
_LOOKED_AT: Final = 30
"""An album has at most 30 pictures."""


async def is_answered(session: AsyncSession, person: ChatPerson, inbound: Inbound) -> bool:
    """Whether this belongs to a burst of which one message was handled already."""
    if not _says_nothing(inbound):
        return False
    query = (
        select(InboxItem.body_sealed)
        .where(
            InboxItem.person_id == person.id,
            InboxItem.state == WebhookState.HANDLED,
            InboxItem.sent_at.between(inbound.sent_at - BURST, inbound.sent_at + BURST),
            InboxItem.message_id != inbound.message_id,
        )
        .limit(_LOOKED_AT)
    )
    keys = keyring(session)
    for sealed in await session.scalars(query):
        if not sealed:
            continue
        before = Inbound.from_json(keys.open_json(sealed, ITEM))
        if before.kind is inbound.kind and _says_nothing(before):
            return True
    return False


def _says_nothing(inbound: Inbound) -> bool:
    """Whether all such messages are answered alike: there is nothing in them that we read."""
    if inbound.kind is InboundKind.CONTACT:
        return inbound.phone is None
    return inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER}
