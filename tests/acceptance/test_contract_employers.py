"""What an employer can do over HTTP, in the shapes of the contract."""

from typing import Any

import pytest

from tests.acceptance import shapes
from tests.acceptance.shapes import keys, page, problem
from tests.support.app_harness import BANDRA, Person, World
from tests.support.assertions import ok

UNKNOWN = "01936d5e-7c00-7000-8000-000000000000"
JOBS = "/api/employers/jobs"


def boss(town: World) -> Person:
    """One employer for the tests that only ask."""
    if "boss" not in town.extra:
        town.extra["boss"] = town.employer()
    person: Person = town.extra["boss"]
    return person


def test_the_profile_has_every_field_and_keeps_what_is_left_out(town: World) -> None:
    employer = town.employer(phone="+912222020591", location=BANDRA)
    profile = ok(employer.get("/api/employers/profile"))
    assert keys(profile) == shapes.EMPLOYER
    assert profile["location"] == BANDRA
    changes = {
        "company_name": "Cafe Two",
        "contact_name": "Rustom",
        "phone": "+912222020592",
        "address": "2 Hill Road",
        "city": "Pune",
        "location": {"latitude": 18.52, "longitude": 73.85},
        "tax_id": "27AAPFU0939F1ZV",
    }
    changed = ok(employer.put("/api/employers/profile", changes))
    assert {name: changed[name] for name in changes} == changes
    assert ok(employer.get("/api/employers/profile")) == changed
    assert (
        ok(employer.put("/api/employers/profile", {"city": "Nashik"}))["tax_id"]
        == (changes["tax_id"])
    )
    for name in ("status", "verified", "role", "id", "created_at", "balance"):
        problem(employer.put("/api/employers/profile", {name: "x"}), 422)


def test_a_job_is_a_draft_with_all_that_was_said(town: World) -> None:
    body = town.job_body(
        preferred_skills=["barista"],
        min_experience_years=1,
        radius_km=5,
        respond_within_minutes=90,
    )
    job = ok(boss(town).post(JOBS, body), 201)
    assert keys(job) >= shapes.JOB
    assert keys(job) <= shapes.JOB | {"published_at", "review", "may_widen"}
    assert {name: job[name] for name in body} == body
    assert job["status"] == "draft"
    assert keys(job["progress"]) == shapes.PROGRESS
    assert set(job["progress"].values()) == {0}
    shapes.uuid7(job["id"])
    shapes.instant(job["created_at"])
    assert ok(boss(town).get(f"{JOBS}/{job['id']}")) == job


def test_the_least_one_can_say_is_enough(town: World) -> None:
    body = {
        name: value
        for name, value in town.job_body().items()
        if name in "title description category location starts_on slots positions".split()
    }
    job = ok(boss(town).post(JOBS, body), 201)
    assert job["ends_on"] is None
    assert job["salary"] is None
    assert job["required_skills"] == job["preferred_skills"] == []
    shapes.instant(ok(boss(town).post(f"{JOBS}/{job['id']}/publish"))["published_at"])
    ok(boss(town).delete(f"{JOBS}/{job['id']}"))


SLOT = {"weekday": "saturday", "start": "10:00", "end": "18:00"}


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": 0},
        {"positions": True},
        {"positions": 1.5},
        {"positions": "1"},
        {"positions": 2**63},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 10_000},
        {"title": "nul\x00nul"},
        {"title": None},
        {"category": "no-such-category"},
        {"location": {"latitude": 91, "longitude": 0}},
        {"location": {"latitude": "19", "longitude": 72}},
        {"location": {"latitude": 19}},
        {"location": None},
        {"starts_on": "2026-02-30"},
        {"starts_on": "28/11/2026"},
        {"starts_on": "2026-11-28T00:00:00Z"},
        {"starts_on": 20261128},
        {"ends_on": "2026-11-01"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"slots": []},
        {"slots": [SLOT, SLOT]},
        {"slots": [SLOT] * 1_000},
        {"slots": [SLOT | {"end": "10:00"}]},
        {"slots": [SLOT | {"weekday": "Saturday "}]},
        {"slots": [SLOT | {"note": "x"}]},
        {"slots": [SLOT | {"weekday": "tuesday"}], "ends_on": "2026-11-30"},
        {"required_skills": ["no-such-skill"]},
        {"required_skills": "waiter"},
        {"min_experience_years": -1},
        {"radius_km": 0},
        {"radius_km": 1e308},
        {"salary": {"amount": -1, "currency": "INR", "per": "hour"}},
        {"salary": {"amount": 10.5, "currency": "INR", "per": "hour"}},
        {"salary": {"amount": 10, "currency": "XXQ", "per": "hour"}},
        {"salary": {"amount": 10, "currency": "INR", "per": "year"}},
        {"salary": {"amount": 10, "currency": "INR"}},
        {"respond_within_minutes": 0},
        {"respond_within_minutes": 10_081},
        {"price": {"amount": 1, "currency": "INR"}},
        {"status": "published"},
        {"employer_id": UNKNOWN},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_a_job_that_makes_no_sense_is_refused_naming_the_field(
    village: World, changes: dict[str, Any]
) -> None:
    told = problem(boss(village).post(JOBS, village.job_body(**changes)), 422)
    named = {error["field"].split(".")[0] for error in told["errors"]}
    assert named & set(changes), told


