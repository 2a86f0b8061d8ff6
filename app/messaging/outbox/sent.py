"""Reads of messages that were sent."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import OutboxMessage


async def find_subject(session: AsyncSession, provider_id: str, user_id: UUID) -> UUID | None:
    """Return what a message to this user is about (an offer, a job); `provider_id` is the platform's."""
    query = select(OutboxMessage.subject_id).where(
        OutboxMessage.provider_id == provider_id, OutboxMessage.user_id == user_id
    )
    subject_id: UUID | None = await session.scalar(query)
    return subject_id
