"""A worker's number is nowhere until this employer has paid for this worker, and nowhere else after.

A canary number and address are put on workers, also in words in a text; then everything that leaves
the product is searched: answers, headers, logs, metrics, exports, messages.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.acceptance.shapes import page
from tests.support.app_harness import Person, World
from tests.support.assertions import ok

METRICS_TOKEN = "a token for the one who measures"
ADDRESS = "canary.bird@yellow-feathers.example"


@dataclass
class Canary:
    """A worker whose number must not get out."""

    person: Person
    digits: str

    def traces(self, text: str) -> list[str]:
        """Return what in this text gives the canary away, however it is written."""
        found = [word for word in (ADDRESS, "yellow-feathers") if word in text.lower()]
        squeezed = re.sub(r"[\s().+-]", "", text)
        if self.digits in squeezed or self.digits[2:] in squeezed:
            found.append(self.digits)
        return found


@dataclass
class Wire:
    """Everything that ever came over HTTP, by whom it was read."""

    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def read(self, reader: str, response: httpx.Response) -> httpx.Response:
        """Keep an answer, headers and all."""
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        where = f"{response.request.method} {response.request.url.path}"
        self.seen.append((reader, where, f"{headers}\n\n{response.text}"))
        return response


@pytest.fixture
def logged_world(database_url: str, world_with: Any) -> Iterator[tuple[World, io.StringIO]]:
    log = io.StringIO()
    with (
        contextlib.redirect_stderr(log),
        world_with(database_url, log_level="debug", metrics_token=METRICS_TOKEN) as world,
    ):
        yield world, log


PATHS = {
    "employer": (
        "/api/auth/me",
        "/api/employers/profile",
        "/api/employers/jobs",
        "/api/employers/jobs/{job}",
        "/api/employers/jobs/{job}/matches",
        "/api/employers/jobs/{job}/matches?status=accepted",
        "/api/employers/payments",
        "/api/employers/dashboard",
    ),
    "admin": (
        "/api/admin/workers",
        "/api/admin/workers?format=csv",
        "/api/admin/workers?q={digits}",
        "/api/admin/workers?q=Asha",
        "/api/admin/employers",
        "/api/admin/employers?format=csv",
        "/api/admin/employers/{employer}",
        "/api/admin/jobs",
        "/api/admin/jobs?format=csv",
        "/api/admin/jobs/{job}",
        "/api/admin/logs",
        "/api/admin/logs?format=csv",
        "/api/admin/stats",
        "/api/admin/settings",
        "/api/admin/payments",
        "/api/admin/payments?format=csv",
        "/api/admin/messages",
        "/api/admin/webhooks",
    ),
    "nobody": ("/", "/health", "/health/ready", "/openapi.json", "/api/catalogue/skills"),
}


def look_everywhere(
    wire: Wire, world: World, reader: str, person: Person | None, names: dict[str, str]
) -> None:
    """Read everything this person can read.

    One place is left out: an administrator's page of one single worker shows the number, for support.
    """
    kind = "nobody" if person is None else "admin" if reader == "admin" else "employer"
    for template in PATHS[kind]:
        path = template.format(**names)
        answer = person.get(path) if person else world.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        wire.read(reader, answer)


def canary(world: World, digits: str, **profile: Any) -> Canary:
    """Register a worker, whose bio says the number in every way people write it."""
    worker = world.worker_through_doors(phone=f"+{digits}", slots=("saturday",), **profile)
    local = digits[2:]
    spoken = "nine eight two zero zero double five one two three"
    bio = (
        f"Call me: {local[:5]} {local[5:]}, +{digits}, {'-'.join(local)}, {spoken}, "
        f"or {ADDRESS}, or canary.bird (at) yellow-feathers (dot) example."
    )
    ok(worker.put("/api/workers/profile", {"bio": bio}))
    return Canary(worker, digits)


def test_a_number_is_seen_by_whoever_paid_for_it_and_by_nobody_else(
    logged_world: tuple[World, io.StringIO],
) -> None:
    world, log = logged_world
    wire = Wire()
    sold = canary(world, "919820055123")
    kept = canary(world, "919820055124", name="Asha Kulkarni")
    buyer = world.employer_through_doors(phone="+919700000001")
    rival = world.employer_through_doors(phone="+919700000002")
    admin = world.admin()
    jobs = {person.id: world.job(person, positions=2)["id"] for person in (buyer, rival)}
    for bird in (sold, kept):
        for offer in world.offers(bird.person):
            world.accept(bird.person, offer["id"])
    match_of = {
        (person.id, match["id"]): match
        for person in (buyer, rival)
        for match in page(person.get(f"/api/employers/jobs/{jobs[person.id]}/matches"))
    }
    assert len(match_of) == 4

    def look(reader: str, person: Person | None) -> None:
        employer = person if person in (buyer, rival) else buyer
        assert employer is not None
        names = {"job": jobs[employer.id], "employer": employer.id, "digits": kept.digits}
        look_everywhere(wire, world, reader, person, names)

    for reader, person in (("buyer", buyer), ("rival", rival), ("admin", admin), ("", None)):
        look(reader, person)
    # What goes wrong must not tell either.
    for person in (buyer, rival):
        for path in (
            f"/api/workers/profile?phone={sold.digits}",
            f"/api/employers/matches/{sold.person.id}/unlock",
            f"/api/employers/jobs/{jobs[person.id]}/matches?cursor=x",
            f"/api/employers/jobs/{jobs[person.id]}/matches?status=x",
            f"/api/admin/workers/{sold.person.id}",
            f"/api/admin/workers?q={sold.digits}",
        ):
            wire.read("error", person.get(path))
    for person in (buyer, rival):
        wrong = {"company_name": 5, "phone": f"+{sold.digits}", sold.digits: ADDRESS}
        refused = person.put("/api/employers/profile", wrong)
        assert refused.status_code == 422

    offer_of_sold = {offer["job"]["id"]: offer["id"] for offer in world.offers(sold.person)}
    unlock = f"/api/employers/matches/{offer_of_sold[jobs[buyer.id]]}/unlock"
    pending = ok(wire.read("buyer", buyer.post(unlock)), 202)
    wire.read("buyer", world.http.get(pending["checkout_url"]))
    look("buyer", buyer)
    outgoing = [*_messages_to(world, buyer), *_messages_to(world, rival)]

    leaks = [
        (reader, where, traces)
        for reader, where, text in wire.seen
        for bird in (sold, kept)
        if (traces := bird.traces(text))
    ]
    assert leaks == []
    assert [t for t in outgoing for bird in (sold, kept) if bird.traces(t)] == []
    _nothing_in_logs_and_metrics(world, log, sold, kept)

    world.pay(pending["checkout_url"])
    wire.seen.clear()
    contact = ok(buyer.post(unlock))["contact"]
    assert contact["phone"] == f"+{sold.digits}"
    for reader, person in (("buyer", buyer), ("rival", rival), ("admin", admin), ("", None)):
        look(reader, person)
    seen_by = {reader for reader, _, text in wire.seen if sold.traces(text)}
    assert seen_by == {"buyer"}
    assert [where for _, where, text in wire.seen if kept.traces(text)] == []
    # The phone that the buyer named may be a stranger's, by a slip: it hears only that it was paid.
    told = _messages_to(world, buyer)
    assert any("in your account's mailbox" in text for text in told), told
    for text in [*told, *_messages_to(world, rival)]:
        assert not sold.traces(text)
        assert not kept.traces(text)
    _nothing_in_logs_and_metrics(world, log, sold, kept)


def _messages_to(world: World, employer: Person) -> list[str]:
    profile = ok(employer.get("/api/employers/profile"))
    return [str(message) for message in world.messages(profile["phone"])]


def _nothing_in_logs_and_metrics(world: World, log: io.StringIO, *birds: Canary) -> None:
    metrics = world.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert "partimer_requests_total" in metrics.text
    lines = log.getvalue()
    assert "request" in lines
    for bird in birds:
        assert bird.traces(lines) == []
        assert bird.traces(metrics.text) == []


def test_nobody_can_guess_a_number_by_searching_sorting_or_the_time_it_takes(
    town: World,
) -> None:
    """The employers' routes take no field to search or sort by that a number could be behind."""
    employer = town.employer()
    job = town.job(employer, publish=False)
    path = f"/api/employers/jobs/{job['id']}/matches"
    plain = ok(employer.get(path))
    for query in ("q=98", "phone=98", "sort=phone", "order_by=phone_sealed", "filter[phone]=98"):
        assert ok(employer.get(f"{path}?{query}")) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Call 98200 55123",
        "call +91-98200-55123 now",
        "nine eight two zero zero five five one two three",
        "WhatsApp 9.8.2.0.0.5.5.1.2.3",
        "write to canary.bird@yellow-feathers.example",
        "९८२००५५१२३",
        "9820O55123 with an o",
        "wa.me/919820055123",
    ],
)
def test_a_number_in_words_is_kept_from_the_reader(village: World, text: str) -> None:
    """Neither a worker's name nor city carries it to the employer who hasn't paid."""
    place = {"latitude": 30.73, "longitude": 76.78}
    digits = "919820055123"
    worker = village.worker(location=place, slots=("saturday",))
    for name in ("bio", "city", "name"):
        worker.put("/api/workers/profile", {name: text[:100]})
    employer = village.employer()
    job = village.job(employer, location=place)
    answer = employer.get(f"/api/employers/jobs/{job['id']}/matches")
    (match, *_) = page(answer)
    assert match["contact"] is None
    bird = Canary(worker, digits)
    folded = answer.text.translate(str.maketrans("०१२३४५६७८९", "0123456789"))
    assert bird.traces(folded) == []
    assert "nine eight two" not in folded
    worker.delete("/api/workers/account")
    employer.delete(f"/api/employers/jobs/{job['id']}")


