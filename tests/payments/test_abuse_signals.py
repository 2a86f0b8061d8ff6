"""Who collects contacts is slowed down; who is new, fast or here twice is shown to administrators."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.employers.shared_identifiers import mailbox
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import lead


@pytest.fixture
def world(world_of_file: World) -> World:
    world_of_file.unread = True
    return world_of_file


@pytest.fixture
def limits(world: World) -> Iterator[None]:
    """Rate limits on, and few unlocks allowed."""
    path = "/api/admin/settings"
    few = {"unlocks_per_hour": 2, "unlocks_per_day": 3, "new_account_unlocks": 2}
    ok(world.admin().put(path, {"limits": few}))
    world.runtime.limiter.enabled = True
    yield
    world.runtime.limiter.enabled = False
    ok(world.admin().put(path, {"limits": {}}))


def details(world: World, employer: Person) -> dict[str, Any]:
    answer: dict[str, Any] = ok(world.admin().get(f"/api/admin/employers/{employer.id}"))
    return answer


def later(world: World, employer: Person, **units: float) -> None:
    """Let time pass; access tokens live for minutes."""
    world.clock.advance(**units)
    assert employer.email is not None
    employer.token = world.sign_in(employer.email, role="employer").token


def logged(world: World, employer: Person) -> int:
    query = f"target_id={employer.id}&action=employer.fast_unlocks"
    return len(ok(world.admin().get(f"/api/admin/logs?{query}"))["items"])


def test_an_employer_unlocks_so_many_an_hour_and_a_day(world: World, limits: None) -> None:
    employer = world.employer(verified=True)
    leads = [lead(world, employer) for _ in range(4)]
    held = leads[0].buy()
    leads[1].begin()  # being paid counts
    leads[1].begin()  # and is no other lead
    refusal = leads[2].unlock()
    refused(refusal, 429, "unlock_limit_reached")
    assert 3_500 < int(refusal.headers["Retry-After"]) <= 3_601
    assert ok(leads[0].unlock())["contact"] == held["contact"]
    world.pay(leads[1].begin()["checkout_url"])
    refused(leads[2].unlock(), 429, "unlock_limit_reached")
    later(world, employer, seconds=int(refusal.headers["Retry-After"]))
    leads[2].buy()
    refusal = leads[3].unlock()
    refused(refusal, 429, "unlock_limit_reached")
    assert 70_000 < int(refusal.headers["Retry-After"]) <= 86_401
    assert logged(world, employer) == 1


def test_a_new_account_that_buys_fast_is_shown_and_refused_nothing(
    world: World, limits: None
) -> None:
    employer = world.employer()
    first, second, *slow = (lead(world, employer) for _ in range(4))
    first.buy()
    assert details(world, employer)["signals"]["unlocks_fast"] is False
    assert logged(world, employer) == 0
    second.buy()
    signals = details(world, employer)["signals"]
    assert (signals["workers_unlocked_today"], signals["unlocks_fast"]) == (2, True)
    assert logged(world, employer) == 1
    later(world, employer, days=8)
    for one in slow:
        one.buy()
    assert details(world, employer)["signals"]["unlocks_fast"] is False
    assert logged(world, employer) == 1


def test_two_accounts_with_something_in_common_are_shown_and_refused_nothing(
    world: World,
) -> None:
    first = world.employer(
        company_name="Anand Caterers", email="anand.caterers@gmail.com", phone="+919700000601"
    )
    path = f"/api/admin/employers/{first.id}/action"
    ok(world.admin().post(path, {"action": "suspend", "reason": "took deposits"}))
    second = world.employer(
        company_name="ANAND  caterers.", email="anandcaterers+2@gmail.com", phone="+919700000601"
    )
    stranger = world.employer(company_name="Somebody Else", email="else@example.org")
    shared = details(world, second)["signals"]["shared"]
    assert {(one["kind"], one["employer_id"], one["status"]) for one in shared} == {
        (kind, first.id, "suspended") for kind in ("company", "mailbox", "phone")
    }
    assert details(world, stranger)["signals"]["shared"] == []
    found = ok(world.admin().get("/api/admin/employers?repeated=true&q=anand"))["items"]
    assert {item["id"] for item in found} == {first.id, second.id}
    found = ok(world.admin().get("/api/admin/employers?repeated=false&q=Somebody"))["items"]
    assert [item["id"] for item in found] == [stranger.id]
    changes = {"phone": None, "company_name": "Other Caterers", "address": "12, Hill Road"}
    ok(second.put("/api/employers/profile", changes))
    ok(stranger.put("/api/employers/profile", {"address": "12 hill road", "city": "Mumbai"}))
    kinds = {one["kind"] for one in details(world, second)["signals"]["shared"]}
    assert kinds == {"mailbox", "address"}


@pytest.mark.parametrize(
    ("email", "same"),
    [
        ("A.b.C+jobs@Gmail.com", "abc@gmail.com"),
        ("a.b@example.com", "a.b@example.com"),
        ("a+b@example.com", "a@example.com"),
    ],
)
def test_a_mailbox_is_known_by_what_leads_to_it(email: str, same: str) -> None:
    assert mailbox(email) == same
