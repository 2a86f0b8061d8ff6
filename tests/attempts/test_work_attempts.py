"""Due work of which one item can't be done: it is set back and parked, and its neighbours are done."""

import asyncio
import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.attempts import work as attempts
from app.attempts.models import WorkAttempt
from app.attempts.rules import MAX_ATTEMPTS, MAX_ATTEMPTS_OF_BAD_DATA, MAX_LOST
from app.attempts.work import Kind, Verb, Work, do_due
from app.database.session import Database
from app.identity.models import User, UserStatus
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching import waves
from app.offers import closing, expire, remind
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy.models import PolicyRow
from app.privacy import purge
from tests.infra.counted import alerts
from tests.infra.killed import die, in_a_process
from tests.support.database import database_of, offered
from tests.support.factories import NOW, NewWorker, add_employer, add_job, add_offer, add_workers

pytestmark = pytest.mark.usefixtures("quiet_log")

HOUR = dt.timedelta(hours=1)


class Loop:
    """A loop of the product on this database, by a clock that the test moves."""

    def __init__(self, database: Database, work: Work, verb: Verb, now: dt.datetime = NOW) -> None:
        self.database, self.work, self.verb, self.now = database, work, verb, now

    async def round(self, limit: int = 20) -> int:
        return await do_due(self.database, lambda: self.now, limit, self.work, self.verb)

    async def until(self, end: dt.datetime) -> None:
        """Let time pass, working whenever something is due again."""
        await self.round()
        while (due := await self._next()) is not None and due <= end:
            self.now = due
            await self.round()
        self.now = end

    async def _next(self) -> dt.datetime | None:
        rows = await self.rows()
        later = [row.due_at for row in rows if row.parked_at is None and row.due_at > self.now]
        return min(later, default=None)

    async def rows(self) -> list[WorkAttempt]:
        async with self.database.read() as session:
            return list(await session.scalars(select(WorkAttempt).order_by(WorkAttempt.due_at)))


def waves_of(database: Database) -> Loop:
    return Loop(database, waves.WAVES, waves.send_due)


async def jobs_and_workers(database: Database, jobs: int) -> list[UUID]:
    async with database.begin() as session:
        await add_workers(session, [NewWorker() for _ in range(4)])
        employers = [await add_employer(session) for _ in range(jobs)]
        return [await add_job(session, employer) for employer in employers]


async def change(database: Database, model: Any, row_id: UUID, **values: Any) -> None:
    async with database.begin() as session:
        await session.execute(update(model).where(model.id == row_id).values(**values))


async def asked(database: Database, job_id: UUID) -> int:
    async with database.read() as session:
        return len(await offered(session, job_id))


BROKEN_JOBS: dict[str, dict[str, Any]] = {
    "a skill that left the catalogue": {"required_skills": ["blacksmith of old"]},
    "a preferred skill that left it": {"preferred_skills": ["blacksmith of old"]},
    "a zone that tzdata lost": {"time_zone": "Asia/Atlantis"},
    "a zone that is none": {"time_zone": "../../etc/passwd"},
    "skills of another shape": {"required_skills": 5},
    "skills of no shape": {"required_skills": [["waiter"], 5]},
}


@pytest.mark.parametrize("how", BROKEN_JOBS)
async def test_one_job_that_can_not_be_matched_stops_the_waves_of_no_other(
    database: Database, how: str
) -> None:
    jobs = await jobs_and_workers(database, 3)
    await change(database, Job, jobs[1], **BROKEN_JOBS[how])
    before = alerts("wave_parked")
    loop = waves_of(database)
    assert await loop.round() == 3
    assert await asked(database, jobs[0]) > 0
    assert await asked(database, jobs[2]) > 0
    [row] = await loop.rows()
    assert (row.kind, row.subject_id, row.attempts, row.lease_until) == ("wave", jobs[1], 1, None)
    assert row.due_at > NOW
    assert await loop.round() == 0, "set back: not tried before its time"

    await loop.until(NOW + HOUR)
    row = next(row for row in await loop.rows() if row.subject_id == jobs[1])
    assert (row.attempts, row.parked_at is not None) == (MAX_ATTEMPTS_OF_BAD_DATA, True)
    assert row.error
    assert alerts("wave_parked") == before + 1

    # A new job is asked about at once, whatever is parked.
    async with database.begin() as session:
        new = await add_job(session, await add_employer(session))
    await loop.round()
    assert await asked(database, new) > 0


