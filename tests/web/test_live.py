"""A job's page stays current by server-sent events."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from app.api.http import event_streams
from tests.support.app_harness import BANDRA, Person, World
from tests.support.page_reader import PageReader
from tests.web.test_pages import JOB, draft


@pytest.fixture
def owner(world: World) -> PageReader:
    reader = PageReader(world.url)
    reader.sign_up()
    return reader


def published(owner: PageReader) -> str:
    owner.get("/jobs/new")
    answer = owner.send("/jobs/new", JOB | {"do": "publish"})
    path: str = answer.headers["location"].split("?")[0]
    return path


def address(owner: PageReader, path: str) -> str:
    found = re.search(r'hx-sse:connect="([^"]+)"', owner.get(path).text)
    assert found is not None
    return found[1]


def events(owner: PageReader, path: str) -> Iterator[str]:
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    with httpx.stream(
        "GET", f"{owner.url}{path}", headers={"Cookie": cookies}, timeout=30
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        said: list[str] = []
        for line in answer.iter_lines():
            if line.startswith("data:"):
                said.append(line.removeprefix("data:"))
            elif not line and said:
                yield "\n".join(said)
                said.clear()


def accepted_soon(world: World, worker: Person) -> None:
    world.settle()
    [offer] = world.offers(worker)
    world.accept(worker, offer["id"])


def test_a_yes_reaches_the_open_page(world: World, owner: PageReader) -> None:
    asha = world.worker(
        name="Asha Kulkarni",
        location=BANDRA,
        slots=[
            {"weekday": day, "start": "10:00", "end": "04:00"} for day in ("saturday", "sunday")
        ],
    )
    path = published(owner)
    stream = address(owner, path)
    accepting = threading.Timer(1.0, accepted_soon, (world, asha))
    accepting.start()
    said = next(events(owner, stream))
    accepting.join()
    assert "Asha K." in said
    assert "Kulkarni" not in said
    assert str(asha.phone) not in said


def test_a_page_that_missed_something_is_told_at_once(world: World, owner: PageReader) -> None:
    path = published(owner)
    assert "Nobody has said yes yet" in next(events(owner, f"{path}/events?seen=older"))


def test_a_stream_ends_with_its_session(world: World, owner: PageReader) -> None:
    path = published(owner)
    stream = address(owner, path)
    copy = PageReader(world.url, cookies=dict(owner.cookies))
    copy.get("/overview")
    leaving = threading.Timer(1.0, copy.send, ("/signout", {}))
    leaving.start()
    assert list(events(owner, stream)) == []
    leaving.join()


def test_a_page_that_only_lies_open_does_not_keep_anybody_signed_in(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    path = draft(owner)
    sqlite_world.clock.advance(days=13)
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    headers = {"Cookie": cookies, "Accept": "text/event-stream"}
    with httpx.stream("GET", f"{owner.url}{path}/events", headers=headers, timeout=30) as stream:
        assert stream.status_code == 200
        assert "set-cookie" not in stream.headers
    assert "set-cookie" in owner.get(path).headers  # a page that somebody opens counts


def test_a_stream_for_which_there_is_no_room_is_asked_for_later(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    path = draft(owner)
    monkeypatch.setattr(event_streams, "MOST_STREAMS", 0)
    for headers in ({}, {"Last-Event-ID": "older"}):
        answer = owner.get(f"{path}/events", headers={"HX-Request": "true", **headers})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["hx-reswap"] == "none"
