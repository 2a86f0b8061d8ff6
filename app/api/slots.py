"""A weekly slot in requests and responses: of a worker's week and of a job's shifts."""

import datetime as dt
from functools import lru_cache

from pydantic import Field, ValidationInfo, field_validator

from app.core.schema import ClockTime, RequestModel, ResponseModel, Weekday
from app.core.week import Slot


def differs_from_start(end: dt.time, info: ValidationInfo) -> dt.time:
    """Return `end`, checked to differ from the field `start`. Raises `ValueError`."""
    if info.data.get("start") == end:
        raise ValueError("must differ from start")
    return end


class WeeklySlot(RequestModel):
    """A stretch of one weekday; `end` at or before `start` is the next day."""

    weekday: Weekday = Field(description="Day of the week on which the slot starts.")
    start: ClockTime = Field(examples=["09:00"], description='Start by the clock, "HH:MM".')
    end: ClockTime = Field(
        examples=["17:00"],
        description='End by the clock, "HH:MM"; at or before `start` it is the next day.',
    )

    _differs = field_validator("end")(differs_from_start)

    @property
    def slot(self) -> Slot:
        """The same as the domain's value."""
        return Slot.between(self.weekday.number, self.start, self.end)


class SlotAnswer(ResponseModel):
    """A stretch of one weekday; `end` at or before `start` is the next day."""

    weekday: Weekday = Field(description="Day of the week on which the slot starts.")
    start: ClockTime = Field(description='Start by the clock, "HH:MM".')
    end: ClockTime = Field(
        description='End by the clock, "HH:MM"; at or before `start` it is the next day.'
    )

    @classmethod
    @lru_cache(maxsize=4_096)  # few different ones fill most lists
    def of(cls, weekday: int, starts: dt.time, ends: dt.time) -> "SlotAnswer":
        """Return the response for a row; Monday is 0."""
        return cls(weekday=Weekday.of(weekday), start=starts, end=ends)