async def test_a_job_whose_coordinates_are_no_place_stops_nobody(database: Database) -> None:
    jobs = await jobs_and_workers(database, 2)
    for latitude in (math.inf, 1e300):
        await change(database, Job, jobs[0], latitude=latitude)
        await waves_of(database).round()
    assert await asked(database, jobs[1]) > 0


@pytest.mark.parametrize(
    "values", [{"matching": {"weights": {"distance": "NaN"}}}, {"waves": 7}, {"unknown": {}}]
)
async def test_a_policy_that_can_not_be_read_parks_waves_and_a_new_one_frees_them(
    database: Database, values: dict[str, Any]
) -> None:
    jobs = await jobs_and_workers(database, 2)
    async with database.begin() as session:
        session.add(PolicyRow(id=1, values=values, version=1, updated_at=NOW))
    loop = waves_of(database)
    assert await loop.round() == 2
    assert {row.attempts for row in await loop.rows()} == {1}
    async with database.begin() as session:
        await session.execute(update(PolicyRow).values(values={}))
    await loop.until(NOW + HOUR)
    assert [await asked(database, job_id) > 0 for job_id in jobs] == [True, True]
    assert await loop.rows() == []


async def test_what_failed_for_another_reason_is_tried_for_a_day(database: Database) -> None:
    [job_id] = await jobs_and_workers(database, 1)
    failing = True

    async def verb(session: Any, now: dt.datetime, limit: int, only: Sequence[UUID]) -> int:
        if failing:
            raise RuntimeError("not now")
        return await waves.send_due(session, now, limit, only)

    loop = Loop(database, waves.WAVES, verb)
    await loop.until(NOW + 12 * HOUR)
    [row] = await loop.rows()
    assert (row.parked_at, row.error) == (None, "RuntimeError")
    failing = False
    await loop.until(NOW + 20 * HOUR)
    assert await loop.rows() == []
    assert await asked(database, job_id) > 0


async def test_what_never_works_is_parked_after_a_day(database: Database) -> None:
    await jobs_and_workers(database, 1)

    async def verb(*_: Any) -> int:
        raise RuntimeError("never")

    loop = Loop(database, waves.WAVES, verb)
    await loop.until(NOW + 32 * HOUR)
    [row] = await loop.rows()
    assert row.attempts == MAX_ATTEMPTS
    assert row.parked_at is not None
    assert row.parked_at > NOW + 18 * HOUR


async def test_the_tries_are_counted_and_committed_before_the_work(database: Database) -> None:
    jobs = await jobs_and_workers(database, 3)
    counted: list[dict[UUID, int]] = []

    async def verb(session: Any, now: dt.datetime, limit: int, only: Sequence[UUID]) -> int:
        counted.append({row.subject_id: row.attempts for row in await loop.rows()})
        return await waves.send_due(session, now, limit, only)

    loop = Loop(database, waves.WAVES, verb)
    assert await loop.round() == 3
    assert counted == [dict.fromkeys(jobs, 1)]
    assert await loop.rows() == []


async def test_what_hangs_is_set_back_and_its_neighbours_are_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "TOGETHER_SECONDS", 2)
    monkeypatch.setattr(attempts, "ITEM_SECONDS", 2)
    jobs = await jobs_and_workers(database, 2)

    async def verb(session: Any, now: dt.datetime, limit: int, only: Sequence[UUID]) -> int:
        if jobs[0] in only:
            await asyncio.Event().wait()
        return await waves.send_due(session, now, limit, only)

    loop = Loop(database, waves.WAVES, verb)
    await loop.round()
    [row] = await loop.rows()
    assert (row.subject_id, row.error, row.lease_until) == (jobs[0], "TimeoutError", None)
    assert await asked(database, jobs[1]) > 0


