"""A worker's reliability over HTTP and in the chat: shown, explained, and appealed against."""

from typing import Any

import pytest
from sqlalchemy import select

from app.offers.models import JobMatch, ReliabilityAppeal
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.chat_player import chat

RELIABILITY = "/api/workers/reliability"
APPEAL = "/api/workers/reliability/appeal"
APPEALS = "/api/admin/appeals"


def reliability_of(worker: Person) -> dict[str, Any]:
    answer: dict[str, Any] = ok(worker.get(RELIABILITY))
    return answer


def withdrawn_late(world: World) -> tuple[Person, Person]:
    """A worker who took a yes back too late for it to leave no trace."""
    worker, employer = world.worker(), world.employer()
    world.job(employer)
    [offer] = world.offers(worker)
    world.accept(worker, offer["id"])
    world.clock.advance(minutes=6)
    ok(worker.post(f"/api/workers/offers/{offer['id']}/withdraw"))
    return worker, employer


def test_a_newcomer_begins_with_what_is_usual(sqlite_world: World) -> None:
    worker = sqlite_world.worker()
    told = reliability_of(worker)
    assert set(told) == {"score", "parts", "newcomer", "how_to_improve"}
    assert (told["score"], told["parts"], told["newcomer"]) == (75.0, [], True)
    assert all(told["how_to_improve"])
    refused(worker.post(APPEAL, {"what": "score", "note": "Why?"}), 409, "nothing_to_appeal")
    refused(sqlite_world.employer().get(RELIABILITY), 403, "wrong_role")