def test_limits_of_the_deadline_are_allowed(town: World) -> None:
    for minutes in (1, 10_080):
        ok(boss(town).post(JOBS, town.job_body(respond_within_minutes=minutes)), 201)


def test_a_one_day_shift_begins_and_ends_on_its_day(town: World) -> None:
    day = {"starts_on": "2026-11-28", "ends_on": "2026-11-28"}
    ok(boss(town).post(JOBS, town.job_body(**day)), 201)
    wrong = town.job_body(**day, slots=[SLOT | {"weekday": "sunday"}])
    problem(boss(town).post(JOBS, wrong), 422)


def test_a_start_in_the_past_is_refused_on_publishing(town: World) -> None:
    made = ok(boss(town).post(JOBS, town.job_body(starts_on="2026-11-14")), 201)
    problem(boss(town).post(f"{JOBS}/{made['id']}/publish"), 422)
    assert ok(boss(town).get(f"{JOBS}/{made['id']}"))["status"] == "draft"


def test_a_job_goes_through_its_life(town: World) -> None:
    employer = town.employer()
    job = town.job(employer, publish=False, location={"latitude": -20.0, "longitude": 20.0})
    path = f"{JOBS}/{job['id']}"
    changed = ok(employer.put(path, {"title": "Waiters", "positions": 3, "radius_km": 4}))
    assert (changed["title"], changed["positions"], changed["radius_km"]) == ("Waiters", 3, 4)
    assert changed["description"] == job["description"]
    published = ok(employer.post(f"{path}/publish"))
    assert published["status"] == "published"
    assert keys(published) <= shapes.JOB | {"published_at", "review", "may_widen"}
    problem(employer.post(f"{path}/publish"), 409)
    problem(employer.put(path, {"required_skills": ["cook"]}), 409, "job_not_editable")
    assert ok(employer.put(path, {"title": "Four waiters"}))["title"] == "Four waiters"
    assert [j["id"] for j in page(employer.get(f"{JOBS}?status=published"))] == [job["id"]]
    assert page(employer.get(f"{JOBS}?status=draft")) == []
    problem(employer.get(f"{JOBS}?status=sold"), 422)
    cancelled = ok(employer.delete(path))
    assert cancelled["status"] == "cancelled"
    assert keys(cancelled) <= shapes.JOB | {"published_at", "review", "may_widen"}
    assert ok(employer.delete(path)) == cancelled
    for refused in (
        employer.post(f"{path}/publish"),
        employer.put(path, {"title": "Too late"}),
    ):
        problem(refused, 409)


def test_another_employers_things_do_not_exist(town: World) -> None:
    employer, other = town.employer(), town.employer()
    job = town.job(employer, publish=False)
    for person, job_id in ((other, job["id"]), (employer, UNKNOWN)):
        path = f"{JOBS}/{job_id}"
        problem(person.get(path), 404)
        problem(person.put(path, {"title": "Mine now"}), 404)
        problem(person.delete(path), 404)
        problem(person.post(f"{path}/publish"), 404)
        problem(person.get(f"{path}/matches"), 404)
        problem(person.post(f"/api/matching/jobs/{job_id}/trigger"), 404)
    for malformed in ("1", "nonsense", "%00", "' OR 1=1 --"):
        assert employer.get(f"{JOBS}/{malformed}").status_code in (404, 422)
    assert page(other.get(JOBS)) == []


