"""What holds a whole channel back, and what lets it go again: one row a channel, shared by all senders.

A refusal that comes with the answer is lifted by the next message that is taken. One that the platform
tells only afterwards is not, because all of those were taken too: there, a message has to be on its way.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.models import ChannelState
from app.messaging.rules import SPAM_PAUSE, Verdict
from app.sql import insert_if_absent

_TOLD_LATER: Final = "later: "
_REASON_CHARACTERS: Final = 64


async def make_state(session: AsyncSession, channel: str, now: dt.datetime) -> ChannelState:
    """Return the channel's row, locked; made on first use."""
    await insert_if_absent(session, ChannelState, {"channel": channel, "updated_at": now})
    query = select(ChannelState).where(ChannelState.channel == channel).with_for_update()
    return (await session.scalars(query)).one()


async def hold(
    session: AsyncSession,
    channel: str,
    verdict: Verdict,
    why: str,
    now: dt.datetime,
    *,
    told_later: bool = False,
) -> None:
    """Do to the channel what a refusal means for it, which may be nothing."""
    if not (verdict.back_off or verdict.only_replies):
        return
    state = await session.get(ChannelState, channel, with_for_update=True)
    if state is None:
        state = await make_state(session, channel, now)
    if verdict.back_off is not None:
        state.backs_off_until = max(state.backs_off_until or now, now + verdict.back_off)
    if verdict.halt:
        state.halted_at = state.halted_at or now
        state.reason = f"{_TOLD_LATER if told_later else ''}{why}".strip()[:_REASON_CHARACTERS]
    if verdict.only_replies:
        state.only_replies_until = now + SPAM_PAUSE
    state.updated_at = now


def _let_go(mended: ColumnElement[bool]) -> Update:
    """Return the statement that lets those of `:channels` go that are `mended`."""
    return (
        update(ChannelState)
        .where(
            ChannelState.channel.in_(bindparam("channels", expanding=True)),
            ChannelState.halted_at.is_not(None),
            mended,
        )
        .values(halted_at=None, backs_off_until=None, reason=None, updated_at=bindparam("now"))
        .execution_options(synchronize_session=False)
    )


_TAKEN_AGAIN: Final = _let_go(~ChannelState.reason.startswith(_TOLD_LATER))
_SENT_AGAIN: Final = _let_go(ChannelState.halted_at < bindparam("now"))


async def taken_again(session: AsyncSession, channels: Collection[str], now: dt.datetime) -> None:
    """Let go: a message was taken, so whatever had refused them is mended."""
    await session.execute(_TAKEN_AGAIN, {"channels": list(channels), "now": now})


async def sent_again(session: AsyncSession, channel: str, at: dt.datetime) -> None:
    """Let go: the platform sent a message on at this instant, after it had stopped to."""
    await session.execute(_SENT_AGAIN, {"channels": [channel], "now": at})
