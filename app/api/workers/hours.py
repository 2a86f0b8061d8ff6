"""When the worker is free: `/api/workers/availability` and `/api/workers/time-off`."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field

from app.api.http.dependencies import Now, Once, Read, Route, WorkerActor, Write
from app.api.http.parameters import SlotId, TimeOffId
from app.api.http.problems import problems
from app.api.slots import SlotAnswer, WeeklySlot
from app.core.schema import Day, RequestModel, ResponseModel
from app.workers import availability
from app.workers.availability import (
    SlotNotFound,
    SlotOverlap,
    TimeOffNotFound,
    TooManySlots,
    TooMuchTimeOff,
)
from app.workers.models import WorkerAvailability

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)


class AvailabilitySlot(SlotAnswer):
    """A weekly slot of mine."""

    id: UUID = Field(description="Id of the slot.")

    @classmethod
    def from_row(cls, row: WorkerAvailability) -> "AvailabilitySlot":
        """Return the answer for a row."""
        hours = SlotAnswer.of(row.weekday, row.starts, row.ends)
        return cls(id=row.id, weekday=hours.weekday, start=hours.start, end=hours.end)


class Week(RequestModel):
    """All my weekly slots."""

    slots: list[WeeklySlot] = Field(
        max_length=availability.MAX_SLOTS, description="All weekly slots, at most 50."
    )


class AvailabilityList(ResponseModel):
    """My week, in order."""

    items: list[AvailabilitySlot] = Field(description="Slots in the order of the week.")


class NewTimeOff(RequestModel):
    """Dates, both included, on which none of my slots counts."""

    starts_on: Day = Field(description="First day, a local date.", examples=["2026-12-24"])
    ends_on: Day = Field(description="Last day, a local date, included.", examples=["2026-12-26"])


class TimeOffAnswer(ResponseModel):
    """Dates, both included, on which none of my slots counts."""

    id: UUID = Field(description="Id of the time off.")
    starts_on: Day = Field(description="First day, a local date.")
    ends_on: Day = Field(description="Last day, a local date, included.")


class TimeOffList(ResponseModel):
    """My times off, earliest first."""

    items: list[TimeOffAnswer] = Field(description="Times off, earliest first.")


@router.get("/availability")
async def list_availability(session: Read, actor: WorkerActor) -> AvailabilityList:
    """List my weekly slots, in the order of the week."""
    return _week(await availability.list_slots(session, actor.user_id))


def _week(rows: Sequence[WorkerAvailability]) -> AvailabilityList:
    return AvailabilityList(items=[AvailabilitySlot.from_row(row) for row in rows])


@router.post(
    "/availability",
    status_code=status.HTTP_201_CREATED,
    responses=problems(SlotOverlap, TooManySlots),
)
async def add_availability(
    session: Write, actor: WorkerActor, body: WeeklySlot, now: Now, _: Once
) -> AvailabilitySlot:
    """Add a weekly slot. Refused with 409 `slot_overlap` or `too_many_slots`."""
    row = await availability.add_slot(session, actor.user_id, body.slot, now=now)
    return AvailabilitySlot.from_row(row)


@router.put("/availability", responses=problems(SlotOverlap, TooManySlots))
async def replace_availability(
    session: Write, actor: WorkerActor, body: Week, now: Now
) -> AvailabilityList:
    """Put a whole week in place of all my slots. Refused with 409 `slot_overlap`."""
    week = [given.slot for given in body.slots]
    return _week(await availability.replace_slots(session, actor.user_id, week, now=now))


@router.delete(
    "/availability/{slot_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(SlotNotFound),
)
async def remove_availability(
    session: Write, actor: WorkerActor, slot_id: SlotId, now: Now
) -> None:
    """Remove a weekly slot."""
    await availability.remove_slot(session, actor.user_id, slot_id, now=now)


@router.get("/time-off")
async def list_time_off(session: Read, actor: WorkerActor) -> TimeOffList:
    """List my times off, earliest first."""
    rows = await availability.list_time_off(session, actor.user_id)
    return TimeOffList(items=[TimeOffAnswer.model_validate(row) for row in rows])


@router.post("/time-off", status_code=status.HTTP_201_CREATED, responses=problems(TooMuchTimeOff))
async def add_time_off(
    session: Write, actor: WorkerActor, body: NewTimeOff, now: Now, _: Once
) -> TimeOffAnswer:
    """Add dates on which no slot counts; they may overlap with others."""
    starts_on, ends_on = body.starts_on, body.ends_on
    row = await availability.add_time_off(session, actor.user_id, starts_on, ends_on, now=now)
    return TimeOffAnswer.model_validate(row)


@router.delete(
    "/time-off/{time_off_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(TimeOffNotFound),
)
async def remove_time_off(
    session: Write, actor: WorkerActor, time_off_id: TimeOffId, now: Now
) -> None:
    """Remove a time off: the slots on its dates count again."""
    await availability.remove_time_off(session, actor.user_id, time_off_id, now=now)
