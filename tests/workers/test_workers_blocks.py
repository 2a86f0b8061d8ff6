"""A worker blocks employers."""

from tests.support.app_harness import World
from tests.support.assertions import ok, refused

BLOCKS = "/api/workers/blocks"


def test_a_blocked_employer_s_jobs_are_offered_no_more(world: World) -> None:
    worker, employer, other = world.worker(), world.employer(), world.employer()
    world.job(employer)
    offered = world.offers(worker, status="offered")
    ok(worker.post(BLOCKS, {"employer_id": employer.id}), 201)
    assert len(offered) == 1
    assert world.offers(worker, status="offered") == []
    path = f"/api/workers/offers/{offered[0]['id']}/respond"
    refused(worker.post(path, {"response": "accept"}), 409, "offer_closed")
    world.job(employer)
    assert world.offers(worker, status="offered") == []
    world.job(other)
    assert len(world.offers(worker, status="offered")) == 1


def test_blocking_twice_changes_nothing(world: World) -> None:
    worker, employer = world.worker(slots=()), world.employer()
    first = ok(worker.post(BLOCKS, {"employer_id": employer.id}), 201)
    world.clock.advance(minutes=1)
    assert ok(worker.post(BLOCKS, {"employer_id": employer.id})) == first
    assert ok(worker.get(BLOCKS)) == {"items": [first]}
    assert first == {"employer_id": employer.id, "created_at": "2026-11-23T06:00:00Z"}


def test_a_lifted_block_lets_offers_through_again(shared_world: World) -> None:
    worker, employer = shared_world.worker(), shared_world.employer()
    ok(worker.post(BLOCKS, {"employer_id": employer.id}), 201)
    ok(worker.delete(f"{BLOCKS}/{employer.id}"), 204)
    refused(worker.delete(f"{BLOCKS}/{employer.id}"), 404, "block_not_found")
    assert ok(worker.get(BLOCKS)) == {"items": []}
    shared_world.job(employer)
    assert len(shared_world.offers(worker)) == 1


def test_only_an_employer_can_be_blocked(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    for nobody in (
        shared_world.worker(slots=()).id,
        worker.id,
        "01900000-0000-7000-8000-000000000000",
    ):
        refused(worker.post(BLOCKS, {"employer_id": nobody}), 404, "employer_not_found")
    refused(worker.post(BLOCKS, {"employer_id": "x"}), 422, "invalid")


def test_a_block_is_the_worker_s_own(shared_world: World) -> None:
    worker, stranger, employer = (
        shared_world.worker(slots=()),
        shared_world.worker(slots=()),
        shared_world.employer(),
    )
    ok(worker.post(BLOCKS, {"employer_id": employer.id}), 201)
    assert ok(stranger.get(BLOCKS)) == {"items": []}
    refused(stranger.delete(f"{BLOCKS}/{employer.id}"), 404, "block_not_found")