def test_a_no_raises_it_and_is_told_in_ones_language(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    world.job(employer)
    [offer] = world.offers(worker)
    ok(worker.post(f"/api/workers/offers/{offer['id']}/respond", {"response": "reject"}))
    told = reliability_of(worker)
    [part] = told["parts"]
    assert set(part) == {"what", "effect", "until"}
    assert (told["score"], part["effect"], told["newcomer"]) == (80.0, 5.0, False)
    assert part["until"].startswith("2027-01-2")
    assert told["score"] == ok(worker.get("/api/workers/profile"))["reliability"]
    english = told["how_to_improve"]
    ok(worker.put("/api/workers/profile", {"language": "hi"}))
    hindi = reliability_of(worker)
    assert hindi["parts"][0]["what"] != part["what"]
    assert set(hindi["how_to_improve"]).isdisjoint(english)


def test_an_answer_taken_back_at_once_leaves_no_trace(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    world.job(employer)
    [offer] = world.offers(worker)
    before = reliability_of(worker)
    ok(worker.post(f"/api/workers/offers/{offer['id']}/respond", {"response": "reject"}))
    ok(worker.post(f"/api/workers/offers/{offer['id']}/reconsider"))
    assert reliability_of(worker) == before
    world.accept(worker, offer["id"])
    ok(worker.post(f"/api/workers/offers/{offer['id']}/withdraw"))
    assert reliability_of(worker) == before


def test_an_appeal_is_listed_decided_once_and_takes_the_effect_away(world: World) -> None:
    worker, _ = withdrawn_late(world)
    told = reliability_of(worker)
    [part] = told["parts"]
    assert (told["score"], part["effect"]) == (60.0, -15.0)
    made = ok(worker.post(APPEAL, {"what": part["what"], "note": "I was ill."}), 201)
    assert (made["status"], made["what"].partition(":")[0]) == ("open", "withdrawn")
    again = ok(worker.post(APPEAL, {"what": part["what"], "note": "I was ill!"}), 201)
    assert again["id"] == made["id"]
    admin = world.admin()
    [row] = ok(admin.get(f"{APPEALS}?status=open"))["items"]
    assert (row["id"], row["note"], row["reliability"]) == (made["id"], "I was ill.", 60.0)
    action = f"{APPEALS}/{made['id']}/action"
    refused(admin.post(action, {"action": "uphold"}), 422, "invalid")
    decided = ok(admin.post(action, {"action": "uphold", "reason": "Of course."}))
    assert (decided["status"], decided["reliability"]) == ("upheld", 75.0)
    refused(admin.post(action, {"action": "decline", "reason": "No."}), 409, "appeal_decided")
    assert reliability_of(worker)["newcomer"]
    assert ok(worker.get("/api/workers/profile"))["reliability"] == 75.0
    [own] = ok(worker.get("/api/workers/export"))["appeals"]
    assert (own["note"], own["status"], own["reason"]) == ("I was ill.", "upheld", "Of course.")
    assert ok(admin.get(f"{APPEALS}?status=open"))["items"] == []
    logged = [
        each["action"] for each in ok(admin.get(f"/api/admin/logs?target_id={made['id']}"))["items"]
    ]
    assert logged == ["appeal.uphold", "appeal.make"]


def test_what_is_not_mine_cannot_be_appealed_against(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = withdrawn_late(world)
    other = world.worker()
    nobody = "withdrawn:019abc6e-5d3e-7c3a-9d7e-0242ac120002"
    refused(worker.post(APPEAL, {"what": nobody, "note": "Why?"}), 404, "part_not_found")
    refused(worker.post(APPEAL, {"what": "", "note": "Why?"}), 422, "invalid")
    refused(worker.post(APPEAL, {"what": "score", "note": ""}), 422, "invalid")
    refused(worker.post(APPEAL, {"what": "score", "note": "x", "more": 1}), 422, "invalid")
    refused(other.post(APPEAL, {"what": "score", "note": "Why?"}), 409, "nothing_to_appeal")
    refused(employer.post(APPEAL, {"what": "score", "note": "Why?"}), 403, "wrong_role")
    refused(worker.get(APPEALS), 403, "wrong_role")
    missing = f"{APPEALS}/019abc6e-5d3e-7c3a-9d7e-0242ac120002/action"
    body = {"action": "decline", "reason": "No."}
    refused(world.admin().post(missing, body), 404, "appeal_not_found")


def test_two_of_one_title_and_day_are_appealed_against_apart(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    offers = []
    for day in ("2026-11-28", "2026-12-05", "2026-12-12"):
        job = world.job(employer, starts_on=day, ends_on=day)
        [offer] = [each for each in world.offers(worker) if each["job"]["id"] == job["id"]]
        offers.append(world.accept(worker, offer["id"])["id"])
    world.clock.advance(minutes=6)
    for offer_id in offers:
        ok(worker.post(f"/api/workers/offers/{offer_id}/withdraw"))
    whats = [part["what"] for part in reliability_of(worker)["parts"] if part["effect"] < 0]
    assert len(set(whats)) == 3
    assert [what[-3:] for what in whats[:2]] == ["(3)", "(2)"]
    made = [
        ok(worker.post(APPEAL, {"what": what, "note": "I was ill."}), 201)["what"] for what in whats
    ]
    assert set(made) == {f"withdrawn:{offer_id}" for offer_id in offers}


@pytest.mark.parametrize(
    ("language", "asks", "appeals", "tells"),
    [("en", "my reliability", "appeal", "75"), ("hi", "मेरा स्कोर", "अपील", "75")],
)
async def test_the_chat_shows_it_and_takes_an_appeal(
    database_url: str, language: str, asks: str, appeals: str, tells: str
) -> None:
    async with chat(database_url) as world:
        await world.registered(language)
        await world.offered("Evening waiter")
        before = len(world.phone.received)
        await world.says(asks)
        [shown] = [outgoing.text for _, _, outgoing in world.phone.received[before:]]
        assert tells in shown
        await world.says("yes" if language == "en" else "हाँ")
        await world.passes(6, "minutes")
        async with world.database.begin() as session:
            offer = (await session.execute(JobMatch.__table__.select())).one()
        await world.taps(f"offer:{offer.id}:withdraw")
        await world.says("yes" if language == "en" else "हाँ")
        await world.says(asks)
        *_, low = [outgoing.text for _, _, outgoing in world.phone.received]
        assert "60" in low
        assert "Evening waiter" in low
        await world.says(appeals)
        await world.says("I was in hospital" if language == "en" else "मैं अस्पताल में था")
        asked = len(world.phone.received)
        await world.says(appeals)
        assert len(world.phone.received) == asked + 1


async def test_the_chat_asks_which_of_several_misses_is_meant(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registered("en")
        for title in ("Evening waiter", "Morning cook"):
            await world.offered(title)
            await world.says("yes")
            await world.passes(6, "minutes")
            async with world.database.begin() as session:
                offers = (await session.execute(JobMatch.__table__.select())).all()
            taken = next(offer for offer in offers if offer.status == "accepted")
            await world.taps(f"offer:{taken.id}:withdraw")
        before = len(world.phone.received)
        await world.says("appeal")
        *_, (_, _, which) = world.phone.received[before:]
        assert [row.title for row in which.rows] == [
            "1. Morning cook",
            "2. Evening waiter",
            "All of these",
        ]
        for _ in range(2):  # a second tap asks the same again
            await world.taps(which.rows[1].id)
        await world.says("I was in hospital")
        async with world.database.begin() as session:
            [row] = await session.scalars(select(ReliabilityAppeal))
        assert f"appeal:{row.about}" == which.rows[1].id
        await world.taps(which.rows[1].id)  # harmless by now
        *_, (_, _, told) = world.phone.received
        assert "already" in told.text
        async with world.database.begin() as session:
            assert len((await session.scalars(select(ReliabilityAppeal))).all()) == 1