def test_what_kills_its_reader_is_parked_and_takes_nobody_with_it(database_url: str) -> None:
    """Each try in a process of its own, which is killed while it sends the waves."""
    now, deadly = NOW, True
    before = alerts("wave_parked")

    def with_database(work: Callable[[Database], Any]) -> Any:
        async def run() -> Any:
            database = database_of(database_url)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    jobs = with_database(lambda database: jobs_and_workers(database, 4))

    async def verb(session: Any, at: dt.datetime, limit: int, only: Sequence[UUID]) -> int:
        done = await waves.send_due(session, at, limit, only)
        if jobs[1] in only and deadly:
            die()
        return done

    async def work() -> None:
        database = database_of(database_url)
        await Loop(database, waves.WAVES, verb, now).round()
        await database.close()

    async def look(database: Database) -> tuple[list[WorkAttempt], list[int]]:
        rows = await Loop(database, waves.WAVES, verb).rows()
        return rows, [await asked(database, job_id) for job_id in jobs]

    for number in range(MAX_LOST):
        assert in_a_process(work), number
        rows, _ = with_database(look)
        poison = next(row for row in rows if row.subject_id == jobs[1])
        assert (poison.attempts, poison.parked_at) == (number + 1, None)
        assert poison.lease_until is not None
        now = poison.lease_until
    deadly = False  # what is parked is tried no more, and would be done
    with_database(lambda database: Loop(database, waves.WAVES, verb, now).round())
    rows, offers = with_database(look)
    [poison] = [row for row in rows if row.parked_at is not None]
    assert (poison.subject_id, poison.lost) == (jobs[1], MAX_LOST)
    assert [count > 0 for count in offers] == [True, False, True, True]
    assert alerts("wave_parked") == before + 1


async def test_an_item_under_the_lease_of_another_process_is_left_to_it(database: Database) -> None:
    """Whoever looked before the lease was there comes as far as this, past the condition of `Work.free`."""
    [job_id] = await jobs_and_workers(database, 1)
    first, again = await attempts._begin(database, lambda: NOW, 20, waves.WAVES)
    assert (first, again) == ([job_id], [])

    async def takes(now: dt.datetime) -> bool:
        return await attempts._begin_again(database, lambda: now, waves.WAVES, job_id)

    assert not await takes(NOW + attempts.LEASE - dt.timedelta(seconds=1))
    assert await takes(NOW + attempts.LEASE)
    [row] = await waves_of(database).rows()
    assert (row.attempts, row.lost) == (2, 1)


async def test_a_round_that_ends_in_order_leaves_its_work_to_the_next_at_once(
    database: Database,
) -> None:
    [job_id] = await jobs_and_workers(database, 1)
    begun = asyncio.Event()

    async def hangs(*_: Any) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    ending = asyncio.create_task(Loop(database, waves.WAVES, hangs).round())
    await begun.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await waves_of(database).round()
    assert await asked(database, job_id) > 0


async def test_a_second_try_that_ends_in_order_is_neither_counted_nor_called_lost(
    database: Database,
) -> None:
    [job_id] = await jobs_and_workers(database, 1)
    begun = asyncio.Event()

    async def fails(*_: Any) -> int:
        raise RuntimeError

    async def hangs(*_: Any) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    loop = Loop(database, waves.WAVES, fails)
    await loop.round()
    [row] = await loop.rows()
    again = Loop(database, waves.WAVES, hangs, now=row.due_at)
    ending = asyncio.create_task(again.round())
    await begun.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    [row] = await loop.rows()
    assert (row.attempts, row.lost, row.lease_until) == (1, 0, None)
    await Loop(database, waves.WAVES, waves.send_due, now=again.now).round()
    assert await asked(database, job_id) > 0
    assert await loop.rows() == []


async def offers_of(database: Database, jobs: int) -> tuple[list[UUID], list[UUID]]:
    """Jobs, each with an open offer to a worker of its own."""

    async def make(session: Any) -> tuple[list[UUID], list[UUID]]:
        workers = await add_workers(session, [NewWorker() for _ in range(jobs)])
        made = [await add_job(session, await add_employer(session)) for _ in range(jobs)]
        pairs = zip(made, workers, strict=True)
        return made, [await add_offer(session, job_id, worker) for job_id, worker in pairs]

    async with database.begin() as session:
        return await make(session)


async def status_of(database: Database, model: Any, ids: Sequence[UUID]) -> list[str]:
    async with database.read() as session:
        rows = await session.execute(select(model.id, model.status).where(model.id.in_(ids)))
        found = {row.id: row.status for row in rows}
        return [found[row_id] for row_id in ids]


