"""Handles received messages once, in order for each person, several people concurrently.

A message is handled in one transaction with all its effects. Its try is counted and committed before, so a message
that kills its process was counted. Three transactions count tries:

- that which stores a lone message, if the same process handles it at once;
- one for the oldest messages of all people of a round;
- that which handles a person's message, for their next one.

The later texts of a burst are handled with the first, whose try is counted (`_burst`).

A message that fails is retried, with pauses that grow to hours. For its first tries, about a minute, the person's
next messages wait. Then they overtake it, and the person is told that it waits.
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
from app.database.session import Database, keyring, savepoint
from app.database.statements import is_one_of, table
from app.database.types import UtcDateTime
from app.database.wakeups import wake_loops
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.inbox import model_readings
from app.messaging.inbox.bursts import MOST_TEXTS, first_texts
from app.messaging.inbox.model_readings import AskModelFirst
from app.messaging.models import ITEM, ChatPerson, InboxItem, WebhookState
from app.messaging.outbox import enqueue
from app.messaging.rules import WINDOW
from app.texts import catalogue

SIDE_BY_SIDE: Final = 8
"""People whose messages one process handles at once."""
IN_A_ROW: Final = 20
"""Messages of one person in one round, so that nobody keeps others waiting."""
HANDLING_SECONDS: Final = 20
"""How long one message may take: milliseconds, or a lock of 15 s."""
LEASE: Final = dt.timedelta(seconds=30)
"""How long a try keeps other processes away, also when its process was killed."""
BLOCKING_TRIES: Final = 4
"""Failed tries of a message (5, 15 and 45 s apart) for which the person's next messages wait."""
NOTIFY_AGAIN_AFTER: Final = dt.timedelta(hours=1)
"""How often at most a person is told that a message was not handled."""


class Handler(Protocol):
    """The reader of a channel's webhooks and the dialogue behind it."""

    def parse(self, body: bytes) -> Parsed:
        """Return the items of a webhook; never raises."""
        ...

    async def handle(
        self, session: AsyncSession, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        """Handle a message in this transaction. Raises `AskModelFirst`, which undoes it."""
        ...

    async def handle_burst(
        self,
        session: AsyncSession,
        person: ChatPerson,
        inbounds: Sequence[Inbound],
        now: dt.datetime,
    ) -> None:
        """Handle several texts in this transaction, in order, and answer with one message."""
        ...


class _Head(NamedTuple):
    """A message that is due and waits for no older one of its person."""

    id: UUID
    person_id: UUID
    lease_until: dt.datetime | None
    attempts: int


class _Begun(NamedTuple):
    id: UUID


@dataclass(frozen=True)
class Round:
    """One round of one process, and the tries it has counted."""

    clock: Clock
    handler: Handler
    bursts: bool = False
    """Whether a person's texts that wait together are read together."""
    begun: dict[UUID, dt.datetime] = field(default_factory=dict)
    """The leases of messages whose try this round counted and did not finish."""
    stored: list[_Head] = field(default_factory=list)
    """Those of them whose try was counted as they were stored."""

    def begin(self, item_id: UUID, person_id: UUID, now: dt.datetime) -> dt.datetime:
        """Add a message whose try is counted as it is stored; return the end of its lease."""
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


async def handle_items(database: Database, round_: Round, limit: int) -> int:
    """Handle messages that were begun as they were stored, and those of up to `limit` other people.

    Returns how many that were. The caller releases the tries left in `round_.begun`, which were not made.
    """
    heads = round_.stored
    if limit:
        async with database.read() as session:
            heads = _one_each([*await _heads(session, round_.clock(), limit), *round_.stored])
    at_once = asyncio.Semaphore(SIDE_BY_SIDE if database.is_postgresql else 1)
    # A lease that ran out: its process died, perhaps of this message. So it is tried alone, after all others.
    lost = [head for head in heads if head.lease_until is not None]
    new = [head for head in heads if head.lease_until is None and head.id not in round_.begun]
    first = [head for head in heads if head.id in round_.begun]
    first += await _begin(database, round_, new)

    async def one(head: _Head) -> int:
        async with at_once:
            return await _handle_in_order(database, round_, head)

    handled = sum(await asyncio.gather(*(one(head) for head in first)))
    for head in lost:
        if await _begin_again(database, round_, head):
            handled += await _handle_in_order(database, round_, head)
    return handled


# ── Which message is next ────────────────────────────────────────────────────────────────────────

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
    .limit(bindparam("limit", type_=Integer))
)
"""A message and the next ones: those read together with it, and one whose try is counted with their end."""


