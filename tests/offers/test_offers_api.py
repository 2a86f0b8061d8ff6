"""Offers over HTTP, as a worker sees and answers them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

SHAPE = {"id", "status", "job", "why", "offered_at", "respond_by", "responded_at"}
JOB_SHAPE = {
    *("id", "title", "category", "description", "company_name", "employer_verified", "city"),
    *("distance_km", "starts_on", "ends_on", "time_zone", "slots", "salary", "positions"),
}


def responds(worker: Person, offer: Any, response: str, **more: Any) -> httpx.Response:
    body = {"response": response, **more}
    return worker.post(f"/api/workers/offers/{offer['id']}/respond", body)


def withdraws(worker: Person, offer: Any) -> httpx.Response:
    return worker.post(f"/api/workers/offers/{offer['id']}/withdraw")


def reconsiders(worker: Person, offer: Any) -> httpx.Response:
    return worker.post(f"/api/workers/offers/{offer['id']}/reconsider")


def one_offer(world: World, **job: Any) -> tuple[Person, Person, Any, Any]:
    """A worker, an employer, the employer's job, and the worker's offer of it."""
    worker, employer = world.worker(), world.employer()
    made = world.job(employer, **job)
    [offer] = world.offers(worker)
    return worker, employer, made, offer


def test_an_offer_says_what_one_needs_to_answer_and_no_more(sqlite_world: World) -> None:
    world = sqlite_world
    worker, _employer, job, offer = one_offer(world)
    assert set(offer) == SHAPE
    assert set(offer["job"]) == JOB_SHAPE
    assert (offer["status"], offer["responded_at"]) == ("offered", None)
    assert offer["job"]["id"] == job["id"]
    assert offer["job"]["slots"] == [{"weekday": "saturday", "start": "10:00", "end": "18:00"}]
    assert offer["job"]["salary"] == {"amount": 15_000, "currency": "INR", "per": "hour"}
    assert (
        offer["job"]["distance_km"] == 0.1
    )  # from the point of the grid next to the worker's home
    assert offer["offered_at"] == "2026-11-23T06:00:00Z"
    assert offer["respond_by"] == "2026-11-23T10:00:00Z"
    text = worker.get("/api/workers/offers").text
    assert "Hill Road" not in text  # the exact address
    assert "example.com" not in text  # the employer's contact
    assert "19.05" not in text


def test_the_reasons_are_said_in_the_workers_language(sqlite_world: World) -> None:
    world = sqlite_world
    worker, _, _, offer = one_offer(world)
    assert any("away" in reason for reason in offer["why"])
    ok(worker.put("/api/workers/profile", {"language": "hi"}))
    [again] = world.offers(worker)
    assert len(again["why"]) == len(offer["why"])
    assert not any("away" in reason for reason in again["why"])


def test_a_job_text_gives_no_way_around_us(sqlite_world: World) -> None:
    world = sqlite_world
    _, _, _, offer = one_offer(
        world,
        title="Waiter, call 98765 43210",
        description="WhatsApp nine eight seven six five four three two one zero now",
    )
    assert "98765" not in offer["job"]["title"]
    assert "nine eight" not in offer["job"]["description"]


def test_accept_and_reject_answer_with_the_offer(sqlite_world: World) -> None:
    world = sqlite_world
    first, second = world.worker(), world.worker(name="Ravi Menon")
    world.job(world.employer())
    [offer], [other] = world.offers(first), world.offers(second)
    world.clock.advance(minutes=5)
    accepted = ok(responds(first, offer, "accept"))
    assert set(accepted) == SHAPE
    assert (accepted["status"], accepted["responded_at"]) == ("accepted", "2026-11-23T06:05:00Z")
    rejected = ok(responds(second, other, "reject", reason="too far"))
    assert rejected["status"] == "rejected"
    assert [o["status"] for o in world.offers(first)] == ["accepted"]


def test_the_same_answer_again_is_fine_and_the_opposite_is_refused(sqlite_world: World) -> None:
    world = sqlite_world
    worker, _, _, offer = one_offer(world)
    first = ok(responds(worker, offer, "accept"))
    world.clock.advance(minutes=5)
    assert ok(responds(worker, offer, "accept")) == first
    refused(responds(worker, offer, "reject"), 409, "already_responded")


def test_too_late_is_too_late_without_any_background_process(world: World) -> None:
    worker, _, _, offer = one_offer(world, respond_within_minutes=5)
    world.clock.advance(minutes=5)
    refused(responds(worker, offer, "accept"), 409, "offer_expired")
    [seen] = world.offers(worker)
    assert seen["status"] == "expired"
    assert world.offers(worker, status="offered") == []
    assert [o["id"] for o in world.offers(worker, status="expired")] == [offer["id"]]


def test_a_cancelled_job_takes_no_answer_and_tells_its_workers_once(world: World) -> None:
    worker, employer, job, offer = one_offer(world)
    assert worker.phone is not None
    world.messages(worker.phone)  # the offer has arrived
    ok(employer.delete(f"/api/employers/jobs/{job['id']}"))
    ok(employer.delete(f"/api/employers/jobs/{job['id']}"))
    refused(responds(worker, offer, "accept"), 409, "offer_closed")
    refused(responds(worker, offer, "reject"), 409, "offer_closed")
    assert [o["status"] for o in world.offers(worker)] == ["closed"]
    told = [m["text"] for m in world.messages(worker.phone) if "no longer open" in m["text"]]
    assert len(told) == 1


def test_a_full_job_takes_no_more(sqlite_world: World) -> None:
    world = sqlite_world
    workers = [world.worker(name=f"Worker {letter}") for letter in "ABC"]
    employer = world.employer()
    job = world.job(employer)  # one position: two offers, two acceptances at most
    open_to = [worker for worker in workers if world.offers(worker)]
    assert len(open_to) == 2
    ok(responds(open_to[0], world.offers(open_to[0])[0], "reject"))
    ok(employer.post(f"/api/matching/jobs/{job['id']}/trigger"), 202)
    for worker in workers:
        for offer in world.offers(worker, status="offered"):
            ok(responds(worker, offer, "accept"))
    assert [m["status"] for m in world.matches(employer, job["id"], status="accepted")] == [
        "accepted",
        "accepted",
    ]


def test_an_acceptance_is_taken_back_until_the_contact_is_unlocked(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer, job, offer = one_offer(world)
    refused(withdraws(worker, offer), 409, "not_accepted")
    ok(responds(worker, offer, "accept"))
    assert ok(withdraws(worker, offer))["status"] == "withdrawn"
    assert ok(withdraws(worker, offer))["status"] == "withdrawn"
    refused(responds(worker, offer, "accept"), 409, "already_responded")
    [match] = world.matches(employer, job["id"])
    assert (match["status"], match["contact"]) == ("withdrawn", None)


def test_a_rejection_is_taken_back_while_the_offer_stands(world: World) -> None:
    worker, employer, job, offer = one_offer(world)
    refused(reconsiders(world.worker(name="Stranger"), offer), 404, "offer_not_found")
    assert ok(reconsiders(worker, offer))["status"] == "offered"  # open already
    ok(responds(worker, offer, "reject", reason="too far"))
    again = ok(reconsiders(worker, offer))
    assert (again["status"], again["responded_at"]) == ("offered", None)
    assert again["respond_by"] == offer["respond_by"]
    assert ok(reconsiders(worker, offer))["status"] == "offered"
    [match] = world.matches(employer, job["id"])
    assert (match["status"], match["worker"]["display_name"]) == ("offered", None)
    progress = ok(employer.get(f"/api/employers/jobs/{job['id']}"))["progress"]
    assert (progress["offered"], progress["rejected"]) == (1, 0)
    assert ok(responds(worker, offer, "accept"))["status"] == "accepted"
    refused(reconsiders(worker, offer), 409, "not_rejected")


def test_a_rejection_is_not_taken_back_from_an_ended_offer(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer, job, offer = one_offer(world)
    ok(responds(worker, offer, "reject"))
    ok(employer.delete(f"/api/employers/jobs/{job['id']}"))
    refused(reconsiders(worker, offer), 409, "offer_closed")


def test_somebody_elses_offer_is_not_there(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer, _, offer = one_offer(world)
    stranger = world.worker(name="Stranger", skills=["cook"])
    for answer in (
        responds(stranger, offer, "accept"),
        withdraws(stranger, offer),
        responds(worker, {"id": "01900000-0000-7000-8000-000000000000"}, "accept"),
    ):
        refused(answer, 404, "offer_not_found")
    refused(responds(employer, offer, "accept"), 403, "wrong_role")
    refused(employer.get("/api/workers/offers"), 403, "wrong_role")
    assert [o["status"] for o in world.offers(worker)] == ["offered"]


def test_what_makes_no_sense_is_refused_by_field(sqlite_world: World) -> None:
    world = sqlite_world
    worker, _, _, offer = one_offer(world)
    for body in (
        {},
        {"response": "maybe"},
        {"response": True},
        {"response": "accept", "price": 1},
        {"response": "reject", "reason": "x" * 501},
        {"response": "reject", "reason": "\x00"},
    ):
        path = f"/api/workers/offers/{offer['id']}/respond"
        problem = refused(worker.post(path, body), 422, "invalid")
        assert problem["errors"]
    refused(worker.get("/api/workers/offers?status=nonsense"), 422, "invalid")
    refused(worker.get("/api/workers/offers?cursor=forged"), 422, "invalid")
    assert [o["status"] for o in world.offers(worker)] == ["offered"]


def test_an_idempotency_key_replays_the_first_answer(sqlite_world: World) -> None:
    world = sqlite_world
    worker, _, _, offer = one_offer(world)
    headers = {"Idempotency-Key": "tap-1"}
    path = f"/api/workers/offers/{offer['id']}/respond"
    first = ok(worker.post(path, {"response": "accept"}, headers=headers))
    world.clock.advance(minutes=1)
    assert ok(worker.post(path, {"response": "accept"}, headers=headers)) == first
    reused = worker.post(path, {"response": "reject"}, headers=headers)
    refused(reused, 422, "idempotency_key_reused")


def test_pages_of_offers_neither_repeat_nor_skip_while_new_ones_come(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    for number in range(5):
        world.job(employer, title=f"Waiter number {number}")
    first = ok(worker.get("/api/workers/offers", params={"limit": 2}))
    world.job(employer, title="Waiter of the meantime")
    seen = [item["job"]["title"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = ok(worker.get("/api/workers/offers", params={"limit": 2, "cursor": cursor}))
        seen += [item["job"]["title"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"Waiter number {number}" for number in (4, 3, 2, 1, 0)]


def test_parallel_taps_over_http_keep_the_limit(world: World) -> None:
    workers = [world.worker(name=f"Worker {letter}") for letter in "ABCDEF"]
    employer = world.employer()
    job = world.job(employer, positions=3)
    with ThreadPoolExecutor(12) as pool:
        taps = [(worker, world.offers(worker)[0]) for worker in workers] * 2
        answers = list(pool.map(lambda tap: responds(tap[0], tap[1], "accept"), taps))
    assert {answer.status_code for answer in answers} == {200}
    assert len(world.matches(employer, job["id"], status="accepted")) == 6
