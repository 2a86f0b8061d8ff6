"""Any name that can be read is kept; what an unpaid reader sees of it are letters, and a real place."""

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok, refused

PROFILE = "/api/workers/profile"


@pytest.mark.parametrize(
    "city",
    [
        "Insta asha.k",
        "@asha Mumbai",
        "Mumbai 55123",
        "nine eight two zero",
        "asha@okbank",
        "Canaryville",
    ],
)
def test_a_city_that_is_no_place_is_refused(shared_world: World, city: str) -> None:
    worker = shared_world.worker(slots=(), city="Pune")
    problem = refused(worker.put(PROFILE, {"city": city}), 422, "unknown_place")
    assert [error["field"] for error in problem["errors"]] == ["city"]
    assert ok(worker.get(PROFILE))["city"] == "Pune"


def test_registering_from_no_place_is_refused_for_every_phone_alike(shared_world: World) -> None:
    known = shared_world.worker(slots=())
    body = {"name": "Asha Rao", "consent": True, "city": "wa.me slash asha"}
    for phone in (known.phone, "+919811188001"):
        answer = shared_world.http.post("/api/auth/register/worker", json=body | {"phone": phone})
        refused(answer, 422, "unknown_place")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Mumbai", "Mumbai"),
        ("mumbai", "Mumbai"),
        ("Bombay", "Mumbai"),
        ("पुणे", "Pune"),
        ("Bangalore", "Bengaluru"),
        ("Koramangala", "Koramangala"),
        ("London", "London"),
        ("Dadar", "Dadar"),  # and not Davrapada, which is also called so
        ("Banaras", "Varanasi"),
    ],
)
def test_a_city_is_kept_as_the_catalogue_writes_it(
    shared_world: World, said: str, kept: str
) -> None:
    worker = shared_world.worker(slots=())
    assert ok(worker.put(PROFILE, {"city": said}))["city"] == kept
    assert ok(worker.put(PROFILE, {"city": None}))["city"] is None


@pytest.mark.parametrize(
    "name",
    [
        "98",
        "९८",
        "\u0301\u0301",
        "\u200b\u200b",
        "\u2060",
        "\u3164",
        "\u2800",
        "...",
        "' '",
        "Asha\u2800Rao",
        "Asha\u200bRao",
        "Asha\u0007",
        "Asha\nRao",
        "A" + "\u0301" * 12,
        "Asha\u202eimuK",
        "\u200dAsha",
        "🙂",
    ],
)
def test_a_name_without_a_letter_or_that_cannot_be_seen_is_refused(
    shared_world: World, name: str
) -> None:
    worker = shared_world.worker(slots=())
    problem = refused(worker.put(PROFILE, {"name": name}), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["name"]


@pytest.mark.parametrize(
    "name",
    ["S. K. Rao", "O'Brien", "D’Souza", "Anne-Marie", "आशा कुलकर्णी", "عائشہ خان", "李明", "Ng"],
)
def test_names_of_all_scripts_are_taken(shared_world: World, name: str) -> None:
    worker = shared_world.worker(slots=())
    assert ok(worker.put(PROFILE, {"name": name}))["name"] == name


SHOWN = {
    "Worker 2": "Worker",
    "2 Worker": "Worker",
    "2Pac Shakur": "Pac S.",
    "Asha 9876543210": "Asha",
    "Asha९८": "Asha",
    "-Asha": "Asha",
    "Asha (98200) Kulkarni": "Asha K.",
    "Asha@upi": "Worker",
    "asha.com": "Worker",
    "Insta.ashakulkarni R.": "R.",
    "Insta 9 ashakulkarni": "Worker",
    "NineEightTwoZero": "Worker",
    "Asha 🙂 Rao": "Asha R.",
    "Ⅳ Asha": "Asha",
    "S. K. Rao": "Rao S.",
    "आशा कुलकर्णी": "आशा कु.",
}
"""Names as they are written, and as an employer reads them who has paid nothing."""


def test_a_name_is_kept_as_it_is_written_and_shown_in_letters(world: World) -> None:
    worker, owner = world.worker_through_doors(name="Worker 1"), world.employer()
    assert ok(worker.get(PROFILE))["name"] == "Worker 1"
    job = world.job(owner)
    world.accept(worker, world.offers(worker)[0]["id"])
    seen = {}
    for name in SHOWN:
        assert ok(worker.put(PROFILE, {"name": name}))["name"] == name
        seen[name] = world.matches(owner, job["id"])[0]["worker"]["display_name"]
    assert seen == SHOWN


def test_the_chat_asks_again_for_a_name_with_a_digit(shared_world: World) -> None:
    world, phone = shared_world, "+919811199044"
    world.says(phone, "hi")
    for button in ("language:en", "consent:yes"):
        world.settle()
        world.taps(phone, button)
    world.settle()
    assert world.messages(phone)[-1]["text"] == "What is your name?"
    world.says(phone, "Worker 2")
    world.settle()
    assert "just your name" in world.messages(phone)[-1]["text"]
    world.says(phone, "Asha Kulkarni")
    world.settle()
    assert "What work can you do?" in world.messages(phone)[-1]["text"]


@pytest.mark.parametrize("name", ["\u200b\u200b\u200b", "...", "\u2060\u2060\u2060"])
def test_a_company_or_title_that_cannot_be_seen_is_refused(shared_world: World, name: str) -> None:
    body = {
        "company_name": name,
        "contact_name": "Ravi Rao",
        "email": "unseen@example.com",
        "password": "correct horse battery staple",
    }
    answer = shared_world.http.post("/api/auth/register/employer", json=body)
    problem = refused(answer, 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["company_name"]
    job = shared_world.job_body(title=name)
    problem = refused(shared_world.employer().post("/api/employers/jobs", job), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["title"]


def test_a_city_kept_before_is_shown_only_where_it_is_a_place(world: World) -> None:
    worker = world.worker()
    world.kept_before(worker, name="Insta.ashakulkarni R.", city="Insta ashakulkarni, Mumbai")
    assert ok(worker.get(PROFILE))["name"] == "Insta.ashakulkarni R."
    owner = world.employer()
    job = world.job(owner)
    path = f"/api/employers/jobs/{job['id']}/matches"
    assert "ashakulkarni" not in owner.get(path).text
    world.kept_before(worker, city="bombay")
    assert world.matches(owner, job["id"])[0]["worker"]["city"] == "Mumbai"
