"""A job that matching can't read any more is refused with a sentence, by whichever door."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.jobs.models import Job
from tests.support.app_harness import World
from tests.support.assertions import ok, refused

GONE: dict[str, tuple[dict[str, Any], str]] = {
    "a skill that left the catalogue": ({"required_skills": ["blacksmith_of_old"]}, "blacksmith"),
    "a preferred skill that left it": ({"preferred_skills": ["blacksmith_of_old"]}, "blacksmith"),
    "a zone that tzdata lost": ({"time_zone": "Asia/Atlantis"}, "Asia/Atlantis"),
    "a zone that is none": ({"time_zone": "../../etc/passwd"}, "time zone"),
    "a zone that is a folder": ({"time_zone": "Asia"}, "time zone"),
    "skills of another shape": ({"required_skills": 5}, "5"),
}


def let_be(world: World, job_id: str, **columns: Any) -> None:
    async def write(session: Any) -> None:
        await session.execute(update(Job).where(Job.id == UUID(job_id)).values(**columns))

    world.in_session(write)


@pytest.mark.parametrize("how", GONE)
def test_neither_a_wave_nor_publishing_fails_on_what_is_gone(world: World, how: str) -> None:
    columns, named = GONE[how]
    owner, admin = world.employer(), world.admin()
    draft = world.job(owner, publish=False)["id"]
    published = world.job(owner, title="Waiter on Sundays")["id"]
    closed = world.job(owner, title="Waiter on Mondays")["id"]
    ok(owner.delete(f"/api/employers/jobs/{closed}"))
    for job_id in (draft, published, closed):
        let_be(world, job_id, **columns)
    trigger = f"/api/matching/jobs/{published}/trigger"
    for answer in (
        owner.post(trigger),
        admin.post(trigger),
        owner.post(f"/api/employers/jobs/{draft}/publish"),
        admin.post(
            f"/api/admin/jobs/{closed}/action", {"action": "reopen", "reason": "by mistake"}
        ),
    ):
        problem = refused(answer, 409, "job_not_matchable")
        assert named in problem["detail"]


def test_a_draft_is_mended_and_published_then(world: World) -> None:
    owner = world.employer()
    draft = world.job(owner, publish=False)["id"]
    let_be(world, draft, required_skills=["blacksmith_of_old"], time_zone="Asia/Atlantis")
    path = f"/api/employers/jobs/{draft}"
    refused(owner.post(f"{path}/publish"), 409, "job_not_matchable")
    ok(owner.put(path, {"required_skills": ["waiter"], "time_zone": "Asia/Kolkata"}))
    assert ok(owner.post(f"{path}/publish"))["status"] == "published"


def test_a_published_one_is_cancelled(world: World) -> None:
    owner = world.employer()
    job_id = world.job(owner)["id"]
    let_be(world, job_id, required_skills=["blacksmith_of_old"], time_zone="Asia/Atlantis")
    assert ok(owner.delete(f"/api/employers/jobs/{job_id}"))["status"] == "cancelled"
