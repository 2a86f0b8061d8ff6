"""Due work of one kind, item by item: a failing item is retried later, and its neighbours are done.

The tries of all items are counted in a transaction before the work. First tries are then done together, which is
cheap. If that fails, and for items that were tried before, each item gets its own transaction.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Delete,
    Integer,
    Select,
    bindparam,
    delete,
    exists,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts import tries
from app.attempts.models import WorkAttempt
from app.core.clocks import Clock
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.due import Due
from app.database.session import Database
from app.database.statements import insert_of, is_postgresql, table
from app.database.types import UtcDateTime

ITEM_SECONDS: Final = 30
"""How long one item may take by itself; after it the try has failed."""
TOGETHER_SECONDS: Final = 60
"""How long the first tries of a batch may take together; after it each is tried by itself."""
OUTSIDE_SECONDS: Final = 90
"""How long one item that asks a provider may take; longer than its client's time limits and retries."""
LEASE: Final = dt.timedelta(minutes=3)
"""How long a batch keeps other processes away; longer than the first two limits together."""

type Verb = Callable[[AsyncSession, dt.datetime, int, Sequence[UUID]], Awaitable[int]]
"""Does the due work of at most so many items, only of those named."""


class Kind(StrEnum):
    """Which work is tried; its items are named by the id of what they are about."""

    WAVE = "wave"
    OFFER_EXPIRY = "offer_expiry"
    REMINDER = "reminder"
    STANDBY = "standby"
    FORECAST = "forecast"
    JOB_END = "job_end"
    REFUND = "refund"
    PAYMENT_CHECK = "payment_check"
    CARD_TAP = "card_tap"
    CARD_LOOK = "card_look"
    REFUND_CHECK = "refund_check"
    DISPUTE_CHECK = "dispute_check"
    EARLY_EVENT = "early_event"
    LEAD_REPORT = "lead_report"
    ERASURE = "erasure"
    BULK_ITEM = "bulk_item"


_TRIES: Final = table(WorkAttempt).c
_NOW: Final[BindParameter[Any]] = bindparam("now", type_=UtcDateTime())


