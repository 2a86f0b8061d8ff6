"""Due work of one kind, item by item: one bad item is set back, and its neighbours are done.

The tries of all items are counted in a transaction of their own before the work begins. Then what is
tried for the first time is done together, which is cheap. Where that fails, and for whatever was tried
before, each item gets a transaction of its own.
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

ITEM_SECONDS: Final = 30
"""How long one item may take by itself: more means that it hangs, and it is set back."""
TOGETHER_SECONDS: Final = 60
"""How long the first tries of a batch may take together, before each is tried by itself."""
OUTSIDE_SECONDS: Final = 90
"""How long one item may take that asks a provider: its client's own time limits and retries are shorter."""
LEASE: Final = dt.timedelta(minutes=3)
"""How long a batch keeps other processes away: longer than the two limits of one round together."""

type Verb = Callable[[AsyncSession, dt.datetime, int, Sequence[UUID]], Awaitable[int]]
"""Does what is due of at most so many items, and only of those named."""


class Kind(StrEnum):
    """Which work is tried; its items are named by the id of what they are about."""

    WAVE = "wave"
    OFFER_EXPIRY = "offer_expiry"
    REMINDER = "reminder"
    JOB_END = "job_end"
    REFUND = "refund"
    PAYMENT_CHECK = "payment_check"
    ERASURE = "erasure"


_TRIES: Final = table(WorkAttempt).c
_NOW: Final[BindParameter[Any]] = bindparam("now")


@dataclass(frozen=True)
class Work:
    """One kind of due work: `due` says of which rows it is due, `subject` names them.

    `order` is the order of need: what is least comes first.
    """

    kind: Kind
    loop: str
    """The loop of `app.background` that does it."""
    subject: Any
    order: Any
    due: Due
    age: dt.timedelta | None = None
    """Where `due` asks for what is older than this: its instant `:since` is so long ago."""

    @cached_property
    def free(self) -> Due:
        """What is due and neither under way, set back nor parked."""
        held = exists().where(
            _TRIES.kind == literal_column(f"'{self.kind}'"),
            _TRIES.subject_id == self.subject,
            or_(_TRIES.parked_at.is_not(None), _TRIES.due_at > _NOW, _TRIES.lease_until > _NOW),
        )
        return Due(*self.due.conditions, ~held)

    def values(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return what `due` and `free` have to be given."""
        return {"now": now} | ({"since": now - self.age} if self.age is not None else {})

    async def is_due(self, database: Database, now: dt.datetime) -> bool:
        """Whether anything is free to be tried."""
        return await self.free.any_due(database, **self.values(now))

    @cached_property
    def next(self) -> Select[UUID]:
        """Select what is free, most urgent first, at most `:limit`."""
        free = select(self.subject).where(*self.free.conditions).order_by(self.order)
        return free.limit(bindparam("limit", type_=Integer))

    def over(self) -> Delete:
        """Delete the tries at what is not due any more: it was done or called off elsewhere."""
        due = select(self.subject).where(*self.due.conditions)
        over = delete(WorkAttempt).where(
            WorkAttempt.kind == self.kind, WorkAttempt.subject_id.not_in(due)
        )
        return over.execution_options(synchronize_session=False)


def try_all_anew(kind: Kind) -> Delete:
    """Forget all tries of this work, parked ones too: whatever they failed by has changed."""
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
            # What was just begun is counted; what was tried before is counted now, one by one, so that
            # an item that ends its process takes no other with it.
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
            await verb(session, clock(), len(subject_ids), subject_ids)
            await session.execute(_forget(work, subject_ids))
    except Exception as error:  # noqa: BLE001 - each item is tried by itself, and says what it was
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
            await verb(session, clock(), 1, [subject_id])
            await session.execute(_forget(work, [subject_id]))
    except Exception as error:  # noqa: BLE001 - noted with the item, and tried again
        await _set_back(database, clock, work, subject_id, error)


# ── Outside ──────────────────────────────────────────────────────────────────────────────────────


async def ask_due(
    database: Database,
    clock: Clock,
    limit: int,
    work: Work,
    ask: Callable[[UUID], Awaitable[bool]],
    *,
    at_once: int,
) -> int:
    """Do up to `limit` items by `ask`, `at_once` side by side; return how many were tried.

    `ask` opens its own transactions, and returns whether the provider was there: a round in which it was
    there for nobody ends, and nobody's try is counted for that. Items are begun `at_once` at a time, so
    that a lease need only be longer than one answer.
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
                raise answer  # even setting back failed: the database is away
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
    except Exception as error:  # noqa: BLE001 - noted with the item, and tried again
        await _set_back(database, clock, work, subject_id, error)
        return True
    async with database.single() as session:
        await session.execute(_forget(work, [subject_id]))
    return there


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────


async def _begin(
    database: Database, clock: Clock, limit: int, work: Work
) -> tuple[list[UUID], list[UUID]]:
    """Return what is due: what is tried for the first time, and counted here; and what was tried before."""
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
    """Count one more try; False if another process has it, or too many were lost with it."""
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
    """Take back those of the tries it began that a process which ends in order did not finish."""
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


def _forget(work: Work, subject_ids: Sequence[UUID]) -> Delete:
    """Delete the tries at what succeeded."""
    return (
        delete(WorkAttempt)
        .where(WorkAttempt.kind == work.kind, WorkAttempt.subject_id.in_(subject_ids))
        .execution_options(synchronize_session=False)
    )