@pytest.mark.parametrize(
    ("profile", "pieces"),
    [
        ({"name": "98200 Asha", "city": "Mumbai 55123"}, ["98200", "55123"]),
        ({"name": "Asha98200 K", "city": "५५१२३ Mumbai", "bio": "55123"}, ["98200", "55123"]),
        ({"city": "Flat 98, Lane 200, Tower 551, Mumbai 23", "bio": "9"}, ["98", "200", "551"]),
        (
            {"name": "NineEightTwo K", "city": "Zero Zero Five Five One Two Three, Mumbai"},
            ["Zero Zero", "NineEight"],
        ),
        ({"name": "NineEightTwo K", "city": "Road 00, 551 Mumbai 23"}, ["NineEight", "551"]),
        ({"name": "९८२०० Asha", "city": "five five one two three"}, ["98200", "five five"]),
    ],
)
def test_a_number_split_over_what_a_worker_writes_is_kept_from_the_reader(
    village: World, profile: dict[str, Any], pieces: list[str]
) -> None:
    place = {"latitude": 30.73, "longitude": 76.78}
    worker = village.worker(location=place, slots=("saturday",))
    assert worker.put("/api/workers/profile", profile).status_code in {200, 422}
    # As rows of before still hold it.
    village.kept_before(worker, **{key: profile[key] for key in ("name", "city") if key in profile})
    employer = village.employer()
    job = village.job(employer, location=place)
    village.accept(worker, village.offers(worker)[0]["id"])
    answer = employer.get(f"/api/employers/jobs/{job['id']}/matches")
    shown = page(answer)[0]["worker"]
    seen = f"{shown['display_name']} {shown['city']}".translate(
        str.maketrans("०१२३४५६७८९", "0123456789")
    )
    assert not all(piece in seen for piece in pieces)
    worker.delete("/api/workers/account")
    employer.delete(f"/api/employers/jobs/{job['id']}")


