"""A worker's availability: weekly slots, and time off, in which no slot counts."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.core.week import Slot, overlaps
from app.database.session import changed
from app.database.statements import table
from app.workers.models import TimeOff, WorkerAvailability
from app.workers.profile import lock_worker

_CLEAR: Final = delete(table(WorkerAvailability)).where(
    table(WorkerAvailability).c.worker_id == bindparam("worker")
)
_SLOTS: Final = (
    select(WorkerAvailability)
    .where(WorkerAvailability.worker_id == bindparam("worker"))
    .order_by(WorkerAvailability.weekday, WorkerAvailability.starts)
)

MAX_SLOTS: Final = 50
MAX_TIME_OFF: Final = 100
MAX_TIME_OFF_DAYS: Final = 366


class SlotOverlap(Conflict):
    """The worker is free at that time already."""

    code = "slot_overlap"
    detail = "This overlaps with another of your slots; remove that one first."
    remedy = "Remove the other slot first."


class TooManySlots(Conflict):
    """A week has no use for more."""

    code = "too_many_slots"
    detail = f"A week holds at most {MAX_SLOTS} slots; remove one first."
    remedy = "Remove a slot first."


class TooMuchTimeOff(Conflict):
    """Nobody plans that many holidays."""

    code = "too_much_time_off"
    detail = f"At most {MAX_TIME_OFF} times off are kept; remove one first."


class SlotNotFound(NotFound):
    """There is no such slot for this worker."""

    code = "slot_not_found"
    detail = "There is no such slot, or it is not yours."


class TimeOffNotFound(NotFound):
    """There is no such time off for this worker."""

    code = "time_off_not_found"
    detail = "There is no such time off, or it is not yours."


async def list_slots(session: AsyncSession, worker_id: UUID) -> Sequence[WorkerAvailability]:
    """Return the worker's slots in the order of the week."""
    return (await session.scalars(_SLOTS, {"worker": worker_id})).all()


async def add_slot(
    session: AsyncSession, worker_id: UUID, slot: Slot, *, now: dt.datetime
) -> WorkerAvailability:
    """Add a slot. Raises `TooManySlots` and `SlotOverlap` (also across midnight and Sunday night)."""
    await lock_worker(session, worker_id, now=now)
    own = [to_slot(row) for row in await list_slots(session, worker_id)]
    if overlaps(slot, own):
        raise SlotOverlap
    if len(own) >= MAX_SLOTS:
        raise TooManySlots
    row = _row(worker_id, slot)
    session.add(row)
    await session.flush()
    changed(session, "worker", worker_id)
    return row


async def replace_slots(
    session: AsyncSession, worker_id: UUID, week: Sequence[Slot], *, now: dt.datetime
) -> Sequence[WorkerAvailability]:
    """Replace all slots; return them in week order. Raises `SlotOverlap` and `TooManySlots`."""
    if len(week) > MAX_SLOTS:
        raise TooManySlots
    if any(overlaps(slot, week[:number]) for number, slot in enumerate(week)):
        raise SlotOverlap
    await lock_worker(session, worker_id, now=now)
    await session.execute(_CLEAR, {"worker": worker_id})
    rows = sorted((_row(worker_id, slot) for slot in week), key=lambda r: (r.weekday, r.starts))
    session.add_all(rows)
    await session.flush()
    changed(session, "worker", worker_id)
    return rows


async def remove_slot(
    session: AsyncSession, worker_id: UUID, slot_id: UUID, *, now: dt.datetime
) -> None:
    """Remove a slot. Raises `SlotNotFound`."""
    await lock_worker(session, worker_id, now=now)
    row = WorkerAvailability
    gone = await session.scalar(
        delete(row).where(row.id == slot_id, row.worker_id == worker_id).returning(row.id)
    )
    if gone is None:
        raise SlotNotFound
    changed(session, "worker", worker_id)


def _row(worker_id: UUID, slot: Slot) -> WorkerAvailability:
    starts, ends = slot.times
    return WorkerAvailability(
        id=new_id(), worker_id=worker_id, weekday=slot.weekday, starts=starts, ends=ends
    )


def to_slot(row: WorkerAvailability) -> Slot:
    """Return a row as a `Slot`."""
    return Slot.between(row.weekday, row.starts, row.ends)


async def list_time_off(session: AsyncSession, worker_id: UUID) -> Sequence[TimeOff]:
    """Return the worker's times off, earliest first."""
    query = select(TimeOff).where(TimeOff.worker_id == worker_id)
    return (await session.scalars(query.order_by(TimeOff.starts_on, TimeOff.id))).all()


async def add_time_off(
    session: AsyncSession,
    worker_id: UUID,
    starts_on: dt.date,
    ends_on: dt.date,
    *,
    now: dt.datetime,
) -> TimeOff:
    """Add time off, both dates included; it may overlap with others.

    Raises `TooMuchTimeOff`, and `Invalid` for an end before the start or more than a year after it.
    """
    if ends_on < starts_on:
        raise Invalid.field("ends_on", "This lies before starts_on.")
    if (ends_on - starts_on).days >= MAX_TIME_OFF_DAYS:
        raise Invalid.field("ends_on", "At most a year after starts_on.")
    await lock_worker(session, worker_id, now=now)
    kept = await session.scalar(
        select(func.count()).select_from(TimeOff).where(TimeOff.worker_id == worker_id)
    )
    if (kept or 0) >= MAX_TIME_OFF:
        raise TooMuchTimeOff
    row = TimeOff(id=new_id(), worker_id=worker_id, starts_on=starts_on, ends_on=ends_on)
    session.add(row)
    await session.flush()
    changed(session, "worker", worker_id)
    return row


async def remove_time_off(
    session: AsyncSession, worker_id: UUID, time_off_id: UUID, *, now: dt.datetime
) -> None:
    """Remove a time off. Raises `TimeOffNotFound`."""
    await lock_worker(session, worker_id, now=now)
    gone = await session.scalar(
        delete(TimeOff)
        .where(TimeOff.id == time_off_id, TimeOff.worker_id == worker_id)
        .returning(TimeOff.id)
    )
    if gone is None:
        raise TimeOffNotFound
    changed(session, "worker", worker_id)
