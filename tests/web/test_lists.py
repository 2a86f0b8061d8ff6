"""Lists of an employer: filtered, sorted and searched in the address, page by page."""

import datetime as dt
import re
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.core.paging import PageRequest
from app.database.statements import table
from app.offers import queries
from app.offers.models import JobMatch
from app.offers.queries import MatchOrder
from tests.support.app_harness import BANDRA, Person, World
from tests.support.assertions import ok, refused
from tests.support.page_reader import PageReader
from tests.web.test_pages import draft

JOBS = "/api/employers/jobs"


def titles(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/jobs/[^"]+">([^<]+)</a>', page)


def test_jobs_are_sorted_and_searched_page_by_page(world: World) -> None:
    owner, worker = world.employer(), world.worker()
    waiting = world.job(owner, title="Busy brunch")
    world.accept(worker, world.offers(worker)[0]["id"])
    for number, (title, begins) in enumerate(
        [("Cook", "2026-12-19"), ("Ärger", "2026-12-05"), ("100% waiter", "2026-12-12")]
    ):
        world.job(
            owner,
            publish=False,
            title=f"{title} {number}",
            starts_on=begins,
            ends_on="2027-01-30",
            city="Pune" if number == 0 else "Mumbai",
        )

    def listed(**params: object) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            asked = {**params, "limit": 2} | ({"cursor": cursor} if cursor else {})
            answer = ok(owner.get(JOBS, params=asked))
            found += [job["title"] for job in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                return found

    newest = ["100% waiter 2", "Ärger 1", "Cook 0", "Busy brunch"]
    assert listed() == newest
    assert listed(sort="starts") == ["Busy brunch", "Ärger 1", "100% waiter 2", "Cook 0"]
    assert listed(sort="title")[:3] == ["100% waiter 2", "Busy brunch", "Cook 0"]
    assert listed(sort="waiting")[0] == waiting["title"]
    assert listed(q="pUNE") == ["Cook 0"]
    assert listed(q="100%") == ["100% waiter 2"]
    assert listed(q="_") == []
    refused(owner.get(JOBS, params={"sort": "price"}), 422, "invalid")
    # A cursor belongs to its order.
    cursor = ok(owner.get(JOBS, params={"limit": 1, "sort": "title"}))["next_cursor"]
    refused(owner.get(JOBS, params={"cursor": cursor, "sort": "starts"}), 422, "invalid")


def test_the_address_of_a_page_says_what_it_shows(world: World) -> None:
    owner = PageReader(world.url)
    owner.sign_up()
    for title in ("Zebra crossing", "Alpha <i>room</i>", "رستوران"):
        draft(owner, title=title)
    assert titles(owner.get("/jobs?sort=title").text) == [
        "Alpha &lt;i&gt;room&lt;/i&gt;",
        "Zebra crossing",
        "رستوران",
    ]
    found = owner.get("/jobs?q=ZEBRA&status=draft&sort=title&limit=1").text
    assert titles(found) == ["Zebra crossing"]
    assert 'value="ZEBRA"' in found
    # The other filters keep what is searched for, and in which order.
    assert "/jobs?status=published&amp;q=ZEBRA&amp;sort=title" in found
    assert "Nothing here is like that" in owner.get("/jobs?q=nobody").text
    onward = re.search(r'rel="next" href="([^"]+)"', owner.get("/jobs?sort=title&limit=1").text)
    assert onward is not None
    address = onward[1].replace("&amp;", "&")
    assert "sort=title" in address
    assert titles(owner.get(address).text) == ["Zebra crossing", "رستوران"]
    for nonsense in ("?sort=nonsense&status=what", "?q=%00", f"?q={'x' * 4_000}"):
        assert owner.get(f"/jobs{nonsense}").status_code == 200
    for path in ("/payments?q=x&sort=amount&status=succeeded", "/invoices?q=1&kind=invoice"):
        assert "Nothing here is like that" in owner.get(path).text


def _page_of(
    employer: Person,
    job_id: str,
    page: PageRequest,
    order: MatchOrder,
    now: dt.datetime,
    session: Any,
) -> Any:
    return queries.list_matches(session, UUID(employer.id), UUID(job_id), None, page, now, order)


def test_who_said_yes_is_sorted_by_the_address(world: World) -> None:
    """Page by page, also where many are alike."""
    employer = world.employer(verified=True)
    people = {
        "Asha": {"location": north_of(BANDRA, 4.1), "experience_years": 9},
        "Bina": {"location": north_of(BANDRA, 0.1), "experience_years": 1},
        "Chand": {"location": north_of(BANDRA, 2.1), "experience_years": 4},
        "Devi": {"location": north_of(BANDRA, 2.2), "experience_years": 4},
    }
    workers = {
        name: world.worker(name=f"{name} Rao", slots=["saturday"], **told)
        for name, told in people.items()
    }
    job = world.job(employer, location=BANDRA, positions=4)
    world.settle()
    for worker in workers.values():
        world.accept(worker, world.offers(worker)[0]["id"])

    def listed(order: MatchOrder = MatchOrder.SCORE) -> list[str]:
        found, cursor = [], None
        while True:
            page = PageRequest(1, cursor)
            items, cursor = world.in_session(
                partial(_page_of, employer, job["id"], page, order, world.clock())
            )
            found += [each.display_name.split()[0] for each in items]
            if cursor is None:
                return found

    best = listed()
    assert sorted(best) == sorted(people)
    alike = [name for name in best if name in {"Chand", "Devi"}]
    assert listed(MatchOrder.SCORE) == best
    assert listed(MatchOrder.DISTANCE) == ["Bina", *alike, "Asha"]
    assert listed(MatchOrder.EXPERIENCE) == ["Asha", *alike, "Bina"]
    assert listed(MatchOrder.PRICE) == best, "all of one job cost the same"
    world.in_session(lambda session: make_cheaper(session, UUID(workers[best[-1]].id)))
    assert listed(MatchOrder.PRICE) == [best[-1], *best[:-1]]


async def make_cheaper(session: Any, worker_id: UUID) -> None:
    """Let the contact of a worker cost less, as one does that was offered before a price rose."""
    match = table(JobMatch)
    cheaper = update(match).where(match.c.worker_id == worker_id)
    await session.execute(cheaper.values(price_amount=match.c.price_amount - 1))


def north_of(place: dict[str, float], km: float) -> dict[str, float]:
    """Return the place so many kilometres to the north."""
    return {**place, "latitude": place["latitude"] + km / 111.2}
