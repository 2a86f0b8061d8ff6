"""What the statistics tell of messages: who waits for a human, what is held back, and why."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schema import Answer, Instant
from app.messaging import conversations, outside
from app.messaging.models import Channel, ChannelState, MessageTemplate
from app.messaging.outside import Held


class ConversationFigures(Answer):
    """Who wants to talk to a human."""

    waiting: int
    held: int
    oldest_seconds: int
    """How long the longest of those who wait has waited."""
    safety: int
    """How many of those who wait call for help."""


class HeldMessages(Answer):
    """Messages that are due and wait for one reason."""

    count: int
    oldest_seconds: int


class BarredTemplate(Answer):
    """A template that may not be sent; its messages wait until it is approved again."""

    name: str
    language: str
    reason: str | None
    since: Instant


class HeldFigures(Answer):
    """What is held back."""

    messages: dict[Held, HeldMessages]
    """By reason."""
    templates: list[BarredTemplate]
    people_a_day: int | None
    """With how many the platform lets us begin; null where it has told no limit."""
    limit_reached_at: Instant | None
    """When that was last reached."""


async def waiting(session: AsyncSession, now: dt.datetime) -> ConversationFigures:
    """Return who waits for a human."""
    return ConversationFigures.model_validate(await conversations.waiting(session, now))


async def held(session: AsyncSession, now: dt.datetime) -> HeldFigures:
    """Return what is held back, and why."""
    state = await session.get(ChannelState, Channel.WHATSAPP)
    barred = select(MessageTemplate).where(MessageTemplate.barred_at.is_not(None))
    templates = await session.scalars(
        barred.order_by(MessageTemplate.name, MessageTemplate.language)
    )
    found = await outside.held(session, now)
    return HeldFigures(
        messages={why: HeldMessages.model_validate(each) for why, each in found.items()},
        templates=[
            BarredTemplate(name=t.name, language=t.language, reason=t.reason, since=t.barred_at)
            for t in templates
            if t.barred_at is not None
        ],
        people_a_day=state.daily_people if state is not None else None,
        limit_reached_at=state.limit_reached_at if state is not None else None,
    )
