"""The queue of stored webhooks of one provider: each try is counted and committed before the work.

The first two tries cost a statement of their own. Each later one is counted by the transaction of the one before,
so a long queue costs hardly more commits than events. The first does not look for a next one in its transaction,
because mostly there is none.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.attempts import tries
from app.core.clocks import Clock
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.due import Due
from app.database.fast_reads import Prepared
from app.database.session import Database
from app.database.statements import is_one_of, is_postgresql, table
from app.messaging.models import WebhookEvent, WebhookState

type Handle = Callable[[AsyncSession, WebhookEvent], Awaitable[None]]
"""Handles an event and marks it as handled, in the caller's transaction."""
type Salvage = Callable[[UUID, Exception], Awaitable[bool]]
"""Handles the valid parts of an event that failed; returns whether it is handled thereby."""

_EVENTS: Final = table(WebhookEvent).c


class _Begun(NamedTuple):
    id: UUID


@dataclass(frozen=True)
class WebhookQueue:
    """The stored webhooks of one provider."""

    provider: str
    alert: str
    """The alert when one is parked."""
    seconds: float
    """How long one may take; after it the try has failed."""
    lease: dt.timedelta
    """How long a try keeps other processes away; longer than `seconds`."""
    opener: int | None = None
    """An advisory lock, where one process at a time handles them, in order."""

    @cached_property
    def due(self) -> Due:
        """Events that are due and that no process works on."""
        return Due(
            is_one_of(_EVENTS.state, [WebhookState.WAITING]),
            _EVENTS.provider == self.provider,
            _EVENTS.due_at <= bindparam("now"),
            tries.is_free(_EVENTS.lease_until, bindparam("now")),
        )

    @cached_property
    def _next(self) -> Select[WebhookEvent]:
        query = select(WebhookEvent).where(*self.due.conditions)
        query = query.order_by(WebhookEvent.due_at, WebhookEvent.id).limit(2)
        return query.with_for_update(skip_locked=True)

    @cached_property
    def _under_way(self) -> Select[UUID]:
        """Select an event that another process may be working on."""
        query = select(WebhookEvent.id).where(
            is_one_of(_EVENTS.state, [WebhookState.WAITING]),
            _EVENTS.provider == self.provider,
            _EVENTS.lease_until > bindparam("now"),
            _EVENTS.lost == 0,
        )
        return query.limit(1)

    @cached_property
    def _begin_first(self) -> Prepared[_Begun]:
        """Count a try of the next event where no other is under way: the usual case, in one statement."""
        return Prepared(self._counted(self._first), _Begun)

    @cached_property
    def _begin_first_in_order(self) -> Prepared[_Begun]:
        """As `_begin_first`, by one process at a time on PostgreSQL.

        The statement's snapshot may be older than another process's begin of the first event. So it waits for
        that row and checks it again, and does not skip to the second.
        """
        ours = select(func.pg_try_advisory_xact_lock(self.opener)).scalar_subquery()
        still_free = is_one_of(_EVENTS.state, [WebhookState.WAITING]), _EVENTS.lease_until.is_(None)
        return Prepared(self._counted(self._first).where(ours, *still_free), _Begun)

    @cached_property
    def _first(self) -> Select[UUID]:
        """Select the next event where no other is under way."""
        due, other = table(WebhookEvent).alias("due"), table(WebhookEvent).alias("other")
        begun = exists().where(
            is_one_of(other.c.state, [WebhookState.WAITING]),
            other.c.provider == self.provider,
            other.c.lease_until.is_not(None),
        )
        first = (
            select(due.c.id)
            .where(
                is_one_of(due.c.state, [WebhookState.WAITING]),
                due.c.provider == self.provider,
                due.c.due_at <= bindparam("now"),
                ~begun,
            )
            .order_by(due.c.due_at, due.c.id)
            .limit(1)
        )
        return first if self.opener is not None else first.with_for_update(skip_locked=True)

    def _counted(self, which: Select[UUID]) -> ReturningUpdate[UUID]:
        return (
            update(table(WebhookEvent))
            .where(_EVENTS.id == which.scalar_subquery())
            .values(attempts=_EVENTS.attempts + 1, lease_until=bindparam("until"))
            .returning(_EVENTS.id)
        )

    @cached_property
    def _locked_event(self) -> Select[WebhookEvent]:
        """Select the event `:event_id`, and lock it."""
        return select(WebhookEvent).where(_EVENTS.id == bindparam("event_id")).with_for_update()

    @cached_property
    def _locked_event_in_order(self) -> Select[WebhookEvent]:
        """As `_locked_event`, with the advisory lock; other processes find this event under way."""
        locked = select(func.pg_advisory_xact_lock(self.opener)).scalar_subquery()
        return self._locked_event.where(locked.is_not(None))

    def _is_locked(self, session: AsyncSession) -> bool:
        """Whether the advisory lock is needed; SQLite has one writer at a time anyway."""
        return self.opener is not None and is_postgresql(session)

    async def handle_due(
        self,
        database: Database,
        clock: Clock,
        limit: int,
        handle: Handle,
        salvage: Salvage | None = None,
    ) -> int:
        """Handle up to `limit` due events in the order in which they came; return how many were tried.

        In an ordered queue other processes leave the work to the one that has begun. So that one looks once
        more at the end, for events that were stored meanwhile.
        """
        tried = 0
        begun: UUID | None = None
        try:
            while tried < limit:
                # The caller found the first; later ones are looked for here.
                if begun is None and (not tried or await self.due.any_due(database, clock())):
                    begun = await self._begin(database, clock)
                if begun is None:
                    break
                alone = tried == 0 or tried + 1 == limit
                begun = await self._try(database, clock, begun, handle, salvage, alone=alone)
                tried += 1
        except asyncio.CancelledError:
            if begun is not None:
                await self._release(database, begun)
            raise
        return tried

    async def _begin(self, database: Database, clock: Clock) -> UUID | None:
        """Count a try of the next event, and return its id."""
        async with database.single() as session:
            if (first := await self._begin_alone(session, clock())) is not None:
                return first
        async with database.begin() as session:
            if self._is_locked(session):
                we_open = select(func.pg_try_advisory_xact_lock(self.opener))
                if not await session.scalar(we_open):
                    return None
            now = clock()
            if self.opener is not None and await session.scalar(self._under_way, {"now": now}):
                return None
            return await self._begin_next(session, now)

    async def _begin_alone(self, session: AsyncSession, now: dt.datetime) -> UUID | None:
        begin = self._begin_first_in_order if self._is_locked(session) else self._begin_first
        begun = await begin.all(session, now=now, until=now + self.lease)
        return begun[0].id if begun else None

    async def _begin_next(self, session: AsyncSession, now: dt.datetime) -> UUID | None:
        """Count a try of the next event in this transaction; park events that too many processes died with."""
        for event in (await session.scalars(self._next, {"now": now})).all():
            if tries.start(event, now, self.lease):
                return event.id
            self._park(event)
        return None

    async def _try(
        self,
        database: Database,
        clock: Clock,
        event_id: UUID,
        handle: Handle,
        salvage: Salvage | None,
        *,
        alone: bool,
    ) -> UUID | None:
        """Handle an event whose try is counted; unless `alone`, count and return the next one."""
        try:
            async with asyncio.timeout(self.seconds), database.begin() as session:
                locked = (
                    self._locked_event_in_order if self._is_locked(session) else self._locked_event
                )
                event = await session.scalar(locked, {"event_id": event_id})
                if event is not None and event.state == WebhookState.WAITING:
                    await handle(session, event)
                    event.lease_until = None
                    await session.flush()
                return None if alone else await self._begin_alone(session, clock())
        except Exception as error:  # noqa: BLE001 - recorded with the event, and retried
            logger().error("webhook_failed", webhook_id=str(event_id), exc_info=error)
            hangs = isinstance(error, TimeoutError)
            if salvage is None or hangs or not await salvage(event_id, error):
                await self._set_back(database, clock, event_id, error)
        return None

    async def _set_back(
        self, database: Database, clock: Clock, event_id: UUID, error: Exception
    ) -> None:
        async with database.begin() as session:
            event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if event is None or event.state != WebhookState.WAITING:
                return
            if not tries.set_back(event, error, clock()):
                self._park(event)

    def _park(self, event: WebhookEvent) -> None:
        event.state, event.lease_until = WebhookState.DEAD, None
        ALERTS.labels(self.alert).inc()
        logger().error("webhook_parked", webhook_id=str(event.id), reason=event.error)

    async def _release(self, database: Database, event_id: UUID) -> None:
        """Undo the count of a try that a process did not make before it stopped."""
        async with database.begin() as session:
            event = await session.get(WebhookEvent, event_id, with_for_update=True)
            if event is not None and event.state == WebhookState.WAITING:
                tries.release(event)
