"""Matching: the application's way against the naive one and against other indexes."""

from dataclasses import asdict, dataclass, field, replace
from itertools import batched
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.geo import keys_around
from app.core.settings import DEVELOPMENT_SECRET
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.matching.candidates import Shortlist, find
from app.matching.load import job_facts
from app.matching.refusals import Caps
from app.matching.rules import DEFAULT_WEIGHTS, MINIMUM_SHARE, Candidate, JobFacts
from app.matching.search import Best, best_near_and_able
from app.workers.models import Worker
from benchmarks import at_scale, naive, rivals
from benchmarks.measure import Work, interleaved
from benchmarks.population import NOW, TOWN_JOB_ID, World, populate, the_job
from tests.infra.postgres import postgres

_TOWN = ", small town"
WANTED = 10
"""Two for each of the job's five places."""


@dataclass
class Result:
    """What one database showed at one size."""

    database: str
    world: World
    workers: int
    rebuilt: dict[str, Any] = field(default_factory=dict)
    """Workers whose rows were filed anew, and how many workers and rows a second."""
    survivors: int = 0
    eligible: int = 0
    times: dict[str, Any] = field(default_factory=dict)
    orm_over_ours: dict[str, float] = field(default_factory=dict)
    """Everybody looked at in Python, over our whole match."""
    after_unrelated_changes: float = 0.0
    """Our search after 10 % of the profiles changed something unrelated, over before."""
    after_deciding_changes: dict[str, float] = field(default_factory=dict)
    """Our search after 10 % of them changed what decides a match, over before: at once, and tidied up."""
    ours_over_rival: dict[str, float] = field(default_factory=dict)
    """Our whole match through the application over each rival's rows by the bare driver."""
    forecast_request: dict[str, Any] = field(default_factory=dict)
    """Whole requests over HTTP, one after the other."""
    published_at_once: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    """Of this process, over matches."""

    def record(self) -> dict[str, Any]:
        """For the JSON."""
        return asdict(self)


async def run(
    kind: str,
    url: str,
    workers: int,
    *,
    rounds: int,
    against_naive: bool,
    world: World,
    jobs_at_once: int,
    is_loaded: bool = False,
    postgis_url: str | None = None,
) -> Result:
    """Measure at one size on one database, which must have its tables and be empty.

    With `is_loaded` it holds everybody, filed, and the rivals (`kept_worlds`): then only some are filed anew.
    """
    database = Database(url, Keyring(DEVELOPMENT_SECRET))
    result = Result(kind, world, workers)
    try:
        if not is_loaded:
            populate(url, workers, world)
        result.rebuilt = await at_scale.rebuild_some(database, at_scale.REBUILT_MOST)
        _tidy(url)
        if not is_loaded:
            await rivals.build(url)
        others = await rivals.Rivals.on(url, postgis_url)
        await _measure(database, others, result, rounds, against_naive=against_naive)
        await others.close()
        await _change(database, url, result, rounds * 20)
        result.forecast_request = await at_scale.forecast_requests(database, url, 30 * rounds)
        result.published_at_once = await at_scale.publish_at_once(database, jobs_at_once)
    finally:
        await database.close()
    return result


async def _measure(
    database: Database,
    others: rivals.Rivals,
    result: Result,
    rounds: int,
    *,
    against_naive: bool,
) -> None:
    async with database.read() as session:
        job = await job_facts(session, await the_job(session), NOW)
        in_town = await job_facts(session, await the_job(session, TOWN_JOB_ID), NOW)
        found = await _find(session, job)
        result.survivors, result.eligible = (await _search(session, job)).found, found.eligible
        anybody = replace(job, required_skills=frozenset())
        works: dict[str, Work] = {
            "match, no required skill": lambda: _find(session, anybody),
            "search": lambda: _search(session, job),
            "match": lambda: _find(session, job),
            f"match{_TOWN}": lambda: _find(session, in_town),
            "policy step": lambda: at_scale.policy_step(session, found),
            "people with a skill": lambda: at_scale.count_people_with_skill(session),
        }
        compared = {}
        for place, there in (("", job), (_TOWN, in_town)):
            least = (await _find(session, there)).eligible
            for rival in await others.of(there):
                if len(await rival.ask()) < least:
                    raise AssertionError(f"{rival.name} finds fewer: nothing to compare")
                compared[f"{rival.name}{place}"] = f"match{place}"
                works[f"{rival.name}{place}"] = rival.ask
        often = dict.fromkeys(works, 20)
        if against_naive:
            works["plain ORM"] = lambda: naive.plain(session, job, WANTED)
            works["lean ORM"] = lambda: naive.lean(session, job, WANTED)
            _agree(found, await naive.plain(session, job, WANTED))
            _agree(found, await naive.lean(session, job, WANTED))
        times = await interleaved(works, rounds=rounds, repeats=often)
        result.memory = await at_scale.memory_over(lambda: _find(session, job), 100 * rounds)
    result.times = {name: taken.summary() for name, taken in times.items()}
    if against_naive:
        result.orm_over_ours = {
            name: round(times[name].median / times["match"].median, 1)
            for name in ("plain ORM", "lean ORM")
        }
    result.ours_over_rival = {
        name: round(times[ours].median / times[name].median, 3) for name, ours in compared.items()
    }


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


async def _change(database: Database, url: str, result: Result, times: int) -> None:
    """Change 10 % of the profiles in two ways; each search is measured right before and after."""
    async with database.read() as session:
        job = await job_facts(session, await the_job(session), NOW)

    async def search_ms() -> float:
        async with database.read() as session:
            work: dict[str, Work] = {"search": lambda: _search(session, job)}
            taken = await interleaved(work, rounds=1, repeats={"search": times})
        return taken["search"].median

    before_ms = await search_ms()
    async with database.begin() as session:
        ids = (await session.scalars(select(Worker.id).order_by(Worker.id))).all()[::10]
        for some in batched(ids, 1_000):
            told = update(Worker).where(Worker.id.in_(some)).values(bio="Something about me.")
            await session.execute(told)
    result.after_unrelated_changes = round(await search_ms() / before_ms, 3)
    before_ms = await search_ms()
    per_second = await at_scale.change_what_decides(database)
    at_once = await search_ms() / before_ms
    _tidy(url)
    tidied = await search_ms() / before_ms
    result.after_deciding_changes = {
        "at_once": round(at_once, 3),
        "tidied": round(tidied, 3),
        "changed_per_second": round(per_second),
    }


def _tidy(url: str) -> None:
    """What autovacuum would have done by then."""
    engine = sync_engine_for(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if url.startswith("sqlite") else "VACUUM ANALYZE"))
    engine.dispose()


async def on(
    kind: str,
    folder: Path,
    workers: int,
    *,
    rounds: int,
    against_naive: bool,
    world: World = "crowded",
    jobs_at_once: int = 100,
) -> Result:
    """Measure at one size on "sqlite" or "postgresql", in a database made for it."""
    server = postgres()
    name = server.create()
    url = f"sqlite:///{folder / 'workers.db'}" if kind == "sqlite" else server.url(name)
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    try:
        return await run(
            kind,
            url,
            workers,
            rounds=rounds,
            against_naive=against_naive,
            world=world,
            jobs_at_once=jobs_at_once,
        )
    finally:
        server.drop(name)
