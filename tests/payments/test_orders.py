"""Several leads in one order: one page, one charge, and each lead by itself from then on."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.ids import new_id
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job
from app.offers import respond
from app.offers.links import order_link
from app.offers.rules import OfferAnswer
from app.payments import checkout, purchase, rules
from app.payments.models import Order, Payment, PaymentAttempt, Refund
from app.payments.provider import (
    Checkout,
    CheckoutRequest,
    PaymentProvider,
    PaymentsUnavailable,
)
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import balances_of, ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import Lead, at_once, later, lead, refund
from tests.support.provider_faults import (
    post_to_webhook,
    stripe_event,
    stripe_fault,
    stripe_objects,
)
from tests.support.statements import statements_of

PRICE = 4_900


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def some(world: World, count: int = 3) -> tuple[Person, list[Lead]]:
    """An employer and leads of theirs."""
    employer = world.employer(verified=True)
    return employer, [lead(world, employer) for _ in range(count)]


def unlock(employer: Person, *wanted: Lead, **more: Any) -> httpx.Response:
    return employer.post(
        "/api/employers/unlocks", {"match_ids": [one.id for one in wanted], **more}
    )


def statuses(wanted: list[Lead]) -> list[str]:
    return [one.payment["status"] for one in wanted]


def intent_of(world: World, order_id: str) -> str:
    """The provider's charge that paid an order."""
    query = select(PaymentAttempt.intent_id).where(
        PaymentAttempt.order_id == UUID(order_id), PaymentAttempt.status == "paid"
    )
    found: str = world.in_session(lambda session: session.scalar(query))
    return found


def page_status(world: World, url: str) -> str:
    pages = {page["id"]: page for page in stripe_objects(world, "checkout.session")}
    return str(pages[url.rsplit("/", 1)[-1]]["status"])


def test_one_page_buys_them_all(world: World) -> None:
    employer, wanted = some(world)
    page = ok(unlock(employer, *wanted), 202)
    assert page["price"] == {"amount": 3 * PRICE, "currency": "INR"}
    assert page["quote"]["total"] == page["price"]
    assert page["match_ids"] == [one.id for one in wanted]
    assert [one.contact() for one in wanted] == [None] * 3
    order = ok(employer.get(f"/api/employers/orders/{page['order_id']}"))
    assert (order["status"], order["checkout_url"]) == ("pending", page["checkout_url"])
    world.pay(page["checkout_url"])
    assert [one.phone_shown() for one in wanted] == [one.worker.phone for one in wanted]
    bought = ok(unlock(employer, *wanted))
    assert bought["order_id"] == page["order_id"]
    assert [item["contact"]["phone"] for item in bought["items"]] == [
        one.worker.phone for one in wanted
    ]
    [listed] = ok(employer.get("/api/employers/orders"))["items"]
    assert (listed["status"], listed["checkout_url"]) == ("succeeded", None)
    assert [item["status"] for item in listed["items"]] == ["succeeded"] * 3


def test_the_same_leads_again_are_the_same_page_in_whatever_order(world: World) -> None:
    employer, wanted = some(world)
    first = ok(unlock(employer, *wanted), 202)
    assert ok(unlock(employer, *reversed(wanted)), 202) == first
    key = {"headers": {"Idempotency-Key": "one"}}
    both = [
        employer.post("/api/employers/unlocks", {"match_ids": [wanted[0].id]}, **key)
        for _ in range(2)
    ]
    assert ok(both[0], 202) == ok(both[1], 202)
    other = employer.post("/api/employers/unlocks", {"match_ids": [wanted[1].id]}, **key)
    refused(other, 422, "idempotency_key_reused")


def test_of_overlapping_wishes_the_newest_counts_and_the_page_of_before_is_closed(
    world: World,
) -> None:
    employer, (one, two, three) = some(world)
    before = ok(unlock(employer, one, two), 202)
    page = ok(unlock(employer, two, three), 202)
    assert page["checkout_url"] != before["checkout_url"]
    world.settle()
    assert page_status(world, before["checkout_url"]) == "expired"
    world.pay(page["checkout_url"])
    assert one.contact() is None
    assert [each.phone_shown() for each in (two, three)] == [two.worker.phone, three.worker.phone]
    rest = ok(unlock(employer, one, two, three), 202)
    assert (rest["match_ids"], rest["price"]["amount"]) == ([one.id], PRICE)
    world.pay(rest["checkout_url"])
    assert one.phone_shown() == one.worker.phone


