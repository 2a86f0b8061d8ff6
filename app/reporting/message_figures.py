"""What the statistics tell of messages: who waits for a human, what is held back, and why."""

import datetime as dt

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schema import Instant, ResponseModel
from app.messaging.conversations import queries
from app.messaging.models import Channel, ChannelState, MessageTemplate
from app.messaging.outbox import template_quota
from app.messaging.outbox.template_quota import DeferralReason


class ConversationFigures(ResponseModel):
    """Who wants to talk to a human."""

    waiting: int = Field(description="People who want a human and have none.")
    held: int = Field(description="Conversations that an administrator holds.")
    oldest_seconds: int = Field(
        description="How long the first of those who wait has waited, in seconds."
    )
    safety: int = Field(description="People among those who wait who call for help.")


class HeldMessages(ResponseModel):
    """Messages that are due and wait for one reason."""

    count: int = Field(description="How many messages.")
    oldest_seconds: int = Field(description="How long the first of them has been due, in seconds.")


class BarredTemplate(ResponseModel):
    """A template that may not be sent; its messages wait until it is approved again."""

    name: str = Field(description="Name of the template.")
    language: str = Field(description="Language of the template.")
    reason: str | None = Field(description="Why it may not be sent; null when not told.")
    since: Instant = Field(description="Since when (UTC).")


class HeldFigures(ResponseModel):
    """What is held back."""

    messages: dict[DeferralReason, HeldMessages] = Field(
        description="Messages that are due and held back, by reason."
    )
    templates: list[BarredTemplate] = Field(description="Templates that may not be sent now.")
    people_a_day: int | None = Field(
        description="With how many people a day we may begin; null where the platform has told no limit."
    )
    limit_reached_at: Instant | None = Field(
        description="When that was last reached (UTC); null when it never was."
    )


async def waiting(session: AsyncSession, now: dt.datetime) -> ConversationFigures:
    """Return who waits for a human."""
    return ConversationFigures.model_validate(await queries.count_waiting(session, now))


async def held(session: AsyncSession, now: dt.datetime) -> HeldFigures:
    """Return what is held back, and why."""
    state = await session.get(ChannelState, Channel.WHATSAPP)
    barred = select(MessageTemplate).where(MessageTemplate.barred_at.is_not(None))
    templates = await session.scalars(
        barred.order_by(MessageTemplate.name, MessageTemplate.language)
    )
    found = await template_quota.deferred_figures(session, now)
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
