"""Channels as administrators watch them: whether messages go out, why not, and let go by hand."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import select

from app import audit
from app.api.admin.access import MessageReader, MessageRetrier
from app.api.http.dependencies import Now, Read, Route, Write
from app.api.http.problems import problems
from app.core.schema import Instant, Reason, RequestModel, ResponseModel
from app.messaging.models import Channel, ChannelState
from app.messaging.outbox import channel_health

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class ChannelRow(ResponseModel):
    """Whether a channel sends, and why it does not."""

    channel: Channel = Field(description="By what these messages travel.")
    halted_at: Instant | None = Field(
        description="Since when it is halted: one message a minute tries whether it is mended; null if not."
    )
    backs_off_until: Instant | None = Field(
        description="Nothing goes out before; null if it sends."
    )
    only_replies_until: Instant | None = Field(
        description="Until then only people who wrote are answered; null if all goes out."
    )
    back_offs: int = Field(description="Pauses since the last message that was taken.")
    daily_people: int | None = Field(
        description="With how many people a day we may begin, as the platform says; null where it says nothing."
    )
    reason: str | None = Field(
        description="What was refused last and the platform's code, such as `credentials 133010`."
    )


class Channels(ResponseModel):
    """Every channel on which something was sent."""

    items: list[ChannelRow] = Field(description="One row a channel.")


class Resume(RequestModel):
    """Why a channel is let go."""

    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["The token was renewed."]
    )


@router.get("/channels")
async def list_channels(session: Read, _actor: MessageReader, now: Now) -> Channels:
    """List the channels, and why one of them is halted or waits."""
    found = await session.scalars(select(ChannelState).order_by(ChannelState.channel))
    return Channels(items=[_row(state, now) for state in found])


@router.post("/channels/{channel}/resume", responses=problems(404))
async def resume_channel(
    channel: Annotated[Channel, Path(description="By what these messages travel.")],
    body: Resume,
    session: Write,
    actor: MessageRetrier,
    now: Now,
) -> ChannelRow:
    """Let a halted channel go; what it held back is sent, and what is still wrong halts it again."""
    found = await session.get(ChannelState, channel)
    before = _row(found, now).model_dump(mode="json") if found is not None else None
    state = await channel_health.resume(session, channel, now)
    audit.record(
        session, "channel.resume", channel.value, actor, now, reason=body.reason, before=before
    )
    await session.flush()
    return _row(state, now)


def _row(state: ChannelState, now: dt.datetime) -> ChannelRow:
    backs_off, replies = (
        until if until is not None and until > now else None
        for until in (
            channel_health.backs_off_until(state, now),
            channel_health.only_replies_until(state, now),
        )
    )
    return ChannelRow(
        channel=Channel(state.channel),
        halted_at=state.halted_at,
        backs_off_until=backs_off,
        only_replies_until=replies,
        back_offs=state.back_offs,
        daily_people=state.daily_people,
        reason=state.reason if state.halted_at or backs_off or replies else None,
    )
