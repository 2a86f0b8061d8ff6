"""The main job of the product, played over real HTTP with the sandbox: hi, offer, yes, lead."""

from typing import Any

from tests.support.app_harness import World
from tests.support.assertions import ok, refused

PHONE = "+919833300001"


def newest(world: World) -> dict[str, Any]:
    return world.messages(PHONE)[-1]


def register(world: World) -> None:
    world.says(PHONE, "hi", name="Asha Kulkarni")
    for tap in ("language:en", "consent:yes", "name:profile", "skill:waiter", "skills:done"):
        world.taps(PHONE, tap)
    world.says(PHONE, {"type": "location", "latitude": 19.0596, "longitude": 72.8295})
    for tap in ("distance:10", "years:3"):
        world.taps(PHONE, tap)
    world.says(PHONE, "weekends 8am-9pm")
    world.taps(PHONE, "free:yes")


def test_a_worker_registers_and_accepts_in_whatsapp_and_the_employer_buys_the_lead(
    world: World,
) -> None:
    register(world)
    assert "All set, Asha Kulkarni!" in newest(world)["text"]

    employer = world.employer(verified=True)
    job = world.job(employer)
    offer = newest(world)
    assert "Waiter for Saturday brunch" in offer["text"]
    accept, reject = offer["buttons"]
    assert (accept["title"], reject["title"]) == ("Accept", "Reject")

    world.taps(PHONE, accept["id"])
    assert "You accepted *Waiter for Saturday brunch*" in newest(world)["text"]
    [match] = world.matches(employer, job["id"])
    assert (match["status"], match["contact"]) == ("accepted", None)
    assert match["worker"]["display_name"] == "Asha K."

    unlock = ok(employer.post(f"/api/employers/matches/{match['id']}/unlock"), 202)
    world.pay(unlock["checkout_url"])
    contact = world.matches(employer, job["id"])[0]["contact"]
    assert (contact["name"], contact["phone"]) == ("Asha Kulkarni", PHONE)
    assert "chose you" in newest(world)["text"]
    world.says(PHONE, "who has my number")
    assert "Cafe Leopold" in newest(world)["text"]


def test_who_registered_in_whatsapp_signs_in_by_code(sqlite_world: World) -> None:
    world = sqlite_world
    register(world)
    ok(world.http.post("/api/auth/otp", json={"phone": PHONE}), 202)
    worker = world.sign_in_worker(PHONE)
    profile = ok(worker.get("/api/workers/profile"))
    assert (profile["name"], profile["city"], profile["skills"]) == (
        "Asha Kulkarni",
        "Mumbai",
        ["waiter"],
    )
    slots = ok(worker.get("/api/workers/availability"))["items"]
    assert [(slot["weekday"], slot["start"], slot["end"]) for slot in slots] == [
        ("saturday", "08:00", "21:00"),
        ("sunday", "08:00", "21:00"),
    ]


def test_an_answer_in_the_chat_is_an_answer_everywhere(sqlite_world: World) -> None:
    world = sqlite_world
    register(world)
    ok(world.http.post("/api/auth/otp", json={"phone": PHONE}), 202)
    worker = world.sign_in_worker(PHONE)
    world.job(world.employer(verified=True))
    [offer] = world.offers(worker)
    world.says(PHONE, "haan")
    assert world.offers(worker)[0]["status"] == "accepted"
    path = f"/api/workers/offers/{offer['id']}/respond"
    refused(worker.post(path, {"response": "reject"}), 409, "already_responded")


def test_after_stop_no_offer_is_made_and_after_start_again(sqlite_world: World) -> None:
    world = sqlite_world
    register(world)
    world.says(PHONE, "STOP")
    employer = world.employer(verified=True)
    world.job(employer)
    assert "no more messages" in newest(world)["text"]
    world.says(PHONE, "START")
    world.job(employer, title="Waiter for Sunday lunch")
    assert "Waiter for Sunday lunch" in newest(world)["text"]
