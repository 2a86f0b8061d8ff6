"""A worker's own profile over HTTP."""

from typing import Any

import pytest

from tests.support.app_harness import BANDRA, BANDRA_ON_GRID, Person, World
from tests.support.assertions import ok, refused


def fields(problem: dict[str, Any]) -> list[str]:
    """Return which fields a 422 names."""
    return [error["field"] for error in problem["errors"]]


@pytest.fixture(scope="module")
def worker(shared_world: World) -> Person:
    """A worker whose requests are refused, and who so stays as they are."""
    return shared_world.worker(slots=())


def test_a_worker_reads_what_was_said_at_registration(world: World) -> None:
    worker = world.worker(name="Asha Kulkarni", slots=())
    profile = ok(worker.get("/api/workers/profile"))
    assert profile["id"] == worker.id
    assert profile["name"] == "Asha Kulkarni"
    assert profile["phone"] == worker.phone
    assert profile["language"] == "en"
    assert profile["location"] == BANDRA_ON_GRID
    assert profile["skills"] == ["waiter"]
    assert profile["experience_years"] == 2
    assert profile["max_distance_km"] == 10
    assert profile["time_zone"] == "Asia/Kolkata"
    assert profile["bio"] == ""
    assert profile["weekly_offer_cap"] is None
    assert profile["quiet_hours"] == {"start": "21:00", "end": "08:00"}
    assert profile["status"] == "active"
    assert profile["verified"] is False
    assert profile["reliability"] == 75.0
    assert profile["created_at"].endswith("Z")
    assert set(profile) == {
        *("id", "name", "phone", "language", "city", "location", "max_distance_km", "skills"),
        *("experience_years", "bio", "time_zone", "weekly_offer_cap", "quiet_hours", "status"),
        *("verified", "reliability", "created_at", "updated_at"),
    }


def test_a_field_left_out_keeps_its_value(sqlite_world: World) -> None:
    worker = sqlite_world.worker(slots=())
    before = ok(worker.get("/api/workers/profile"))
    sqlite_world.clock.advance(minutes=1)
    after = ok(worker.put("/api/workers/profile", {"bio": "Ten years in cafes."}))
    assert after.pop("bio") == "Ten years in cafes."
    assert after.pop("updated_at") > before.pop("updated_at")
    before.pop("bio")
    assert after == before
    assert ok(worker.get("/api/workers/profile"))["bio"] == "Ten years in cafes."


def test_everything_of_one_s_own_can_be_changed(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    changes = {
        "name": "Asha Rao",
        "language": "hi",
        "city": "Pune",
        "location": {"latitude": 18.52, "longitude": 73.8567},
        "max_distance_km": 25.5,
        "skills": ["cashier", "waiter"],
        "experience_years": 4,
        "bio": "नमस्ते\nI like people.",
        "time_zone": "Asia/Dubai",
        "weekly_offer_cap": 5,
        "quiet_hours": {"start": "22:00", "end": "07:00"},
    }
    answered = ok(worker.put("/api/workers/profile", changes))
    kept = ok(worker.get("/api/workers/profile"))
    assert answered == kept
    on_grid = {"location": {"latitude": 18.52, "longitude": 73.855}}
    assert {name: kept[name] for name in changes} == changes | on_grid


def test_null_empties_what_can_be_empty(shared_world: World) -> None:
    worker = shared_world.worker(slots=(), city="Mumbai")
    quiet = {"start": "22:00", "end": "07:00"}
    ok(
        worker.put(
            "/api/workers/profile", {"weekly_offer_cap": 3, "quiet_hours": quiet, "bio": "x"}
        )
    )
    empty = ("city", "location", "weekly_offer_cap", "quiet_hours")
    emptied = ok(worker.put("/api/workers/profile", dict.fromkeys((*empty, "bio"))))
    assert [emptied[name] for name in empty] == [None] * 4
    assert emptied["bio"] == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(
            ({name: None}, name)
            for name in (
                *("name", "language", "max_distance_km", "skills", "experience_years"),
                "time_zone",
            )
        ),
        ({"phone": "+919876543210"}, "phone"),
        ({"status": "active"}, "status"),
        ({"verified": True}, "verified"),
        ({"reliability": 100}, "reliability"),
        ({"id": "x"}, "id"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"language": "xx"}, "language"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
        ({"location": {"latitude": 1}}, "location.longitude"),
        ({"location": {"latitude": "1", "longitude": 0}}, "location.latitude"),
        ({"max_distance_km": 0}, "max_distance_km"),
        ({"max_distance_km": 501}, "max_distance_km"),
        ({"max_distance_km": True}, "max_distance_km"),
        ({"skills": ["waiter", "waiter"]}, "skills"),
        ({"skills": ["waiter", "levitation"]}, "skills.1"),
        ({"skills": ["waiter"] * 31}, "skills"),
        ({"experience_years": -1}, "experience_years"),
        ({"experience_years": True}, "experience_years"),
        ({"experience_years": 2**63}, "experience_years"),
        ({"bio": "x" * 4_001}, "bio"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"weekly_offer_cap": 0}, "weekly_offer_cap"),
        ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "25:00", "end": "07:00"}}, "quiet_hours.start"),
        ({"quiet_hours": {"start": "22:00"}}, "quiet_hours.end"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    worker: Person, changes: dict[str, Any], field: str
) -> None:
    before = ok(worker.get("/api/workers/profile"))
    problem = refused(worker.put("/api/workers/profile", changes), 422, "invalid")
    assert fields(problem) == [field]
    assert ok(worker.get("/api/workers/profile")) == before


@pytest.mark.parametrize(
    "body", ['{"max_distance_km": NaN}', '{"max_distance_km": 1e999}', '{"name": "\\ud800"}', "[]"]
)
def test_what_json_can_smuggle_in_is_refused(worker: Person, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = worker.request("PUT", "/api/workers/profile", content=body, headers=headers)
    refused(answer, 422, "invalid")


def test_a_new_location_brings_its_time_zone(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    ok(worker.put("/api/workers/profile", {"time_zone": "Asia/Dubai"}))
    moved = ok(worker.put("/api/workers/profile", {"location": BANDRA}))
    assert moved["time_zone"] == "Asia/Kolkata"
    both = {"location": BANDRA, "time_zone": "Asia/Dubai"}
    assert ok(worker.put("/api/workers/profile", both))["time_zone"] == "Asia/Dubai"


def test_a_city_brings_its_location_only_to_who_has_none(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    assert ok(worker.put("/api/workers/profile", {"city": "Mumbai"}))["location"] == BANDRA_ON_GRID
    ok(worker.put("/api/workers/profile", {"location": None}))
    found = ok(worker.put("/api/workers/profile", {"city": "Mumbai"}))["location"]
    assert found["latitude"] == pytest.approx(19.07, abs=0.2)


def test_another_name_takes_the_verification_away(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    action = {"action": "verify", "reason": "papers seen"}
    ok(shared_world.admin().post(f"/api/admin/workers/{worker.id}/action", action))
    assert ok(worker.put("/api/workers/profile", {"bio": "hello"}))["verified"] is True
    assert ok(worker.put("/api/workers/profile", {"name": "Someone Else"}))["verified"] is False


def test_the_profile_is_for_workers_only(shared_world: World) -> None:
    refused(shared_world.http.get("/api/workers/profile"), 401, "not_authenticated")
    refused(shared_world.employer().get("/api/workers/profile"), 403, "wrong_role")
