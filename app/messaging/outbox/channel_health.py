"""The health of a channel: back-off, halt and recovery, in one row shared by all senders.

A refusal in an answer ends with the next message that is accepted. A refusal in a later status does not, because
those messages were accepted too: it ends with a status `sent`.

A halted channel sends one probe a minute (`HALT_PROBE`), so it recovers by itself; an administrator may also
`resume` it. Messages lose no try to a halt.
"""

import datetime as dt
import random
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import SKEW, believed
from app.core.errors import NotFound
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.statements import insert_if_absent, later
from app.database.wakeups import wake_loops
from app.messaging.models import ChannelState, OutboxMessage, OutboxState
from app.messaging.outbox.enqueue import SECRET_KINDS
from app.messaging.rules import (
    BACK_OFF_ALERT_AFTER,
    HALT_PROBE,
    LONGEST_BACK_OFF,
    REFUSED_WHILE_HALTED,
    RUN_OF_REFUSALS,
    SPAM_PAUSE,
    Refusal,
    RetryDecision,
    back_off_after,
)

_STATUS_PREFIX: Final = "later: "
_REASON_CHARACTERS: Final = 64
_REMEMBERED: Final = 4 * RUN_OF_REFUSALS
"""Messages of a run that are kept at most; one person may be refused many times."""


async def lock_state(session: AsyncSession, channel: str, now: dt.datetime) -> ChannelState:
    """Return the channel's row, locked; it is created on first use."""
    if (state := await session.get(ChannelState, channel, with_for_update=True)) is not None:
        return state
    await insert_if_absent(session, ChannelState, {"channel": channel, "updated_at": now})
    return await session.get_one(ChannelState, channel, with_for_update=True)


def backs_off_until(state: ChannelState, now: dt.datetime) -> dt.datetime | None:
    """Return until when nothing goes out; None where that is `LONGEST_BACK_OFF` ahead, or more."""
    return believed(state.backs_off_until, now, LONGEST_BACK_OFF)


def only_replies_until(state: ChannelState, now: dt.datetime) -> dt.datetime | None:
    """Return until when only people who wrote are answered; None where that is `SPAM_PAUSE` ahead, or more."""
    return believed(state.only_replies_until, now, SPAM_PAUSE)


async def apply_backoff(
    session: AsyncSession,
    channel: str,
    decision: RetryDecision,
    why: str,
    now: dt.datetime,
    *,
    by_status: bool = False,
) -> None:
    """Halt the channel, back it off, or let it only answer, if the decision says so."""
    if not (decision.back_off or decision.only_replies):
        return
    state = await lock_state(session, channel, now)
    if decision.halt:
        _halt(state, why, now, by_status=by_status)
    elif decision.back_off is not None:
        _back_off(state, decision.back_off, why, now, by_status=by_status)
    if decision.only_replies:
        state.only_replies_until = now + SPAM_PAUSE
        state.reason = state.reason if state.halted_at else _reason(why, by_status=by_status)
    state.updated_at = now


def _reason(why: str, *, by_status: bool) -> str:
    return f"{_STATUS_PREFIX if by_status else ''}{why}".strip()[:_REASON_CHARACTERS]


def _halt(state: ChannelState, why: str, now: dt.datetime, *, by_status: bool) -> None:
    until = backs_off_until(state, now)
    state.backs_off_until = max(until or now, now + HALT_PROBE)
    state.halted_at = min(state.halted_at or now, now)
    state.reason = _reason(why, by_status=by_status)


def _back_off(
    state: ChannelState, wanted: dt.timedelta, why: str, now: dt.datetime, *, by_status: bool
) -> None:
    """Pause the channel, longer each time; a refusal within a pause counts only once."""
    until = backs_off_until(state, now)
    if until is not None and now < until:
        state.backs_off_until = max(until, now + min(wanted, LONGEST_BACK_OFF))
        return
    jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
    state.backs_off_until = now + back_off_after(state.back_offs, jitter, wanted)
    state.back_offs += 1
    since = state.backing_off_since = min(state.backing_off_since or now, now)
    if state.halted_at is None:
        state.reason = _reason(why, by_status=by_status)
    if now - since >= BACK_OFF_ALERT_AFTER:
        ALERTS.labels("channel_backs_off").inc()
        logger().error(
            "channel_backs_off", channel=state.channel, count=state.back_offs, reason=state.reason
        )


# ── A run of unknown refusals ────────────────────────────────────────────────────────────────────


async def note_unknown_refusal(
    session: AsyncSession,
    channel: str,
    message_id: UUID,
    recipient_index: str,
    why: str,
    now: dt.datetime,
    *,
    by_status: bool = False,
) -> bool:
    """Record an unknown refusal; after `RUN_OF_REFUSALS` people in a row, halt the channel.

    Returns whether the channel is halted: then the messages of the run wait, this one included.
    """
    state = await lock_state(session, channel, now)
    before = [entry for entry in state.refused or [] if entry[0] != str(message_id)]
    run = [*before, [str(message_id), recipient_index, by_status]][-_REMEMBERED:]
    state.refused, state.updated_at = run, now
    if state.halted_at is None:
        people = {recipient for _, recipient, later in run if later is by_status}
        if len(people) < RUN_OF_REFUSALS:
            return False
        ALERTS.labels("channel_halted").inc()
        logger().error("channel_halted", channel=channel, count=len(people), reason=why)
    again = HALT_PROBE if state.halted_at is None else REFUSED_WHILE_HALTED
    _halt(state, why, now, by_status=by_status)
    await requeue_refused(session, state, now, again)
    wake_loops(session, "outbox")
    return True