async def test_an_offer_of_a_job_in_an_unknown_state_keeps_no_other_from_expiring(
    database: Database,
) -> None:
    jobs, offers = await offers_of(database, 3)
    await change(database, Job, jobs[1], status="frozen")
    late = NOW + 5 * HOUR
    loop = Loop(database, expire.EXPIRIES, expire.expire_due, late)
    assert await loop.round() == 3
    assert await status_of(database, JobMatch, offers) == ["expired", "offered", "expired"]
    await loop.until(late + HOUR)
    [row] = await loop.rows()
    assert (row.kind, row.subject_id) == (Kind.OFFER_EXPIRY, offers[1])
    assert row.parked_at is not None


@pytest.mark.parametrize(
    "broken",
    [
        {"model": Job, "salary_amount": 100, "salary_currency": "INR", "salary_per": "moon"},
        {"model": User, "language": "tlh"},
        {"model": JobMatch, "why": [5]},
        {"model": JobMatch, "why": {"kind": "distance"}},
        {"model": Job, "time_zone": "Asia/Atlantis"},
    ],
    ids=str,
)
async def test_a_reminder_that_can_not_be_said_keeps_no_other_waiting(
    database: Database, broken: dict[str, Any]
) -> None:
    jobs, offers = await offers_of(database, 3)
    values = dict(broken)
    model = values.pop("model")
    async with database.begin() as session:
        await session.execute(update(JobMatch).values(remind_at=NOW + HOUR))
        worker = (await session.get_one(JobMatch, offers[1])).worker_id
    target = {Job: jobs[1], User: worker, JobMatch: offers[1]}[model]
    await change(database, model, target, **values)
    loop = Loop(database, remind.REMINDERS, remind.remind_due, NOW + 2 * HOUR)
    await loop.round()
    async with database.read() as session:
        query = select(JobMatch.reminded_at).where(JobMatch.id.in_([offers[0], offers[2]]))
        assert None not in list(await session.scalars(query))


async def test_a_job_whose_zone_is_lost_keeps_no_other_from_ending(database: Database) -> None:
    jobs = await jobs_and_workers(database, 4)
    await change(database, Job, jobs[1], time_zone="Asia/Atlantis")
    await change(database, Job, jobs[2], review_findings="no list")
    async with database.begin() as session:
        await session.execute(
            update(Job).values(closes_at=NOW - HOUR, ends_on=dt.date(2026, 11, 21))
        )
        await session.execute(update(Job).values(starts_on=dt.date(2026, 11, 14)))
    loop = Loop(database, closing.ENDS, closing.expire_jobs_due)
    await loop.round()
    found = await status_of(database, Job, jobs)
    assert (found[0], found[1], found[3]) == ("expired", JobStatus.PUBLISHED, "expired")
    assert [row.subject_id for row in await loop.rows()] == [jobs[1]]


async def test_jobs_that_end_later_after_all_keep_no_other_from_ending(database: Database) -> None:
    """Their zone's clock was legislated anew: they go to the end of the queue, by the new one."""
    jobs = await jobs_and_workers(database, 3)
    async with database.begin() as session:
        await session.execute(update(Job).values(closes_at=NOW - HOUR))
        over = update(Job).where(Job.id == jobs[2])
        week = {"starts_on": dt.date(2026, 11, 14), "ends_on": dt.date(2026, 11, 21)}
        await session.execute(over.values(closes_at=NOW, **week))
    loop = Loop(database, closing.ENDS, closing.expire_jobs_due)
    for _ in range(3):
        await loop.round(limit=1)
    assert await status_of(database, Job, jobs) == ["published", "published", "expired"]
    assert await loop.rows() == []


async def test_a_worker_who_can_not_be_erased_keeps_no_other_from_it(database: Database) -> None:
    async with database.begin() as session:
        workers = await add_workers(
            session, [NewWorker(status=UserStatus.PENDING) for _ in range(3)]
        )
        job_id = await add_job(session, await add_employer(session))
        await add_offer(session, job_id, workers[1], OfferStatus.OFFERED)
        await session.execute(update(Job).values(status="frozen"))
    late = NOW + purge.UNPROVEN_KEPT + HOUR
    # Still open: its deadline lies ahead.
    async with database.begin() as session:
        await session.execute(update(JobMatch).values(respond_by=late + HOUR))
    loop = Loop(database, purge.ERASURES, purge.purge_unproven, late)
    assert await loop.round() == 3
    assert await status_of(database, User, workers) == ["erased", "pending", "erased"]
    [row] = await loop.rows()
    assert (row.kind, row.subject_id) == (Kind.ERASURE, workers[1])
