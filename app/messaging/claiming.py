"""Which due messages go now, and when exactly: decided in one transaction, before the network.

What must not go is set aside here: out of date, stopped, quiet hours, a person's or the number's pace.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Integer, Select, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.metrics import ALERTS
from app.db import wake_loops
from app.due import Due
from app.messaging import outside
from app.messaging.channels import Channels
from app.messaging.holding import make_state
from app.messaging.models import Channel as ChannelName
from app.messaging.models import ChannelState, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import OPEN, SECRET_KINDS, mailboxes_of
from app.messaging.pace import Turn, hand_out
from app.messaging.rules import (
    MAX_UNANSWERED,
    pair_next,
    pair_wait,
    quiet_until,
    window_open,
)
from app.sql import is_one_of, table

LEASE: Final = dt.timedelta(seconds=120)
"""Longer than any send takes; after it the message is due again."""
LONGEST_SEND: Final = dt.timedelta(seconds=30)
"""What a send may take at most: one that would begin closer to its lease's end is not begun."""
_SEVERAL: Final = 4
"""How many messages of one person are looked at, for each that may go, when not all can."""
QUIET: Final = "quiet hours"
"""Why a message waits that nobody behind it has to wait for."""


@dataclass(frozen=True, slots=True)
class Claimed:
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
    expires_at: dt.datetime | None
    lease_until: dt.datetime
    turn: Turn | None
    """The turn at which it is sent, where there is a pace."""


_OUTBOX: Final = table(OutboxMessage).c
MESSAGES_DUE: Final = Due(is_one_of(_OUTBOX.state, OPEN), _OUTBOX.due_at <= bindparam("now"))
"""What `claim` looks at: of these, some wait all the same."""


async def claim(
    session: AsyncSession, channels: Channels, now: dt.datetime, limit: int
) -> tuple[list[Claimed], int]:
    """Lease up to `limit` due messages; return them, and how many were settled without sending."""
    states = await _states(session, now)
    claimed: list[Claimed] = []
    settled = 0
    for name in channels.senders:
        state = states.get(name)
        room = _room(state, name, channels, now, limit - len(claimed))
        if room <= 0:
            continue
        rows = await _due(session, name, state, now, room)
        if not rows:
            continue
        found, others = await _sort_out(session, rows, channels, state, name, now)
        settled += others
        claimed += await _take(session, found, channels, name, now)
        if len(rows) == room < limit:
            wake_loops(session, "outbox")  # there may be more than the pace let go at once
    return claimed, settled


_STATES: Final = select(ChannelState).with_for_update()


async def _states(session: AsyncSession, now: dt.datetime) -> dict[str, ChannelState]:
    found = await session.scalars(_STATES)
    states = {state.channel: state for state in found}
    if ChannelName.WHATSAPP not in states:
        states[ChannelName.WHATSAPP] = await make_state(session, ChannelName.WHATSAPP, now)
    return states


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
    if name != ChannelName.WHATSAPP or channels.whatsapp_per_second is None:
        return limit
    turns, _ = hand_out(state.turns or (), channels.whatsapp_per_second, now.timestamp(), limit)
    return len(turns)


async def _due(
    session: AsyncSession, name: str, state: ChannelState | None, now: dt.datetime, room: int
) -> Sequence[OutboxMessage]:
    """Return up to `room` messages that are due, each person's in the order in which they were written."""
    spam_pause = state.only_replies_until if state is not None else None
    only_replies = spam_pause is not None and now < spam_pause
    which: dict[str, Any] = {"now": now, "channel": name}
    rows = (await session.scalars(_FIRST[only_replies], {**which, "room": room})).all()
    if len(rows) < room:
        return sorted(rows, key=_as_written)
    # What was tried before is due later than what was written after it: it may have been cut off.
    which |= {"people": sorted({row.recipient_index for row in rows}), "room": room * _SEVERAL}
    found = await session.scalars(_THEIRS[only_replies], which)
    each: dict[tuple[str, int], list[OutboxMessage]] = {}
    for row in sorted({*rows, *found}, key=_as_written):
        each.setdefault((row.recipient_index, row.priority), []).append(row)
    keys = dict.fromkeys((row.recipient_index, row.priority) for row in rows)
    return [row for key in keys for row in each[key]][:room]


def _as_written(row: OutboxMessage) -> tuple[int, UUID]:
    return row.priority, row.id