def test_a_page_paid_before_it_was_closed_still_unlocks_and_ends_the_newer_one(
    world: World,
) -> None:
    employer, (one, two, three) = some(world)
    before = ok(unlock(employer, one, two), 202)
    stripe_fault(world, "lost", times=100)  # no event comes
    world.pay(before["checkout_url"])
    page = ok(unlock(employer, two, three), 202)
    stripe_fault(world, "lost", times=0)
    later(world, one, minutes=6)
    world.settle()
    assert [each.phone_shown() for each in (one, two)] == [one.worker.phone, two.worker.phone]
    assert three.contact() is None
    assert ok(employer.get(f"/api/employers/orders/{page['order_id']}"))["status"] == "cancelled"
    assert page_status(world, page["checkout_url"]) == "expired"


def test_one_that_is_not_for_sale_refuses_all_and_is_named(world: World) -> None:
    employer, wanted = some(world)
    wanted[1].withdraw()
    answer = unlock(employer, *wanted)
    refused(answer, 409, "match_not_accepted")
    [error] = answer.json()["errors"]
    assert error["field"] == "match_ids.1"
    assert ok(employer.get("/api/employers/orders"))["items"] == []
    ok(unlock(employer, wanted[0], wanted[2]), 202)


@pytest.mark.parametrize("pay_with", [None, "page", "balance"])
def test_leads_in_two_currencies_are_refused_before_anything_is_locked(
    world: World, pay_with: str | None
) -> None:
    employer, wanted = some(world, 2)
    admin, path = world.admin(), "/api/admin/settings"
    ok(admin.put(path, {"lead_prices": {"currency": "USD"}}))
    try:
        in_dollars = lead(world, employer)
    finally:
        ok(admin.put(path, {"lead_prices": {"currency": "INR"}}))
    wish = {"pay_with": pay_with} if pay_with else {}
    with statements_of(world) as sent:
        answer = unlock(employer, wanted[0], in_dollars, wanted[1], **wish)
    refused(answer, 409, "currencies_differ")
    assert [error["field"] for error in answer.json()["errors"]] == ["match_ids.1"]
    assert any("job_matches" in each for each in sent)
    for statement in sent:
        assert statement.split()[0] not in {"INSERT", "UPDATE", "DELETE", "WITH"}
        assert "FOR UPDATE" not in statement
        assert "FOR NO KEY UPDATE" not in statement
    assert ok(employer.get("/api/employers/orders"))["items"] == []
    ok(unlock(employer, *wanted), 202)
    ok(unlock(employer, in_dollars), 202)


def test_a_set_that_makes_no_sense_is_refused(world: World) -> None:
    employer, [mine] = some(world, 1)
    path = "/api/employers/unlocks"
    bodies: list[Any] = [
        {},
        {"match_ids": []},
        {"match_ids": [mine.id, mine.id]},
        {"match_ids": [str(new_id()) for _ in range(21)]},
        {"match_ids": [mine.id], "price": 1},
        {"match_ids": ["x"]},
        {"match_ids": mine.id},
    ]
    for body in bodies:
        assert employer.post(path, body).status_code == 422, body
    refused(unlock(world.employer(verified=True), mine), 404, "match_not_found")
    strangers = lead(world)
    refused(unlock(employer, mine, strangers), 404, "match_not_found")
    assert ok(employer.get("/api/employers/orders"))["items"] == []
    order = ok(unlock(employer, mine), 202)["order_id"]
    stranger = world.employer(verified=True)
    refused(stranger.get(f"/api/employers/orders/{order}"), 404, "order_not_found")


def test_limits_count_every_lead_of_the_set(world: World) -> None:
    path, admin = "/api/admin/settings", world.admin()
    before = ok(admin.get(path))["limits"]
    employer = world.employer()
    wanted = [lead(world, employer) for _ in range(3)]
    limits = {"unlocks_before_verification": 2}
    ok(admin.put(path, {"limits": limits}))
    try:
        refused(unlock(employer, *wanted), 403, "verification_required")
        ok(unlock(employer, *wanted[:2]), 202)
        refused(unlock(employer, wanted[2]), 403, "verification_required")
    finally:
        ok(admin.put(path, {"limits": {name: before[name] for name in limits}}))


def test_a_lead_that_left_meanwhile_is_paid_back_and_the_others_are_unlocked(world: World) -> None:
    employer, wanted = some(world)
    page = ok(unlock(employer, *wanted), 202)
    wanted[1].withdraw()
    world.pay(page["checkout_url"])
    assert statuses(wanted) == ["succeeded", "refunded", "succeeded"]
    assert [one.contact() is None for one in wanted] == [False, True, False]
    [made] = [
        each
        for each in stripe_objects(world, "refund")
        if each["payment_intent"] == intent_of(world, page["order_id"])
    ]
    assert made["amount"] == PRICE


