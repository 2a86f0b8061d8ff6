"""What the wave policy is told about a job and its candidates, read in few queries.

Imports NumPy (through `asking`), so only a wave that runs imports this.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.find_zone import find_zone
from app.jobs.models import Job
from app.matching.asking import Candidates, Need, OpenOffers, scarcity
from app.matching.hours import hours_of
from app.matching.load import open_jobs
from app.matching.models import ResponseCurves
from app.matching.response import CLOSED_COUNTS, Curves, Floats, from_json
from app.matching.rules import Candidate, JobFacts
from app.messaging.quiet_hours import QuietPeriod, quiet_until, waking_time
from app.offers.effective_status import has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus

WEEK: Final = dt.timedelta(days=7)
MONTH: Final = dt.timedelta(days=28)
FORGOTTEN: Final = dt.timedelta(days=112)
"""What somebody did so long ago says nothing about what they do now."""
_OPEN_ENDED_MINUTES: Final = 7 * 24 * 60.0
"""The time left of a job without a last day: nothing hurries."""
_NO_CAP: Final = 1_000_000
"""Whoever had enough offers is left out by the search already."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates as people and as columns, in the same order."""

    people: Sequence[Candidate]
    columns: Candidates


async def find_curves(session: AsyncSession) -> Curves:
    """Return what was learned of how people answer; the usual before anything was."""
    values = await session.scalar(select(ResponseCurves.values).where(ResponseCurves.id == 1))
    return Curves() if values is None else from_json(values)


def hour_of_week(at: dt.datetime, time_zone: str) -> int:
    """Return the hour there, 0 to 23 on weekdays and 24 to 47 on weekends; by UTC where there is no such zone any more."""
    local = at.astimezone(find_zone(time_zone) or dt.UTC)
    return local.hour + (24 if local.weekday() >= 5 else 0)


def need_of(job: Job, open_places: int, now: dt.datetime, quiet: QuietPeriod | None) -> Need:
    """Return what the job needs: minutes are those in which people near it are awake."""
    left = _OPEN_ENDED_MINUTES
    if job.closes_at is not None:
        left = _minutes(quiet, now, job.closes_at)
    return Need(
        open_places,
        left,
        hour_of_week(_read_at(quiet, now), job.time_zone),
        asked_anybody=job.wave > 0,
    )


_OPEN: Final = select(
    JobMatch.offered_at, JobMatch.answer_base, JobMatch.asked_before, JobMatch.distance_km
).where(JobMatch.job_id == bindparam("job_id"), has_status(OfferStatus.OFFERED, bindparam("now")))


async def waiting_of(
    session: AsyncSession, job: Job, now: dt.datetime, quiet: QuietPeriod | None, curves: Curves
) -> OpenOffers:
    """Return the job's open offers as columns; one of before the policy is held to be a usual one."""
    rows = (await session.execute(_OPEN, {"job_id": job.id, "now": now})).all()
    read_at = [_read_at(quiet, row.offered_at) for row in rows]
    base = np.array([curves.answer if row.answer_base is None else row.answer_base for row in rows])
    load = np.array([row.asked_before or 0 for row in rows], dtype=np.int64)
    hour = np.array([hour_of_week(at, job.time_zone) for at in read_at], dtype=np.int64)
    return OpenOffers(
        answers=curves.answers(base, load, hour),
        accepts=curves.accepts(np.array([row.distance_km for row in rows], dtype=np.float64)),
        elapsed=np.array([_minutes(quiet, at, now) for at in read_at], dtype=np.float64),
        hour=hour,
    )