async def _heads(session: AsyncSession, now: dt.datetime, limit: int) -> list[_Head]:
    """Return the oldest due message of each person; one that no other waits for comes last.

    A message behind one that is being retried is not due until `BLOCKING_TRIES` of that failed.
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
_UNTIL: Final = bindparam("until", type_=UtcDateTime())
_TRY: Final = {"attempts": _ITEMS.attempts + 1, "lease_until": _UNTIL}
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
"""As `_BEGIN` for one message, the usual case, past SQLAlchemy."""
_RELEASE: Final = (
    update(table(InboxItem))
    .where(
        _ITEMS.id == bindparam("item_id"),
        _ITEMS.state == WebhookState.WAITING,
        _ITEMS.lease_until.is_not(None),
    )
    .values(
        attempts=_ITEMS.attempts - 1,
        # Another process that handles the person may have begun it since; its lease stays.
        lease_until=case(
            (_ITEMS.lease_until == bindparam("until"), None), else_=_ITEMS.lease_until
        ),
    )
)


async def _begin(database: Database, round_: Round, heads: Sequence[_Head]) -> list[_Head]:
    """Count a try of each; return those that no other process took first."""
    if not heads:
        return []
    until = round_.clock() + LEASE
    async with database.single() as session:
        if len(heads) == 1:
            rows = await _BEGIN_ONE.all(session, item_id=heads[0].id, until=until)
            begun = {row.id for row in rows}
        else:
            values = {"ids": [head.id for head in heads], "until": until}
            begun = set(await session.scalars(_BEGIN, values))
    round_.begun.update(dict.fromkeys(begun, until))
    return [head for head in heads if head.id in begun]


async def _begin_again(database: Database, round_: Round, head: _Head) -> bool:
    """Count a try of a message whose process died; False if it is parked, or another process has it."""
    async with database.begin() as session:
        now = round_.clock()
        item = await session.get(InboxItem, head.id, with_for_update=True)
        if item is None or item.state != WebhookState.WAITING or not tries.may_start(item, now):
            return False
        if tries.start(item, now, LEASE):
            round_.add(item)
            return True
        await _park(session, item, now)
    return False


async def release(database: Database, round_: Round) -> None:
    """Undo the count of tries that were not made: the person was locked, or the process stops."""
    async with database.single() as session:
        of_each = [{"item_id": item_id, "until": until} for item_id, until in round_.begun.items()]
        await session.execute(_RELEASE, of_each)
        if any(head.id in round_.begun for head in round_.stored):
            wake_loops(session, "inbox")


# ── Handling ─────────────────────────────────────────────────────────────────────────────────────


async def _handle_in_order(database: Database, round_: Round, head: _Head) -> int:
    """Handle one person's messages, oldest first, each in a transaction of its own; a burst of texts in one.

    A burst that fails is tried once more without its later texts, for one of these may be what fails.
    """
    item_id, handled, most = head.id, 0, MOST_TEXTS if round_.bursts else 1
    while handled < IN_A_ROW:
        part = _Part(min(most, IN_A_ROW - handled))
        try:
            async with asyncio.timeout(HANDLING_SECONDS):
                left = IN_A_ROW - handled
                done = await _handle_part(database, round_, head.person_id, item_id, part, left)
        except Exception as error:  # noqa: BLE001 - recorded with the message, and retried
            logger().error("message_handling_failed", message_id=str(item_id), exc_info=error)
            if part.texts > 1 and not isinstance(error, TimeoutError):
                most = 1
                continue
            await _set_back(database, round_, item_id, error)
            return handled
        if done is None:
            return handled
        round_.begun.pop(item_id, None)
        handled += part.texts
        if done.following is None:
            return handled
        round_.add(done.following)
        item_id = done.following.id
    return handled


@dataclass(slots=True)
class _Part:
    """What one transaction handles."""

    most: int
    texts: int = 1
    """How many messages: more than one are a burst of texts."""


async def _handle_part(
    database: Database, round_: Round, person_id: UUID, item_id: UUID, part: _Part, left: int
) -> "_Done | None":
    """Handle messages in a transaction; None if their person is locked, or waits for a language model."""
    try:
        async with database.begin() as session:
            person = await session.scalar(_PERSON, {"person_id": person_id})
            if person is None:
                return None
            return await _handle(round_, session, person, item_id, part, left)
    except AskModelFirst as unread:
        async with database.begin() as session:
            await model_readings.request(session, item_id, unread.question, round_.clock())
    round_.begun.pop(item_id, None)
    return None


class _Done(NamedTuple):
    """Messages were handled; `following` is the person's next one, if its try was counted."""

    following: InboxItem | None


