"""Sending what is due: claim in one transaction, send outside any, record in another.

A claimed message is leased: if this process dies, the lease runs out and the message is treated like
one whose answer was lost. Any number of processes may send at once; they share each channel's pace
through its row of `channel_states`.
"""

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import Conflict, NotFound
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.db import Database, claim_limit, wake_loops
from app.messaging import texts
from app.messaging.channels import (
    Address,
    Channel,
    Channels,
    Outgoing,
    SendResult,
    TransportError,
)
from app.messaging.models import Channel as ChannelName
from app.messaging.models import ChannelState, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import ADDRESS, PARAMS, REPLY, SECRET_KINDS, insert_if_absent
from app.messaging.rules import (
    MAX_UNANSWERED,
    SPAM_PAUSE,
    Fate,
    Refusal,
    decide,
    pair_next,
    pair_wait,
    quiet_until,
    window_open,
)

LEASE: Final = dt.timedelta(seconds=120)
"""Longer than any send takes; after it the message is due again."""
PACE_SHARE: Final = 0.96
"""How much of the allowed rate is used: the rest is room for messages that travel unevenly, so that
the receiver never counts more than allowed in any second."""
AHEAD: Final = dt.timedelta(seconds=1)
"""How far ahead of its turn a message is claimed."""
CONCURRENT_SENDS: Final = 32
_ERROR_CHARACTERS: Final = 300

type Clock = Callable[[], dt.datetime]

_OPEN: Final = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)


