"""Lists of the console are sorted by the address, page by page and without a loss; decided cases lead to the next."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from app.audit import log
from app.web.console.lists import TABLES
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.page_reader import PageReader
from tests.web.test_console import held_job, signed_in


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def _names(owner: PageReader, path: str) -> list[str]:
    """Return the first cells of every page of a list, in their order."""
    found: list[str] = []
    while path:
        page = owner.get(path).text
        found += [
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r'<th scope="?row"?[^>]*>(.*?)</th>', page, re.DOTALL)
        ]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else ""
    return found


def test_every_list_is_sorted_by_what_its_headings_offer(world: World) -> None:
    owner, api = signed_in(world), world.admin()
    world.job(world.employer())
    for table in TABLES.values():
        assert set(table.sorts) <= {column.name for column in table.columns}, table.name
        assert table.sorts or table.name == "balances", table.name
        for name in table.sorts:
            for sort in (name, f"-{name}"):
                page = owner.get(f"/console/lists/{table.name}?sort={sort}")
                assert page.status_code == 200, (table.name, sort)
                assert 'role="alert"' not in page.text, (table.name, sort)
    refused(api.get("/api/admin/workers?sort=phone"), 422, "invalid")
    assert owner.get("/console/lists/workers?sort=phone").status_code == 200


def test_sorted_pages_lose_nobody_and_repeat_nobody(world: World) -> None:
    owner, api = signed_in(world), world.admin()
    names = [f"{letter}sha{number:02}" for number in range(30) for letter in "aAzZ"]
    for number, name in enumerate(names):
        world.worker(name=f"{name} Rao", slots=(), experience_years=number % 3)
    shown = [
        each for each in _names(owner, "/console/lists/workers?sort=name&q=sha") if "sha" in each
    ]
    assert sorted(shown) == sorted(f"{name} Rao" for name in names)
    assert [each.lower() for each in shown] == sorted(each.lower() for each in shown)
    back = [
        each for each in _names(owner, "/console/lists/workers?sort=-name&q=sha") if "sha" in each
    ]
    assert back == shown[::-1]
    years: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        query = "sort=-experience_years&limit=7&q=sha" + (f"&cursor={cursor}" if cursor else "")
        page = ok(api.get(f"/api/admin/workers?{query}"))
        years += [row["experience_years"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(years) == len(names)
    assert years == sorted(years, reverse=True)
    first = ok(api.get("/api/admin/workers?sort=name&limit=2"))["next_cursor"]
    # A cursor is of one order: in another it would lose people in silence.
    refused(api.get(f"/api/admin/workers?sort=-name&cursor={first}"), 422, "invalid")


def test_a_file_is_in_the_list_s_own_order_however_the_page_is_sorted(world: World) -> None:
    api = world.admin()
    for name in ("Mohan Rao", "Anil Rao", "Zoya Rao"):
        world.worker(name=name, slots=())
    files = [
        api.get(f"/api/admin/workers?format=csv{sort}").text
        for sort in ("", "&sort=name", "&sort=-name")
    ]
    assert [files[0].index(name) for name in ("Zoya", "Anil", "Mohan")] == sorted(
        files[0].index(name) for name in ("Zoya", "Anil", "Mohan")
    )
    assert files[1:] == files[:1] * 2
    refused(api.get("/api/admin/workers?format=csv&sort=phone"), 422, "invalid")


def test_after_a_decision_the_next_case_comes_up_the_oldest_first(world: World) -> None:
    first, second, third = (held_job(world) for _ in range(3))
    owner = signed_in(world)
    listed = re.findall(r'href="/console/jobs/([0-9a-f-]+)', owner.get("/console/review").text)
    assert listed[-3:] == [first, second, third]
    for here, there in ((listed[0], listed[1]), (listed[1], listed[2])):
        owner.get(f"/console/jobs/{here}")
        answer = owner.send(f"/console/jobs/{here}", {"action": "approve"})
        assert answer.headers["location"] == f"/console/jobs/{there}?next=yes&done=next_case"
        assert "Here is the next one" in owner.open(answer.headers["location"]).text
    ways = []
    for last in listed[2:]:
        owner.get(f"/console/jobs/{last}")
        ways.append(owner.send(f"/console/jobs/{last}", {"action": "approve"}))
    assert ways[-1].headers["location"] == "/console/review?done=decided"


def test_a_company_that_is_only_signed_out_is_still_the_one_to_check(world: World) -> None:
    company, other = world.employer(), world.employer()
    owner = signed_in(world)
    for each in (company, other):
        here = f"/console/companies/{each.id}"
        owner.get(f"{here}?next=yes")
        body = {"action": "sign_out", "reason": "a lost phone"}
        assert owner.send(here, body).headers["location"] == f"{here}?next=yes&done=decided"


def test_companies_are_checked_one_after_the_other(world: World) -> None:
    for _ in range(2):
        world.employer()
    owner = signed_in(world)
    queue = re.findall(
        r'href="(/console/companies/[0-9a-f-]+)\?next=yes"', owner.get("/console/companies").text
    )
    assert len(queue) >= 2
    owner.get(f"{queue[0]}?next=yes")
    answer = owner.send(queue[0], {"action": "verify"})
    assert answer.headers["location"] == f"{queue[1]}?next=yes&done=next_case"
    # Opened from a search, a company's page stays.
    owner.get(queue[1])
    assert owner.send(queue[1], {"action": "verify"}).headers["location"] == (
        f"{queue[1]}?done=decided"
    )


def test_who_answered_a_person_comes_to_the_next_who_waits(world: World) -> None:
    people = [world.worker(slots=()) for _ in range(2)]
    for person in people:
        world.says(str(person.phone), "human")
    owner = signed_in(world)
    waits = re.findall(r'href="(/console/waiting/[0-9a-f-]+)"', owner.get("/console/waiting").text)
    owner.get(waits[0])
    owner.send(f"{waits[0]}/take", {})
    page = owner.get(f"{waits[0]}/now").text
    assert "human" in page
    owner.get(waits[0])
    there = owner.send(f"{waits[0]}/hand-back", {}).headers["location"]
    assert there == f"{waits[1]}?next=yes&done=next_case"


def test_a_decided_row_leaves_filter_order_and_page_as_they_were(world: World) -> None:
    bought = lead(world)
    bought.buy()
    path = f"/api/employers/matches/{bought.id}/report"
    ok(bought.employer.post(path, {"reason": "other", "note": "rude"}), 201)
    owner = signed_in(world)
    here = f"status=open&employer_id={bought.employer.id}&worker_id=&sort=-created_at"
    page = owner.get(f"/console/lists/reports?{here}").text
    (action,) = re.findall(r'action="(/console/lists/reports/[^"]+)"', page)
    answer = owner.send(action, {"action": "decline", "reason": "nothing against the lead"})
    assert answer.headers["location"] == f"/console/lists/reports?{here}&done=decided"
    assert "Done, and logged" in owner.open(answer.headers["location"]).text
