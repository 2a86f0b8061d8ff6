"""Learn now and then how people answer offers, from the newest of those that ended."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import SKILLS
from app.core.geo import skill_keys
from app.database.session import Database
from app.database.statements import insert_of, is_postgresql
from app.jobs.models import Job
from app.matching.models import ResponseCurves, WorkerSkillMatch
from app.matching.withdrawals import KEY, withdrawal_share
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO, QuietPeriod, quiet_until, waking_time
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus

if TYPE_CHECKING:
    from app.matching.response import Outcomes

LEARN_EVERY: Final = dt.timedelta(hours=6)
NEWEST: Final = 10_000
"""Offers from which is learned: enough for every figure, and read in a fraction of a second."""
LEAST: Final = 20
"""With fewer nothing is learned that is not believed anyway."""
WANTED_WITHIN: Final = dt.timedelta(days=28)
"""Skills that no job asked for in this time keep nobody free for it."""
_ONLY_ROW: Final = 1
_ENDED: Final = (
    select(
        JobMatch.worker_id,
        JobMatch.status,
        JobMatch.answer_base,
        JobMatch.asked_before,
        JobMatch.distance_km,
        JobMatch.offered_at,
        JobMatch.responded_at,
        JobMatch.respond_by,
        JobMatch.updated_at,
        Job.time_zone,
    )
    .join(Job, Job.id == JobMatch.job_id)
    .where(
        JobMatch.status != OfferStatus.OFFERED,
        JobMatch.answer_base.is_not(None),
        JobMatch.undelivered.is_(False),
    )
    .order_by(JobMatch.id.desc())
    .limit(NEWEST)
)
_ANSWERED: Final = frozenset({OfferStatus.ACCEPTED, OfferStatus.REJECTED, OfferStatus.WITHDRAWN})

type _Ended = Row[*tuple[Any, ...]]


async def learn_due(database: Database, now: dt.datetime) -> int:
    """Learn anew if that was long ago; return from how many offers, 0 if it is not due.

    The arithmetic runs beside the event loop, and no transaction is open meanwhile.
    """
    async with database.read() as session:
        if not await _is_due(session, now):
            return 0
        rows = (await session.execute(_ENDED)).all()
    if len(rows) < LEAST:
        return 0
    values = await asyncio.to_thread(_learned_from, rows, now)
    values["people_with"] = await _people_with(database, now)
    async with database.begin() as session:
        await _store(session, values, now)
    return len(rows)


async def _is_due(session: AsyncSession, now: dt.datetime) -> bool:
    learned_at = await session.scalar(
        select(ResponseCurves.learned_at).where(ResponseCurves.id == _ONLY_ROW)
    )
    if learned_at is None:
        ended = select(func.count()).select_from(_ENDED.limit(LEAST).subquery())
        return ((await session.execute(ended)).scalar_one()) >= LEAST
    # A clock that ran ahead must not keep it from learning for as long as it ran ahead.
    return abs(now - learned_at) >= LEARN_EVERY


async def _people_with(database: Database, now: dt.datetime) -> dict[str, int]:
    """Return how many who can be asked have each skill that jobs published lately required.

    Each skill is counted by itself, in a transaction of its own: a million workers have several million rows, and one
    statement over all of them would run into the time limit of statements and hold up the vacuum.
    """
    asked = select(Job.required_skills).where(Job.published_at > now - WANTED_WITHIN)
    newest = asked.order_by(Job.published_at.desc()).limit(NEWEST)
    async with database.read() as session:
        lists: Sequence[Any] = (await session.scalars(newest)).all()
    # One job whose skills are of another shape must not keep us from learning (`jobs.matchable`).
    wanted = {str(slug) for each in lists if isinstance(each, list) for slug in each}
    counts = {}
    for slug in sorted(wanted & SKILLS.keys()):
        async with database.read() as session:
            counts[slug] = (await session.execute(people_with(SKILLS[slug].bit))).scalar_one()
    return counts


def people_with(bit: int) -> Select[int]:
    """Return the statement that counts who can be asked and has a skill, from the index by skill alone."""
    first, after = skill_keys(bit, [0]) + skill_keys(bit + 1, [0])
    key = WorkerSkillMatch.skill_key
    return select(func.count()).where(key >= first, key < after)


def _learned_from(rows: Sequence[_Ended], now: dt.datetime) -> dict[str, Any]:
    import numpy as np

    from app.matching.response import fit_curves, weight_of

    outcomes = outcomes_of(rows, now)
    weight = weight_of(outcomes)
    withdrawn = np.array([row.status == OfferStatus.WITHDRAWN for row in rows])
    share = withdrawal_share(
        float(weight[outcomes.accepted & ~withdrawn].sum()), float(weight[withdrawn].sum())
    )
    return fit_curves(outcomes).as_json() | {KEY: share}


def outcomes_of(rows: Sequence[_Ended], now: dt.datetime) -> "Outcomes":
    """Return ended offers as columns; times are in minutes in which people near the job are awake."""
    import numpy as np

    from app.matching.asking_facts import hour_of_week
    from app.matching.response import Outcomes

    workers: dict[Any, int] = {}
    hours, minutes = [], []
    for row in rows:
        quiet = QuietPeriod(QUIET_FROM, QUIET_TO, row.time_zone)
        read_at = quiet_until(quiet, row.offered_at) or row.offered_at
        ended_at = row.responded_at or min(row.updated_at, row.respond_by)
        hours.append(hour_of_week(read_at, row.time_zone))
        minutes.append(waking_time(quiet, read_at, ended_at) / dt.timedelta(minutes=1))
    status = [OfferStatus(row.status) for row in rows]
    return Outcomes(
        worker=np.array([workers.setdefault(row.worker_id, len(workers)) for row in rows]),
        base=np.array([row.answer_base for row in rows], dtype=np.float64),
        load=np.array([row.asked_before or 0 for row in rows], dtype=np.int64),
        hour=np.array(hours, dtype=np.int64),
        km=np.array([row.distance_km for row in rows], dtype=np.float64),
        answered=np.array([each in _ANSWERED for each in status]),
        accepted=np.array(
            [each in {OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN} for each in status]
        ),
        minutes=np.array(minutes, dtype=np.float64),
        expired=np.array([each is OfferStatus.EXPIRED for each in status]),
        age_days=np.array([(now - row.offered_at) / dt.timedelta(days=1) for row in rows]),
    )


async def _store(session: AsyncSession, values: dict[str, Any], now: dt.datetime) -> None:
    row = {"id": _ONLY_ROW, "values": values, "learned_at": now}
    statement = insert_of(ResponseCurves, postgresql=is_postgresql(session)).values(row)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ResponseCurves.id], set_={"values": values, "learned_at": now}
        )
    )
