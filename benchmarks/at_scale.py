"""What surrounds the search of a match, at each size: forecasts, the policy's step, a hundred jobs at once, churn."""

import asyncio
import datetime as dt
import itertools
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.skills import SKILLS
from app.core.geo import Point
from app.core.settings import DEVELOPMENT_SECRET
from app.core.week import Slot
from app.database.session import Database
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.identity.sessions import DatabaseSessions
from app.identity.tokens import Claims, TokenRing
from app.jobs import posting
from app.jobs.job_text import JobText
from app.jobs.queries import get_job
from app.matching.candidates import Shortlist
from app.matching.index import rebuild, reindex_workers
from app.matching.learning import people_with
from app.matching.load import job_facts
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.matching.publish import publish
from app.matching.rules import waves_rest
from app.matching.waves import offer_of
from app.offers.models import JobMatch
from app.policy import policy
from app.workers.models import Worker
from benchmarks.endpoints import served
from benchmarks.load import one_by_one
from benchmarks.measure import Times
from benchmarks.population import EMPLOYER_ID, JOB_ID, METRO, MONDAY, NOW

_CHANGED: Final = 10
"""One in so many profiles changes."""
_BATCH: Final = 1_000
_SLOTS: Final = ((4, 17 * 60, 21 * 60), (5, 17 * 60, 21 * 60))


async def count_people_with_skill(session: AsyncSession) -> int:
    """Count the people with one skill, as learning does for each that jobs ask for."""
    return (await session.execute(people_with(SKILLS["waiter"].bit))).scalar_one()


async def policy_step(session: AsyncSession, found: Shortlist, job_id: UUID = JOB_ID) -> int:
    """Choose whom of those found a wave asks, with everything that is read for it; return how many that are."""
    from app.matching.asking import AskingRules, Plan
    from app.matching.asking_facts import find_curves, need_of, pool_of, waiting_of

    session.expunge_all()
    job = await get_job(session, job_id)
    facts = await job_facts(session, job, NOW)
    in_force = await policy.current(session)
    quiet = waves_rest(job.time_zone, job.closes_at, NOW)
    curves = await find_curves(session)
    waiting = await waiting_of(session, job, NOW, quiet, curves)
    plan = Plan(need_of(job, job.positions, NOW, quiet), waiting, curves, AskingRules())
    pool = await pool_of(session, found.best, facts, NOW, curves)
    most = in_force.waves.offers_per_open_place * job.positions
    offers = [
        offer_of(
            pool.people[place],
            facts,
            in_force,
            answer_base=float(pool.columns.base[place]),
            asked_before=int(pool.columns.load[place]),
        )
        for place in plan.choose(pool.columns, most)
    ]
    return len(offers)


# ── Jobs at once ─────────────────────────────────────────────────────────────────────────────────


async def publish_at_once(database: Database, jobs: int) -> dict[str, Any]:
    """Publish so many jobs at once, each in a transaction of its own with its first wave."""
    text = JobText(
        title="Evening waiter",
        description="Serve dinner.",
        category="hospitality",
        location=Point(METRO.latitude, METRO.longitude),
        starts_on=MONDAY,
        slots=tuple(Slot(*slot) for slot in _SLOTS),
        positions=5,
        required_skills=("waiter",),
        preferred_skills=("bartender",),
        min_experience_years=1,
    )
    async with database.begin() as session:
        drafts = [await posting.create(session, EMPLOYER_ID, text, NOW) for _ in range(jobs)]
        ids = [job.id for job in drafts]
    actor = Actor(EMPLOYER_ID, Role.EMPLOYER, UserStatus.ACTIVE, "Meera")
    taken = Times()
    one_each = asyncio.Semaphore(8)  # as many as a process lets in at once

    async def one(job_id: UUID) -> None:
        async with one_each:
            started = time.perf_counter()
            async with database.begin() as session:
                await publish(session, actor, job_id, NOW, paced=False)
            taken.samples.append((time.perf_counter() - started) * 1_000)

    started = time.perf_counter()
    await asyncio.gather(*map(one, ids))
    seconds = time.perf_counter() - started
    async with database.read() as session:
        query = select(JobMatch.id).where(JobMatch.job_id.in_(ids))
        offers = len((await session.scalars(query)).all())
    each = taken.summary()
    return {"jobs": jobs, "offers": offers, "seconds": round(seconds, 2), "each": each}


