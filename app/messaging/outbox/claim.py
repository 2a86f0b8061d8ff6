"""Claims due messages in one transaction: which are sent now, and when exactly.

Messages that may not go are set aside: outdated, stopped, quiet hours, the rate to a person or of the number.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Integer, Select, and_, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.clocks import SKEW
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.due import Due, due_condition
from app.database.statements import is_one_of, later, table
from app.database.wakeups import wake_loops
from app.messaging.channel import ChannelPolicy, ChannelRegistry, QuietHoursOf
from app.messaging.models import (
    Channel,
    ChannelState,
    ChatPerson,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)
from app.messaging.outbox import template_quota
from app.messaging.outbox.channel_health import (
    backs_off_until,
    lock_state,
    only_replies_until,
    requeue_refused,
)
from app.messaging.outbox.enqueue import OPEN, QUIET, SECRET_KINDS, mailboxes_of
from app.messaging.outbox.rate_limiter import SendSlot, reserve
from app.messaging.quiet_hours import QuietPeriod, quiet_until
from app.messaging.rules import (
    MAX_UNANSWERED,
    pair_next,
    pair_wait,
    window_open,
)

LEASE: Final = dt.timedelta(seconds=120)
"""Longer than any send; after it the message is due again."""
LONGEST_SEND: Final = dt.timedelta(seconds=30)
"""The longest a send may take; closer to its lease's end it is not begun."""
_SEVERAL: Final = 4
"""How many messages of a person are read for each that may go, when not all can."""


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A leased message as plain values, because no transaction is open while it is sent."""

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
    filed_as: str
    """The platform's category of its template; "" where that is ours."""
    slot: SendSlot | None
    """None where the channel has no rate."""
    policy: ChannelPolicy


_OUTBOX: Final = table(OutboxMessage).c
MESSAGES_DUE: Final = Due(
    is_one_of(_OUTBOX.state, OPEN), due_condition(_OUTBOX.due_at, _OUTBOX.updated_at)
)
"""What `claim` reads; some of these still wait."""
RUN_WAITS: Final = exists().where(
    table(ChannelState).c.halted_at.is_not(None), table(ChannelState).c.refused.is_not(None)
)
"""A run of refusals halted a channel, and its messages are still to be requeued."""
_EVENTS: Final = table(WebhookEvent).c
_UNOPENED: Final = (
    is_one_of(_EVENTS.state, [WebhookState.WAITING]),
    _EVENTS.provider == Channel.WHATSAPP,
)
_UNTRIED: Final = _EVENTS.attempts == 0
UNOPENED: Final = Due(*_UNOPENED, or_(_EVENTS.due_at <= bindparam("now"), _UNTRIED))
"""Stored webhooks that are not unpacked yet, also those under way: they may hold statuses.

Nobody tried one whose `due_at` is still to come: a process whose clock runs ahead stored it.
"""
OPENED_WITHIN: Final = dt.timedelta(seconds=60)
"""Webhooks that wait for longer are a backlog, which may hold statuses of any send."""
_TICK: Final = dt.timedelta(seconds=2)
"""`later` counts in whole seconds: what is stored just now is not ahead."""
BACKLOG: Final = Due(
    *_UNOPENED,
    or_(
        _EVENTS.due_at <= bindparam("now"),
        and_(_UNTRIED, _EVENTS.due_at > later("now", OPENED_WITHIN + _TICK)),
    ),
)
"""Of those, what has waited since `:now`, which lies `OPENED_WITHIN` back, or was stored by a clock ahead."""
NEVER: Final = dt.timedelta(days=36_500)
_MAY_HAVE_ARRIVED: Final = (OutboxState.SENDING, OutboxState.UNKNOWN)