async def _handle(
    round_: Round,
    session: AsyncSession,
    person: ChatPerson,
    item_id: UUID,
    part: _Part,
    left: int,
) -> _Done | None:
    """Handle a message whose try was counted, with the texts of its burst, and count the next one's.

    `left` is how many this round may handle; after the last the next one waits for another round. None if
    another process handled it, or an older message came late.
    """
    now = round_.clock()
    values = {"person_id": person.id, "item_id": item_id, "limit": part.most + 1}
    items = (await session.scalars(_NEXT_ITEMS, values)).all()
    if not items or items[0].id != item_id or items[0].due_at > now:
        return None
    burst = _burst(session, items, part)
    for item in items[: part.texts]:
        item.state, item.handled_at = WebhookState.HANDLED, now
        item.error = item.lease_until = None
    rest = items[part.texts :]
    if person.phone_index is None and person.platform_user_id is None:
        for item in items[: part.texts]:
            item.error = "forgotten"  # the person was erased
    elif len(burst) == 1:
        await round_.handler.handle(session, person, burst[0], now)
    else:
        await round_.handler.handle_burst(session, person, burst, now)
    if part.texts >= left and rest:
        wake_loops(session, "inbox")
    elif rest and rest[0].due_at <= now and _is_counted(round_, rest[0], now):
        return _Done(rest[0])
    return _Done(None)


def _burst(session: AsyncSession, items: Sequence[InboxItem], part: _Part) -> Sequence[Inbound]:
    """Return the first message, with the texts after it that belong to its burst.

    Only the first one's try is counted. So it goes alone once a try has failed, or its process died: of two
    that are handled together the second may be the reason.
    """
    keys = keyring(session)
    together = [items[0]]
    if items[0].attempts <= 1 and items[0].lost == 0:
        for item in items[1 : part.most]:
            if item.attempts or item.lease_until is not None:
                break
            together.append(item)
    inbounds = [Inbound.from_json(keys.open_json(item.body_sealed, ITEM)) for item in together]
    part.texts = first_texts(inbounds)
    return inbounds[: part.texts]


def _is_counted(round_: Round, item: InboxItem, now: dt.datetime) -> bool:
    """Count the try of a person's next message, unless it was counted as it was stored."""
    return item.id in round_.begun or tries.start(item, now, LEASE)


# ── Failures ─────────────────────────────────────────────────────────────────────────────────────


async def _set_back(database: Database, round_: Round, item_id: UUID, error: Exception) -> None:
    async with database.begin() as session:
        now = round_.clock()
        item = await session.get(InboxItem, item_id, with_for_update=True)
        if item is None or item.state != WebhookState.WAITING:
            return
        if not tries.set_back(item, error, now):
            await _park(session, item, now)
        elif item.attempts == BLOCKING_TRIES:
            wake_loops(session, "inbox")  # the person's next messages wait no longer
            await _notify_sender(session, item, "message_waits", now)
    round_.begun.pop(item_id, None)


async def _park(session: AsyncSession, item: InboxItem, now: dt.datetime) -> None:
    """Park a message for an administrator; the person's other messages go on."""
    item.state, item.lease_until = WebhookState.DEAD, None
    wake_loops(session, "inbox")
    ALERTS.labels("inbox_dead").inc()
    logger().error("message_parked", message_id=str(item.id), reason=item.error)
    await _notify_sender(session, item, "message_parked", now)


async def _notify_sender(
    session: AsyncSession, item: InboxItem, text: str, now: dt.datetime
) -> None:
    """Tell the person, once an hour at most, that their message was not handled.

    Not after STOP, not while a human answers, and not outside the 24-hour window.
    """
    try:
        async with savepoint(session):
            person = await session.get(ChatPerson, item.person_id)
            if person is None or not _may_notify(person, now) or not _was_written(session, item):
                return
            hour = int(now.timestamp() // NOTIFY_AGAIN_AFTER.total_seconds())
            notice = catalogue.render_chat(person.language or DEFAULT_LANGUAGE, text, now=now)
            await enqueue.reply(session, person, notice, key=f"{text}:{hour}", now=now)
    except Exception as error:  # noqa: BLE001 - the message is retried or parked all the same
        logger().error("person_not_told", message_id=str(item.id), exc_info=error)


def _may_notify(person: ChatPerson, now: dt.datetime) -> bool:
    known = person.phone_index is not None or person.platform_user_id is not None
    wants = person.stopped_at is None and person.paused_at is None
    last = person.last_inbound_at
    return known and wants and last is not None and now - last < WINDOW


def _was_written(session: AsyncSession, item: InboxItem) -> bool:
    """Whether a person wrote it, and the platform did not."""
    try:
        inbound = Inbound.from_json(keyring(session).open_json(item.body_sealed, ITEM))
    except Exception:  # noqa: BLE001 - most likely it was a message
        return True
    return inbound.kind not in {InboundKind.MOVED, InboundKind.PREFERENCE}