def _due_query(*, only_replies: bool) -> Select[OutboxMessage]:
    """Return up to `:room` messages of a channel that are due and overtake nothing.

    A message overtakes an earlier one to the same person that is not due yet: it is being sent, its
    answer was lost, or it is tried again. What comes after it waits, or people read the end first.
    """
    now: BindParameter[dt.datetime] = bindparam("now")
    earlier = aliased(OutboxMessage)
    overtakes = exists().where(
        earlier.recipient_index == OutboxMessage.recipient_index,
        earlier.state.in_(OPEN),
        earlier.channel == OutboxMessage.channel,
        earlier.priority == OutboxMessage.priority,
        earlier.id < OutboxMessage.id,
        earlier.due_at > now,
        or_(earlier.error.is_(None), earlier.error != QUIET),
        earlier.held_why.is_(None),
        or_(earlier.expires_at.is_(None), earlier.expires_at > now),
    )
    due = select(OutboxMessage).where(
        *MESSAGES_DUE.conditions,
        OutboxMessage.channel == bindparam("channel"),
        or_(OutboxMessage.essential, ~overtakes),
    )
    if only_replies:
        due = due.where(OutboxMessage.priority == 0)
    return due.limit(bindparam("room", type_=Integer)).with_for_update(skip_locked=True)


_FIRST: Final = {
    only_replies: _due_query(only_replies=only_replies).order_by(
        OutboxMessage.priority, OutboxMessage.due_at, OutboxMessage.id
    )
    for only_replies in (False, True)
}
"""What is due longest."""
_THEIRS: Final = {
    only_replies: _due_query(only_replies=only_replies)
    .where(OutboxMessage.recipient_index.in_(bindparam("people", expanding=True)))
    .order_by(OutboxMessage.priority, OutboxMessage.id)
    for only_replies in (False, True)
}
"""What is due for these people."""


async def _sort_out(
    session: AsyncSession,
    rows: Sequence[OutboxMessage],
    channels: Channels,
    state: ChannelState | None,
    name: str,
    now: dt.datetime,
) -> tuple[list[tuple[OutboxMessage, ChatPerson | None]], int]:
    """Set aside what must not go now; return what may, with the person where one is known."""
    people, held = await _people(session, rows) if name != ChannelName.EMAIL else ({}, frozenset())
    users = {row.user_id for row in rows if row.user_id and row.priority}
    quiet = await channels.quiet_hours(session, users) if channels.quiet_hours and users else {}
    stopped = [
        row.user_id
        for row in rows
        if row.user_id and (person := people.get(row.id)) and person.stopped_at is not None
    ]
    mailboxes = await mailboxes_of(session, stopped) if stopped else {}
    busy = await _being_sent(session, {row.recipient_index for row in rows}, now)
    paced = name == ChannelName.WHATSAPP
    beyond = outside.Outside()
    if paced and any(outside.goes_by_template(row, people.get(row.id), now) for row in rows):
        beyond = await outside.look(session, rows, state, channels.whatsapp_daily_people, now)
    going: list[tuple[OutboxMessage, ChatPerson | None]] = []
    for row in rows:
        if row.state == OutboxState.SENDING:
            # Whoever sent it died before the answer was written down: it may be there.
            row.unanswered += 1
        person = people.get(row.id)
        by_template = paced and outside.goes_by_template(row, person, now)
        # Who is quiet is still answered: they wrote first.
        hours = quiet.get(row.user_id) if row.user_id and row.priority else None
        quiet_end = quiet_until(hours, now) if hours is not None else None
        if row.expires_at is not None and row.expires_at <= now:
            _give_up(row, OutboxState.SUPPRESSED, "out of date", now)
        elif person is not None and person.stopped_at is not None and not row.essential:
            if row.person_id is None and (mailbox := mailboxes.get(row.user_id)):
                # Who has a mailbox said STOP to the chat, and to nothing else.
                row.channel, row.recipient_sealed, row.recipient_index = mailbox
                _later(row, now, now)
            else:
                _give_up(row, OutboxState.SUPPRESSED, "stopped", now)
        elif by_template and beyond.unwanted(row, person):
            _give_up(row, OutboxState.SUPPRESSED, "no marketing wanted", now)
        elif row.unanswered >= MAX_UNANSWERED:
            _give_up(row, OutboxState.DEAD, "no answer, twice", now)
            ALERTS.labels("message_dead").inc()
        elif quiet_end is not None and (row.expires_at is None or quiet_end < row.expires_at):
            _later(row, quiet_end, now, QUIET)
        elif row.recipient_index in busy or (person is not None and person.id in held):
            # One after another to one person, or answers would overtake each other.
            _later(row, now + dt.timedelta(milliseconds=300), now)
        elif paced and person is not None and (wait := pair_wait(person.pair_free_at, now)):
            _later(row, now + wait, now)
        elif by_template and (why := beyond.admit(row)) is not None:
            _later(row, beyond.again_at(why, now), now)
            row.held_why = why
        else:
            row.held_why = None
            row.template_at = now if by_template else row.template_at
            if paced and person is not None:
                person.pair_free_at = pair_next(person.pair_free_at, now)
            going.append((row, person))
    outside.tell_once(state, beyond, now)
    return going, len(rows) - len(going)