async def claim(
    session: AsyncSession,
    channels: ChannelRegistry,
    now: dt.datetime,
    limit: int,
    settled_before: dt.datetime | None = None,
) -> tuple[list[ClaimedMessage], int]:
    """Lease up to `limit` due messages; return them, and how many were settled without sending.

    A send that may have arrived is repeated only if it was due at `settled_before` (by default now): a status
    that settles it may be stored and not unpacked yet.
    """
    states = await _states(session, channels, now)
    claimed: list[ClaimedMessage] = []
    settled = 0
    for each in states.values():
        settled += await requeue_refused(session, each, now)
    for name, channel in channels.by_name.items():
        state = states.get(name)
        room = _capacity(state, channel.policy, now, limit - len(claimed))
        if room <= 0:
            continue
        rows = await _due(session, name, state, now, room, settled_before or now)
        if not rows:
            continue
        found, others, filed = await _triage(
            session, rows, channels.quiet_hours, state, channel.policy, now
        )
        settled += others
        claimed += _lease(found, channel.policy, state, filed, now)
        if len(rows) == room < limit:
            wake_loops(session, "outbox")  # the rate may have left more
    return claimed, settled


_STATES: Final = select(ChannelState).with_for_update()


async def _states(
    session: AsyncSession, channels: ChannelRegistry, now: dt.datetime
) -> dict[str, ChannelState]:
    """Lock the state of every channel; there is always one, so that claims wait for each other."""
    states = {state.channel: state for state in await session.scalars(_STATES)}
    limited = [name for name, channel in channels.by_name.items() if channel.policy.has_window]
    for name in limited or list(channels.by_name)[: not states]:
        if name not in states:
            states[name] = await lock_state(session, name, now)
    return states


def _capacity(
    state: ChannelState | None, policy: ChannelPolicy, now: dt.datetime, limit: int
) -> int:
    """Return how many messages may go on this channel now."""
    if state is None:
        return limit
    until = backs_off_until(state, now)
    if until is not None and now < until:
        return 0
    if state.halted_at is not None:
        return min(1, limit)
    if policy.per_second is None:
        return limit
    slots, _ = reserve(state.turns or (), policy.per_second, now.timestamp(), limit)
    return len(slots)