# ── A whole request for a forecast ───────────────────────────────────────────────────────────────


async def forecast_requests(database: Database, url: str, times: int) -> dict[str, float | int]:
    """Time whole requests for a forecast of the job in the metro, one after the other, over HTTP."""
    now = dt.datetime.now(dt.UTC)
    async with database.begin() as session:
        issued = await DatabaseSessions().create(session, EMPLOYER_ID, 1, now)
    ring = TokenRing([DEVELOPMENT_SECRET], lifetime_seconds=3_600)
    token = ring.issue(Claims(EMPLOYER_ID, issued.session_id, Role.EMPLOYER, 1), now)
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": url,
        "BACKGROUND_LOOPS": "off",
        "SANDBOX": "off",
        "RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), environment, "app.main:app") as server,
    ):
        taken = await one_by_one(server, _forecasts(token, now), times)
    return Times(taken).summary()


def _forecasts(token: str, now: dt.datetime) -> Iterator[bytes]:
    body = json.dumps(
        {
            "title": "Evening waiter",
            "description": "Serve dinner.",
            "category": "hospitality",
            "location": {"latitude": METRO.latitude, "longitude": METRO.longitude},
            "starts_on": (now.date() + dt.timedelta(days=2)).isoformat(),
            "slots": [{"weekday": "friday", "start": "17:00", "end": "21:00"}],
            "positions": 5,
            "required_skills": ["waiter"],
            "min_experience_years": 1,
            "salary": {"amount": 15_000, "currency": "INR", "per": "hour"},
        }
    )
    head = (
        "POST /api/employers/jobs/forecast HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return itertools.repeat((head + body).encode())


# ── Profiles that change, and memory ─────────────────────────────────────────────────────────────


REBUILT_MOST: Final = 20_000
"""Workers who are filed anew where a rebuild is timed: beside as many others as there are."""


async def rebuild_some(database: Database, most: int) -> dict[str, int]:
    """Forget the rows of the first workers, file these anew, and tell how many a second; others stay as they are."""
    first = select(Worker.id).order_by(Worker.id).limit(most)
    async with database.begin() as session:
        last = (await session.scalars(first)).all()[-1]
        for model in (WorkerMatch, WorkerSkillMatch):
            await session.execute(delete(model).where(model.worker_id <= last))
    workers = corrected = 0
    started = time.perf_counter()
    async for progress in rebuild(database):
        workers, corrected = progress.checked, progress.corrected
        if workers >= most:
            break
    seconds = time.perf_counter() - started
    if corrected < min(most, workers):
        raise AssertionError(f"of {workers} workers only {corrected} were filed")
    async with database.read() as session:
        counts = [
            select(func.count()).select_from(model).where(model.worker_id <= last)
            for model in (WorkerMatch, WorkerSkillMatch)
        ]
        rows = sum([(await session.execute(count)).scalar_one() for count in counts])
    return {
        "workers": workers,
        "rows": rows,
        "workers_per_second": round(workers / seconds),
        "rows_per_second": round(rows / seconds),
    }


async def change_what_decides(database: Database) -> float:
    """Give one profile in ten another year of experience, a thousand a transaction; return workers a second."""
    async with database.read() as session:
        ids = (await session.scalars(select(Worker.id).order_by(Worker.id))).all()[::_CHANGED]
    started = time.perf_counter()
    for batch in itertools.batched(ids, _BATCH):
        async with database.begin() as session:
            more = update(Worker).where(Worker.id.in_(batch))
            await session.execute(more.values(experience_years=Worker.experience_years + 1))
            await reindex_workers(session, batch)
    return len(ids) / (time.perf_counter() - started)


async def memory_over(work: Callable[[], Awaitable[object]], times: int) -> dict[str, float | int]:
    """Return the memory of this process before and after so much work, in megabytes; a fifth of it warms up."""
    for _ in range(times // 5):
        await work()
    before = _resident_mb()
    for _ in range(times):
        await work()
    return {"times": times, "before_mb": before, "after_mb": _resident_mb()}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
