"""Lists: bounded, in an order that inserts don't disturb, and with cursors nobody forges."""

import base64
from typing import Any

from tests.acceptance.shapes import page, problem
from tests.support.app_harness import Person, World
from tests.support.assertions import ok

JOBS = "/api/employers/jobs"


def all_of(person: Person, path: str, limit: int) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(50):
        params: dict[str, Any] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        body = ok(person.get(path, params=params))
        assert len(body["items"]) <= limit
        found += body["items"]
        cursor = body["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


def test_every_item_comes_once_whatever_is_added_meanwhile(town: World) -> None:
    employer = town.employer()
    made = [town.job(employer, publish=False)["id"] for _ in range(7)]
    first = ok(employer.get(JOBS, params={"limit": 3}))
    assert len(first["items"]) == 3
    town.job(employer, publish=False)
    second = ok(employer.get(JOBS, params={"limit": 3, "cursor": first["next_cursor"]}))
    third = ok(employer.get(JOBS, params={"limit": 3, "cursor": second["next_cursor"]}))
    seen = [job["id"] for part in (first, second, third) for job in part["items"]]
    assert seen == list(reversed(made))
    assert third["next_cursor"] is None
    assert len(all_of(employer, JOBS, 1)) == 8
    assert len(all_of(employer, JOBS, 100)) == 8


def test_the_end_is_told_when_a_page_is_just_full(town: World) -> None:
    employer = town.employer()
    for _ in range(2):
        town.job(employer, publish=False)
    body = ok(employer.get(JOBS, params={"limit": 2}))
    assert (len(body["items"]), body["next_cursor"]) == (2, None)


def test_matches_of_equal_score_come_once_each(town: World) -> None:
    place = {"latitude": 22.57, "longitude": 88.36}
    for _ in range(4):
        town.worker(location=place, slots=("saturday",))
    employer = town.employer()
    job = town.job(employer, positions=4, location=place)
    path = f"{JOBS}/{job['id']}/matches"
    ids = [match["id"] for match in all_of(employer, path, 1)]
    assert len(ids) == len(set(ids)) == 4
    assert ids == [match["id"] for match in page(employer.get(path))]


def test_a_forged_cursor_is_refused_on_every_list(town: World) -> None:
    worker, employer, admin = town.worker(slots=()), town.employer(), town.admin()
    job = town.job(employer, publish=False)
    for _ in range(2):
        town.job(employer, publish=False)
    real = ok(employer.get(JOBS, params={"limit": 1}))["next_cursor"]
    middle = len(real) // 2
    bent = real[:middle] + ("A" if real[middle] != "A" else "B") + real[middle + 1 :]
    forged = [
        "x",
        "",
        "%00",
        "../../",
        bent,
        real[:-4],
        "é",
        base64.urlsafe_b64encode(b'["2026-01-01"]').decode(),
        "A" * 1_024,
    ]
    for cursor in forged:
        problem(employer.get(JOBS, params={"cursor": cursor}), 422)
    lists = {
        f"{JOBS}/{job['id']}/matches": employer,
        "/api/employers/payments": employer,
        "/api/workers/offers": worker,
        "/api/workers/unlocks": worker,
        **{
            f"/api/admin/{name}": admin
            for name in "workers employers jobs logs payments messages webhooks conversations notices".split()
        },
    }
    for path, person in lists.items():
        problem(person.get(path, params={"cursor": real}), 422)
        problem(person.get(path, params={"cursor": bent}), 422)
        problem(person.get(path, params={"limit": 101}), 422)
        problem(person.get(path, params={"limit": 0}), 422)
        assert len(page(person.get(path, params={"limit": 100}))) <= 100


def test_a_cursor_opens_nobody_elses_list(town: World) -> None:
    mine, theirs = town.employer(), town.employer()
    for _ in range(3):
        town.job(mine, publish=False)
    cursor = ok(mine.get(JOBS, params={"limit": 1}))["next_cursor"]
    answer = theirs.get(JOBS, params={"cursor": cursor})
    assert answer.status_code == 422 or answer.json()["items"] == []


def test_the_admins_lists_page_too(town: World) -> None:
    for _ in range(3):
        town.employer()
    admin = town.admin()
    for name in ("employers", "logs", "workers", "jobs", "messages"):
        one_by_one = [item["id"] for item in all_of(admin, f"/api/admin/{name}", 7)]
        assert len(one_by_one) == len(set(one_by_one))
    everybody = {item["id"] for item in all_of(admin, "/api/admin/employers", 2)}
    assert everybody >= {item["id"] for item in page(admin.get("/api/admin/employers"))}