def test_a_refund_of_one_lead_is_a_part_of_the_charge(world: World) -> None:
    employer, wanted = some(world)
    page = ok(unlock(employer, *wanted), 202)
    world.pay(page["checkout_url"])
    ok(refund(world, wanted[0].payment["id"], amount=2_000))
    ok(refund(world, wanted[2].payment["id"]))
    world.settle()
    assert statuses(wanted) == ["partially_refunded", "succeeded", "refunded"]
    refused(refund(world, wanted[2].payment["id"]), 409, "payment_not_refundable")
    charge = intent_of(world, page["order_id"])
    made = [one for one in stripe_objects(world, "refund") if one["payment_intent"] == charge]
    assert Counter(one["amount"] for one in made) == {2_000: 1, PRICE: 1}


def test_a_refund_made_at_the_provider_gives_back_one_lead_after_the_other(world: World) -> None:
    employer, wanted = some(world)
    page = ok(unlock(employer, *wanted), 202)
    world.pay(page["checkout_url"])
    made = {
        "object": "refund",
        "payment_intent": intent_of(world, page["order_id"]),
        "amount": PRICE + 900,
        "currency": "inr",
        "status": "succeeded",
        "metadata": {},
    }
    for name in ("re_one", "re_one", "re_two"):  # the first is told twice
        event = stripe_event("refund.updated", {**made, "id": name + page["order_id"]})
        assert post_to_webhook(world, event) == [200]
    assert [one.payment["refunded"]["amount"] for one in wanted] == [PRICE, PRICE, 1_800]
    assert statuses(wanted) == ["refunded", "refunded", "partially_refunded"]


def test_a_refund_made_at_the_provider_over_more_than_ten_leads_comes_to_its_end(
    world: World,
) -> None:
    employer, wanted = some(world, 11)
    page = ok(unlock(employer, *wanted), 202)
    world.pay(page["checkout_url"])
    made = {
        "id": "re_all" + page["order_id"],
        "object": "refund",
        "payment_intent": intent_of(world, page["order_id"]),
        "amount": 11 * PRICE,
        "currency": "inr",
        "metadata": {},
    }
    for status in ("pending", "succeeded", "succeeded"):
        event = stripe_event("refund.updated", {**made, "status": status})
        assert post_to_webhook(world, event) == [200]
    assert statuses(wanted) == ["refunded"] * 11
    ids = [leads.refunds_of(world, one.payment["id"])[0].provider_id for one in wanted]
    assert ids == [made["id"], *(f"{made['id']}#{number}" for number in range(2, 12))]


def dispute(world: World, order_id: str, status: str) -> None:
    body = {"payment_intent": intent_of(world, order_id), "status": status}
    ok(world.http.post("/sandbox/stripe/_control/disputes", json=body))
    world.settle()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_is_for_the_whole_charge(world: World, outcome: str) -> None:
    employer, wanted = some(world)
    page = ok(unlock(employer, *wanted), 202)
    world.pay(page["checkout_url"])
    other = lead(world, employer)
    dispute(world, page["order_id"], "needs_response")
    for one in wanted:
        refused(refund(world, one.payment["id"]), 409, "payment_disputed")
    refused(unlock(employer, other), 409, "dispute_open")
    before = world.in_session(balances_of).get((rules.DISPUTED, "INR"), 0)
    dispute(world, page["order_id"], outcome)
    lost = world.in_session(balances_of).get((rules.DISPUTED, "INR"), 0) - before
    assert lost == (3 * PRICE if outcome == "lost" else 0)
    for one in wanted:
        answer = refund(world, one.payment["id"])
        if outcome == "lost":
            refused(answer, 409, "payment_not_refundable")
        else:
            ok(answer)
    world.settle()
    assert [one.contact() is None for one in wanted] == [False] * 3


def test_no_more_leaves_than_the_charge_brought(world: World) -> None:
    employer, wanted = some(world, 2)
    page = ok(unlock(employer, *wanted), 202)
    world.pay(page["checkout_url"])
    first, second = wanted
    ok(refund(world, first.payment["id"]))
    world.settle()
    lost = {
        "id": "dp_rest" + page["order_id"],
        "payment_intent": intent_of(world, page["order_id"]),
        "amount": PRICE,
        "currency": "inr",
        "status": "lost",
    }
    assert post_to_webhook(world, stripe_event("charge.dispute.closed", lost)) == [200]
    refused(refund(world, second.payment["id"]), 409, "payment_not_refundable")


