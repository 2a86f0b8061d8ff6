"""What a worker can do over HTTP, in the shapes of the contract."""

import pytest

from tests.acceptance import shapes
from tests.acceptance.shapes import keys, page, problem
from tests.support.app_harness import BANDRA_ON_GRID, Person, World
from tests.support.assertions import ok

UNKNOWN = "01936d5e-7c00-7000-8000-000000000000"
NINE_TO_FIVE = {"start": "09:00", "end": "17:00"}


def offered(town: World) -> tuple[Person, Person, dict[str, object]]:
    """A worker and an employer of their own place, with an offer between them."""
    place = {"latitude": 10.0 + next(_places), "longitude": 77.0}
    worker = town.worker(location=place, slots=("saturday",))
    employer = town.employer()
    town.job(employer, location=place)
    town.settle()
    (offer,) = page(worker.get("/api/workers/offers"))
    return worker, employer, offer


_places = iter(range(1, 18))


def test_the_profile_has_every_field_and_keeps_what_is_left_out(town: World) -> None:
    worker = town.worker(slots=())
    profile = ok(worker.get("/api/workers/profile"))
    assert keys(profile) == shapes.WORKER
    assert profile["quiet_hours"] == {"start": "21:00", "end": "08:00"}
    assert profile["location"] == BANDRA_ON_GRID
    assert (profile["status"], profile["verified"]) == ("active", False)
    assert 0 <= profile["reliability"] <= 100
    changes = {
        "name": "Asha K",
        "language": "hi",
        "city": "Thane",
        "location": {"latitude": 19.2, "longitude": 72.97},
        "max_distance_km": 25,
        "skills": ["cook", "waiter"],
        "experience_years": 5,
        "bio": "I cook.",
        "time_zone": "Asia/Kolkata",
        "weekly_offer_cap": 4,
        "quiet_hours": {"start": "22:00", "end": "07:00"},
    }
    changed = ok(worker.put("/api/workers/profile", changes))
    assert {name: changed[name] for name in changes} == changes
    for name, value in changes.items():
        ok(worker.put("/api/workers/profile", {name: value}))
    same = ok(worker.put("/api/workers/profile", {}))
    assert {k: v for k, v in same.items() if k != "updated_at"} == {
        k: v for k, v in changed.items() if k != "updated_at"
    }
    assert ok(worker.put("/api/workers/profile", {"quiet_hours": None}))["quiet_hours"] is None


@pytest.mark.parametrize(
    "field",
    ["phone", "status", "verified", "reliability", "role", "id", "created_at", "price", "unknown"],
)
def test_what_a_worker_may_not_say_about_themselves_is_refused(village: World, field: str) -> None:
    worker = _somebody(village)
    told = problem(worker.put("/api/workers/profile", {field: "x"}), 422)
    assert [error["field"] for error in told["errors"]] == [field]


def _somebody(village: World) -> Person:
    if "somebody" not in village.extra:
        village.extra["somebody"] = village.worker(slots=())
    somebody: Person = village.extra["somebody"]
    return somebody


