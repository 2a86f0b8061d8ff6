"""What was forecast of jobs as they were published, and what became of them: how far a forecast is to be trusted.

A job that was published is forecast a little later, as it stood then, so that publishing takes no longer. Once it is over
its outcome is noted: whether as many people had said yes as it had places. Cancelled and closed jobs say nothing.
"""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, do_due, put_off
from app.core.clocks import Clock
from app.database.due import Due
from app.database.session import Database
from app.database.statements import insert_if_absent, table
from app.jobs.matchable import JobNotMatchable, require_matchable
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching.forecast_job import HORIZON, chance_at_publication
from app.matching.models import JobForecastRecord

if TYPE_CHECKING:
    from app.matching.forecast_calibration import Calibration

NEWEST: Final = 1_000
"""Jobs whose outcomes correct a forecast: the newest ones."""
FORECAST_WITHIN: Final = dt.timedelta(days=1)
"""A job that was published longer ago is not forecast any more: too much has changed."""
_SAY_NOTHING: Final = (JobStatus.CANCELLED, JobStatus.CLOSED)
"""Their employer ended them before it could be seen whether they fill."""
_AT_ONCE: Final = 20
NOT_MATCHABLE: Final = dt.timedelta(hours=1)
"""So long a job is left alone that can't be read as it stands."""
_job = table(Job).c
_record = table(JobForecastRecord).c
FORECASTS: Final = Work(
    Kind.FORECAST,
    "learn_answers",
    _job.id,
    _job.published_at,
    Due(
        _job.published_at > bindparam("since"),
        _job.published_at <= bindparam("now"),
        _job.status.not_in(_SAY_NOTHING),
        ~exists().where(_record.job_id == _job.id),
    ),
    age=FORECAST_WITHIN,
)
_COMPARED: Final = (
    select(_record.chance, _record.filled)
    .where(_record.filled.is_not(None))
    .order_by(_record.published_at.desc())
    .limit(NEWEST)
)


async def find_calibration(session: AsyncSession) -> "Calibration":
    """Return what a forecast chance is worth by the jobs that ended; of none, what it says."""
    import numpy as np

    from app.matching.forecast_calibration import calibrated

    rows = (await session.execute(_COMPARED)).all()
    said = np.array([row.chance for row in rows], dtype=np.float64)
    return calibrated(said, np.array([row.filled for row in rows], dtype=np.float64))


async def compare_due(database: Database, clock: Clock) -> int:
    """Forecast jobs that were published lately, and note what became of older ones; returns how many of both.

    Each job is forecast in a transaction of its own. One that fails is tried again later, and keeps no other waiting.
    """
    published = 0
    while published < _AT_ONCE and await do_due(database, clock, 1, FORECASTS, _forecast):
        published += 1
    async with database.read() as session:
        ended = await _ended(session, clock())
    if ended:
        async with database.begin() as session:
            await _note_outcomes(session, ended)
    return published + len(ended)


async def _forecast(
    session: AsyncSession, now: dt.datetime, _limit: int, only: Sequence[UUID]
) -> int:
    for job_id in only:
        job = await session.get(Job, job_id)
        if job is None or job.published_at is None:
            continue
        try:
            require_matchable(job)
        except JobNotMatchable:
            # It may be mended while its publication is still near enough to be forecast.
            await put_off(session, FORECASTS, job_id, now, now + NOT_MATCHABLE)
            continue
        row = {
            "job_id": job_id,
            "published_at": job.published_at,
            "chance": await chance_at_publication(session, job, job.published_at),
        }
        await insert_if_absent(session, JobForecastRecord, row)
    return len(only)


async def _ended(session: AsyncSession, now: dt.datetime) -> Sequence[UUID]:
    query = (
        select(_record.job_id)
        .join(Job, _job.id == _record.job_id)
        .where(
            _record.filled.is_(None),
            or_(
                _record.published_at <= now - HORIZON,
                _job.closes_at <= now,
                _job.status.in_(_SAY_NOTHING),
            ),
        )
        .limit(NEWEST)
    )
    return (await session.scalars(query)).all()


async def _note_outcomes(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    cancelled = select(_job.id).where(_job.status.in_(_SAY_NOTHING))
    theirs = JobForecastRecord.job_id.in_(job_ids)
    await session.execute(
        delete(JobForecastRecord)
        .where(theirs, JobForecastRecord.job_id.in_(cancelled))
        .execution_options(synchronize_session=False)
    )
    enough = (
        select(_job.accepted >= _job.positions)
        .where(_job.id == JobForecastRecord.job_id)
        .scalar_subquery()
    )
    await session.execute(
        update(JobForecastRecord)
        .where(theirs)
        .values(filled=enough)
        .execution_options(synchronize_session=False)
    )
