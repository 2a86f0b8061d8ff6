"""What is kept about any account, whatever its role: the part that the copies of workers and employers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers import phones
from app.identity.models import Consent, Session
from app.messaging.conversations import queries
from app.messaging.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class AccountRecords:
    """Consents, messages and sessions of an account, oldest first; codes and keys are left out, being hashes.

    `messages` tells when each message was written, not its text; `written` is what the person wrote in the chat, as
    long as that is kept.
    """

    consents: Sequence[Consent]
    messages: Sequence[Row[*tuple[Any, ...]]]
    written: Sequence[queries.Line]
    sessions: Sequence[Session]


async def list_account_records(session: AsyncSession, user_id: UUID) -> AccountRecords:
    """Return what is kept about an account, whatever its role."""
    consents = select(Consent).where(Consent.user_id == user_id).order_by(Consent.granted_at)
    messages = (
        select(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.state,
            OutboxMessage.created_at,
            OutboxMessage.sent_at,
        )
        .where(OutboxMessage.user_id == user_id)
        .order_by(OutboxMessage.id)
    )
    sessions = select(Session).where(Session.user_id == user_id).order_by(Session.created_at)
    return AccountRecords(
        consents=(await session.scalars(consents)).all(),
        messages=(await session.execute(messages)).all(),
        written=await queries.list_written_by(
            session, user_id, await phones.list_proven(session, [user_id])
        ),
        sessions=(await session.scalars(sessions)).all(),
    )
