import asyncio
import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update

from app.catalogue.skills import SKILLS
from app.core.geo import SKILL_SHIFT, key_for_worker
from app.core.ids import new_id
from app.core.week import bits
from app.database.session import changed
from app.identity.models import User, UserStatus
from app.matching.index import RebuildProgress, rebuild, reindex_workers
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.workers.models import Worker, WorkerAvailability
from tests.conftest import Command
from tests.support.app_harness import World
from tests.support.database import database_of
from tests.support.factories import BANDRA, EVENINGS, NOW, NewWorker, add_workers

pytestmark = pytest.mark.both_databases  # the index is written by other statements on each

SHARED = [
    column.key
    for column in WorkerSkillMatch.__table__.c
    if column.key not in ("worker_id", "skill_key")
]


async def row_of(database, worker_id):
    async with database.read() as session:
        query = select(WorkerMatch).where(WorkerMatch.worker_id == worker_id)
        return await session.scalar(query)


async def skills_of(database, worker_id):
    """Return what is filed by skill: the slugs, and the row's other values, which are the same in each."""
    async with database.read() as session:
        query = select(WorkerSkillMatch.__table__).where(WorkerSkillMatch.worker_id == worker_id)
        rows = (await session.execute(query)).all()
    bits_of = {row.skill_key >> SKILL_SHIFT: row for row in rows}
    slugs = {slug for slug, skill in SKILLS.items() if skill.bit + 1 in bits_of}
    assert len(slugs) == len(rows)
    others = {(row.skill_key & (1 << SKILL_SHIFT) - 1, *row[2:]) for row in rows}
    return slugs, others


async def one_worker(database, **facts):
    async with database.begin() as session:
        [worker_id] = await add_workers(session, [NewWorker(**facts)])
    return worker_id


async def test_a_row_says_where_when_and_what_of_a_worker(database):
    worker_id = await one_worker(database, point=BANDRA, max_km=7.5, years=3)
    row = await row_of(database, worker_id)
    assert row.geo_key == key_for_worker(BANDRA, 7.5)
    assert (row.latitude, row.longitude, row.max_km) == (BANDRA.latitude, BANDRA.longitude, 7.5)
    assert (row.d0, row.d1, row.d2, row.d3, row.d4, row.d5, row.d6) == bits(EVENINGS)
    assert (row.active, row.experience, row.time_zone) == (True, 3, "Asia/Kolkata")


async def test_every_skill_has_a_row_that_says_the_same(database):
    skills = ("cook", "waiter", max(SKILLS, key=lambda slug: SKILLS[slug].bit))
    worker_id = await one_worker(database, point=BANDRA, max_km=7.5, years=3, skills=skills)
    slugs, others = await skills_of(database, worker_id)
    row = await row_of(database, worker_id)
    assert slugs == set(skills)
    assert others == {(row.geo_key, *(getattr(row, name) for name in SHARED))}


async def test_a_change_of_skills_files_anew_and_who_stops_is_not_filed(database):
    worker_id = await one_worker(database, point=BANDRA, skills=("cook", "waiter"))

    async def change(**values):
        async with database.begin() as session:
            await session.execute(update(Worker).where(Worker.id == worker_id).values(values))
            changed(session, "worker", worker_id)

    await change(skills=["cook", "barista"], max_distance_km=40)
    slugs, others = await skills_of(database, worker_id)
    assert slugs == {"cook", "barista"}
    assert {key for key, *_ in others} == {key_for_worker(BANDRA, 40)}
    await change(stopped_at=NOW)
    assert await skills_of(database, worker_id) == (set(), set())
    await change(stopped_at=None)
    assert (await skills_of(database, worker_id))[0] == {"cook", "barista"}
    await change(latitude=None, longitude=None)
    assert await skills_of(database, worker_id) == (set(), set())


async def test_rows_of_skills_gone_wrong_are_made_right(database):
    """An older version writes a worker's own row, and none by skill."""
    worker_id = await one_worker(database, point=BANDRA, skills=("cook", "waiter"))
    other_id = await one_worker(database, point=BANDRA, skills=("cook",))
    right = await skills_of(database, worker_id)
    for wrong in (
        delete(WorkerSkillMatch).where(WorkerSkillMatch.worker_id == worker_id),
        update(WorkerSkillMatch).where(WorkerSkillMatch.worker_id == worker_id).values(max_km=3.0),
    ):
        async with database.begin() as session:
            await session.execute(wrong)
        [progress] = [step async for step in rebuild(database)]
        assert progress == RebuildProgress(checked=2, corrected=1, total=2)
        assert await skills_of(database, worker_id) == right
    assert (await skills_of(database, other_id))[0] == {"cook"}


@pytest.mark.parametrize(
    "facts",
    [{"slots": ()}, {"stopped": True}, {"status": UserStatus.PENDING}]
    + [{"status": status} for status in (UserStatus.SUSPENDED, UserStatus.ERASED)],
)
async def test_who_cannot_be_asked_is_not_active(database, facts):
    worker_id = await one_worker(database, **facts)
    assert (await row_of(database, worker_id)).active is False
    assert await skills_of(database, worker_id) == (set(), set())


