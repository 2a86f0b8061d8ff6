"""What a member of a team may spend in a month, on every way that leads are paid for."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.shapes import problem
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import lead, refund
from tests.support.team import TEAM, invite, joins_by_phone, member_of, rupees

UNLOCKS = "/api/employers/unlocks"
TOP_UPS = "/api/employers/balance/top-ups"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


@pytest.fixture
def owner(world: World) -> Person:
    return world.employer(verified=True)


def price_of(owner: Person) -> int:
    """What a lead costs, in minor units."""
    return 4_900


def limited(world: World, owner: Person, amount: int) -> Person:
    limit = {"amount": amount, "currency": "INR"}
    return member_of(world, owner, "manager", monthly_limit=limit)


def unlock(person: Person, match_id: str, **body: Any) -> Any:
    return person.post(f"/api/employers/matches/{match_id}/unlock", body or None)


def spent(owner: Person, member: Person) -> int:
    team = ok(owner.get(TEAM))["items"]
    found: int = next(each["spent"]["amount"] for each in team if each["id"] == member.id)
    return found


def test_a_page_within_the_limit_is_opened_and_beyond_it_refused(
    world: World, owner: Person
) -> None:
    first, second = lead(world, owner), lead(world, owner)
    member = limited(world, owner, price_of(owner))
    page = ok(unlock(member, first.id), 202)
    assert spent(owner, member) == page["price"]["amount"]
    problem(unlock(member, second.id), 403, "spending_limit")
    assert ok(unlock(member, first.id), 202)["checkout_url"] == page["checkout_url"]
    world.pay(page["checkout_url"])
    assert ok(unlock(member, first.id))["contact"]["phone"] == first.worker.phone
    problem(unlock(member, second.id), 403, "spending_limit")
    ok(unlock(owner, second.id), 202)


def test_several_at_once_count_together(world: World, owner: Person) -> None:
    three = [lead(world, owner).id for _ in range(3)]
    member = limited(world, owner, 2 * price_of(owner))
    problem(member.post(UNLOCKS, {"match_ids": three}), 403, "spending_limit")
    assert spent(owner, member) == 0
    ok(member.post(UNLOCKS, {"match_ids": three[:2]}), 202)
    problem(member.post(UNLOCKS, {"match_ids": three}), 403, "spending_limit")


def test_the_balance_is_no_way_around(world: World, owner: Person) -> None:
    first, second = lead(world, owner), lead(world, owner)
    world.pay(ok(owner.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    member = limited(world, owner, price_of(owner))
    assert ok(unlock(member, first.id, pay_with="balance"))["status"] == "unlocked"
    problem(unlock(member, second.id, pay_with="balance"), 403, "spending_limit")
    problem(unlock(member, second.id), 403, "spending_limit")
    assert second.contact() is None


def test_paying_in_advance_is_limited_too(world: World, owner: Person) -> None:
    pays = ok(owner.get("/api/employers/balance"))["packs"][0]["pays"]["amount"]
    pack = {"pack": ok(owner.get("/api/employers/balance"))["packs"][0]["id"]}
    problem(limited(world, owner, pays - 1).post(TOP_UPS, pack), 403, "spending_limit")
    member = limited(world, owner, pays)
    world.pay(ok(member.post(TOP_UPS, pack), 202)["checkout_url"])
    problem(member.post(TOP_UPS, pack), 403, "spending_limit")
    assert spent(owner, member) == 0


def test_what_came_back_may_be_spent_again(world: World, owner: Person) -> None:
    first, second = lead(world, owner), lead(world, owner)
    member = limited(world, owner, price_of(owner))
    page = ok(unlock(member, first.id), 202)
    world.pay(page["checkout_url"])
    ok(refund(world, page["payment_id"]))
    world.settle()
    assert spent(owner, member) == 0
    ok(unlock(member, second.id), 202)


def test_a_page_that_was_never_paid_counts_no_more(world: World, owner: Person) -> None:
    first, second = lead(world, owner), lead(world, owner)
    member = limited(world, owner, price_of(owner))
    page = ok(unlock(member, first.id), 202)
    world.pay(page["checkout_url"], "expire")
    ok(unlock(member, second.id), 202)


def test_a_limit_changes_at_once_and_may_be_taken_away(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    member = limited(world, owner, 0)
    problem(unlock(member, mine.id), 403, "spending_limit")
    raised = ok(owner.put(f"{TEAM}/{member.id}", {"monthly_limit": rupees(1_000)}))
    assert raised["monthly_limit"] == rupees(1_000)
    ok(unlock(member, mine.id), 202)
    assert ok(owner.put(f"{TEAM}/{member.id}", {"monthly_limit": None}))["monthly_limit"] is None
    assert ok(owner.put(f"{TEAM}/{member.id}", {"role": "viewer"}))["role"] == "viewer"


def test_of_two_purchases_at_once_one_is_within_the_limit(world: World, owner: Person) -> None:
    wanted = [lead(world, owner).id for _ in range(4)]
    member = limited(world, owner, price_of(owner))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda match_id: unlock(member, match_id), wanted))
    assert sorted(answer.status_code for answer in answers) == [202, 403, 403, 403]


def test_a_colleagues_open_page_is_no_way_around(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    page = ok(unlock(owner, mine.id), 202)
    pack = {"pack": "small"}
    ok(owner.post(TOP_UPS, pack), 202)
    member = limited(world, owner, 0)
    problem(unlock(member, mine.id), 403, "spending_limit")
    problem(member.post(TOP_UPS, pack), 403, "spending_limit")
    other = limited(world, owner, price_of(owner))
    assert ok(unlock(other, mine.id), 202)["checkout_url"] == page["checkout_url"]
    assert ok(unlock(owner, mine.id), 202)["checkout_url"] == page["checkout_url"]


def test_a_colleagues_open_page_stands_in_no_list(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    page = ok(unlock(owner, mine.id), 202)["checkout_url"]
    member, viewer = limited(world, owner, 0), member_of(world, owner, "viewer")
    for person, shown in ((owner, page), (member, None), (viewer, None)):
        for kind in ("orders", "payments"):
            [item] = ok(person.get(f"/api/employers/{kind}"))["items"]
            alone = ok(person.get(f"/api/employers/{kind}/{item['id']}"))
            assert item["checkout_url"] == alone["checkout_url"] == shown


def test_the_chat_is_no_way_around(world: World, owner: Person) -> None:
    world.unread = False
    mine = lead(world, owner)
    world.pay(ok(owner.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    member = joins_by_phone(
        world, invite(owner, "manager", monthly_limit={"amount": 1, "currency": "INR"})
    )
    assert member.phone is not None
    world.taps(member.phone, f"lead:{mine.id}:unlock")
    world.settle()
    assert mine.contact() is None
    said = world.messages(member.phone)[-1]["text"]
    assert "limit" in said.lower() or "spend" in said.lower()
    ok(owner.put(f"{TEAM}/{member.id}", {"monthly_limit": None}))
    world.taps(member.phone, f"lead:{mine.id}:unlock")
    world.settle()
    assert mine.contact() is not None
    world.unread = True


def test_a_members_link_keeps_the_limit(world: World, owner: Person) -> None:
    world.unread = False
    first, second = lead(world, owner), lead(world, owner)
    member = limited(world, owner, price_of(owner))
    assert member.phone is not None
    links = []
    for one in (first, second):
        world.taps(member.phone, f"job:{one.job_id}:leads")
        world.settle()
        said = world.messages(member.phone)[-1]["text"]
        links.append(re.search(r"https?://\S+/pay/\S+", said)[0].rstrip("*.,"))  # type: ignore[index]
    assert world.http.get(links[0]).status_code == 200
    assert world.http.post(links[0], follow_redirects=False).status_code == 303
    refused = world.http.post(links[1], follow_redirects=False)
    assert refused.status_code == 409
    assert "limit" in refused.text
    changed = "0" if links[1][-1] != "0" else "1"
    assert world.http.get(links[1][:-1] + changed).status_code == 404
    ok(owner.delete(f"{TEAM}/{member.id}"), 204)
    assert world.http.post(links[0], follow_redirects=False).status_code in {303, 409}
    assert world.http.post(links[1], follow_redirects=False).status_code == 409
    world.unread = True