class LosesPage:
    """Stripe, whose answer about a page it has opened is lost."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, call: str) -> Any:
        return getattr(self._inner, call)

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        await self._inner.create_checkout(request, key)
        raise PaymentsUnavailable


def test_a_process_with_another_address_leads_to_the_same_page(world: World) -> None:
    """Its request would differ under the same key, which Stripe refuses: the request is kept."""
    mine = lead(world)
    ok(lead(world, mine.employer).unlock(), 202)  # its customer is known: the page is the next call
    actor = Actor(UUID(mine.employer.id), Role.EMPLOYER, UserStatus.ACTIVE, "")
    now = world.clock()
    order = world.in_session(lambda session: purchase.begin(session, actor, [UUID(mine.id)], now))
    database, provider = world.runtime.database, world.runtime.payments
    loses = cast(PaymentProvider, LosesPage(provider))
    with pytest.raises(PaymentsUnavailable):
        world.run(checkout.open_page(database, loses, order.id, "http://one.example/p", now))
    paying = world.run(
        checkout.open_page(database, provider, order.id, "http://two.example/p", now)
    )
    assert paying.attempt is not None
    assert paying.attempt.number == 1
    world.pay(str(paying.url))
    assert mine.phone_shown() == mine.worker.phone


def test_the_page_of_an_order_shows_all_its_leads_and_no_contact(world: World) -> None:
    employer, wanted = some(world)
    begun = ok(unlock(employer, *wanted), 202)
    path = urlsplit(order_link(world.runtime.keyring, "", UUID(begun["order_id"]))).path
    shown = world.http.get(path)
    assert shown.status_code == 200
    assert "₹147" in shown.text
    assert "Kulkarni" not in shown.text
    assert world.http.get(path[:-4] + "zzzz").status_code == 404
    assert world.http.post(path).headers["location"] == begun["checkout_url"]
    wanted[0].withdraw()
    assert "₹98" in world.http.get(path).text
    rest = world.http.post(path).headers["location"]  # for those who are still there
    assert rest != begun["checkout_url"]
    world.pay(rest)
    assert [one.contact() is None for one in wanted] == [True, False, False]
    assert world.http.get(path).status_code == 200
    bought = ok(employer.get("/api/employers/orders"))["items"][0]
    path = urlsplit(order_link(world.runtime.keyring, "", UUID(bought["id"]))).path
    assert "yours for good" in world.http.get(path).text


def test_many_clicks_on_one_set_open_one_page(world: World) -> None:
    employer, wanted = some(world)
    answers = [ok(each, 202) for each in at_once([lambda: unlock(employer, *wanted)] * 20)]
    assert len({(each["order_id"], each["checkout_url"]) for each in answers}) == 1
    world.pay(answers[0]["checkout_url"])
    assert statuses(wanted) == ["succeeded"] * 3


async def test_of_fifty_overlapping_wishes_at_once_no_lead_is_in_two_open_orders(
    database_url: str,
) -> None:
    async with opened(database_url) as database:
        job_id, people = await market(database, 4, positions=4)
        ids = [match_id for _, match_id in people]
        async with database.begin() as session:
            for worker_id, match_id in people:
                await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
            employer_id = (await session.get_one(Job, job_id)).employer_id
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")
        wishes = [[ids[n % 4], ids[(n + 1) % 4]] for n in range(50)]

        async def wish(wanted: list[UUID]) -> Order | None:
            async with database.begin() as session:
                return await purchase.begin(session, actor, wanted, NOW, paced=False)

        made = await asyncio.gather(*(wish(wanted) for wanted in wishes))
        assert all(order is not None for order in made)
        async with database.read() as session:
            still_open = Payment.status.in_(rules.OPEN)
            query = select(Payment.match_id, func.count()).where(still_open)
            of_lead = dict((await session.execute(query.group_by(Payment.match_id))).all())
            assert set(of_lead.values()) == {1}
            orders = list(await session.scalars(select(Order).where(Order.status.in_(rules.OPEN))))
            for order in orders:
                amounts = select(func.sum(Payment.amount)).where(
                    Payment.order_id == order.id, still_open
                )
                assert await session.scalar(amounts) == order.total
            assert await session.scalar(select(func.count()).select_from(Refund)) == 0
