"""An administrator corrects a worker's profile on their request: as the worker would, logged and told."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.audit import log
from app.identity.rules import AdminRole
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import log_of, somewhere

NOWHERE = "0190b5a4-0000-7000-8000-000000000000"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def correct(admin: Person, worker: str, fields: Any, reason: Any = "asked by phone") -> Any:
    """Ask for a correction."""
    return admin.post(f"/api/admin/workers/{worker}/correct", {"fields": fields, "reason": reason})


def corrections(world: World, worker: Person) -> list[Any]:
    """The log's rows of corrections of this worker."""
    return [row for row in log_of(world, worker.id) if row.action == "worker.correct"]


def told(world: World, worker: Person) -> list[str]:
    """What the worker was told of corrections."""
    world.settle()
    texts = [message["text"] or "" for message in world.messages(str(worker.phone))]
    return [text for text in texts if "in your profile, as you asked" in text]


def test_a_correction_changes_the_profile_is_logged_and_told_once(world: World) -> None:
    worker, support = world.worker(location=somewhere(), slots=()), world.admin(AdminRole.SUPPORT)
    before = ok(worker.get("/api/workers/profile"))
    fields = {"experience_years": 7, "skills": ["barista"], "name": "Kavita Rao"}
    answer = ok(correct(support, worker.id, fields))
    assert (answer["experience_years"], answer["skills"]) == (7, ["barista"])
    mine = ok(worker.get("/api/workers/profile"))
    assert (mine["name"], mine["experience_years"]) == ("Kavita Rao", 7)
    assert mine["city"] == before["city"]
    (row,) = corrections(world, worker)
    assert row.before["experience_years"] == before["experience_years"]
    assert row.after["experience_years"] == 7
    assert str(row.actor_id) == support.id
    (said,) = told(world, worker)
    assert "as you asked: name, skills, experience. Is it right?" in said


def test_the_log_keeps_no_name_place_or_text_of_the_person(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    place = somewhere()
    fields = {"name": "Farida Shaikh", "bio": "Six years at Hotel Kailash", "location": place}
    ok(correct(admin, worker.id, fields))
    (row,) = corrections(world, worker)
    assert set(row.after) >= {"name", "bio", "location"}
    kept = f"{row.before}{row.after}"
    for personal in ("Farida", "Kailash", str(place["latitude"])[:6]):
        assert personal not in kept
    assert all(str(row.after[name]).startswith("value:") for name in ("name", "bio", "location"))


def test_a_worker_who_chose_hindi_is_told_in_hindi(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=(), language="hi"), world.admin()
    ok(correct(admin, worker.id, {"experience_years": 3}))
    world.settle()
    texts = [message["text"] or "" for message in world.messages(str(worker.phone))]
    assert any("आपकी प्रोफ़ाइल में यह बदला है: अनुभव" in text for text in texts)


def test_a_correction_that_changes_nothing_is_neither_logged_nor_told(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    for _ in range(2):
        ok(correct(admin, worker.id, {"experience_years": 9}))
    assert len(corrections(world, worker)) == 1
    assert len(told(world, worker)) == 1


def test_another_name_ends_the_verification_as_the_workers_own_change_does(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    ok(admin.post(f"/api/admin/workers/{worker.id}/action", {"action": "verify"}))
    assert ok(correct(admin, worker.id, {"name": "Meera Joshi"}))["verified"] is False
    (row,) = corrections(world, worker)
    assert (row.before["verified"], row.after["verified"]) == (True, False)


def test_who_may_be_offered_a_job_follows_a_correction(world: World) -> None:
    here = somewhere()
    worker, admin = world.worker(location=here, skills=["cook"]), world.admin()
    ok(correct(admin, worker.id, {"skills": ["waiter"]}))
    job = world.job(
        world.employer(), location=here, category="hospitality", required_skills=["waiter"]
    )
    world.settle()
    assert [offer["job"]["id"] for offer in world.offers(worker)] == [job["id"]]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "fields"),
        ({"phone": "+919820098200"}, "fields.phone"),
        ({"name": "12345"}, "fields.name"),
        ({"skills": ["no-such-skill"]}, "skills.0"),
        ({"experience_years": 61}, "fields.experience_years"),
        ({"experience_years": None}, "fields.experience_years"),
        ({"city": "Nowhere At All"}, "city"),
    ],
)
def test_what_the_worker_could_not_write_is_refused(world: World, fields: Any, field: str) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    answer = correct(admin, worker.id, fields)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert corrections(world, worker) == []


def test_a_reason_is_needed(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    for reason in (None, "", "   "):
        refused(correct(admin, worker.id, {"experience_years": 2}, reason), 422, "invalid")


def test_who_is_not_there_erased_or_no_worker_is_refused(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    for target in (NOWHERE, world.employer().id, admin.id):
        assert correct(admin, target, {"experience_years": 2}).status_code == 404
    assert worker.delete("/api/workers/account").status_code == 204
    refused(correct(admin, worker.id, {"experience_years": 2}), 409, "account_erased")


def test_a_repeat_with_the_same_key_gives_the_first_answer(world: World) -> None:
    worker, admin = world.worker(location=somewhere(), slots=()), world.admin()
    path, key = f"/api/admin/workers/{worker.id}/correct", {"Idempotency-Key": "one-correction"}
    body = {"fields": {"experience_years": 5}, "reason": "asked"}
    first = admin.post(path, body, headers=key)
    again = admin.post(path, body, headers=key)
    assert first.json() == ok(again)
    assert again.headers["Idempotent-Replayed"] == "true"
    refused(admin.post(path, body | {"reason": "x"}, headers=key), 422, "idempotency_key_reused")


def test_finance_may_not_correct_anybody(world: World) -> None:
    worker = world.worker(location=somewhere(), slots=())
    refused(
        correct(world.admin(AdminRole.FINANCE), worker.id, {"experience_years": 2}),
        403,
        "wrong_role",
    )
