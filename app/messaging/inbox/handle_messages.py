"""Messages that people sent: in order for each person, people side by side, each handled once.

Each message is handled in one transaction with everything that follows from it. Its try is counted and
committed before, so a message that ends the process was counted. The try of a lone message is counted by the
transaction that stores it, if the same process handles it at once; that of a person's oldest message for all
people of a round together; that of each next one by the transaction that handles the one before it.

A message that fails is tried again, with pauses that grow to hours. For its first tries, about a minute,
the person's next messages wait for it. Then they overtake it, and the person hears that it waits.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Integer, and_, bindparam, case, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.attempts import tries
from app.core.clocks import Clock
from app.core.languages import DEFAULT_LANGUAGE
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.due import Due
from app.database.fast_reads import Prepared
from app.database.session import Database, keyring
from app.database.statements import is_one_of, table
from app.database.wakeups import wake_loops
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.models import ITEM, ChatPerson, InboxItem, WebhookState
from app.messaging.outbox import enqueue
from app.messaging.rules import WINDOW
from app.texts import catalogue

SIDE_BY_SIDE: Final = 8
"""People handled at once by one process."""
IN_A_ROW: Final = 20
"""Messages of one person in one round: who writes without end keeps nobody else waiting."""
HANDLING_SECONDS: Final = 20
"""How long one message may take; it takes milliseconds, but it may wait for a lock of 15 s."""
LEASE: Final = dt.timedelta(seconds=30)
"""How long a try keeps other processes away; a message whose process was killed waits so long."""
BLOCKING_TRIES: Final = 4
"""Failed tries of a message (5, 15 and 45 s apart) for which the person's next messages wait."""
NOTIFY_AGAIN_AFTER: Final = dt.timedelta(hours=1)
"""How often at most somebody is told that a message of theirs could not be handled."""


