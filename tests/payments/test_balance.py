"""Money paid in advance: topped up by a page, spent by one tap, and never below zero."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job
from app.offers import respond
from app.offers.links import payment_link
from app.offers.rules import OfferAnswer
from app.payments import ledger, purchase, rules
from app.payments.balance import BalanceTooLow
from app.payments.models import PaymentAttempt
from app.payments.rules import PayWith
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import lead, refund
from tests.support.provider_faults import stripe_fault

PRICE = 4_900
TOP_UPS = "/api/employers/balance/top-ups"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def there(employer: Person) -> int:
    amount: int = ok(employer.get("/api/employers/balance"))["balance"]["amount"]
    return amount


def entries(employer: Person) -> list[tuple[str, int]]:
    """What moved the balance, newest first."""
    items = ok(employer.get("/api/employers/balance/entries"))["items"]
    return [(item["kind"], item["amount"]["amount"]) for item in items]


def rich(world: World) -> Person:
    """An employer who has paid 500 and got 550."""
    employer = world.employer(verified=True)
    world.pay(ok(employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    return employer


def test_a_pack_credits_more_than_it_costs_and_one_tap_unlocks(world: World) -> None:
    employer = world.employer(verified=True)
    assert there(employer) == 0
    page = ok(employer.post(TOP_UPS, {"pack": "small"}), 202)
    assert (page["price"]["amount"], page["credits"]["amount"]) == (50_000, 55_000)
    assert ok(employer.post(TOP_UPS, {"pack": "small"}), 202) == page
    assert there(employer) == 0
    world.pay(page["checkout_url"])
    assert (there(employer), entries(employer)) == (55_000, [("top_up", 55_000)])
    mine = lead(world, employer)
    bought = ok(mine.unlock())
    assert bought["contact"]["phone"] == mine.worker.phone
    assert bought["payment"]["status"] == "succeeded"
    assert there(employer) == 55_000 - PRICE
    assert entries(employer) == [("capture", -PRICE), ("top_up", 55_000)]
    assert ok(mine.unlock())["payment"] == bought["payment"]
    assert there(employer) == 55_000 - PRICE


def test_who_pays_chooses(world: World) -> None:
    employer = rich(world)
    first, second = lead(world, employer), lead(world, employer)
    page = ok(first.unlock({"pay_with": "page"}), 202)
    both = {"match_ids": [first.id, second.id], "pay_with": "balance"}
    bought = ok(employer.post("/api/employers/unlocks", both))
    assert len(bought["items"]) == 2
    order = ok(employer.get(f"/api/employers/orders/{page['payment_id']}"))
    assert order["status"] == "cancelled", "the page of before is closed"
    assert there(employer) == 55_000 - 2 * PRICE
    poor = lead(world)
    refused(poor.unlock({"pay_with": "balance"}), 409, "balance_too_low")
    assert poor.unlock({"pay_with": "cash"}).status_code == 422
    ok(poor.unlock(), 202)


def test_a_page_that_may_have_been_paid_is_not_paid_again_out_of_the_balance(
    world: World,
) -> None:
    employer = rich(world)
    mine = lead(world, employer)
    page = ok(mine.unlock({"pay_with": "page"}), 202)
    assert ok(mine.unlock(), 202)["payment_id"] == page["payment_id"]
    assert there(employer) == 55_000
    world.pay(page["checkout_url"])
    assert ok(mine.unlock())["payment"]["id"] == page["payment_id"]
    assert there(employer) == 55_000


def test_a_link_spends_no_balance(world: World) -> None:
    employer = rich(world)
    mine = lead(world, employer)
    link = urlsplit(payment_link(world.runtime.keyring, world.url, UUID(mine.id))).path
    leading = world.http.post(link)
    assert leading.headers["location"].rpartition("/")[2].startswith("cs_")
    assert there(employer) == 55_000


def test_what_was_paid_out_of_the_balance_goes_back_to_it_at_once(world: World) -> None:
    employer = rich(world)
    mine = lead(world, employer)
    payment = ok(mine.unlock())["payment"]["id"]
    ok(refund(world, payment, amount=900))
    assert there(employer) == 55_000 - PRICE + 900
    ok(refund(world, payment))
    refused(refund(world, payment), 409, "payment_not_refundable")
    assert there(employer) == 55_000
    assert entries(employer)[:2] == [("refund", PRICE - 900), ("refund", 900)]
    assert mine.payment["status"] == "refunded"


def test_a_top_up_whose_events_are_lost_comes_all_the_same(world: World) -> None:
    employer = world.employer(verified=True)
    page = ok(employer.post(TOP_UPS, {"pack": "large"}), 202)
    stripe_fault(world, "lost", times=100)
    world.pay(page["checkout_url"])
    stripe_fault(world, "lost", times=0)
    assert there(employer) == 0
    world.clock.advance(minutes=6)
    world.settle()
    assert employer.email is not None
    assert there(world.sign_in(employer.email, role="employer")) == 230_000


def test_a_top_up_sent_twice_with_one_key_is_one_order_even_after_it_was_paid(
    world: World,
) -> None:
    employer = world.employer(verified=True)
    key = {"headers": {"Idempotency-Key": "top-up-1"}}
    page = ok(employer.post(TOP_UPS, {"pack": "small"}, **key), 202)
    assert ok(employer.post(TOP_UPS, {"pack": "small"}, **key), 202) == page
    world.pay(page["checkout_url"])
    again = employer.post(TOP_UPS, {"pack": "small"}, **key)
    assert ok(again, 202) == page
    assert again.headers["Idempotent-Replayed"] == "true"
    refused(employer.post(TOP_UPS, {"pack": "large"}, **key), 422, "idempotency_key_reused")
    assert there(employer) == 55_000
    new = ok(employer.post(TOP_UPS, {"pack": "small"}), 202)
    assert new["order_id"] != page["order_id"], "another request is another top-up"


def items_about(world: World, intent: str) -> list[dict[str, Any]]:
    """The details of the open items about a charge."""
    path = "/api/admin/open-items?kind=unknown_payment&open=true&limit=100"
    found = [one["details"] for one in ok(world.admin().get(path))["items"]]
    return [one for one in found if one.get("intent_id") == intent]


def intent_of(world: World, order_id: str) -> str:
    """The charge that paid an order."""
    query = select(PaymentAttempt.intent_id).where(PaymentAttempt.order_id == UUID(order_id))
    intent: str = world.in_session(lambda session: session.scalar(query))
    return intent


def test_a_top_up_paid_by_a_suspended_account_is_an_open_item(world: World) -> None:
    employer = world.employer(verified=True)
    page = ok(employer.post(TOP_UPS, {"pack": "small"}), 202)
    path = f"/api/admin/employers/{employer.id}/action"
    ok(world.admin().post(path, {"action": "suspend", "reason": "harvesting"}))
    world.pay(page["checkout_url"])
    [item] = items_about(world, intent_of(world, page["order_id"]))
    assert item["why"] == "account_suspended"


def test_a_pack_that_is_none_is_refused(world: World) -> None:
    employer = world.employer(verified=True)
    refused(employer.post(TOP_UPS, {"pack": "huge"}), 404, "pack_not_found")
    bodies: list[Any] = [{}, {"pack": 5}, {"pack": "small", "pays": 1}]
    for body in bodies:
        assert employer.post(TOP_UPS, body).status_code == 422


async def test_fifty_taps_at_once_spend_no_more_than_is_there(database_url: str) -> None:
    async with opened(database_url) as database:
        job_id, people = await market(database, 10, positions=10)
        async with database.begin() as session:
            for worker_id, match_id in people:
                await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
            employer_id = (await session.get_one(Job, job_id)).employer_id
            sides = rules.top_up(4 * PRICE + 100, 4 * PRICE + 100, employer_id)
            await ledger.book(
                session,
                "top_up:1",
                sides,
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")

        async def tap(match_id: UUID) -> str:
            try:
                async with database.begin() as session:
                    await purchase.begin(
                        session, actor, [match_id], NOW, paced=False, pay_with=PayWith.BALANCE
                    )
            except BalanceTooLow:
                return "too low"
            return "bought"

        taps = [match_id for _, match_id in people] * 5
        done = await asyncio.gather(*(tap(match_id) for match_id in taps))
        async with database.read() as session:
            assert await ledger.balance_of(session, employer_id, "INR") == 100
        bought = {match for match, what in zip(taps, done, strict=True) if what == "bought"}
        assert len(bought) == 4
        assert set(Counter(done)) == {"bought", "too low"}
