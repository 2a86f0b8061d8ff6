"""A job that is repeated: its new days, hours, people and pay, and how it is read back. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.core.week import WEEKDAYS, Slot
from app.dialogue.context import JobSummary
from app.jobs.job_text import JobSalary
from app.jobs.rules import moved_schedule
from app.nlu.job_draft import EVERY_SHIFT, Draft, Shifts, is_past, shifts_of
from app.texts.formatting import slot_params


def slots_of(job: JobSummary) -> tuple[Slot, ...]:
    """Return the job's weekly hours."""
    return tuple(
        Slot.between(
            WEEKDAYS.index(slot["weekday"]),
            dt.time.fromisoformat(slot["start"]),
            dt.time.fromisoformat(slot["end"]),
        )
        for slot in job.params["slots"]
    )


def dates_of(job: JobSummary) -> tuple[dt.date, dt.date | None]:
    """Return the job's first and last day; open-ended is None."""
    ends_on = job.params["ends_on"]
    first = dt.date.fromisoformat(job.params["starts_on"])
    return first, dt.date.fromisoformat(ends_on) if ends_on else None


def today_at(job: JobSummary, now: dt.datetime) -> dt.date:
    """Return the day at the job's place."""
    return now.astimezone(ZoneInfo(job.params["time_zone"])).date()


def falls_on(job: JobSummary, told: Draft) -> bool:
    """Whether the job has a shift on the days that were named; without any, that is no question."""
    if not told.when:
        return True
    starts_on, ends_on = dates_of(job)
    working = {slot.weekday for slot in slots_of(job)}
    if told.starts_on is not None:
        within = starts_on <= told.starts_on and (ends_on is None or told.starts_on <= ends_on)
        return within and told.starts_on.weekday() in working
    return not working.isdisjoint(told.days)


def shifts_again(job: JobSummary, told: Draft, now: dt.datetime) -> Shifts | None:
    """Return when the repeated job is; None where the new days are not told, or are past."""
    if not told.when:
        return None
    slots = slots_of(job)
    starts_on, ends_on = dates_of(job)
    spans = told.spans or tuple({(EVERY_SHIFT, slot.start, slot.end) for slot in slots})
    zone = str(job.params["time_zone"])
    if ends_on == starts_on or told.days or told.spans or _is_range(told):
        if len(spans) > 1 and not told.spans and len({slot.weekday for slot in slots}) > 1:
            return None  # hours of one day mean nothing on another: the days alone don't say which
        found = shifts_of(_drafted(told, spans), now, zone)
    else:
        # One first day for a job of several days: it is as long as before.
        assert told.starts_on is not None  # noqa: S101 - no weekday was named, so a date was
        moved = moved_schedule(slots, starts_on, ends_on, told.starts_on, None)
        found = Shifts(told.starts_on, moved.ends_on, moved.slots)
    return None if found is None or is_past(found, now, zone) else found


def _is_range(told: Draft) -> bool:
    return told.starts_on is not None and told.ends_on not in {None, told.starts_on}


def _drafted(told: Draft, spans: Sequence[tuple[int, int, int]]) -> Draft:
    return Draft(
        days=told.days,
        weekly=told.weekly or False,
        starts_on=told.starts_on,
        ends_on=told.ends_on,
        spans=tuple(spans),
    )


def values_again(job: JobSummary, told: Draft, shifts: Shifts, currency: str) -> dict[str, Any]:
    """Return the repeated job as JSON values, as they are kept until the yes."""
    salary = job.params["salary"]
    if told.amount is not None:
        salary = salary_with(job, told, currency)
    return {
        "starts_on": shifts.starts_on.isoformat(),
        "ends_on": shifts.ends_on.isoformat() if shifts.ends_on else None,
        "slots": [[slot.weekday, slot.start, slot.end] for slot in shifts.slots],
        "people": told.people or job.params["people"],
        "salary": salary,
    }


def values_now(job: JobSummary) -> dict[str, Any]:
    """Return a job as it stands, in the values of `values_again`."""
    return {
        **{name: job.params[name] for name in ("starts_on", "ends_on", "people", "salary")},
        "slots": [[slot.weekday, slot.start, slot.end] for slot in slots_of(job)],
    }


def salary_with(job: JobSummary, told: Draft, currency: str) -> dict[str, Any] | None:
    """Return the pay that is told, in the job's unit where none is; None where no unit is known."""
    before = job.params["salary"] or {}
    per = told.per or before.get("per")
    if told.amount is None or per is None:
        return None
    return {"amount": told.amount, "currency": before.get("currency") or currency, "per": per}


def salary_of(value: Mapping[str, Any] | None) -> JobSalary | None:
    """Return kept pay as the domain's value."""
    return None if value is None else JobSalary(value["amount"], value["currency"], value["per"])


def shown_again(job: JobSummary, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the text that reads a repeated job back."""
    return {
        **job.params,
        **values,
        "slots": slot_params([Slot(*slot) for slot in values["slots"]]),
    }