class MessageNotRetryable(Conflict):
    """Only a message that was given up can be sent again."""

    code = "message_not_retryable"
    detail = "This message is not one that was given up, or what it said is no longer kept."


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A leased message, as plain values: no transaction is open while it travels."""

    id: UUID
    channel: str
    kind: str
    language: str
    recipient_sealed: bytes
    recipient_index: str
    params_sealed: bytes
    subject_id: UUID | None
    person_id: UUID | None
    free_form: bool
    attempts: int
    send_at: dt.datetime


@dataclass(frozen=True, slots=True)
class _Outcome:
    claimed: _Claimed
    result: SendResult | TransportError
    category: str | None = None


async def send_due(database: Database, channels: Channels, clock: Clock, limit: int) -> int:
    """Send up to `limit` messages that are due; return how many were dealt with."""
    async with database.begin() as session:
        claimed, settled = await _claim(session, channels, clock(), limit)
    if claimed:
        outcomes = await _send(claimed, channels.senders, database.keyring, clock)
        async with database.begin() as session:
            await _record(session, outcomes, clock())
    return len(claimed) + settled


# ── Claiming ─────────────────────────────────────────────────────────────────────────────────────


async def _claim(
    session: AsyncSession, channels: Channels, now: dt.datetime, limit: int
) -> tuple[list[_Claimed], int]:
    states = await _states(session, now)
    claimed: list[_Claimed] = []
    settled = 0
    for name in channels.senders:
        state = states.get(name)
        room = _room(state, name, channels, now, limit - len(claimed))
        if room <= 0:
            continue
        rows = await _due(session, name, state, now, room)
        if not rows:
            continue
        found, others = await _sort_out(session, rows, channels, name, now)
        settled += others
        claimed += await _take(session, found, channels, name, now)
    return claimed, settled


async def _states(session: AsyncSession, now: dt.datetime) -> dict[str, ChannelState]:
    found = await session.scalars(select(ChannelState).with_for_update())
    states = {state.channel: state for state in found}
    if ChannelName.WHATSAPP not in states:
        states[ChannelName.WHATSAPP] = await _make_state(session, ChannelName.WHATSAPP, now)
    return states


async def _make_state(session: AsyncSession, channel: str, now: dt.datetime) -> ChannelState:
    await insert_if_absent(session, ChannelState, {"channel": channel, "updated_at": now})
    query = select(ChannelState).where(ChannelState.channel == channel).with_for_update()
    return (await session.scalars(query)).one()


def _interval(channels: Channels) -> dt.timedelta | None:
    if channels.whatsapp_per_second is None:
        return None
    return dt.timedelta(seconds=1 / (channels.whatsapp_per_second * PACE_SHARE))


def _room(
    state: ChannelState | None, name: str, channels: Channels, now: dt.datetime, limit: int
) -> int:
    """Return how many messages this channel takes now."""
    if state is None:
        return limit
    if state.backs_off_until is not None and now < state.backs_off_until:
        return 0
    if state.halted_at is not None:
        return min(1, limit)
    interval = _interval(channels)
    if name != ChannelName.WHATSAPP or interval is None:
        return limit
    free = now + AHEAD - max(state.next_slot_at or now, now)
    return min(limit, int(free / interval))


async def _due(
    session: AsyncSession, name: str, state: ChannelState | None, now: dt.datetime, room: int
) -> Sequence[OutboxMessage]:
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.state.in_(_OPEN),
            OutboxMessage.due_at <= now,
            OutboxMessage.channel == name,
        )
        .order_by(OutboxMessage.priority, OutboxMessage.due_at, OutboxMessage.id)
        .limit(room)
    )
    spam_pause = state.only_replies_until if state is not None else None
    if spam_pause is not None and now < spam_pause:
        query = query.where(OutboxMessage.priority == 0)
    return (await session.scalars(claim_limit(session, query))).all()


async def _sort_out(
    session: AsyncSession,
    rows: Sequence[OutboxMessage],
    channels: Channels,
    name: str,
    now: dt.datetime,
) -> tuple[list[tuple[OutboxMessage, ChatPerson | None]], int]:
    """Set aside what must not go now; return what may, with the person where one is known."""
    people = await _people(session, rows) if name == ChannelName.WHATSAPP else {}
    users = {row.user_id for row in rows if row.user_id and row.priority}
    quiet = await channels.quiet_hours(session, users) if channels.quiet_hours and users else {}
    busy = await _being_sent(session, {row.recipient_index for row in rows}, now)
    going: list[tuple[OutboxMessage, ChatPerson | None]] = []
    for row in rows:
        person = people.get(row.id)
        hours = quiet.get(row.user_id) if row.user_id and not row.essential else None
        quiet_end = quiet_until(hours, now) if hours is not None else None
        if row.expires_at is not None and row.expires_at <= now:
            _give_up(row, OutboxState.SUPPRESSED, "out of date", now)
        elif person is not None and person.stopped_at is not None and not row.essential:
            _give_up(row, OutboxState.SUPPRESSED, "stopped", now)
        elif row.unanswered >= MAX_UNANSWERED:
            _give_up(row, OutboxState.DEAD, "no answer, twice", now)
            ALERTS.labels("message_dead").inc()
        elif quiet_end is not None and (row.expires_at is None or quiet_end < row.expires_at):
            _later(row, quiet_end, now)
        elif row.recipient_index in busy:
            # One after another to one person, or answers would overtake each other.
            _later(row, now + dt.timedelta(milliseconds=300), now)
        elif person is not None and (wait := pair_wait(person.pair_free_at, now)):
            _later(row, now + wait, now)
        else:
            if person is not None:
                person.pair_free_at = pair_next(person.pair_free_at, now)
            going.append((row, person))
    return going, len(rows) - len(going)


def _give_up(row: OutboxMessage, state: OutboxState, why: str, now: dt.datetime) -> None:
    row.state, row.error, row.updated_at, row.lease_until = state, why, now, None
    if row.kind in SECRET_KINDS:
        row.params_sealed = b""


def _later(row: OutboxMessage, due_at: dt.datetime, now: dt.datetime) -> None:
    row.state = OutboxState.WAITING if row.state == OutboxState.SENDING else row.state
    row.due_at, row.updated_at, row.lease_until = due_at, now, None


async def _people(session: AsyncSession, rows: Sequence[OutboxMessage]) -> dict[UUID, ChatPerson]:
    """Return the chat person of each message, where there is one."""
    ids = {row.person_id for row in rows if row.person_id}
    indexes = {row.recipient_index for row in rows}
    users = {row.user_id for row in rows if row.user_id}
    query = select(ChatPerson).where(
        ChatPerson.channel == ChannelName.WHATSAPP,
        or_(
            ChatPerson.id.in_(ids),
            ChatPerson.phone_index.in_(indexes),
            ChatPerson.user_id.in_(users),
        ),
    )
    found = (await session.scalars(query)).all()
    by_id = {person.id: person for person in found}
    by_index = {person.phone_index: person for person in found if person.phone_index}
    by_user = {person.user_id: person for person in found if person.user_id}
    people = {}
    for row in rows:
        person = (
            by_id.get(row.person_id) if row.person_id else by_index.get(row.recipient_index)
        ) or (by_user.get(row.user_id) if row.user_id else None)
        if person is not None:
            people[row.id] = person
    return people


async def _being_sent(session: AsyncSession, indexes: set[str], now: dt.datetime) -> set[str]:
    query = select(OutboxMessage.recipient_index).where(
        OutboxMessage.recipient_index.in_(indexes),
        OutboxMessage.state == OutboxState.SENDING,
        OutboxMessage.lease_until > now,
    )
    return set(await session.scalars(query))


async def _take(
    session: AsyncSession,
    going: Sequence[tuple[OutboxMessage, ChatPerson | None]],
    channels: Channels,
    name: str,
    now: dt.datetime,
) -> list[_Claimed]:
    """Lease the messages and give each its moment."""
    if not going:
        return []
    interval = _interval(channels) if name == ChannelName.WHATSAPP else None
    moment = now
    state = await session.get(ChannelState, name)
    if state is not None and interval is not None:
        moment = max(state.next_slot_at or now, now)
        state.next_slot_at = moment + interval * len(going)
        state.updated_at = now
    claimed = []
    for row, person in going:
        row.state = OutboxState.SENDING
        row.attempts += 1
        row.lease_until = row.due_at = now + LEASE
        row.updated_at = now
        open_now = person is not None and window_open(person.last_inbound_at, now)
        claimed.append(
            _Claimed(
                row.id,
                row.channel,
                row.kind,
                row.language,
                row.recipient_sealed,
                row.recipient_index,
                row.params_sealed,
                row.subject_id,
                person.id if person is not None else None,
                open_now or name != ChannelName.WHATSAPP,
                row.attempts,
                moment,
            )
        )
        moment += interval or dt.timedelta(0)
    return claimed


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────


async def _send(
    claimed: Sequence[_Claimed],
    senders: Mapping[str, Channel],
    keys: Keyring,
    clock: Clock,
) -> list[_Outcome]:
    """Send side by side, but one after another to one person."""
    by_recipient: dict[str, list[_Claimed]] = {}
    for message in claimed:
        by_recipient.setdefault(message.recipient_index, []).append(message)
    at_once = asyncio.Semaphore(CONCURRENT_SENDS)

    async def in_order(messages: Sequence[_Claimed]) -> list[_Outcome]:
        outcomes = []
        for message in messages:
            early = (message.send_at - clock()).total_seconds()
            if early > 0:
                await asyncio.sleep(min(early, AHEAD.total_seconds()))
            async with at_once:
                outcomes.append(await _send_one(message, senders[message.channel], keys, clock()))
        return outcomes

    groups = await asyncio.gather(*(in_order(messages) for messages in by_recipient.values()))
    return [outcome for group in groups for outcome in group]


async def _send_one(
    message: _Claimed, sender: Channel, keys: Keyring, now: dt.datetime
) -> _Outcome:
    try:
        outgoing = compose(
            message.kind,
            message.language,
            keys.open_json(message.params_sealed, PARAMS),
            message.subject_id,
            now,
        )
    except Exception as error:  # noqa: BLE001 - one unsayable message must not hold back the others
        logger().error(
            "message_unsayable", message_id=str(message.id), kind=message.kind, exc_info=error
        )
        return _Outcome(message, TransportError(Refusal.PERMANENT, code="unsayable"))
    category = outgoing.template.category if outgoing.template else None
    if message.free_form:
        outgoing, category = without_template(outgoing), "service"
    elif outgoing.template is None:
        return _Outcome(message, TransportError(Refusal.WINDOW_CLOSED, code="no_template"))
    if (problem := outgoing.problem()) is not None:
        logger().error("message_refused", message_id=str(message.id), reason=problem)
        return _Outcome(message, TransportError(Refusal.PERMANENT, code="over_limit"))
    address = _address(message, keys)
    try:
        return _Outcome(message, await sender.send(message.id, address, outgoing), category)
    except TransportError as error:
        return _Outcome(message, error, category)


def compose(
    kind: str,
    language: str,
    params: Mapping[str, Any],
    subject_id: UUID | None,
    now: dt.datetime,
) -> Outgoing:
    """Put a message into words. Raises KeyError for a kind or value the catalogue misses."""
    if kind == REPLY:
        return Outgoing.from_json(dict(params))
    about = {"offer_id": str(subject_id)} if subject_id is not None else {}
    return texts.notice(language, kind, about | dict(params), now)


def without_template(outgoing: Outgoing) -> Outgoing:
    """Return the free form."""
    return replace(outgoing, template=None)


def _address(message: _Claimed, keys: Keyring) -> Address:
    value = keys.open(message.recipient_sealed, ADDRESS)
    if message.channel == ChannelName.EMAIL:
        return Address(email=value)
    return Address(phone=value) if value.startswith("+") else Address(platform_id=value)


# ── Recording ────────────────────────────────────────────────────────────────────────────────────


async def _record(session: AsyncSession, outcomes: Sequence[_Outcome], now: dt.datetime) -> None:
    """Write down what became of each; a status that was quicker than we are is left alone."""
    for outcome in sorted(outcomes, key=lambda each: each.claimed.id):
        if isinstance(outcome.result, SendResult):
            await _record_taken(session, outcome, outcome.result, now)
        else:
            await _record_refused(session, outcome.claimed, outcome.result, now)
    if any(isinstance(outcome.result, SendResult) for outcome in outcomes):
        await _works_again(session, {outcome.claimed.channel for outcome in outcomes}, now)


async def _record_taken(
    session: AsyncSession, outcome: _Outcome, result: SendResult, now: dt.datetime
) -> None:
    message = outcome.claimed
    # An e-mail server tells no more than that it took the message.
    reached = OutboxState.ACCEPTED if message.channel == ChannelName.WHATSAPP else OutboxState.SENT
    values: dict[str, Any] = {
        "provider_id": result.provider_id,
        "state": case((OutboxMessage.state.in_(_OPEN), reached.value), else_=OutboxMessage.state),
        "form": "free" if message.free_form else "template",
        "cost_category": outcome.category,
        "sent_at": func.coalesce(OutboxMessage.sent_at, now),
        "lease_until": None,
        "error": None,
        "error_code": None,
        "updated_at": now,
    }
    if message.kind in SECRET_KINDS and reached is OutboxState.SENT:
        values["params_sealed"] = b""
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


async def _record_refused(
    session: AsyncSession, message: _Claimed, error: TransportError, now: dt.datetime
) -> None:
    verdict = decide(
        error.kind,
        attempts=message.attempts,
        free_form=message.free_form and message.kind != REPLY,
        luck=random.random(),  # noqa: S311 - spreads retries, guards nothing
        retry_after_seconds=error.retry_after_seconds,
    )
    values: dict[str, Any] = {
        "state": _STATE_OF[verdict.fate],
        "due_at": now + verdict.after,
        "lease_until": None,
        "error": error.kind.value[:_ERROR_CHARACTERS],
        "error_code": error.code[:32] if error.code else None,
        "form": "free" if message.free_form else "template",
        "updated_at": now,
    }
    if not verdict.uses_attempt:
        values["attempts"] = OutboxMessage.attempts - 1
    if verdict.fate is Fate.WAIT_FOR_STATUS:
        values["unanswered"] = OutboxMessage.unanswered + 1
    if message.kind in SECRET_KINDS and verdict.fate in {Fate.DEAD, Fate.FAILED}:
        values["params_sealed"] = b""
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message.id, OutboxMessage.state == OutboxState.SENDING)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if verdict.window_closed and message.person_id is not None:
        await close_window(session, message.person_id, now)
    if verdict.fate is Fate.RETRY:
        wake_loops(session, "outbox")
    if verdict.back_off or verdict.only_replies:
        await _hold_channel(
            session,
            message.channel,
            error,
            verdict.back_off,
            now,
            halt=verdict.halt,
            only_replies=verdict.only_replies,
        )
    if verdict.alert:
        ALERTS.labels(f"message_{error.kind.value}").inc()
        logger().error(
            "message_refused",
            message_id=str(message.id),
            kind=message.kind,
            channel=message.channel,
            reason=error.kind.value,
            error_code=error.code,
            attempt=message.attempts,
        )


_STATE_OF: Final[Mapping[Fate, OutboxState]] = {
    Fate.RETRY: OutboxState.WAITING,
    Fate.WAIT_FOR_STATUS: OutboxState.UNKNOWN,
    Fate.FAILED: OutboxState.FAILED,
    Fate.DEAD: OutboxState.DEAD,
}


async def close_window(session: AsyncSession, person_id: UUID, now: dt.datetime) -> None:
    """Note that the platform says this person's 24-hour window is closed."""
    await session.execute(
        update(ChatPerson)
        .where(ChatPerson.id == person_id)
        .values(last_inbound_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def _hold_channel(
    session: AsyncSession,
    channel: str,
    error: TransportError,
    back_off: dt.timedelta | None,
    now: dt.datetime,
    *,
    halt: bool,
    only_replies: bool,
) -> None:
    state = await session.get(ChannelState, channel, with_for_update=True)
    if state is None:
        state = await _make_state(session, channel, now)
    if back_off is not None:
        state.backs_off_until = max(state.backs_off_until or now, now + back_off)
    if halt:
        state.halted_at = state.halted_at or now
        state.reason = f"{error.kind.value} {error.code or ''}".strip()
    if only_replies:
        state.only_replies_until = now + SPAM_PAUSE
    state.updated_at = now


async def _works_again(session: AsyncSession, channels: set[str], now: dt.datetime) -> None:
    """A message went through: whatever had halted its channel is mended."""
    await session.execute(
        update(ChannelState)
        .where(ChannelState.channel.in_(channels), ChannelState.halted_at.is_not(None))
        .values(halted_at=None, backs_off_until=None, reason=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def retry(session: AsyncSession, message_id: UUID, now: dt.datetime) -> OutboxMessage:
    """Send a message again that was given up. Raises `NotFound`, `MessageNotRetryable`."""
    row = await session.get(OutboxMessage, message_id, with_for_update=True)
    if row is None:
        raise NotFound
    if row.state not in {OutboxState.DEAD, OutboxState.FAILED} or not row.params_sealed:
        raise MessageNotRetryable
    row.state, row.due_at, row.updated_at = OutboxState.WAITING, now, now
    row.attempts = row.unanswered = 0
    row.error = row.error_code = None
    wake_loops(session, "outbox")
    return row
