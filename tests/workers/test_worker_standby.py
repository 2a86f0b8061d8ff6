"""Standing by for a full job over HTTP and in the chat."""

from typing import Any

from sqlalchemy import update

from app.employers.blocks import block_worker
from app.jobs.models import Job
from app.matching.standby import promote_due
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.chat_player import chat


def test_standing_by_tells_where_one_stands_until_one_leaves(sqlite_world: World) -> None:
    world = sqlite_world
    first, late = world.worker(name="Worker A"), world.worker(name="Worker B")
    world.job(world.employer())

    async def takes_one(session: Any) -> None:
        await session.execute(update(Job).values(accept_limit=1))

    world.in_session(takes_one)
    mine, offer = (world.offers(worker)[0]["id"] for worker in (first, late))
    path = f"/api/workers/offers/{offer}/standby"
    world.accept(first, mine)
    accept = {"response": "accept"}
    refused(late.post(f"/api/workers/offers/{offer}/respond", accept), 409, "offer_closed")
    told = ok(late.post(path))
    assert set(told) == {"offer_id", "since", "ahead", "chance"}
    assert (told["offer_id"], told["ahead"], told["chance"]) == (offer, 0, 0.1)
    assert ok(late.post(path)) == told
    refused(first.post(path), 404, "offer_not_found")
    refused(first.post(f"/api/workers/offers/{mine}/standby"), 409, "offer_closed")
    for _ in range(2):
        assert late.delete(path).status_code == 204


async def test_a_yes_that_came_too_late_is_asked_whether_to_wait(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        await world.offered("Evening waiter")
        async with world.database.begin() as session:
            await session.execute(update(Job).values(accepted=2, accept_limit=2))
            await session.execute(update(JobMatch).values(status=OfferStatus.CLOSED))
        offer_id = (await _offer(world)).id
        await world.taps(f"offer:{offer_id}:accept")
        asked = world.phone.received[-1][2]
        assert f"offer:{offer_id}:standby" in {button.id for button in asked.buttons}
        await world.taps(f"offer:{offer_id}:standby")
        assert "19%" in world.phone.received[-1][2].text
        async with world.database.begin() as session:
            await session.execute(update(Job).values(accepted=0))
            assert await promote_due(session, world.clock_now, 10) == 1
        await world.settle()
        assert any("it is yours" in outgoing.text for _, _, outgoing in world.phone.received)
        assert (await _offer(world)).status == OfferStatus.ACCEPTED


async def _offer(world):
    async with world.database.read() as session:
        return (await session.execute(JobMatch.__table__.select())).one()


async def test_who_may_not_wait_is_not_asked_again_whether_to_wait(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        await world.offered("Evening waiter")
        async with world.database.begin() as session:
            await session.execute(update(Job).values(accepted=2, accept_limit=2))
            await session.execute(update(JobMatch).values(status=OfferStatus.CLOSED))
        offer = await _offer(world)
        async with world.database.begin() as session:
            await block_worker(
                session, offer.employer_id, offer.worker_id, offer.id, now=world.clock_now
            )
        await world.taps(f"offer:{offer.id}:standby")
        assert not world.phone.received[-1][2].buttons
        assert (await _offer(world)).standby_at is None
