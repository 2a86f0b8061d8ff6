"""Reads from the platform, now and then, how many people a day we may write to first."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final

from app.core.clocks import SKEW, Clock
from app.core.logging import logger
from app.database.session import Database
from app.database.wakeups import wake_loops
from app.messaging.channel import ChannelRegistry, TransportError
from app.messaging.models import ChannelState
from app.messaging.outbox.channel_health import lock_state

READ_EVERY: Final = dt.timedelta(hours=1)
"""The platform changes it once a day at most and sends an event; this is in case that is lost."""
AGAIN_AFTER: Final = dt.timedelta(minutes=1)
"""After no answer: at a start the sandbox beside us may not listen yet."""


async def read_due(database: Database, channels: ChannelRegistry, clock: Clock) -> int:
    """Ask each channel for its limit if that was long ago; return how many were asked. One process asks."""
    return sum(
        [
            await _read(database, name, channel.policy.ask_daily_people, clock())
            for name, channel in channels.by_name.items()
            if channel.policy.ask_daily_people is not None
        ]
    )


async def _read(
    database: Database,
    channel: str,
    ask: Callable[[], Awaitable[int | None]],
    now: dt.datetime,
) -> int:
    async with database.read() as session:
        row = await session.get(ChannelState, channel)
        if row is not None and not _due(row, now):
            return 0
    async with database.begin() as session:
        state = await lock_state(session, channel, now)
        if not _due(state, now):
            return 0
        state.limits_read_at = now
    try:
        limit = await ask()
    except TransportError as error:
        # The known limit stays.
        logger().warning("limit_unknown", channel=str(channel), reason=error.kind.value)
        async with database.begin() as session:
            state = await lock_state(session, channel, now)
            state.limits_read_at = now - READ_EVERY + AGAIN_AFTER
        return 1
    if limit is not None:
        async with database.begin() as session:
            state = await lock_state(session, channel, now)
            state.daily_people = limit or None
            wake_loops(session, "outbox")
    return 1


def _due(state: ChannelState, now: dt.datetime) -> bool:
    read_at = state.limits_read_at
    return read_at is None or not now - READ_EVERY < read_at <= now + SKEW
