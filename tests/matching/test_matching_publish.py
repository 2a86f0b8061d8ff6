import datetime as dt

import pytest
from sqlalchemy import select

from app.audit.models import AdminActionLog
from app.core.errors import Invalid, NotFound
from app.identity.actor import AccountRestricted, Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job
from app.jobs.rules import JobNotDraft, JobStatus
from app.matching.publish import publish
from tests.support.database import offered
from tests.support.factories import (
    BANDRA,
    MONDAY,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    km_north,
)


def actor(employer_id, status=UserStatus.ACTIVE):
    return Actor(employer_id, Role.EMPLOYER, status, "Meera")


async def draft(database, **wishes):
    async with database.begin() as session:
        people = [NewWorker(point=km_north(BANDRA, 1 + i)) for i in range(4)]
        ids = await add_workers(session, people)
        employer_id = await add_employer(session)
        job_id = await add_job(
            session, employer_id, status=JobStatus.DRAFT, closes_at=None, **wishes
        )
    return ids, employer_id, job_id


async def test_publishing_asks_the_best_at_once_and_is_on_record(database):
    ids, employer_id, job_id = await draft(database)
    async with database.begin() as session:
        job = await publish(session, actor(employer_id), job_id, NOW)
    assert (job.status, job.wave, job.accept_limit) == ("published", 1, 2)
    assert job.next_wave_at is not None
    assert NOW < job.next_wave_at <= NOW + dt.timedelta(hours=1)
    # The last shift starts on Saturday at 17:00 in India.
    assert job.closes_at == dt.datetime(2026, 11, 28, 11, 30, tzinfo=dt.UTC)
    async with database.read() as session:
        assert await offered(session, job_id) == ids[:2]
        entry = (await session.scalars(select(AdminActionLog))).one()
    assert (entry.action, entry.actor_id, entry.target_id) == (
        "job.publish",
        employer_id,
        str(job_id),
    )


@pytest.mark.parametrize(
    ("refusal", "status", "wishes"),
    [
        (AccountRestricted, UserStatus.RESTRICTED, {}),
        (Invalid, UserStatus.ACTIVE, {"starts_on": MONDAY - dt.timedelta(days=2)}),
    ],
)
async def test_what_may_not_be_published_asks_nobody(database, refusal, status, wishes):
    _, employer_id, job_id = await draft(database, **wishes)
    with pytest.raises(refusal):
        async with database.begin() as session:
            await publish(session, actor(employer_id, status), job_id, NOW)
    await nothing_happened(database, job_id)


async def test_another_employers_draft_is_not_found(database):
    _, _, job_id = await draft(database)
    async with database.begin() as session:
        stranger = await add_employer(session)
    with pytest.raises(NotFound):
        async with database.begin() as session:
            await publish(session, actor(stranger), job_id, NOW)
    await nothing_happened(database, job_id)


async def test_a_job_is_published_once(database):
    ids, employer_id, job_id = await draft(database)
    async with database.begin() as session:
        await publish(session, actor(employer_id), job_id, NOW)
    with pytest.raises(JobNotDraft):
        async with database.begin() as session:
            await publish(session, actor(employer_id), job_id, NOW)
    async with database.read() as session:
        assert await offered(session, job_id) == ids[:2]


async def nothing_happened(database, job_id):
    async with database.read() as session:
        assert (await session.get_one(Job, job_id)).status == "draft"
        assert await offered(session, job_id) == []
        assert list(await session.scalars(select(AdminActionLog))) == []
