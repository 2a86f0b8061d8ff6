"""What a process of an older version left wrong while both ran is found by skill again without anybody's doing."""

from uuid import UUID

import pytest
from sqlalchemy import delete, update

from app import background
from app.core.geo import SKILL_SHIFT
from app.database.session import Database
from app.identity.models import User, UserStatus
from app.matching.index import reindex_workers
from app.matching.models import WorkerMatch, WorkerSkillMatch
from app.matching.stale_filing import find_stale, refile_stale
from tests.matching.test_matching_index import one_worker, row_of, skills_of
from tests.support.factories import BANDRA, NewWorker, add_workers

pytestmark = pytest.mark.both_databases  # the index is written by other statements on each
HERE = WorkerMatch.worker_id
FILED = WorkerSkillMatch.worker_id


async def crowd(database: Database, count: int) -> list[UUID]:
    async with database.begin() as session:
        return list(await add_workers(session, [NewWorker(point=BANDRA) for _ in range(count)]))


async def stale(database: Database) -> list[UUID]:
    async with database.read() as session:
        found, after = await find_stale(session)
    assert after is None
    return list(found)


async def test_where_all_is_right_nobody_is_found(database: Database) -> None:
    await crowd(database, 5)
    assert await stale(database) == []
    assert await refile_stale(database) == 0


OLDER = {
    "a newcomer without rows of skills": lambda one: delete(WorkerSkillMatch).where(one == FILED),
    "more years": lambda one: update(WorkerMatch).where(one == HERE).values(experience=7),
    "another place": lambda one: update(WorkerMatch).where(one == HERE).values(latitude=19.1),
    "other cell": lambda one: (
        update(WorkerMatch).where(one == HERE).values(geo_key=WorkerMatch.geo_key + 1)
    ),
    "fewer skills": lambda one: update(WorkerMatch).where(one == HERE).values(skills_0=0),
    "other hours": lambda one: update(WorkerMatch).where(one == HERE).values(d0=1),
    "another zone": lambda one: (
        update(WorkerMatch).where(one == HERE).values(time_zone="Asia/Dubai")
    ),
    "nobody to be asked": lambda one: update(WorkerMatch).where(one == HERE).values(active=False),
    "no row at all": lambda one: delete(WorkerMatch).where(one == HERE),
}


@pytest.mark.parametrize("what", OLDER)
async def test_what_only_one_table_knows_is_found_and_set_right(
    database: Database, what: str
) -> None:
    people = await crowd(database, 3)
    before = [await row_of(database, people[1]), await skills_of(database, people[1])]
    async with database.begin() as session:
        await session.execute(OLDER[what](people[1]))
    assert await stale(database) == [people[1]]
    assert await refile_stale(database, at_once=2) == 1
    assert await stale(database) == []
    after = [await row_of(database, people[1]), await skills_of(database, people[1])]
    assert after[1] == before[1]
    assert after[0].geo_key == before[0].geo_key


async def test_who_may_not_be_asked_has_no_rows_and_is_not_found(database: Database) -> None:
    one = await one_worker(database, point=BANDRA)
    async with database.begin() as session:
        await session.execute(
            update(User).where(User.id == one).values(status=UserStatus.SUSPENDED)
        )
        await reindex_workers(session, [one])
    assert await stale(database) == []
    async with database.begin() as session:  # as a version left it that knows no such rows
        row = (await row_of(database, one)).__dict__
        shared = {c.key: row[c.key] for c in WorkerSkillMatch.__table__.c if c.key in row}
        filed = WorkerSkillMatch(**shared, skill_key=(1 << SKILL_SHIFT) | row["geo_key"])
        session.add(filed)
    assert await stale(database) == [one]
    assert await refile_stale(database) == 1
    assert (await skills_of(database, one))[0] == set()


async def test_a_lap_goes_in_steps(database: Database) -> None:
    people = sorted(await crowd(database, 7))
    async with database.begin() as session:
        await session.execute(delete(WorkerSkillMatch))
    async with database.read() as session:
        first, after = await find_stale(session, None, 4)
        rest, end = await find_stale(session, after, 4)
    assert (list(first), after, list(rest), end) == (people[:4], people[3], people[4:], None)
    assert await refile_stale(database, at_once=3) == 7


def test_the_loop_runs_in_every_process() -> None:
    [loop] = [each for each in background.LOOPS if each.name == "refile"]
    assert loop.poll_seconds <= 600
