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
from app.database.statements import (
    NewRows,
    if_absent,
    is_postgresql,
    table,
    write_together,
)
from app.jobs.matchable import JobNotMatchable, require_matchable
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching.forecast_job import HORIZON, chances_at_publication
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
_TOGETHER: Final = 5
"""Jobs forecast in one transaction: a tenth of a second where a million people are counted."""
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

    A few jobs share a transaction, which is short because on SQLite nobody else writes meanwhile. One that fails is
    tried again later, and keeps no other waiting.
    """
    published = 0
    while published < _AT_ONCE and (
        done := await do_due(database, clock, _TOGETHER, FORECASTS, _forecast)
    ):
        published += done
    async with database.read() as session:
        ended = await _ended(session, clock())
    if ended:
        async with database.begin() as session:
            await _note_outcomes(session, ended)
    return published + len(ended)


async def _forecast(
    session: AsyncSession, now: dt.datetime, _limit: int, only: Sequence[UUID]
) -> int:
    sound = []
    for job in await session.scalars(select(Job).where(Job.id.in_(only)).order_by(Job.id)):
        if job.published_at is None:
            continue
        try:
            require_matchable(job)
        except JobNotMatchable:
            # It may be mended while its publication is still near enough to be forecast.
            await put_off(session, FORECASTS, job.id, now, now + NOT_MATCHABLE)
            continue
        sound.append((job, job.published_at))
    chances = await chances_at_publication(session, sound)
    if sound:
        rows = [
            {"job_id": job.id, "published_at": at, "chance": chances[job.id]} for job, at in sound
        ]
        insert = if_absent(JobForecastRecord, postgresql=is_postgresql(session))
        await write_together(session, NewRows(insert, rows))
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