_ANSWERS: Final = (
    OfferStatus.ACCEPTED.value,
    OfferStatus.REJECTED.value,
    OfferStatus.WITHDRAWN.value,
)
_RAN_OUT: Final = and_(
    JobMatch.status.in_([OfferStatus.EXPIRED.value, OfferStatus.OFFERED.value]),
    JobMatch.respond_by <= bindparam("now"),
    JobMatch.undelivered.is_(False),
)
_AGE: Final = case((JobMatch.offered_at > bindparam("month"), 1.0), else_=0.5)
"""The weight of an offer; with two steps it is the same sum in every dialect of SQL."""
_HISTORY: Final = (
    select(
        JobMatch.worker_id,
        func.count().label("offers"),
        func.sum(case((JobMatch.offered_at > bindparam("week"), 1), else_=0)).label("load"),
        func.sum(case((JobMatch.offered_at > bindparam("month"), 1), else_=0)).label("lately"),
        func.sum(case((JobMatch.status.in_(_ANSWERS), _AGE), else_=0.0)).label("answered"),
        func.sum(case((_RAN_OUT, _AGE), else_=0.0)).label("missed"),
        func.sum(case((JobMatch.status == OfferStatus.CLOSED, _AGE), else_=0.0)).label("closed"),
        func.max(
            case(
                (
                    and_(
                        JobMatch.employer_id == bindparam("employer_id"),
                        JobMatch.unlocked_at.is_not(None),
                    ),
                    1,
                ),
                else_=0,
            )
        ).label("hired"),
    )
    .where(
        JobMatch.worker_id.in_(bindparam("ids", expanding=True)),
        JobMatch.offered_at > bindparam("since"),
    )
    .group_by(JobMatch.worker_id)
)


async def pool_of(
    session: AsyncSession,
    people: Sequence[Candidate],
    job: JobFacts,
    now: dt.datetime,
    curves: Curves,
) -> Pool:
    """Return the candidates of the search with what the policy has to know of them.

    A no counts as an answer, as a yes does. An offer that was closed before it was answered counts for a part
    of one that ran out, which is what silence for a part of the time says.
    """
    ids = [each.worker.id for each in people]
    histories: Mapping[UUID, Any] = {}
    if ids:
        values = {
            "ids": ids,
            "now": now,
            "week": now - WEEK,
            "month": now - MONTH,
            "since": now - FORGOTTEN,
            "employer_id": job.employer_id,
        }
        rows = (await session.execute(_HISTORY, values)).all()
        histories = {row.worker_id: row for row in rows}
    asked = await open_jobs(session, ids, job, now) if ids else {}
    hours = hours_of(job.schedule)
    barred = [hours.clashes(each.worker.availability.busy) for each in people]
    torn = [hours.clashes(asked.get(each.worker.id, ())) for each in people]

    def column(name: str) -> Floats:
        return np.array(
            [getattr(histories.get(worker_id), name, 0) or 0 for worker_id in ids], dtype=np.float64
        )

    columns = Candidates(
        base=curves.base(column("answered"), column("missed") + CLOSED_COUNTS * column("closed")),
        load=column("load").astype(np.int64),
        lately=column("lately").astype(np.int64),
        cap=np.full(len(ids), _NO_CAP, dtype=np.int64),
        km=np.array([each.score.distance_km for each in people], dtype=np.float64),
        newcomer=column("offers") == 0,
        liked=column("hired") > 0,
        barred=np.array(barred, dtype=bool),
        torn=np.array(torn, dtype=bool),
        fit=np.array([each.score.total for each in people], dtype=np.float64) / 100,
        scarce=np.array(
            [
                scarcity(each.worker.skills, job.required_skills, curves.people_with)
                for each in people
            ],
            dtype=np.float64,
        ),
        arrives=np.ones(len(ids)),
    )
    return Pool(people, columns)


def _read_at(quiet: QuietPeriod | None, at: dt.datetime) -> dt.datetime:
    return at if quiet is None else quiet_until(quiet, at) or at


def _minutes(quiet: QuietPeriod | None, start: dt.datetime, end: dt.datetime) -> float:
    return waking_time(quiet, start, end) / dt.timedelta(minutes=1)