async def test_who_lives_nowhere_has_no_row_until_they_say_where(database):
    worker_id = await one_worker(database, point=None)
    assert await row_of(database, worker_id) is None
    async with database.begin() as session:
        where = {"latitude": 19.0, "longitude": 72.8}
        await session.execute(update(Worker).where(Worker.id == worker_id).values(where))
        changed(session, "worker", worker_id)
    assert (await row_of(database, worker_id)).active
    async with database.begin() as session:
        nowhere = {"latitude": None, "longitude": None}
        await session.execute(update(Worker).where(Worker.id == worker_id).values(nowhere))
        changed(session, "worker", worker_id)
    assert await row_of(database, worker_id) is None


async def test_every_change_that_decides_a_match_reaches_the_row(database):
    worker_id = await one_worker(database)
    async with database.begin() as session:
        await session.execute(
            update(Worker)
            .where(Worker.id == worker_id)
            .values(max_distance_km=40.0, experience_years=9, skills=["cook"], time_zone="UTC")
        )
        await session.execute(delete(WorkerAvailability))
        await session.execute(
            update(User).where(User.id == worker_id).values(status=UserStatus.SUSPENDED)
        )
        changed(session, "worker", worker_id)
    row = await row_of(database, worker_id)
    assert (row.max_km, row.experience, row.time_zone, row.active) == (40.0, 9, "UTC", False)
    assert row.geo_key >> 48 == 10
    assert row.d4 == 0


async def test_a_change_that_decides_nothing_writes_nothing(database):
    worker_id = await one_worker(database)
    async with database.begin() as session:
        await session.execute(update(Worker).where(Worker.id == worker_id).values(bio="Hello"))
        assert await reindex_workers(session, {worker_id}) == 0
    async with database.begin() as session:
        await session.execute(
            update(Worker).where(Worker.id == worker_id).values(experience_years=8)
        )
        assert await reindex_workers(session, {worker_id}) == 1


async def test_of_two_changes_at_once_neither_is_lost(database):
    worker_id = await one_worker(database, slots=())

    async def add_slot(weekday):
        async with database.begin() as session:
            slot = {"id": new_id(), "worker_id": worker_id, "weekday": weekday}
            times = {"starts": dt.time(17), "ends": dt.time(22)}
            await session.execute(insert(WorkerAvailability), slot | times)
            changed(session, "worker", worker_id)

    await asyncio.gather(*(add_slot(weekday) for weekday in range(7)))
    row = await row_of(database, worker_id)
    assert (row.d0, row.d1, row.d2, row.d3, row.d4, row.d5, row.d6) == bits(EVENINGS)


async def test_a_table_gone_wrong_is_made_right(database):
    async with database.begin() as session:
        ids = await add_workers(session, [NewWorker() for _ in range(5)])
    async with database.begin() as session:
        await session.execute(delete(WorkerMatch).where(WorkerMatch.worker_id == ids[0]))
        await session.execute(
            update(WorkerMatch).where(WorkerMatch.worker_id == ids[1]).values(max_km=1.0)
        )
        await session.execute(
            update(Worker).where(Worker.id == ids[2]).values(latitude=None, longitude=None)
        )
    assert [step async for step in rebuild(database)] == [RebuildProgress(5, 3, 5)]
    assert [step async for step in rebuild(database)] == [RebuildProgress(5, 0, 5)]
    assert await row_of(database, ids[2]) is None
    assert (await row_of(database, ids[0])).active


async def test_a_rebuild_goes_in_steps_and_others_write_between_them(database):
    async with database.begin() as session:
        ids = await add_workers(session, [NewWorker() for _ in range(5)])
    async with database.begin() as session:
        await session.execute(update(WorkerMatch).values(max_km=1.0))
    steps = []
    async for step in rebuild(database, batch=2):
        steps.append((step.checked, step.corrected))
        async with database.begin() as session:  # a lock of the step's would be waited for
            await session.execute(update(Worker).values(max_distance_km=10.0 + len(steps)))
            changed(session, "worker", ids[0])
    assert steps == [(2, 2), (4, 4), (5, 5)]
    assert [(await row_of(database, id_)).max_km for id_ in ids] == [13.0, 10.0, 11.0, 11.0, 12.0]


async def test_an_empty_database_is_rebuilt_in_no_step(database):
    assert [step async for step in rebuild(database)] == []


async def test_the_command_corrects_the_index_of_a_live_database(
    world: World, command: Command
) -> None:
    worker = world.worker()
    database = database_of(world.database_url)
    try:
        async with database.begin() as session:
            await session.execute(delete(WorkerMatch))
        first = await asyncio.to_thread(command, "reindex", DATABASE_URL=world.database_url)
        again = await asyncio.to_thread(command, "reindex", DATABASE_URL=world.database_url)
        assert (await row_of(database, UUID(worker.id))) is not None
    finally:
        await database.close()
    assert (first.code, again.code) == (0, 0)
    assert "1 of 1 workers checked, 1 rows corrected" in first.out
    assert "1 of 1 workers checked, 0 rows corrected" in again.out