class Handler(Protocol):
    """What a channel's webhooks mean, and what follows from a message."""

    def parse(self, body: bytes) -> Parsed:
        """Return everything in a webhook; never raises."""
        ...

    async def handle(
        self, session: AsyncSession, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        """Do what a message asks for, in this transaction."""
        ...


class _Head(NamedTuple):
    """Somebody's message that is due and waits for no older one."""

    id: UUID
    person_id: UUID
    lease_until: dt.datetime | None
    attempts: int


class _Begun(NamedTuple):
    id: UUID


@dataclass(frozen=True)
class Round:
    """One look at what is due, by one process."""

    clock: Clock
    handler: Handler
    begun: dict[UUID, dt.datetime] = field(default_factory=dict)
    """Messages whose try this round counted, and that were neither handled nor set back yet; their leases."""
    stored: list[_Head] = field(default_factory=list)
    """Those of them whose try was counted as they were stored."""

    def begin(self, item_id: UUID, person_id: UUID, now: dt.datetime) -> dt.datetime:
        """Note a message whose try is counted as it is stored; return the end of its lease."""
        self.begun[item_id] = now + LEASE
        self.stored.append(_Head(item_id, person_id, None, 0))
        return self.begun[item_id]

    def add(self, item: InboxItem) -> None:
        """Add a message whose try was counted and committed."""
        if item.lease_until is not None:
            self.begun.setdefault(item.id, item.lease_until)


_ITEMS: Final = table(InboxItem).c
ITEMS_DUE: Final = Due(
    is_one_of(_ITEMS.state, [WebhookState.WAITING]),
    _ITEMS.due_at <= bindparam("now"),
    tries.is_free(_ITEMS.lease_until, bindparam("now")),
)


async def handle_items(database: Database, this: Round, limit: int) -> int:
    """Handle what was begun as it was stored, and what up to `limit` other people sent.

    Returns how many messages that were. Tries of `this.begun` were not made: the caller releases them.
    """
    heads = this.stored
    if limit:
        async with database.read() as session:
            heads = _one_each([*await _heads(session, this.clock(), limit), *this.stored])
    at_once = asyncio.Semaphore(SIDE_BY_SIDE if database.is_postgresql else 1)
    # A lease that ran out: the process that tried was lost, perhaps because of this message. It is tried
    # by itself, after all others, so that it can take no other with it.
    lost = [head for head in heads if head.lease_until is not None]
    new = [head for head in heads if head.lease_until is None and head.id not in this.begun]
    first = [head for head in heads if head.id in this.begun]
    first += await _begin(database, this, new)

    async def one(head: _Head) -> int:
        async with at_once:
            return await _handle_in_order(database, this, head)

    handled = sum(await asyncio.gather(*(one(head) for head in first)))
    for head in lost:
        if await _begin_again(database, this, head):
            handled += await _handle_in_order(database, this, head)
    return handled


# ── Whose turn it is ─────────────────────────────────────────────────────────────────────────────

_OLDER: Final = aliased(InboxItem)
_HEADS: Final = Prepared(
    select(InboxItem.id, InboxItem.person_id, InboxItem.lease_until, InboxItem.attempts)
    .where(
        *ITEMS_DUE.conditions,
        ~exists().where(
            _OLDER.person_id == InboxItem.person_id,
            _OLDER.state == WebhookState.WAITING,
            _OLDER.attempts < BLOCKING_TRIES,
            _OLDER.lost == 0,
            tuple_(_OLDER.sent_at, _OLDER.id) < tuple_(InboxItem.sent_at, InboxItem.id),
        ),
    )
    .order_by(InboxItem.due_at)
    .limit(bindparam("limit", type_=Integer)),
    _Head,
)
_PERSON: Final = (
    select(ChatPerson)
    .where(ChatPerson.id == bindparam("person_id"))
    .with_for_update(skip_locked=True)
)
_NEXT_ITEMS: Final = (
    select(InboxItem)
    .where(
        InboxItem.person_id == bindparam("person_id"),
        InboxItem.state == WebhookState.WAITING,
        or_(
            InboxItem.id == bindparam("item_id"),
            and_(InboxItem.attempts < BLOCKING_TRIES, InboxItem.lost == 0),
        ),
    )
    .order_by(InboxItem.sent_at, InboxItem.id)
    .limit(2)
)
"""A message and the next: that tells whether to look again, and its try is counted with this one's end."""


async def _heads(session: AsyncSession, now: dt.datetime, limit: int) -> list[_Head]:
    """Return, for each person, the oldest message that is due, one that nobody waits for only if alone.

    What waits behind one that is set back is no reason, unless that has been waited for long enough.
    """
    return _one_each(await _HEADS.all(session, now=now, limit=limit))


def _one_each(heads: Sequence[_Head]) -> list[_Head]:
    by_person: dict[UUID, _Head] = {}
    for head in sorted(heads, key=lambda head: head.attempts >= BLOCKING_TRIES):
        by_person.setdefault(head.person_id, head)
    return list(by_person.values())


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────

_FREE: Final = (
    select(_ITEMS.id)
    .where(
        _ITEMS.id.in_(bindparam("ids", expanding=True)),
        _ITEMS.state == WebhookState.WAITING,
        _ITEMS.lease_until.is_(None),
    )
    .with_for_update(skip_locked=True)
)
_TRY: Final = {"attempts": _ITEMS.attempts + 1, "lease_until": bindparam("until")}
_BEGIN: Final = (
    update(table(InboxItem)).where(_ITEMS.id.in_(_FREE)).values(_TRY).returning(_ITEMS.id)
)
_BEGIN_ONE: Final = Prepared(
    update(table(InboxItem))
    .where(
        _ITEMS.id
        == select(_ITEMS.id)
        .where(
            _ITEMS.id == bindparam("item_id"),
            _ITEMS.state == WebhookState.WAITING,
            _ITEMS.lease_until.is_(None),
        )
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .values(_TRY)
    .returning(_ITEMS.id),
    _Begun,
)
"""As `_BEGIN`, of one message: the usual case, past SQLAlchemy."""
_RELEASE: Final = (
    update(table(InboxItem))
    .where(
        _ITEMS.id == bindparam("item_id"),
        _ITEMS.state == WebhookState.WAITING,
        _ITEMS.lease_until.is_not(None),
    )
    .values(
        attempts=_ITEMS.attempts - 1,
        # Another process that handles the same person may have begun it since: that lease stays.
        lease_until=case(
            (_ITEMS.lease_until == bindparam("until"), None), else_=_ITEMS.lease_until
        ),
    )
)


async def _begin(database: Database, this: Round, heads: Sequence[_Head]) -> list[_Head]:
    """Count a try of each of these; return those that no other process took first."""
    if not heads:
        return []
    until = this.clock() + LEASE
    async with database.single() as session:
        if len(heads) == 1:
            rows = await _BEGIN_ONE.all(session, item_id=heads[0].id, until=until)
            begun = {row.id for row in rows}
        else:
            values = {"ids": [head.id for head in heads], "until": until}
            begun = set(await session.scalars(_BEGIN, values))
    this.begun.update(dict.fromkeys(begun, until))
    return [head for head in heads if head.id in begun]


async def _begin_again(database: Database, this: Round, head: _Head) -> bool:
    """Count a try of a message whose reader was lost; False if it is parked, or another has it."""
    async with database.begin() as session:
        now = this.clock()
        item = await session.get(InboxItem, head.id, with_for_update=True)
        if item is None or item.state != WebhookState.WAITING or not tries.may_start(item, now):
            return False
        if tries.start(item, now, LEASE):
            this.add(item)
            return True
        await _park(session, item, now)
    return False


async def release(database: Database, this: Round) -> None:
    """Take back the tries that were counted and not made: somebody else had the person, or we end."""
    async with database.single() as session:
        of_each = [{"item_id": item_id, "until": until} for item_id, until in this.begun.items()]
        await session.execute(_RELEASE, of_each)
        if any(head.id in this.begun for head in this.stored):
            # Nobody has been told of it yet.
            wake_loops(session, "inbox")


# ── Handling ─────────────────────────────────────────────────────────────────────────────────────


async def _handle_in_order(database: Database, this: Round, head: _Head) -> int:
    """Handle what one person sent, oldest first, each message in a transaction of its own."""
    item_id = head.id
    for handled in range(IN_A_ROW):
        try:
            async with asyncio.timeout(HANDLING_SECONDS), database.begin() as session:
                person = await session.scalar(_PERSON, {"person_id": head.person_id})
                if person is None:
                    return handled
                done = await _handle(this, session, person, item_id, last=handled + 1 == IN_A_ROW)
        except Exception as error:  # noqa: BLE001 - noted with the message, and tried again
            logger().error("message_handling_failed", message_id=str(item_id), exc_info=error)
            await _set_back(database, this, item_id, error)
            return handled
        if done is None:
            return handled
        this.begun.pop(item_id, None)
        if done.following is None:
            return handled + 1
        this.add(done.following)
        item_id = done.following.id
    return IN_A_ROW


class _Done(NamedTuple):
    """A message was handled; the person's next one, if its try was counted."""

    following: InboxItem | None


async def _handle(
    this: Round, session: AsyncSession, person: ChatPerson, item_id: UUID, *, last: bool
) -> _Done | None:
    """Handle one message, whose try was counted, and count the next one's, unless this is the last.

    None if it is not its turn: another process handled it, or an older one came late.
    """
    now = this.clock()
    values = {"person_id": person.id, "item_id": item_id}
    items = (await session.scalars(_NEXT_ITEMS, values)).all()
    if not items or items[0].id != item_id or items[0].due_at > now:
        return None
    item, *rest = items
    inbound = Inbound.from_json(keyring(session).open_json(item.body_sealed, ITEM))
    item.state, item.handled_at = WebhookState.HANDLED, now
    item.error = item.lease_until = None
    if person.phone_index is None and person.platform_user_id is None:
        item.error = "forgotten"  # they had everything deleted, and nobody is left to answer
    else:
        await this.handler.handle(session, person, inbound, now)
    if last and rest:
        wake_loops(session, "inbox")
    elif rest and rest[0].due_at <= now and _is_counted(this, rest[0], now):
        return _Done(rest[0])
    return _Done(None)


def _is_counted(this: Round, item: InboxItem, now: dt.datetime) -> bool:
    """Count the try of a person's next message, unless it was counted as it was stored."""
    return item.id in this.begun or tries.start(item, now, LEASE)


# ── What fails ───────────────────────────────────────────────────────────────────────────────────


async def _set_back(database: Database, this: Round, item_id: UUID, error: Exception) -> None:
    async with database.begin() as session:
        now = this.clock()
        item = await session.get(InboxItem, item_id, with_for_update=True)
        if item is None or item.state != WebhookState.WAITING:
            return
        if not tries.set_back(item, error, now):
            await _park(session, item, now)
        elif item.attempts == BLOCKING_TRIES:
            wake_loops(session, "inbox")  # the person's next messages wait no longer
            await _notify_sender(session, item, "message_waits", now)
    this.begun.pop(item_id, None)


async def _park(session: AsyncSession, item: InboxItem, now: dt.datetime) -> None:
    """Leave a message to an administrator; the person's other messages go on."""
    item.state, item.lease_until = WebhookState.DEAD, None
    wake_loops(session, "inbox")
    ALERTS.labels("inbox_dead").inc()
    logger().error("message_parked", message_id=str(item.id), reason=item.error)
    await _notify_sender(session, item, "message_parked", now)


async def _notify_sender(
    session: AsyncSession, item: InboxItem, text: str, now: dt.datetime
) -> None:
    """Tell the person, once an hour at most, that their message was not handled.

    Nobody is told who has stopped messages, to whom a human talks, or who wrote too long ago to be
    answered freely.
    """
    try:
        async with session.begin_nested():
            person = await session.get(ChatPerson, item.person_id)
            if person is None or not _may_notify(person, now) or not _was_written(session, item):
                return
            hour = int(now.timestamp() // NOTIFY_AGAIN_AFTER.total_seconds())
            said = catalogue.render_chat(person.language or DEFAULT_LANGUAGE, text, now=now)
            await enqueue.reply(session, person, said, key=f"{text}:{hour}", now=now)
    except Exception as error:  # noqa: BLE001 - the message is set back or parked all the same
        logger().error("person_not_told", message_id=str(item.id), exc_info=error)


def _may_notify(person: ChatPerson, now: dt.datetime) -> bool:
    known = person.phone_index is not None or person.platform_user_id is not None
    wants = person.stopped_at is None and person.paused_at is None
    heard = person.last_inbound_at
    return known and wants and heard is not None and now - heard < WINDOW


def _was_written(session: AsyncSession, item: InboxItem) -> bool:
    """Whether somebody wrote it; a platform's note of a new phone is no message of theirs."""
    try:
        inbound = Inbound.from_json(keyring(session).open_json(item.body_sealed, ITEM))
    except Exception:  # noqa: BLE001 - what can't be read was a message, most likely
        return True
    return inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}
