"""A job's progress by server-sent events: `GET /api/employers/jobs/{id}/events`."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.api.http import event_streams
from tests.acceptance.shapes import problem
from tests.support.app_harness import BANDRA, Person, World
from tests.support.assertions import ok

WEEKEND = [{"weekday": day, "start": "09:00", "end": "23:00"} for day in ("saturday", "sunday")]


@dataclass
class Event:
    """One event as a browser reads it."""

    id: str
    kind: str
    data: dict[str, Any]


@contextlib.contextmanager
def following(person: Person, job_id: str, **headers: str) -> Iterator[Iterator[Event]]:
    """Open the stream, and give its events as they come."""
    url = f"{person.world.url}/api/employers/jobs/{job_id}/events"
    sent = {"Authorization": f"Bearer {person.token}", **headers}
    with httpx.stream("GET", url, headers=sent, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[Event]:
    said: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name:
            said[name] = value
        elif not line and "data" in said:
            yield Event(said["id"], said["event"], json.loads(said["data"]))
            said = {}


@pytest.fixture
def employer(world: World) -> Person:
    return world.employer()


def test_a_stream_begins_with_the_progress_now(world: World, employer: Person) -> None:
    job = world.job(employer, location=BANDRA)
    with following(employer, job["id"]) as events:
        first = next(events)
    assert first.kind == "progress"
    progress = ok(employer.get(f"/api/employers/jobs/{job['id']}"))["progress"]
    assert first.data == progress | {"job_id": job["id"], "status": "published"}


def test_a_yes_is_sent_as_it_comes(world: World, employer: Person) -> None:
    asha = world.worker(location=BANDRA, slots=WEEKEND)
    job = world.job(employer, location=BANDRA)
    (offer,) = world.offers(asha)
    with following(employer, job["id"]) as events:
        assert next(events).data["accepted"] == 0
        accepting = threading.Thread(target=world.accept, args=(asha, offer["id"]))
        accepting.start()
        assert next(events).data["accepted"] == 1
        accepting.join()


def test_who_comes_back_is_sent_only_what_is_new(world: World, employer: Person) -> None:
    asha = world.worker(location=BANDRA, slots=WEEKEND)
    job = world.job(employer, location=BANDRA)
    (offer,) = world.offers(asha)
    with following(employer, job["id"]) as events:
        before = next(events)
    world.accept(asha, offer["id"])
    with following(employer, job["id"], **{"Last-Event-ID": before.id}) as events:
        missed = next(events)
    assert missed.data["accepted"] == 1
    cancelling = threading.Timer(1.0, employer.delete, (f"/api/employers/jobs/{job['id']}",))
    with following(employer, job["id"], **{"Last-Event-ID": missed.id}) as events:
        cancelling.start()
        assert next(events).data["status"] == "cancelled"
    cancelling.join()


def test_a_stream_ends_with_its_session(world: World, employer: Person) -> None:
    job = world.job(employer, location=BANDRA)
    with following(employer, job["id"]) as events:
        next(events)
        ok(employer.post("/api/auth/logout"), 204)
        assert list(events) == []


def test_it_is_refused_before_it_begins(world: World, employer: Person) -> None:
    job = world.job(employer, location=BANDRA)
    path = f"/api/employers/jobs/{job['id']}/events"
    problem(world.http.get(path), 401)
    problem(world.employer().get(path), 404)
    problem(world.worker(slots=()).get(path), 403, "wrong_role")


def test_streams_are_bounded(
    world: World, employer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.job(employer, location=BANDRA)
    path = f"/api/employers/jobs/{job['id']}/events"
    monkeypatch.setattr(event_streams, "MOST_OF_ONE_ACCOUNT", 1)
    with following(employer, job["id"]) as events:
        next(events)
        refused = employer.get(path)
        problem(refused, 429, "too_many_streams_of_account")
        assert int(refused.headers["retry-after"]) > 0
        monkeypatch.setattr(event_streams, "MOST_STREAMS", 1)
        refused = employer.get(path)
        problem(refused, 503, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
