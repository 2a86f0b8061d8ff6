"""Matches over HTTP, as an employer sees them; matching by hand."""

from typing import Any

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

SHAPE = set(
    "id status score breakdown distance_km why worker price quote free others_bought unlocked "
    "contact offered_at respond_by responded_at".split()
)
NOBODY = "01900000-0000-7000-8000-000000000000"


def trigger(person: Person, job_id: str, **more: Any) -> Any:
    return person.post(f"/api/matching/jobs/{job_id}/trigger", **more)


def test_a_match_shows_how_well_they_fit_and_not_who_they_are(sqlite_world: World) -> None:
    world = sqlite_world
    home = {"latitude": 19.0749, "longitude": 72.8295}  # 1.7 km north of the job
    worker = world.worker(name="Asha Kulkarni", city="Mumbai", location=home)
    employer = world.employer()
    job = world.job(employer)
    [match] = world.matches(employer, job["id"])
    assert set(match) == SHAPE
    assert (2 * match["distance_km"]).is_integer(), "nothing finer than half a kilometre"
    assert match["why"] == [
        f"{match['distance_km']:g} km away",
        "free at all its hours",
        "knows Waiter",
        "2 years of experience",
    ]
    parts = match["breakdown"]
    assert set(parts) == {"distance", "availability", "skills", "experience", "reliability"}
    assert all(0 <= value <= 100 for value in (match["score"], *parts.values()))
    assert match["worker"] == {
        "display_name": None,
        "city": "Mumbai",
        "skills": ["waiter"],
        "experience_years": 2,
        "verified": False,
        "reliability": 75.0,
    }
    assert match["price"] == {"amount": 4_900, "currency": "INR"}
    assert (match["unlocked"], match["contact"]) == (False, None)
    assert (match["free"], match["others_bought"]) == (False, None)
    text = employer.get(f"/api/employers/jobs/{job['id']}/matches").text
    assert worker.phone is not None
    assert "Kulkarni" not in text
    assert worker.phone[-10:] not in text


def test_a_phone_hidden_in_a_name_is_not_shown(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker()
    world.kept_before(worker, name="Asha 98765 43210")
    employer = world.employer()
    job = world.job(employer)
    world.accept(worker, world.offers(worker)[0]["id"])
    text = employer.get(f"/api/employers/jobs/{job['id']}/matches").text
    assert "98765" not in text
    assert "43210" not in text


def test_the_best_comes_first_and_pages_neither_repeat_nor_skip(world: World) -> None:
    for number in range(5):
        north = {"latitude": 19.0596 + number / 100, "longitude": 72.8295}
        world.worker(name=f"Worker {'ABCDE'[number]}", location=north)
    employer = world.employer()
    job = world.job(employer, positions=3)
    scores = [match["score"] for match in world.matches(employer, job["id"])]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 5
    paged: list[float] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = ok(employer.get(f"/api/employers/jobs/{job['id']}/matches", params=params))
        paged += [match["score"] for match in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert paged == scores


def test_matches_are_filtered_by_where_they_stand_now(world: World) -> None:
    first, second = world.worker(), world.worker(name="Ravi Menon")
    employer = world.employer()
    job = world.job(employer, respond_within_minutes=5)
    world.accept(first, world.offers(first)[0]["id"])
    world.clock.advance(minutes=5)
    assert world.offers(second)[0]["status"] == "expired"
    for status, count in {"accepted": 1, "expired": 1, "offered": 0, "rejected": 0}.items():
        found = world.matches(employer, job["id"], status=status)
        assert [match["status"] for match in found] == [status] * count
    path = f"/api/employers/jobs/{job['id']}/matches"
    refused(employer.get(path, params={"status": "nonsense"}), 422, "invalid")


def test_another_employers_matches_are_not_there(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    job = world.job(employer)
    stranger = world.employer()
    refused(stranger.get(f"/api/employers/jobs/{job['id']}/matches"), 404, "job_not_found")
    refused(stranger.get(f"/api/employers/jobs/{NOBODY}/matches"), 404, "job_not_found")
    refused(worker.get(f"/api/employers/jobs/{job['id']}/matches"), 403, "wrong_role")


def test_a_job_without_matches_has_an_empty_list(sqlite_world: World) -> None:
    world = sqlite_world
    employer = world.employer()
    draft = world.job(employer, publish=False)
    assert world.matches(employer, draft["id"]) == []


def test_another_wave_by_hand_asks_nobody_twice(world: World) -> None:
    employer = world.employer()
    job = world.job(employer)
    worker = world.worker()
    first = ok(trigger(employer, job["id"]), 202)
    assert set(first) == {"job_id", "wave", "candidates", "offers_created"}
    assert (first["job_id"], first["offers_created"]) == (job["id"], 1)
    again = ok(trigger(employer, job["id"]), 202)
    assert (again["wave"], again["offers_created"]) == (first["wave"], 0)
    assert len(world.offers(worker)) == 1


def test_who_may_trigger_matching(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    job = world.job(employer)
    refused(trigger(worker, job["id"]), 403, "wrong_role")
    refused(trigger(world.employer(), job["id"]), 404, "job_not_found")
    refused(trigger(employer, NOBODY), 404, "job_not_found")
    refused(world.http.post(f"/api/matching/jobs/{job['id']}/trigger"), 401, "not_authenticated")
    ok(trigger(world.admin(), job["id"]), 202)


def test_only_a_published_job_is_matched(sqlite_world: World) -> None:
    world = sqlite_world
    employer = world.employer()
    draft = world.job(employer, publish=False)
    refused(trigger(employer, draft["id"]), 409, "job_not_published")
    ok(employer.delete(f"/api/employers/jobs/{draft['id']}"))
    refused(trigger(employer, draft["id"]), 409, "job_not_published")


def test_expired_offers_are_noted_by_hand_once(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    world.job(employer, respond_within_minutes=5)
    admin = world.admin()
    world.clock.advance(minutes=4)
    assert ok(admin.post("/api/matching/expire-matches")) == {"expired": 0}
    world.clock.advance(minutes=1)
    assert ok(admin.post("/api/matching/expire-matches")) == {"expired": 1}
    assert ok(admin.post("/api/matching/expire-matches")) == {"expired": 0}
    refused(employer.post("/api/matching/expire-matches"), 403, "wrong_role")
    assert worker.phone is not None
    texts = [message["text"] for message in world.messages(worker.phone)]
    assert len([text for text in texts if "is over" in text]) == 1
