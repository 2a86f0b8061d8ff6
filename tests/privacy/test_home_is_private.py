"""No employer, however many jobs they post, learns where somebody lives, nor who lives there."""

import json
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.catalogue import places
from app.core.geo import Point, haversine_km, on_grid
from app.database.session import keyring
from app.messaging.models import EVENT, ITEM, ChatPerson, InboxItem, WebhookEvent
from app.workers.models import Worker
from tests.support.app_harness import BANDRA, Person, World
from tests.support.assertions import ok, refused
from tests.support.chat_player import chat

CELL = Point(19.06, 72.83)
"""A grid point; its cell reaches 0.0025 degrees to each side."""
HOMES = (Point(19.0579, 72.8279), Point(19.0621, 72.8322))
"""Two homes in opposite corners of that cell, 650 m apart."""
NEXT_DOOR = Point(19.0629, 72.8322)
"""90 m from the second, and across the border of the cell."""
PIN = {"latitude": 19.0578912, "longitude": 72.8281234}
JOBS = 12
PER_ACCOUNT = 5


def at(point: Point) -> dict[str, float]:
    return {"latitude": point.latitude, "longitude": point.longitude}


def spots(seed: int) -> Sequence[tuple[Point, float]]:
    """Where the attack posts jobs, and how far they reach: closing in on the cell from all sides."""
    chance = random.Random(seed)
    found = []
    for number in range(JOBS):
        spread = 0.03 / (1 + number // 4)
        place = Point(
            CELL.latitude + chance.uniform(-spread, spread),
            CELL.longitude + chance.uniform(-spread, spread),
        )
        away = haversine_km(place, CELL)
        found.append((place, round(max(0.5, away + chance.uniform(-0.4, 0.4)), 3)))
    return found


def seen_of(match: dict[str, Any]) -> dict[str, Any]:
    """All of a match but what is new each time."""
    return {name: match[name] for name in match if name not in {"id", "offered_at", "respond_by"}}


def attack(world: World, seed: int) -> list[Any]:
    """Post job after job from several accounts, moved before each is published; all that is answered."""
    answers: list[Any] = []
    accounts = [world.employer() for _ in range(-(-JOBS // PER_ACCOUNT))]
    for number, (place, radius_km) in enumerate(spots(seed)):
        spy = accounts[number // PER_ACCOUNT]
        job = world.job(spy, publish=False, location=BANDRA, radius_km=1.0, positions=3)
        path = f"/api/employers/jobs/{job['id']}"
        ok(spy.put(path, {"location": at(place), "radius_km": radius_km}))
        published = ok(spy.post(f"{path}/publish"))
        wave = ok(spy.post(f"/api/matching/jobs/{job['id']}/trigger"), 202)
        matches = world.matches(spy, job["id"])
        answers.append(
            (
                published["progress"],
                ok(spy.get(path))["progress"],
                {name: wave[name] for name in wave if name != "job_id"},
                [seen_of(match) for match in matches],
                ok(spy.get("/api/employers/dashboard"))["matches"],
            )
        )
        ok(spy.delete(path))
    return answers


def gone(worker: Person) -> None:
    ok(worker.delete("/api/workers/account"), 204)


def test_every_answer_is_the_same_for_each_home_of_a_cell(world: World) -> None:
    world.unread = True
    heard = []
    for home in (*HOMES, NEXT_DOOR):
        worker = world.worker(location=at(home))
        heard.append(attack(world, 1))
        gone(worker)
    one_corner, other_corner, across = heard
    assert one_corner == other_corner
    # The attack is a real one: it tells neighbours apart, where a border lies between them.
    assert one_corner != across
    assert any(answer[3] for answer in one_corner)
    assert not all(answer[3] for answer in one_corner)


def test_several_in_one_cell_look_as_if_they_lived_in_one_place(world: World) -> None:
    world.unread = True
    for home in HOMES:
        world.worker(location=at(home))
    for answer in attack(world, 7):
        assert len(answer[3]) in {0, 2}
        if answer[3]:
            one, other = answer[3]
            assert one == other


def test_halving_the_radius_ends_at_the_grid_point(world: World) -> None:
    world.unread = True
    home = HOMES[0]
    world.worker(location=at(home))
    spot = Point(19.09, 72.86)
    near, far = 0.5, 9.5
    accounts = [world.employer() for _ in range(3)]
    for number in range(14):
        spy = accounts[number // PER_ACCOUNT]
        radius_km = (near + far) / 2
        job = world.job(spy, location=at(spot), radius_km=radius_km)
        if world.matches(spy, job["id"]):
            far = radius_km
        else:
            near = radius_km
    assert far == pytest.approx(haversine_km(spot, CELL), abs=0.002)
    assert abs(far - haversine_km(spot, home)) > 0.1


def test_nobody_is_named_before_they_accept(world: World) -> None:
    owner = world.employer(phone="+919811199001")
    asha, ravi = world.worker(name="Asha Kulkarni"), world.worker(name="Ravi Deshpande")
    job = world.job(owner, positions=2)
    path = f"/api/employers/jobs/{job['id']}"
    world.settle()

    def told() -> str:
        """All that the employer can read."""
        pages = [
            owner.get(address).text
            for address in (
                path,
                f"{path}/matches",
                *(
                    f"{path}/matches?status={status}"
                    for status in ("offered", "rejected", "closed")
                ),
                "/api/employers/dashboard",
                "/api/employers/jobs",
                "/api/employers/payments",
                "/api/employers/blocks",
            )
        ]
        return "".join(pages) + json.dumps(world.messages("+919811199001"))

    assert [match["worker"]["display_name"] for match in world.matches(owner, job["id"])] == [
        None
    ] * 2
    assert "Asha" not in told()
    assert "Ravi" not in told()
    world.accept(asha, world.offers(asha)[0]["id"])
    offer = world.offers(ravi)[0]["id"]
    ok(ravi.post(f"/api/workers/offers/{offer}/respond", {"response": "reject"}))
    world.settle()
    assert "Asha K." in told()
    assert "Kulkarni" not in told()
    assert "Ravi" not in told()
    names = {
        match["status"]: match["worker"]["display_name"]
        for match in world.matches(owner, job["id"])
    }
    assert names == {"accepted": "Asha K.", "rejected": None}


def test_a_pin_is_on_the_grid_before_anything_of_it_is_stored(world: World) -> None:
    phone = "+919811199002"
    arrived = world.http.post(
        "/sandbox/whatsapp/_control/inbound",
        json={"phone": phone, "message": {"type": "location", **PIN}},
    )
    ok(arrived)

    async def stored(session: Any) -> list[str]:
        keys = keyring(session)
        events = await session.scalars(select(WebhookEvent.body_sealed))
        items = await session.scalars(select(InboxItem.body_sealed))
        states = await session.scalars(select(ChatPerson.state))
        return [
            *(keys.open(body, EVENT) for body in events if body),
            *(keys.open(body, ITEM) for body in items if body),
            *(json.dumps(state) for state in states),
        ]

    waiting = world.in_session(stored)
    assert any("19.06" in text for text in waiting)
    world.settle()
    for text in (*waiting, *world.in_session(stored)):
        assert "19.0578" not in text
        assert "72.8281" not in text


def test_a_pin_in_the_chat_is_where_the_worker_is_found(world: World) -> None:
    worker = world.worker(location=at(NEXT_DOOR))
    assert worker.phone is not None
    world.says(worker.phone, {"type": "location", **PIN})
    world.says(worker.phone, "yes")
    assert ok(worker.get("/api/workers/profile"))["location"] == at(CELL)
    assert ok(worker.get("/api/workers/export"))["profile"]["location"] == at(CELL)


async def kept_of(session: Any, worker_id: str) -> Point:
    """Where the database says that a worker is."""
    row = await session.get_one(Worker, UUID(worker_id))
    return Point(row.latitude, row.longitude)


def test_a_home_given_while_registering_is_kept_on_the_grid(world: World) -> None:
    worker = world.worker_through_doors(location=PIN)
    kept = world.in_session(lambda session: kept_of(session, worker.id))
    assert kept == CELL


def test_a_home_given_in_the_profile_is_kept_on_the_grid(world: World) -> None:
    worker = world.worker(location=at(NEXT_DOOR))
    ok(worker.put("/api/workers/profile", {"location": PIN}))
    kept = world.in_session(lambda session: kept_of(session, worker.id))
    assert kept == CELL


async def test_a_place_given_by_a_pin_code_is_kept_on_the_grid(database_url: str) -> None:
    place = places.by_pin("400050")
    assert place is not None
    there = Point(place.latitude, place.longitude)
    assert there != on_grid(there)
    async with chat(database_url) as chatting:
        await chatting.registers("en")
        worker_id = await chatting.worker_id()
        async with chatting.database.read() as session:
            assert await kept_of(session, str(worker_id)) == on_grid(there)


def test_a_place_that_is_typed_is_kept_on_the_grid(world: World) -> None:
    worker = world.worker(location=at(NEXT_DOOR), city="Pune")
    ok(worker.put("/api/workers/profile", {"location": None}))
    found = ok(worker.put("/api/workers/profile", {"city": "Mumbai"}))["location"]
    point = Point(found["latitude"], found["longitude"])
    assert point == on_grid(point)


def test_what_an_employer_sees_of_distance_is_rounded_to_half_a_kilometre(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    home = {"latitude": BANDRA["latitude"] + 0.0301, "longitude": BANDRA["longitude"]}
    world.worker(location=home)
    owner = world.employer()
    seen = []
    for shift in (-0.0005, 0.0, 0.0005):
        spot = {"latitude": BANDRA["latitude"] + shift, "longitude": BANDRA["longitude"]}
        job = world.job(owner, location=spot, radius_km=5.0)
        match = world.matches(owner, job["id"])[0]
        seen.append((match["distance_km"], match["breakdown"]["distance"], match["score"]))
    assert len(set(seen)) == 1, seen
    assert seen[0][0] == 3.5


def test_a_circle_around_one_house_is_refused(sqlite_world: World) -> None:
    owner = sqlite_world.employer()
    body = sqlite_world.job_body(radius_km=0.01)
    problem = owner.post("/api/employers/jobs", body)
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["field"] == "radius_km"
    ok(owner.post("/api/employers/jobs", sqlite_world.job_body(radius_km=0.5)), 201)


def test_jobs_published_and_cancelled_again_and_again_are_slowed_and_shown(world: World) -> None:
    owner = world.employer()
    world.runtime.limiter.enabled = True
    ok(
        world.admin().put(
            "/api/admin/settings", {"limits": {"published_jobs_cancelled_per_day": 3}}
        )
    )
    for _ in range(3):
        job = world.job(owner)
        ok(owner.delete(f"/api/employers/jobs/{job['id']}"))
    draft = world.job(owner, publish=False)
    ok(owner.delete(f"/api/employers/jobs/{draft['id']}"))  # a draft tells nothing of anybody
    job = world.job(owner, publish=False)
    refusal = owner.post(f"/api/employers/jobs/{job['id']}/publish")
    refused(refusal, 429, "publish_limit_reached")
    assert 86_000 < int(refusal.headers["Retry-After"]) <= 86_401
    signals = ok(world.admin().get(f"/api/admin/employers/{owner.id}"))["signals"]
    assert signals["jobs_taken_back_today"] == 3
    assert signals["jobs_taken_back_often"] is True
    query = f"target_id={owner.id}&action=employer.jobs_taken_back"
    assert len(ok(world.admin().get(f"/api/admin/logs?{query}"))["items"]) == 1
    world.clock.advance(days=1, seconds=1)
    owner.token = world.sign_in(owner.email or "", role="employer").token
    ok(owner.post(f"/api/employers/jobs/{job['id']}/publish"))
