"""How many others bought a worker's contact for overlapping hours: shown before one pays, and nothing else of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import somewhere


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def slot(start: str, end: str, weekday: str = "saturday") -> dict[str, str]:
    return {"weekday": weekday, "start": start, "end": end}


def offered(
    world: World, place: Any, employer: Person | None = None, **job: Any
) -> tuple[Person, str, str]:
    """A job that the one worker there is offered: the company, the job and the match."""
    employer = employer or world.employer(verified=True)
    made = world.job(employer, location=place, **job)
    [match] = world.matches(employer, made["id"])
    return employer, made["id"], match["id"]


def buy(world: World, employer: Person, match_id: str) -> None:
    page = ok(employer.post(f"/api/employers/matches/{match_id}/unlock"), 202)
    world.pay(page["checkout_url"])


def others(world: World, employer: Person, job_id: str) -> int | None:
    [match] = world.matches(employer, job_id)
    count: int | None = match["others_bought"]
    return count


def test_others_who_bought_for_overlapping_hours_are_counted(world: World) -> None:
    place = somewhere()
    worker = world.worker(location=place, slots=["saturday", "sunday"])
    # All are offered before any is accepted: who has accepted is not free for the same hours any more.
    mine, job_id, match_id = offered(world, place, slots=[slot("10:00", "14:00")])
    first, _, theirs = offered(world, place, slots=[slot("13:00", "15:00")])
    _, _, again = offered(world, place, first, slots=[slot("10:00", "14:00")])
    sunday, _, on_sunday = offered(world, place, slots=[slot("10:00", "14:00", "sunday")])
    assert others(world, mine, job_id) is None, "nothing is said before the worker accepts"
    for match in (match_id, theirs, again, on_sunday):
        world.accept(worker, match)
    assert others(world, mine, job_id) == 0, "an acceptance is no purchase"
    buy(world, sunday, on_sunday)
    assert others(world, mine, job_id) == 0
    buy(world, first, theirs)
    assert others(world, mine, job_id) == 1
    buy(world, first, again)
    assert others(world, mine, job_id) == 1, "companies are counted, not purchases"
    buy(world, mine, match_id)
    assert others(world, mine, job_id) is None