def test_a_number_split_over_what_an_employer_writes_is_kept_from_workers(village: World) -> None:
    place = {"latitude": 27.18, "longitude": 78.01}
    worker = village.worker(location=place, slots=("saturday",))
    employer = village.employer(company_name="Cafe 55123")
    text = "Serve guests at a busy cafe, and be on time. Ask for table 98200 when you come." * 2
    job = village.job(employer, location=place, title="Waiter 98200", city="Agra", description=text)
    assert {reason["code"] for reason in job["review"]["reasons"]} == {"contact"}
    heard = [message["text"] for message in village.messages(str(worker.phone))]
    read = worker.get("/api/workers/offers").text
    for told in (read, *heard[1:]):
        assert not ("98200" in told and "55123" in told), told
    assert "98200" not in read
    employer.delete(f"/api/employers/jobs/{job['id']}")


DISGUISES = {
    "Ring atthanve bees zero pachpan barah teen in the evening": "atthanve",
    "मेरा नंबर नौ आठ दो शून्य शून्य पाँच पाँच एक दो तीन है": "शून्य",
    "Text nine ate two oh oh five five won two three": "ate two",
    "Call 982OO55l23 before you come": "55l23",
    "insta par cafenoirmumbai ko dm karo": "cafenoirmumbai",
    "Write to neha dot hr at the rate gmail dot com": "neha",
    "Apply at bit . ly / noir-jobs": "noir-jobs",
    "Tips go to cafenoir at okaxis": "okaxis",
}
"""Ways to dress a contact, and a piece of each that nobody may read."""


def test_a_disguised_contact_of_an_employer_is_read_by_no_worker(village: World) -> None:
    """Not in offers, messages, the export of their data, nor beside whoever holds their contact."""
    place = {"latitude": 25.32, "longitude": 82.99}
    worker = village.worker(location=place, slots=("saturday",))
    employer = village.employer(company_name="Noir insta cafenoirmumbai")
    words = ".\n".join(DISGUISES)
    job = village.job(employer, location=place, title="DM @cafenoirmumbai", description=words)
    (offer,) = village.offers(worker)
    village.accept(worker, offer["id"])
    pending = ok(employer.post(f"/api/employers/matches/{offer['id']}/unlock"), 202)
    village.pay(pending["checkout_url"])
    read = [
        worker.get(path).text
        for path in (
            "/api/workers/offers",
            "/api/workers/unlocks",
            "/api/workers/export",
        )
    ]
    told = [str(message["text"]) for message in village.messages(str(worker.phone))]
    pieces = {*DISGUISES.values(), "cafenoirmumbai"}
    assert [(piece, text) for text in (*read, *told) for piece in pieces if piece in text] == []
    employer.delete(f"/api/employers/jobs/{job['id']}")
