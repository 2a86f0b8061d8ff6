"""A person sees where they are signed in, and signs out there; an administrator signs anybody out."""

from tests.support.app_harness import World
from tests.support.assertions import ok, refused


def test_one_sees_and_ends_ones_own_sessions_only(shared_world: World) -> None:
    world = shared_world
    here = world.employer()
    assert here.email is not None
    phone, laptop = (world.sign_in(here.email, role="employer") for _ in range(2))
    items = ok(here.get("/api/auth/sessions"))["items"]
    assert len(items) == 3
    assert [item["current"] for item in items].count(True) == 1
    stranger = world.employer()
    theirs = ok(stranger.get("/api/auth/sessions"))["items"][0]["id"]
    refused(here.delete(f"/api/auth/sessions/{theirs}"), 404, "session_not_found")
    (own,) = [i for i in ok(phone.get("/api/auth/sessions"))["items"] if i["current"]]
    ok(here.delete(f"/api/auth/sessions/{own['id']}"), 204)
    refused(phone.get("/api/auth/me"), 401, "session_ended")
    ok(here.delete("/api/auth/sessions"), 204)
    refused(laptop.get("/api/auth/me"), 401, "session_ended")
    ok(here.get("/api/auth/me"))
    ok(stranger.get("/api/auth/me"))


def test_an_administrator_signs_somebody_out_everywhere(shared_world: World) -> None:
    world = shared_world
    employer = world.employer()
    path = f"/api/admin/employers/{employer.id}/action"
    assert ok(world.admin().post(path, {"action": "sign_out"}))["status"] == "active"
    refused(employer.get("/api/auth/me"), 401, "session_ended")
    assert employer.email is not None
    ok(world.sign_in(employer.email, role="employer").get("/api/auth/me"))