def _give_up(row: OutboxMessage, state: OutboxState, why: str, now: dt.datetime) -> None:
    row.state, row.error, row.updated_at, row.lease_until = state, why, now, None
    if row.kind in SECRET_KINDS:
        row.params_sealed = b""


def _later(
    row: OutboxMessage, due_at: dt.datetime, now: dt.datetime, why: str | None = None
) -> None:
    row.state = OutboxState.WAITING if row.state == OutboxState.SENDING else row.state
    row.error = why if why or row.error == QUIET else row.error
    row.due_at, row.updated_at, row.lease_until = due_at, now, None


_PEOPLE: Final = select(ChatPerson).where(
    ChatPerson.channel == ChannelName.WHATSAPP,
    or_(
        ChatPerson.id.in_(bindparam("ids", expanding=True)),
        ChatPerson.phone_index.in_(bindparam("indexes", expanding=True)),
        ChatPerson.user_id.in_(bindparam("users", expanding=True)),
    ),
)
_FREE: Final = _PEOPLE.with_for_update(skip_locked=True).execution_options(populate_existing=True)


async def _people(
    session: AsyncSession, rows: Sequence[OutboxMessage]
) -> tuple[dict[UUID, ChatPerson], frozenset[UUID]]:
    """Return the chat person of each message, and who of them is held by another transaction.

    Who is held is in the middle of a conversation, whose transaction may be waiting for these very
    messages; so nobody is waited for, and their messages come a moment later.
    """
    ids = {row.person_id for row in rows if row.person_id}
    indexes = {row.recipient_index for row in rows}
    users = {row.user_id for row in rows if row.user_id}
    which = {"ids": list(ids), "indexes": list(indexes), "users": list(users)}
    free = (await session.scalars(_FREE, which)).all()
    found = free
    if not (ids <= {person.id for person in free} and all(row.person_id for row in rows)):
        # Some may be held, or belong to nobody who ever wrote; those found already stay as they are.
        found = (await session.scalars(_PEOPLE, which)).all()
    held = frozenset(person.id for person in found) - {person.id for person in free}
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
    return people, held


_BEING_SENT: Final = select(OutboxMessage.recipient_index).where(
    OutboxMessage.recipient_index.in_(bindparam("indexes", expanding=True)),
    OutboxMessage.state == OutboxState.SENDING,
    OutboxMessage.lease_until > bindparam("now"),
)


async def _being_sent(session: AsyncSession, indexes: set[str], now: dt.datetime) -> set[str]:
    return set(await session.scalars(_BEING_SENT, {"indexes": list(indexes), "now": now}))


async def _take(
    session: AsyncSession,
    going: Sequence[tuple[OutboxMessage, ChatPerson | None]],
    channels: Channels,
    name: str,
    now: dt.datetime,
) -> list[Claimed]:
    """Lease the messages and give each its turn."""
    if not going:
        return []
    turns: list[Turn] | list[None] = [None] * len(going)
    pace = channels.whatsapp_per_second if name == ChannelName.WHATSAPP else None
    state = await session.get(ChannelState, name)
    if state is not None and pace is not None:
        turns, state.turns = hand_out(state.turns or (), pace, now.timestamp(), len(going))
        state.updated_at = now
    claimed = []
    for (row, person), turn in zip(going, turns, strict=True):
        row.state = OutboxState.SENDING
        row.attempts += 1
        row.lease_until = row.due_at = now + LEASE
        row.updated_at = now
        row.error = None if row.error == QUIET else row.error
        free = name != ChannelName.WHATSAPP or (
            person is not None and window_open(person.last_inbound_at, now)
        )
        row.form = "free" if free else "template"
        claimed.append(
            Claimed(
                row.id,
                row.channel,
                row.kind,
                row.language,
                row.recipient_sealed,
                row.recipient_index,
                row.params_sealed,
                row.subject_id,
                person.id if person is not None else None,
                free,
                row.attempts,
                row.expires_at,
                row.lease_until,
                turn,
            )
        )
    return claimed