def _messages_of_run(state: ChannelState) -> Select[OutboxMessage]:
    """Select the messages of the run that no other transaction has locked."""
    ids = [UUID(entry[0]) for entry in state.refused or []]
    return (
        select(OutboxMessage)
        .where(
            OutboxMessage.id.in_(ids),
            OutboxMessage.state.in_((OutboxState.DEAD, OutboxState.FAILED)),
            OutboxMessage.error == Refusal.UNRECOGNISED,
        )
        .order_by(OutboxMessage.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


async def requeue_refused(
    session: AsyncSession,
    state: ChannelState,
    now: dt.datetime,
    again: dt.timedelta = HALT_PROBE,
) -> int:
    """Let the messages of a run that halted the channel wait for `again`; return how many there are."""
    if state.halted_at is None or not state.refused:
        return 0
    back: set[str] = set()
    for row in await session.scalars(_messages_of_run(state)):
        row.state, row.lease_until, row.updated_at = OutboxState.WAITING, None, now
        row.due_at = now + again
        row.attempts = max(0, row.attempts - 1)
        back.add(str(row.id))
    state.refused = [entry for entry in state.refused if entry[0] not in back] or None
    return len(back)


async def _end_run(
    session: AsyncSession, state: ChannelState, *, by_status: bool | None = None
) -> None:
    """End a run: its messages stay given up, and their secrets are deleted."""
    run = state.refused or []
    ended = [entry for entry in run if by_status is None or entry[2] is by_status]
    if not ended:
        return
    for row in await session.scalars(_messages_of_run(state)):
        if row.kind in SECRET_KINDS and [str(row.id), row.recipient_index] in [
            entry[:2] for entry in ended
        ]:
            row.params_sealed = b""
    state.refused = [entry for entry in run if entry not in ended] or None


# ── Recovery ─────────────────────────────────────────────────────────────────────────────────────


def _unhealthy(mended: ColumnElement[bool]) -> Select[ChannelState]:
    """Select those of `:channels` that are unhealthy and that fulfil `mended`."""
    wrong = or_(
        ChannelState.halted_at.is_not(None),
        ChannelState.back_offs > 0,
        ChannelState.refused.is_not(None),
    )
    return (
        select(ChannelState)
        .where(ChannelState.channel.in_(bindparam("channels", expanding=True)), wrong, mended)
        .order_by(ChannelState.channel)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


_BY_ANSWER: Final = ~func.coalesce(ChannelState.reason, "").startswith(_STATUS_PREFIX)
_RECOVERED_ON_ACCEPT: Final = _unhealthy(or_(_BY_ANSWER, ChannelState.refused.is_not(None)))
_RECOVERED_ON_STATUS: Final = _unhealthy(
    or_(
        ChannelState.halted_at < bindparam("at"),
        # By a clock that ran ahead.
        ChannelState.halted_at > later("now", SKEW),
        and_(
            ChannelState.halted_at.is_(None),
            or_(
                and_(~_BY_ANSWER, ChannelState.backing_off_since < bindparam("at")),
                ChannelState.refused.is_not(None),
            ),
        ),
    )
)


async def recover_on_accept(
    session: AsyncSession, channels: Collection[str], now: dt.datetime
) -> None:
    """End what answers had reported: a message was accepted."""
    found: Sequence[ChannelState] = (
        await session.scalars(_RECOVERED_ON_ACCEPT, {"channels": list(channels)})
    ).all()
    for state in found:
        later = (state.reason or "").startswith(_STATUS_PREFIX)
        if state.halted_at is not None:
            if not later:
                await _recover(session, state, now)
            continue
        await _end_run(session, state, by_status=False)
        if not later:
            _reset_backoff(state)
        state.updated_at = now


async def recover_on_status(
    session: AsyncSession, channel: str, at: dt.datetime, now: dt.datetime
) -> None:
    """End what statuses had reported: a message was sent at this instant."""
    values: dict[str, Any] = {"channels": [channel], "at": at, "now": now}
    for state in (await session.scalars(_RECOVERED_ON_STATUS, values)).all():
        if state.halted_at is not None:
            await _recover(session, state, now)
            continue
        await _end_run(session, state, by_status=True)
        if (state.reason or "").startswith(_STATUS_PREFIX):
            _reset_backoff(state)


def _reset_backoff(state: ChannelState) -> None:
    state.back_offs, state.backing_off_since = 0, None


async def _recover(session: AsyncSession, state: ChannelState, now: dt.datetime) -> None:
    await requeue_refused(session, state, now)
    await _end_run(session, state)
    state.halted_at = state.backs_off_until = state.reason = None
    _reset_backoff(state)
    state.updated_at = now
    wake_loops(session, "outbox")


async def resume(session: AsyncSession, channel: str, now: dt.datetime) -> ChannelState:
    """End a halt or back-off because an administrator says so; its messages are due at once.

    The next refusal may halt it again. Raises `NotFound` for a channel on which nothing was ever sent.
    """
    state = await session.get(ChannelState, channel, with_for_update=True)
    if state is None:
        raise NotFound
    await _recover(session, state, now)
    state.only_replies_until = None
    await session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.channel == channel,
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.error.in_(CHANNEL_REFUSALS),
            OutboxMessage.due_at > now,
        )
        .values(due_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    return state


CHANNEL_REFUSALS: Final = (
    Refusal.BACK_OFF,
    Refusal.SPAM,
    Refusal.CLASSIFICATION,
    Refusal.CREDENTIALS,
    Refusal.BLOCKED,
    Refusal.UNRECOGNISED,
)
"""Refusals after which a message waits for its channel."""
