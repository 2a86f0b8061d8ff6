"""What a closed job is afterwards: not asked for again once it is sold out, and no job taken back once it sold."""

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead

pytestmark = pytest.mark.both_databases

JOBS = "/api/employers/jobs"


def test_a_job_whose_contacts_are_all_bought_is_not_asked_for_again(world: World) -> None:
    mine = lead(world)
    ok(mine.employer.post(f"{JOBS}/{mine.job_id}/close"))
    mine.buy()
    admin = world.admin()
    act = {"action": "reopen", "reason": "asked for by phone"}
    refused(admin.post(f"/api/admin/jobs/{mine.job_id}/action", act), 409, "job_filled")
    bulk = {"target": "jobs", "ids": [mine.job_id], "action": "reopen"}
    [foreseen] = ok(admin.post("/api/admin/bulk/preview", bulk))["items"]
    assert foreseen["code"] == "job_filled"
    assert ok(mine.employer.get(f"{JOBS}/{mine.job_id}"))["status"] == "closed"


def test_closing_a_job_that_sold_calls_nobody_again(world: World) -> None:
    employer = world.employer(verified=True)
    limits = {"limits": {"published_jobs_cancelled_per_day": 2}}
    admin = world.admin()
    ok(admin.put("/api/admin/settings", limits))
    sold = [lead(world, employer, positions=2) for _ in range(2)]
    for one in sold:
        one.buy()
    for _ in range(2):
        ok(employer.post(f"{JOBS}/{lead(world, employer, accept=False).job_id}/close"))
    for one in sold:
        ok(employer.post(f"{JOBS}/{one.job_id}/close"))
    query = f"target_id={employer.id}&action=employer.jobs_taken_back"
    assert len(ok(admin.get(f"/api/admin/logs?{query}"))["items"]) == 1
