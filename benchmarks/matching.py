"""Matching: the application's way against the naive one and against other indexes."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.geo import keys_around
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.matching.candidates import Shortlist, find
from app.matching.index import rebuild
from app.matching.load import job_facts
from app.matching.refusals import Caps
from app.matching.rules import DEFAULT_WEIGHTS, MINIMUM_SHARE, Candidate, JobFacts
from app.matching.search import Best, best_near_and_able
from app.workers.models import Worker
from benchmarks import naive, rivals
from benchmarks.measure import interleaved
from benchmarks.population import NOW, populate, the_job
from tests.infra.postgres import postgres

WANTED = 10
"""Two for each of the job's five places."""


@dataclass
class Result:
    """What one database showed at one size."""

    database: str
    workers: int
    indexed_per_second: int
    survivors: int
    eligible: int
    times: dict[str, Any] = field(default_factory=dict)
    orm_over_ours: dict[str, float] = field(default_factory=dict)
    """Everybody looked at in Python, over our whole match."""
    after_unrelated_changes: float = 0.0
    """Our search after 10 % of the profiles changed something unrelated, over before."""
    ours_over_rival: dict[str, float] = field(default_factory=dict)
    """Our whole match through the application over each rival's rows by the bare driver."""

    def record(self) -> dict[str, Any]:
        """For the JSON."""
        return asdict(self)


async def run(kind: str, url: str, workers: int, *, rounds: int, against_naive: bool) -> Result:
    """Measure at one size on one database, which must have its tables and be empty."""
    populate(url, workers)
    database = Database(url, Keyring("benchmarks only, nothing real is sealed by it"))
    try:
        return await _measure(database, kind, url, workers, rounds, against_naive)
    finally:
        await database.close()


async def _measure(
    database: Database, kind: str, url: str, workers: int, rounds: int, against_naive: bool
) -> Result:
    started = time.perf_counter()
    async for _ in rebuild(database):
        pass
    per_second = round(workers / (time.perf_counter() - started))
    _tidy(url)
    async with database.read() as session:
        job = await job_facts(session, await the_job(session), NOW)
        survivors = (await _search(session, job)).found
        found = await _find(session, job)
        result = Result(kind, workers, per_second, survivors, found.eligible)
        works = {
            "search": lambda: _search(session, job),
            "match": lambda: _find(session, job),
        }
        often = {"search": 20, "match": 20}
        if against_naive:
            works["plain ORM"] = lambda: naive.plain(session, job, WANTED)
            works["lean ORM"] = lambda: naive.lean(session, job, WANTED)
            _agree(found, await naive.plain(session, job, WANTED))
            _agree(found, await naive.lean(session, job, WANTED))
        others = await rivals.prepare(url, job) if kind == "postgresql" else []
        for rival in others:
            if len(await rival.ask()) < found.eligible:
                raise AssertionError(f"{rival.name} finds fewer: nothing to compare")
            works[rival.name] = rival.ask
            often[rival.name] = 20
        times = await interleaved(works, rounds=rounds, repeats=often)
    result.times = {name: taken.summary() for name, taken in times.items()}
    if against_naive:
        result.orm_over_ours = {
            name: round(times[name].median / times["match"].median, 1)
            for name in ("plain ORM", "lean ORM")
        }
    for rival in others:
        ratio = times["match"].median / times[rival.name].median
        result.ours_over_rival[rival.name] = round(ratio, 3)
    if others:
        await others[0].connection.close()
    result.after_unrelated_changes = await _after_changes(database, job, rounds)
    return result


def _agree(found: Shortlist, theirs: list[Candidate]) -> None:
    if [c.worker.id for c in theirs] != [c.worker.id for c in found.best]:
        raise AssertionError("they give another answer than ours: nothing to compare")


async def _search(session: AsyncSession, job: JobFacts) -> Best:
    cells = keys_around(job.point, job.radius_km)
    return await best_near_and_able(session, job, cells, DEFAULT_WEIGHTS, MINIMUM_SHARE, 4 * 32)


async def _find(session: AsyncSession, job: JobFacts) -> Shortlist:
    return await find(
        session,
        job,
        WANTED,
        NOW,
        weights=DEFAULT_WEIGHTS,
        minimum_share=MINIMUM_SHARE,
        caps=Caps(50, 20),
    )


async def _after_changes(database: Database, job: JobFacts, rounds: int) -> float:
    """The search after 10 % of profiles changed, over before: measured right before and after."""

    async def search_ms() -> float:
        async with database.read() as session:
            times = await interleaved(
                {"search": lambda: _search(session, job)},
                rounds=1,
                repeats={"search": rounds * 20},
            )
        return times["search"].median

    before_ms = await search_ms()
    async with database.begin() as session:
        ids = (await session.scalars(select(Worker.id).order_by(Worker.id))).all()[::10]
        rows = [{"id": worker_id, "bio": "Something about me."} for worker_id in ids]
        await session.execute(update(Worker), rows)
    return round(await search_ms() / before_ms, 3)


def _tidy(url: str) -> None:
    """What autovacuum would have done by then."""
    engine = sync_engine_for(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if url.startswith("sqlite") else "VACUUM ANALYZE"))
    engine.dispose()


async def on(kind: str, folder: Path, workers: int, *, rounds: int, against_naive: bool) -> Result:
    """Measure at one size on "sqlite" or "postgresql", in a database made for it."""
    server = postgres()
    name = server.create()
    url = f"sqlite:///{folder / 'workers.db'}" if kind == "sqlite" else server.url(name)
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    try:
        return await run(kind, url, workers, rounds=rounds, against_naive=against_naive)
    finally:
        server.drop(name)