def test_the_lead_from_match_to_contact(town: World) -> None:
    place = {"latitude": 28.6, "longitude": 77.2}
    worker, employer = (
        town.worker(location=place, city="Delhi", slots=("saturday",)),
        town.employer(),
    )
    job = town.job(employer, location=place)
    matches = f"{JOBS}/{job['id']}/matches"
    (match,) = page(employer.get(matches))
    assert keys(match) == shapes.MATCH
    assert keys(match["breakdown"]) == shapes.BREAKDOWN
    assert all(0 <= part <= 100 for part in (match["score"], *match["breakdown"].values()))
    assert keys(match["worker"]) == shapes.MATCHED_WORKER
    assert match["worker"]["display_name"] is None
    assert match["contact"] is None
    assert match["unlocked"] is False
    shapes.money(match["price"])
    unlock = f"/api/employers/matches/{match['id']}/unlock"
    problem(employer.post(unlock), 409, "match_not_accepted")
    town.accept(worker, match["id"])
    problem(employer.post(unlock, {"price": {"amount": 1, "currency": "INR"}}), 422)
    problem(town.employer().post(unlock), 404)

    pending = ok(employer.post(unlock), 202)
    assert keys(pending) == shapes.PENDING_UNLOCK
    assert pending["status"] == "pending"
    assert pending["price"] == match["price"]
    shapes.instant(pending["expires_at"])
    assert ok(employer.post(unlock), 202)["checkout_url"] == pending["checkout_url"]
    assert pending["checkout_url"].rstrip("/").rsplit("/", 1)[-1].startswith("cs_")
    assert town.http.get(pending["checkout_url"]).status_code == 200
    assert page(employer.get(matches))[0]["contact"] is None
    town.pay(pending["checkout_url"])

    unlocked = ok(employer.post(unlock))
    assert keys(unlocked) == shapes.UNLOCKED
    assert unlocked["status"] == "unlocked"
    assert worker.phone is not None
    assert unlocked["contact"] == {
        "name": "Asha Kulkarni",
        "phone": worker.phone,
        "whatsapp_url": f"https://wa.me/{worker.phone.removeprefix('+')}",
    }
    (match,) = page(employer.get(f"{matches}?status=accepted"))
    assert match["unlocked"] is True
    assert match["contact"] == unlocked["contact"]
    (payment,) = page(employer.get("/api/employers/payments"))
    assert payment == ok(employer.get(f"/api/employers/payments/{payment['id']}"))
    assert payment["id"] == pending["payment_id"]
    problem(town.employer().get(f"/api/employers/payments/{payment['id']}"), 404)
    problem(worker.post(f"/api/workers/offers/{match['id']}/withdraw"), 409)
    (held,) = page(worker.get("/api/workers/unlocks"))
    assert employer.id in held.values()
    dashboard = ok(employer.get("/api/employers/dashboard"))
    assert dashboard["leads_unlocked"] == 1
    assert dashboard["jobs"]["filled"] == 1
    assert dashboard["spend"] == match["price"]


def test_the_dashboard_has_every_figure(town: World) -> None:
    dashboard = ok(town.employer().get("/api/employers/dashboard"))
    assert keys(dashboard) >= shapes.EMPLOYER_DASHBOARD
    assert keys(dashboard["jobs"]) == shapes.JOB_COUNTS
    assert keys(dashboard["matches"]) == shapes.MATCH_COUNTS
    assert dashboard["leads_unlocked"] == 0


def test_matching_can_be_asked_for_again_and_offers_nobody_twice(town: World) -> None:
    place = {"latitude": 13.08, "longitude": 80.27}
    town.worker(location=place, slots=("saturday",))
    employer = town.employer()
    job = town.job(employer, publish=False, location=place)
    trigger = f"/api/matching/jobs/{job['id']}/trigger"
    problem(employer.post(trigger), 409, "job_not_published")
    ok(employer.post(f"{JOBS}/{job['id']}/publish"))
    for _ in range(2):
        wave = ok(employer.post(trigger), 202)
        assert keys(wave) == shapes.WAVE
        assert wave["job_id"] == job["id"]
        assert wave["offers_created"] == 0
    assert ok(town.admin().post(trigger), 202)["offers_created"] == 0
    assert len(page(employer.get(f"{JOBS}/{job['id']}/matches"))) == 1
    ok(employer.delete(f"{JOBS}/{job['id']}"))
    problem(employer.post(trigger), 409, "job_not_published")