async def _due(
    session: AsyncSession,
    name: str,
    state: ChannelState | None,
    now: dt.datetime,
    room: int,
    settled_before: dt.datetime,
) -> Sequence[OutboxMessage]:
    """Return up to `room` due messages, each person's in the order in which they were written."""
    spam_pause = only_replies_until(state, now) if state is not None else None
    only_replies = spam_pause is not None and now < spam_pause
    which: dict[str, Any] = {"now": now, "channel": name, "settled_before": settled_before}
    rows = (await session.scalars(_FIRST[only_replies], {**which, "room": room})).all()
    if len(rows) < room:
        return sorted(rows, key=_as_written)
    # A retry is due later than the messages written after it, so the limit may have cut it off.
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
    """Select up to `:room` messages of a channel that are due and overtake nothing.

    A message waits for an earlier one to the same person that is being sent, lost its answer or is to be
    tried again. Otherwise people would read the end first.
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
        or_(
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.due_at <= bindparam("settled_before"),
            # Its lease was written by a clock that ran ahead, and is corrected.
            OutboxMessage.due_at > later("now", SKEW),
        ),
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
"""The messages that are due longest."""
_THEIRS: Final = {
    only_replies: _due_query(only_replies=only_replies)
    .where(OutboxMessage.recipient_index.in_(bindparam("people", expanding=True)))
    .order_by(OutboxMessage.priority, OutboxMessage.id)
    for only_replies in (False, True)
}
"""The due messages to these people."""


async def _triage(
    session: AsyncSession,
    rows: Sequence[OutboxMessage],
    quiet_hours: QuietHoursOf | None,
    state: ChannelState | None,
    policy: ChannelPolicy,
    now: dt.datetime,
) -> tuple[list[tuple[OutboxMessage, ChatPerson | None]], int, dict[UUID, str]]:
    """Set aside the messages that may not go now; return those that may, with their person if known.

    Also returns how many were set aside, and the platform's category of each message's template.
    """
    people, locked = ({}, frozenset()) if policy.by_email else await _people(session, rows)
    users = {row.user_id for row in rows if row.user_id and row.priority}
    # A mail wakes nobody.
    asked = quiet_hours if users and not policy.by_email else None
    quiet = await asked(session, users) if asked is not None else {}
    stopped = [
        row.user_id
        for row in rows
        if row.user_id and (person := people.get(row.id)) and person.stopped_at is not None
    ]
    mailboxes = await mailboxes_of(session, stopped) if stopped else {}
    busy = await _being_sent(session, {row.recipient_index for row in rows}, now)
    quota = template_quota.TemplateQuota()
    if policy.has_window and any(
        template_quota.needs_template(row, people.get(row.id), now) for row in rows
    ):
        quota = await template_quota.load_quota(session, rows, state, policy.daily_people, now)
    going: list[tuple[OutboxMessage, ChatPerson | None]] = []
    for row in rows:
        if row.due_at > now and row.state in _MAY_HAVE_ARRIVED:
            _correct_lease(row, now)
            continue
        if row.state == OutboxState.SENDING:
            # Its sender died before it recorded the answer, so the message may have arrived.
            row.unanswered += 1
        person = people.get(row.id)
        by_template = policy.has_window and template_quota.needs_template(row, person, now)
        # Answers ignore quiet hours, because the person wrote first.
        hours = quiet.get(row.user_id) if row.user_id and row.priority else None
        quiet_end = _quiet_end(row, hours, now) if hours is not None else None
        if row.expires_at is not None and row.expires_at <= now:
            _give_up(row, OutboxState.SUPPRESSED, "out of date", now)
        elif person is not None and person.stopped_at is not None and not row.essential:
            if row.person_id is None and (mailbox := mailboxes.get(row.user_id)):
                # STOP is about the chat; a notice goes by e-mail where there is an address.
                row.channel, row.recipient_sealed, row.recipient_index = mailbox
                _defer(row, now, now)
            else:
                _give_up(row, OutboxState.SUPPRESSED, "stopped", now)
        elif by_template and quota.is_unwanted_marketing(row, person):
            _give_up(row, OutboxState.SUPPRESSED, "no marketing wanted", now)
        elif row.unanswered >= MAX_UNANSWERED:
            _give_up(row, OutboxState.DEAD, "no answer, twice", now)
            ALERTS.labels("message_dead").inc()
        elif quiet_end is not None and (row.expires_at is None or quiet_end < row.expires_at):
            _defer(row, quiet_end, now, QUIET)
        elif row.recipient_index in busy or (person is not None and person.id in locked):
            # One after another to one person, or messages would overtake each other.
            _defer(row, now + dt.timedelta(milliseconds=300), now)
        elif (
            policy.has_window
            and person is not None
            and (wait := pair_wait(person.pair_free_at, now))
        ):
            _defer(row, now + wait, now)
        elif by_template and (why := quota.admit(row)) is not None:
            _defer(row, quota.retry_at(why, now), now)
            row.held_why = why
        else:
            row.held_why = None
            row.template_at = now if by_template else row.template_at
            if policy.has_window and person is not None:
                person.pair_free_at = pair_next(person.pair_free_at, now)
            going.append((row, person))
    template_quota.alert_once(state, quota, now)
    return going, len(rows) - len(going), {row.id: quota.filed_as(row) for row in rows}


def _quiet_end(row: OutboxMessage, hours: QuietPeriod, now: dt.datetime) -> dt.datetime | None:
    """Return when quiet hours end; None where it is not quiet or the time zone is unknown."""
    try:
        return quiet_until(hours, now)
    except (ValueError, LookupError, OSError) as error:
        logger().error("quiet_hours_unknown", message_id=str(row.id), exc_info=error)
        return None


def _correct_lease(row: OutboxMessage, now: dt.datetime) -> None:
    """Let a lease or a wait that was written by a clock that ran ahead begin now."""
    row.due_at, row.updated_at = now + LEASE, now
    row.lease_until = row.due_at if row.state == OutboxState.SENDING else None


def _give_up(row: OutboxMessage, state: OutboxState, why: str, now: dt.datetime) -> None:
    row.state, row.error, row.updated_at, row.lease_until = state, why, now, None
    if row.kind in SECRET_KINDS:
        row.params_sealed = b""


def _defer(
    row: OutboxMessage, due_at: dt.datetime, now: dt.datetime, why: str | None = None
) -> None:
    row.state = OutboxState.WAITING if row.state == OutboxState.SENDING else row.state
    row.error = why if why or row.error == QUIET else row.error
    row.due_at, row.updated_at, row.lease_until = due_at, now, None


_PEOPLE: Final = select(ChatPerson).where(
    ChatPerson.channel == Channel.WHATSAPP,
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
    """Return the chat person of each message, and which people another transaction has locked.

    That transaction may wait for these very messages. So it is not waited for: the messages of a locked person
    are sent a moment later.
    """
    ids = {row.person_id for row in rows if row.person_id}
    indexes = {row.recipient_index for row in rows}
    users = {row.user_id for row in rows if row.user_id}
    which = {"ids": list(ids), "indexes": list(indexes), "users": list(users)}
    free = (await session.scalars(_FREE, which)).all()
    found = free
    if not (ids <= {person.id for person in free} and all(row.person_id for row in rows)):
        # Others are locked or never wrote; rows read above are not read again.
        found = (await session.scalars(_PEOPLE, which)).all()
    locked = frozenset(person.id for person in found) - {person.id for person in free}
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
    return people, locked


_BEING_SENT: Final = select(OutboxMessage.recipient_index).where(
    OutboxMessage.recipient_index.in_(bindparam("indexes", expanding=True)),
    OutboxMessage.state == OutboxState.SENDING,
    OutboxMessage.lease_until > bindparam("now"),
    OutboxMessage.lease_until <= later("now", LEASE + SKEW),
)


async def _being_sent(session: AsyncSession, indexes: set[str], now: dt.datetime) -> set[str]:
    return set(await session.scalars(_BEING_SENT, {"indexes": list(indexes), "now": now}))


_COPIED: Final = (
    *("id", "channel", "kind", "language", "recipient_sealed", "recipient_index", "params_sealed"),
    *("subject_id", "attempts", "expires_at", "lease_until"),
)


def _lease(
    going: Sequence[tuple[OutboxMessage, ChatPerson | None]],
    policy: ChannelPolicy,
    state: ChannelState | None,
    filed: Mapping[UUID, str],
    now: dt.datetime,
) -> list[ClaimedMessage]:
    """Lease the messages and reserve their slots."""
    if not going:
        return []
    slots: list[SendSlot] | list[None] = [None] * len(going)
    if state is not None and policy.per_second is not None:
        slots, state.turns = reserve(
            state.turns or (), policy.per_second, now.timestamp(), len(going)
        )
        state.updated_at = now
    claimed = []
    for (row, person), slot in zip(going, slots, strict=True):
        row.state = OutboxState.SENDING
        row.attempts += 1
        row.lease_until = row.due_at = now + LEASE
        row.updated_at = now
        row.error = None if row.error == QUIET else row.error
        free = not policy.has_window or (
            person is not None and window_open(person.last_inbound_at, now)
        )
        row.form = "free" if free else "template"
        row.number_id = policy.number_id
        claimed.append(
            ClaimedMessage(
                **{name: getattr(row, name) for name in _COPIED},
                person_id=person.id if person is not None else None,
                free_form=free,
                filed_as=filed.get(row.id, ""),
                slot=slot,
                policy=policy,
            )
        )
    return claimed