@dataclass(frozen=True)
class Work:
    """One kind of due work: `due` is the condition, `subject` the id column, `order` the urgency."""

    kind: Kind
    loop: str
    """The loop of `app.background` that does it."""
    subject: Any
    order: Any
    due: Due
    age: dt.timedelta | None = None
    """The age that `due` asks for by `:since`."""

    @cached_property
    def free(self) -> Due:
        """What is due and not under way, waiting for a retry or parked."""
        not_free = exists().where(
            _TRIES.kind == literal_column(f"'{self.kind}'"),
            _TRIES.subject_id == self.subject,
            or_(_TRIES.parked_at.is_not(None), _TRIES.due_at > _NOW, _TRIES.lease_until > _NOW),
        )
        return Due(*self.due.conditions, ~not_free)

    def values(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return the parameters of `due` and `free`."""
        return {"now": now} | ({"since": now - self.age} if self.age is not None else {})

    async def is_due(self, database: Database, now: dt.datetime) -> bool:
        """Whether anything is free to be tried."""
        return await self.free.any_due(database, **self.values(now))

    @cached_property
    def next(self) -> Select[UUID]:
        """Select at most `:limit` free items, most urgent first."""
        free = select(self.subject).where(*self.free.conditions).order_by(self.order)
        return free.limit(bindparam("limit", type_=Integer))

    def over(self) -> Delete:
        """Delete the tries of items that are not due any more, because they were done elsewhere."""
        due = select(self.subject).where(*self.due.conditions)
        over = delete(WorkAttempt).where(
            WorkAttempt.kind == self.kind, WorkAttempt.subject_id.not_in(due)
        )
        return over.execution_options(synchronize_session=False)


async def put_off(
    session: AsyncSession, work: Work, subject_id: UUID, now: dt.datetime, until: dt.datetime
) -> None:
    """Leave an item that stays due alone until then, without counting a try: nothing can be done for it now.

    For a verb, in its transaction. So what waits keeps the loop neither busy nor from doing others.
    """
    row = {
        "kind": work.kind.value,
        "subject_id": subject_id,
        "attempts": 0,
        "lost": 0,
        "due_at": until,
        "lease_until": None,
        "error": None,
        "created_at": now,
    }
    again = {name: row[name] for name in ("attempts", "lost", "due_at", "lease_until", "error")}
    insert = insert_of(WorkAttempt, postgresql=is_postgresql(session)).values(row)
    await session.execute(
        insert.on_conflict_do_update(index_elements=[_TRIES.kind, _TRIES.subject_id], set_=again)
    )


def try_all_anew(kind: Kind) -> Delete:
    """Delete all tries of this work, also parked ones, because the cause of failures has changed."""
    forget = delete(WorkAttempt).where(WorkAttempt.kind == kind)
    return forget.execution_options(synchronize_session=False)


# ── In our own database ──────────────────────────────────────────────────────────────────────────


async def do_due(database: Database, clock: Clock, limit: int, work: Work, verb: Verb) -> int:
    """Do up to `limit` due items by `verb`; return how many were tried."""
    if not await work.is_due(database, clock()):
        return 0
    first, again = await _begin(database, clock, limit, work)
    begun = set(first)
    alone = again if len(first) > 1 else [*first, *again]
    try:
        if len(first) > 1:
            await _together(database, clock, work, verb, first)
        for subject_id in alone:
            # First tries are counted. Others are counted now, one by one, so that an item that kills its
            # process costs no other a try.
            if subject_id in begun or await _begin_again(database, clock, work, subject_id):
                begun.add(subject_id)
                await _alone(database, clock, work, verb, subject_id)
    except asyncio.CancelledError:
        await _release(database, work, begun)
        raise
    return len(first) + len(again)


async def _together(
    database: Database, clock: Clock, work: Work, verb: Verb, subject_ids: Sequence[UUID]
) -> None:
    try:
        async with asyncio.timeout(TOGETHER_SECONDS), database.begin() as session:
            now = clock()
            await verb(session, now, len(subject_ids), subject_ids)
            await session.execute(_forget(work, subject_ids, now))
    except Exception as error:  # noqa: BLE001 - each item is tried by itself
        logger().warning("batch_failed", loop=work.loop, count=len(subject_ids), exc_info=error)
    else:
        return
    for subject_id in subject_ids:
        await _alone(database, clock, work, verb, subject_id)


async def _alone(
    database: Database, clock: Clock, work: Work, verb: Verb, subject_id: UUID
) -> None:
    try:
        async with asyncio.timeout(ITEM_SECONDS), database.begin() as session:
            now = clock()
            await verb(session, now, 1, [subject_id])
            await session.execute(_forget(work, [subject_id], now))
    except Exception as error:  # noqa: BLE001 - recorded with the item, and retried
        await _set_back(database, clock, work, subject_id, error)


# ── At a provider ────────────────────────────────────────────────────────────────────────────────


async def ask_due(
    database: Database,
    clock: Clock,
    limit: int,
    work: Work,
    ask: Callable[[UUID], Awaitable[bool]],
    *,
    at_once: int,
) -> int:
    """Do up to `limit` items by `ask`, `at_once` concurrently; return how many were tried.

    `ask` opens its own transactions and returns whether the provider answered. A batch without any answer ends
    the round, and its tries do not count. Items begin in batches, so that a lease covers one answer.
    """
    tried = 0
    while tried < limit and await work.is_due(database, clock()):
        first, again = await _begin(database, clock, min(at_once, limit - tried), work)
        begun = set(first)
        try:
            asked = [_ask(database, clock, work, ask, subject_id) for subject_id in first]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            for subject_id in again:
                if await _begin_again(database, clock, work, subject_id):
                    begun.add(subject_id)
                    answers.append(await _ask(database, clock, work, ask, subject_id))
        except asyncio.CancelledError:
            await _release(database, work, begun)
            raise
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer  # recording the failure failed: the database is away
        tried += len(first) + len(again)
        if not any(answers):
            break
    return tried


async def _ask(
    database: Database,
    clock: Clock,
    work: Work,
    ask: Callable[[UUID], Awaitable[bool]],
    subject_id: UUID,
) -> bool:
    try:
        async with asyncio.timeout(OUTSIDE_SECONDS):
            there = await ask(subject_id)
    except Exception as error:  # noqa: BLE001 - recorded with the item, and retried
        await _set_back(database, clock, work, subject_id, error)
        return True
    async with database.single() as session:
        await session.execute(_forget(work, [subject_id], clock()))
    return there


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────


async def _begin(
    database: Database, clock: Clock, limit: int, work: Work
) -> tuple[list[UUID], list[UUID]]:
    """Return due items: those tried for the first time, which are counted here, and the others."""
    async with database.begin() as session:
        now = clock()
        due = list(await session.scalars(work.next, {**work.values(now), "limit": limit}))
        known = select(WorkAttempt.subject_id).where(
            WorkAttempt.kind == work.kind, WorkAttempt.subject_id.in_(due)
        )
        again = set(await session.scalars(known)) if due else set()
        rows = [
            {
                "kind": work.kind.value,
                "subject_id": subject_id,
                "attempts": 1,
                "lost": 0,
                "due_at": now,
                "lease_until": now + LEASE,
                "created_at": now,
            }
            for subject_id in due
            if subject_id not in again
        ]
        begun: set[UUID] = set()
        if rows:
            insert = insert_of(WorkAttempt, postgresql=is_postgresql(session))
            statement = insert.on_conflict_do_nothing().returning(_TRIES.subject_id)
            begun = set(await session.scalars(statement, rows))
    return [each for each in due if each in begun], [each for each in due if each in again]


async def _begin_again(database: Database, clock: Clock, work: Work, subject_id: UUID) -> bool:
    """Count one more try; False if another process has it, or too many died with it."""
    async with database.begin() as session:
        now = clock()
        row = await _row(session, work, subject_id)
        if row is None or row.parked_at is not None or not tries.may_start(row, now):
            return False
        if tries.start(row, now, LEASE):
            return True
        _park(row, work, now)
    return False


async def _set_back(
    database: Database, clock: Clock, work: Work, subject_id: UUID, error: Exception
) -> None:
    logger().error("item_failed", loop=work.loop, item_id=str(subject_id), exc_info=error)
    async with database.begin() as session:
        row = await _row(session, work, subject_id)
        if row is not None and not tries.set_back(row, error, clock()):
            _park(row, work, clock())


def _park(row: WorkAttempt, work: Work, now: dt.datetime) -> None:
    row.parked_at, row.lease_until = now, None
    ALERTS.labels(f"{work.kind}_parked").inc()
    logger().error("item_parked", loop=work.loop, item_id=str(row.subject_id), reason=row.error)


async def _row(session: AsyncSession, work: Work, subject_id: UUID) -> WorkAttempt | None:
    return await session.get(WorkAttempt, (work.kind.value, subject_id), with_for_update=True)


async def _release(database: Database, work: Work, begun: Collection[UUID]) -> None:
    """Undo the count of tries that a process did not finish before it stopped."""
    async with database.begin() as session:
        await session.execute(
            update(WorkAttempt)
            .where(
                WorkAttempt.kind == work.kind,
                WorkAttempt.subject_id.in_(begun),
                WorkAttempt.lease_until.is_not(None),
            )
            .values(attempts=WorkAttempt.attempts - 1, lease_until=None)
            .execution_options(synchronize_session=False)
        )


def _forget(work: Work, subject_ids: Sequence[UUID], now: dt.datetime) -> Delete:
    """Delete the tries of items that succeeded; those that were put off keep their moment."""
    return (
        delete(WorkAttempt)
        .where(
            WorkAttempt.kind == work.kind,
            WorkAttempt.subject_id.in_(subject_ids),
            or_(WorkAttempt.due_at <= now, WorkAttempt.lease_until.is_not(None)),
        )
        .execution_options(synchronize_session=False)
    )
