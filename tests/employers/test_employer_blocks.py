"""An employer who blocks a worker has them offered no more, and lifts it again."""

from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead, somewhere


def test_a_blocked_worker_is_offered_nothing_more_by_this_employer(world_of_file: World) -> None:
    world = world_of_file
    place = somewhere()
    worker = world.worker(location=place, slots=("saturday",))
    employer, other = world.employer(), world.employer()
    world.job(employer, location=place)
    (offer,) = world.offers(worker)
    body = {"match_id": offer["id"]}
    refused(other.post("/api/employers/blocks", body), 404, "match_not_found")
    made = ok(employer.post("/api/employers/blocks", body), 201)
    assert ok(employer.post("/api/employers/blocks", body), 201) == made
    assert ok(employer.get("/api/employers/blocks"))["items"] == [made]
    answer = worker.post(f"/api/workers/offers/{offer['id']}/respond", {"response": "accept"})
    refused(answer, 409, "offer_closed")
    world.job(employer, location=place)
    assert len(world.offers(worker)) == 1
    world.job(other, location=place)
    assert len(world.offers(worker)) == 2
    refused(other.delete(f"/api/employers/blocks/{offer['id']}"), 404, "block_not_found")
    ok(employer.delete(f"/api/employers/blocks/{offer['id']}"), 204)
    world.job(employer, location=place)
    assert len(world.offers(worker)) == 3


def test_what_was_unlocked_stays(world_of_file: World) -> None:
    mine = lead(world_of_file)
    mine.buy()
    ok(mine.employer.post("/api/employers/blocks", {"match_id": mine.id}), 201)
    assert mine.phone_shown() == mine.worker.phone
