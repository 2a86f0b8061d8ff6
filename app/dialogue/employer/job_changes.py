"""What follows a change of a posted job that was read back and confirmed. Pure."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.week import Slot
from app.dialogue.context import JobSummary
from app.dialogue.effects import (
    AddPositions,
    CancelJob,
    CloseJob,
    Effect,
    RaisePay,
    RepeatJob,
)
from app.dialogue.employer.repeating import salary_of
from app.dialogue.turn import Reply


def replies_to(effect: Effect, job: JobSummary | None) -> tuple[Reply, ...]:
    """Return what says that a job has ended; every other change is told by its effect."""
    texts: Mapping[type, str] = {CancelJob: "job_cancelled", CloseJob: "job_closed"}
    text = texts.get(type(effect))
    return (Reply(text, job.params),) if text is not None and job is not None else ()


def effect_of(employer_id: UUID, job_id: UUID, verb: str, to: Mapping[str, Any]) -> Effect:
    """Return the effect of the change that `verb` names; `to` has the values it was read back with."""
    if verb == "cancel_job":
        return CancelJob(employer_id, job_id)
    if verb == "close_job":
        return CloseJob(employer_id, job_id)
    if verb == "add_people":
        return AddPositions(employer_id, job_id, to["total"])
    if verb == "change_pay":
        salary = salary_of(to["new"])
        assert salary is not None  # noqa: S101 - only a sum is read back
        return RaisePay(employer_id, job_id, salary)
    return RepeatJob(
        employer_id,
        job_id,
        dt.date.fromisoformat(to["starts_on"]),
        dt.date.fromisoformat(to["ends_on"]) if to["ends_on"] else None,
        tuple(Slot(*slot) for slot in to["slots"]),
        to["people"],
        salary_of(to["salary"]),
    )