def test_slots_are_added_listed_and_removed(town: World) -> None:
    worker = town.worker(slots=())
    slot = ok(worker.post("/api/workers/availability", {"weekday": "monday", **NINE_TO_FIVE}), 201)
    assert keys(slot) == shapes.SLOT
    assert ok(worker.get("/api/workers/availability")) == {"items": [slot]}
    gone = worker.delete(f"/api/workers/availability/{slot['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    problem(worker.delete(f"/api/workers/availability/{slot['id']}"), 404)
    assert ok(worker.get("/api/workers/availability")) == {"items": []}


def test_overlaps_are_refused_across_midnight_and_the_end_of_the_week(town: World) -> None:
    worker = town.worker(slots=())

    def add(weekday: str, start: str, end: str, status: int, code: str | None = None) -> None:
        body = {"weekday": weekday, "start": start, "end": end}
        answer = worker.post("/api/workers/availability", body)
        if code:
            problem(answer, status, code)
        else:
            assert answer.status_code == status, answer.text

    add("sunday", "22:00", "02:00", 201)
    add("monday", "01:00", "03:00", 409, "slot_overlap")
    add("monday", "02:00", "09:00", 201)
    add("sunday", "21:00", "22:00", 201)
    add("sunday", "20:00", "20:00", 422)
    add("sunday", "23:59", "00:01", 409, "slot_overlap")
    add("funday", "10:00", "11:00", 422)
    add("tuesday", "24:00", "11:00", 422)
    add("tuesday", "9:00", "11:00", 422)


def test_days_off_are_kept(town: World) -> None:
    worker = town.worker(slots=())
    body = {"starts_on": "2026-12-24", "ends_on": "2026-12-26"}
    made = ok(worker.post("/api/workers/time-off", body), 201)
    assert keys(made) == shapes.TIME_OFF
    assert ok(worker.get("/api/workers/time-off"))["items"] == [made]
    problem(worker.post("/api/workers/time-off", body | {"ends_on": "2026-12-01"}), 422)
    assert worker.delete(f"/api/workers/time-off/{made['id']}").status_code == 204
    problem(worker.delete(f"/api/workers/time-off/{made['id']}"), 404)


def test_an_offer_tells_everything_but_the_door_and_the_way_to_the_employer(town: World) -> None:
    worker, _, offer = offered(town)
    assert keys(offer) == shapes.OFFER
    job = offer["job"]
    assert isinstance(job, dict)
    assert keys(job) == shapes.OFFERED_JOB
    assert keys(job["slots"][0]) == shapes.PLAIN_SLOT
    assert job["salary"] == {"amount": 15_000, "currency": "INR", "per": "hour"}
    assert job["employer_verified"] is False
    assert "1 Hill Road" not in worker.get("/api/workers/offers").text
    assert "@example.com" not in worker.get("/api/workers/offers").text
    assert offer["status"] == "offered"
    assert offer["responded_at"] is None
    assert isinstance(offer["why"], list)
    assert all(isinstance(reason, str) for reason in offer["why"])
    assert offer["why"]
    shapes.uuid7(offer["id"])
    shapes.instant(offer["offered_at"])
    shapes.instant(offer["respond_by"])


def test_an_answer_may_be_repeated_but_not_turned(town: World) -> None:
    worker, _, offer = offered(town)
    path = f"/api/workers/offers/{offer['id']}/respond"
    accepted = ok(worker.post(path, {"response": "accept"}))
    assert keys(accepted) == shapes.OFFER
    assert accepted["status"] == "accepted"
    shapes.instant(accepted["responded_at"])
    assert ok(worker.post(path, {"response": "accept"})) == accepted
    problem(worker.post(path, {"response": "reject"}), 409, "already_responded")
    assert page(worker.get("/api/workers/offers?status=accepted")) == [accepted]
    assert page(worker.get("/api/workers/offers?status=offered")) == []
    problem(worker.get("/api/workers/offers?status=sold"), 422)
    withdrawn = ok(worker.post(f"/api/workers/offers/{offer['id']}/withdraw"))
    assert withdrawn["status"] == "withdrawn"


def test_a_rejection_may_say_why(town: World) -> None:
    worker, _, offer = offered(town)
    path = f"/api/workers/offers/{offer['id']}/respond"
    body = {"response": "reject", "reason": "too far"}
    assert ok(worker.post(path, body))["status"] == "rejected"
    assert ok(worker.post(path, body))["status"] == "rejected"
    problem(worker.post(path, {"response": "accept"}), 409, "already_responded")
    for wrong in ({}, {"response": "maybe"}, {"response": True}, {"response": "accept", "x": 1}):
        problem(worker.post(path, wrong), 422)


def test_an_answer_to_a_cancelled_job_is_refused(town: World) -> None:
    worker, employer, offer = offered(town)
    job = offer["job"]
    assert isinstance(job, dict)
    cancelled = ok(employer.delete(f"/api/employers/jobs/{job['id']}"))
    assert cancelled["status"] == "cancelled"
    path = f"/api/workers/offers/{offer['id']}/respond"
    problem(worker.post(path, {"response": "accept"}), 409, "offer_closed")
    town.settle()
    told = [m for m in town.messages(worker.phone or "") if "Waiter for Saturday" in m["text"]]
    assert len(told) == 2  # the offer, and that it is off


def test_a_late_answer_is_refused_though_nothing_runs_in_the_background(world: World) -> None:
    worker, employer = world.worker(slots=("saturday",)), world.employer()
    world.job(employer)
    (offer,) = world.offers(worker)
    world.clock.advance(days=3)
    worker = world.sign_in_worker(_new_code(world, worker))
    path = f"/api/workers/offers/{offer['id']}/respond"
    problem(worker.post(path, {"response": "accept"}), 409, "offer_expired")
    problem(worker.post(path, {"response": "reject"}), 409, "offer_expired")


def _new_code(world: World, worker: Person) -> str:
    assert worker.phone
    ok(world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
    # Only the message goes out; what is due otherwise stays as it is.
    return worker.phone


def test_another_workers_things_do_not_exist(town: World) -> None:
    worker, _, offer = offered(town)
    other = town.worker(slots=("monday",), location={"latitude": -40.0, "longitude": 100.0})
    (slot,) = ok(other.get("/api/workers/availability"))["items"]
    respond = {"response": "accept"}
    theirs = other.post(f"/api/workers/offers/{offer['id']}/respond", respond)
    nobodys = other.post(f"/api/workers/offers/{UNKNOWN}/respond", respond)
    assert _told(problem(theirs, 404)) == _told(problem(nobodys, 404))
    problem(other.post(f"/api/workers/offers/{offer['id']}/withdraw"), 404)
    problem(worker.delete(f"/api/workers/availability/{slot['id']}"), 404)
    assert len(ok(other.get("/api/workers/availability"))["items"]) == 1


def _told(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name != "request_id"}


def test_the_dashboard_counts(town: World) -> None:
    worker, _, offer = offered(town)
    empty = ok(worker.get("/api/workers/dashboard"))
    assert keys(empty) == shapes.WORKER_DASHBOARD
    assert keys(empty["offers"]) == shapes.OFFER_COUNTS
    assert sum(empty["offers"].values()) == 1
    town.accept(worker, str(offer["id"]))
    after = ok(worker.get("/api/workers/dashboard"))
    assert after["offers"]["accepted"] == 1
    assert after["acceptance_rate"] in (1, 100)
    assert after["median_response_minutes"] == 0
    assert after["unlocked"] == 0
    assert page(worker.get("/api/workers/unlocks")) == []


def test_a_blocked_employer_offers_no_more(town: World) -> None:
    worker, employer, offer = offered(town)
    body = {"employer_id": employer.id}
    assert worker.post("/api/workers/blocks", body).status_code in (200, 201)
    problem(worker.post("/api/workers/blocks", {"employer_id": UNKNOWN}), 404)
    path = f"/api/workers/offers/{offer['id']}/respond"
    problem(worker.post(path, {"response": "accept"}), 409, "offer_closed")


def test_own_data_can_be_taken_along_and_taken_away(town: World) -> None:
    worker, _, _ = offered(town)
    taken = ok(worker.get("/api/workers/export"))
    assert worker.phone is not None
    assert worker.phone in str(taken)
    assert worker.delete("/api/workers/account").status_code == 204
    problem(worker.get("/api/workers/profile"), 401)
