"""Accounts that an administrator has suspended or restricted, over every kind of route."""

from tests.acceptance.shapes import problem
from tests.support.app_harness import World
from tests.support.assertions import ok


def test_a_suspended_worker_is_out_at_once(town: World) -> None:
    worker = town.worker(slots=())
    admin = town.admin()
    body = {"action": "suspend", "reason": "fraud"}
    ok(admin.post(f"/api/admin/workers/{worker.id}/action", body))
    problem(worker.get("/api/workers/profile"), 401)
    renewed = {"refresh_token": worker.refresh_token}
    problem(town.http.post("/api/auth/refresh", json=renewed), 401)


def test_a_restricted_employer_reads_but_neither_publishes_nor_buys(town: World) -> None:
    world = town
    place = {"latitude": 17.38, "longitude": 78.48}
    worker, employer = world.worker(location=place, slots=("saturday",)), world.employer()
    job = world.job(employer, location=place)
    draft = world.job(employer, location=place, publish=False)
    (offer,) = world.offers(worker)
    world.accept(worker, offer["id"])
    admin = world.admin()
    body = {"action": "restrict", "reason": "complaints"}
    ok(admin.post(f"/api/admin/employers/{employer.id}/action", body))
    employer = world.sign_in(employer.email or "", role="employer")
    ok(employer.get("/api/employers/jobs"))
    assert len(world.matches(employer, job["id"])) == 1
    problem(employer.post(f"/api/employers/jobs/{draft['id']}/publish"), 403)
    problem(employer.post(f"/api/employers/matches/{offer['id']}/unlock"), 403)
