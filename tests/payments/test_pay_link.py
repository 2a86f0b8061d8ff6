"""The payment link in the message that somebody accepted."""

import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from app.offers.links import order_link
from tests.support.app_harness import Person, World
from tests.support.assertions import ok


def accepted(world: World, **employer: Any) -> tuple[Person, Person, str, str]:
    """A worker who accepted: both people, the match, and the path of the link in the notice."""
    worker = world.worker()
    owner = world.employer(phone="+919820098200", **employer)
    job = world.job(owner)
    match = world.matches(owner, job["id"])[0]
    world.accept(worker, match["id"])
    notice = world.messages("+919820098200")[-1]["text"]
    found = re.search(r"https?://\S+/pay/\S+", notice)
    assert found, notice
    return worker, owner, match["id"], urlsplit(found[0]).path


def test_the_link_leads_to_the_payment_and_a_message_says_where_the_contact_is(
    sqlite_world: World,
) -> None:
    worker, owner, match_id, path = accepted(sqlite_world)
    page = sqlite_world.http.get(path)
    assert page.status_code == 200
    assert "₹49" in page.text
    assert worker.phone is not None
    assert worker.phone[-10:] not in page.text
    leading = sqlite_world.http.post(path)
    assert leading.status_code == 303
    sqlite_world.pay(leading.headers["location"])
    unlocked = ok(owner.post(f"/api/employers/matches/{match_id}/unlock"))
    assert unlocked["contact"]["phone"] == worker.phone
    # The phone that the account names is not proven: it hears that the contact is elsewhere.
    told = sqlite_world.messages("+919820098200")[-1]["text"]
    assert "in your account's mailbox" in told
    assert worker.phone[-5:] not in told.replace(" ", "")
    after = sqlite_world.http.get(path)
    assert "yours" in after.text
    assert worker.phone[-10:] not in after.text
    ok(worker.delete("/api/workers/account"), 204)
    assert "deleted their account" in sqlite_world.http.get(path).text


def test_opening_the_link_begins_nothing(sqlite_world: World) -> None:
    _, owner, _, path = accepted(sqlite_world)
    for _ in range(3):
        sqlite_world.http.get(path)
    assert ok(owner.get("/api/employers/payments"))["items"] == []


def test_a_second_click_leads_to_the_same_payment(sqlite_world: World) -> None:
    _, owner, match_id, path = accepted(sqlite_world)
    first = sqlite_world.http.post(path).headers["location"]
    second = sqlite_world.http.post(path).headers["location"]
    by_api = ok(owner.post(f"/api/employers/matches/{match_id}/unlock"), 202)["checkout_url"]
    assert first == second == by_api


def test_a_link_made_up_or_altered_leads_nowhere(sqlite_world: World) -> None:
    _, _, match_id, path = accepted(sqlite_world)
    forged = [
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        "/pay/" + match_id.replace("-", "") + "0" * 64,
        "/pay/nonsense",
        "/pay/%00",
    ]
    for wrong in forged:
        for answer in (sqlite_world.http.get(wrong), sqlite_world.http.post(wrong)):
            assert answer.status_code == 404
            assert "nowhere" in answer.text


def test_a_lead_that_is_gone_is_not_charged(sqlite_world: World) -> None:
    worker, owner, match_id, path = accepted(sqlite_world)
    ok(worker.post(f"/api/workers/offers/{match_id}/withdraw"))
    answer: httpx.Response = sqlite_world.http.post(path)
    assert answer.status_code == 409
    assert "Nothing was charged" in answer.text
    assert ok(owner.get("/api/employers/payments"))["items"] == []


def test_what_people_wrote_is_inert_on_the_page(sqlite_world: World) -> None:
    worker = sqlite_world.worker()
    sqlite_world.kept_before(worker, name="<script>alert(1)</script> Rao")
    owner = sqlite_world.employer(phone="+919820098200")
    job = sqlite_world.job(owner, title="<b>Waiter</b> wanted")
    match = sqlite_world.matches(owner, job["id"])[0]
    sqlite_world.accept(worker, match["id"])
    notice = sqlite_world.messages("+919820098200")[-1]["text"]
    path = urlsplit(re.findall(r"https?://\S+/pay/\S+", notice)[0]).path
    page = sqlite_world.http.get(path)
    assert "<b>" not in page.text
    assert page.text.count("<script") == 0
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_lead_that_is_gone_is_not_offered_on_the_page(sqlite_world: World) -> None:
    worker, _, match_id, path = accepted(sqlite_world)
    ok(worker.post(f"/api/workers/offers/{match_id}/withdraw"))
    page = sqlite_world.http.get(path)
    assert "no longer available" in page.text
    assert "<form" not in page.text


def test_only_a_payment_of_this_lead_is_thanked_for(sqlite_world: World) -> None:
    _, _, match_id, path = accepted(sqlite_world)
    for paid in ("x", match_id, "%00"):
        assert "Thank you" not in sqlite_world.http.get(f"{path}?paid={paid}").text


def test_who_may_not_buy_is_told_what_to_do_next(sqlite_world: World) -> None:
    _, owner, _, path = accepted(sqlite_world)
    limits = {"limits": {"unlocks_before_verification": 0}}
    ok(sqlite_world.admin().put("/api/admin/settings", limits))
    answer = sqlite_world.http.post(path)
    assert answer.status_code == 409
    assert "has to be checked first" in answer.text
    restrict = {"action": "restrict", "reason": "harvesting"}
    ok(sqlite_world.admin().post(f"/api/admin/employers/{owner.id}/action", restrict))
    assert "account is restricted" in sqlite_world.http.post(path).text


def test_the_link_of_a_top_up_leads_to_its_page_and_nothing_is_paid_twice(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    employer = world.employer(verified=True)
    order = ok(employer.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)
    link = urlsplit(order_link(world.runtime.keyring, world.url, UUID(order["order_id"]))).path
    shown = world.http.get(link).text
    assert "₹500" in shown
    assert "₹550" in shown
    answer = world.http.post(link, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, order["checkout_url"])
    world.pay(order["checkout_url"])
    assert "is paid" in world.http.get(link).text
    again = world.http.post(link, follow_redirects=False)
    assert urlsplit(again.headers["location"]).path == link
    assert ok(employer.get("/api/employers/balance"))["balance"]["amount"] == 55_000
