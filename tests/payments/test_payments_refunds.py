"""Money on its way back: refunds and disputes."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.payments import checkout, purchase
from app.payments.provider import Checkout, CheckoutRequest
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import (
    at_once,
    bought_lead,
    later,
    lead,
    logged_actions,
    payment_row,
    refund,
    refunds_of,
)
from tests.support.provider_faults import (
    checkout_pages,
    post_to_webhook,
    stripe_event,
    stripe_fault,
    stripe_objects,
)


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def refunds_at_stripe(world: World, payment_id: str) -> list[dict[str, Any]]:
    intent = payment_row(world, payment_id).intent_id
    return [one for one in stripe_objects(world, "refund") if one["payment_intent"] == intent]


def test_a_refund_gives_all_back_and_hides_nothing(world: World) -> None:
    mine, payment = bought_lead(world)
    made = ok(refund(world, payment))
    assert made["status"] == "requested"
    assert made["amount"] == {"amount": 4_900, "currency": "INR"}
    world.settle()
    shown = ok(mine.employer.get(f"/api/employers/payments/{payment}"))
    assert (shown["status"], shown["refunded"]["amount"]) == ("refunded", 4_900)
    assert mine.phone_shown() == mine.worker.phone
    assert ok(mine.unlock())["contact"]["phone"] == mine.worker.phone
    [sent] = refunds_at_stripe(world, payment)
    assert (sent["amount"], sent["metadata"]) == (4_900, {"refund_id": made["id"]})
    refused(refund(world, payment), 409, "payment_not_refundable")
    assert ok(mine.employer.get("/api/employers/dashboard"))["spend"]["amount"] == 0


def test_refunds_in_part_add_up_to_the_price_and_no_further(world: World) -> None:
    mine, payment = bought_lead(world)
    for _ in range(2):  # of the same amount, on their way at the same time
        ok(refund(world, payment, amount=1_000))
    problem = refused(refund(world, payment, amount=2_901), 422, "invalid")
    assert problem["errors"][0]["field"] == "amount"
    world.settle()
    assert mine.payment["status"] == "partially_refunded"
    assert mine.payment["refunded"]["amount"] == 2_000
    ok(refund(world, payment))
    world.settle()
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == ("refunded", 4_900)
    assert sorted(one["amount"] for one in refunds_at_stripe(world, payment)) == [
        1_000,
        1_000,
        2_900,
    ]
    assert logged_actions(world, payment) == ["payment.refund"] * 3


def test_an_amount_that_can_t_be_given_back_is_refused(world: World) -> None:
    _, payment = bought_lead(world)
    for amount in (0, -1, 4_901, 10**15, True, 1.5, "100"):
        assert refund(world, payment, amount=amount).status_code == 422, amount
    assert refunds_of(world, payment) == []


def test_only_what_was_paid_goes_back(world: World) -> None:
    mine = lead(world)
    payment = mine.begin()["payment_id"]
    refused(refund(world, payment), 409, "payment_not_refundable")
    nowhere = "0190b5a4-0000-7000-8000-000000000000"
    refused(refund(world, nowhere), 404, "payment_not_found")


def test_many_refunds_at_once_never_exceed_the_price(world: World) -> None:
    _, payment = bought_lead(world)
    admin = world.admin()
    path = f"/api/admin/payments/{payment}/refund"
    body = {"reason": "twice", "amount": 4_000}
    answers = at_once([lambda: admin.post(path, body)] * 6)
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 5
    world.settle()
    assert sum(one["amount"] for one in refunds_at_stripe(world, payment)) == 4_000


def test_a_refund_asked_for_twice_with_one_key_is_one(world: World) -> None:
    _, payment = bought_lead(world)
    admin, path = world.admin(), f"/api/admin/payments/{payment}/refund"
    body, headers = {"reason": "once", "amount": 100}, {"Idempotency-Key": f"r-{payment}"}
    first = ok(admin.post(path, body, headers=headers))
    assert ok(admin.post(path, body, headers=headers)) == first
    changed = admin.post(path, body | {"amount": 200}, headers=headers)
    refused(changed, 422, "idempotency_key_reused")
    assert len(refunds_of(world, payment)) == 1


def test_a_refund_that_fails_at_the_bank_is_taken_back_and_calls_a_person(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment))
    world.settle()
    before = alerts("refund_failed")
    [sent] = refunds_at_stripe(world, payment)
    path = f"/sandbox/stripe/_control/refunds/{sent['id']}"
    ok(world.http.post(path, json={"status": "failed"}))
    world.settle()
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == ("succeeded", 0)
    assert alerts("refund_failed") == before + 1
    assert logged_actions(world, payment) == ["payment.refund", "payment.refund_failed"]
    # An old word about it changes nothing any more, and it can be tried again.
    post_to_webhook(world, stripe_event("refund.updated", sent | {"status": "succeeded"}))
    assert mine.payment["refunded"]["amount"] == 0
    ok(refund(world, payment))
    world.settle()
    assert mine.payment["status"] == "refunded"


def test_a_refund_may_take_its_time(world: World) -> None:
    mine, payment = bought_lead(world)
    stripe_fault(world, "lost", 2)
    ok(refund(world, payment, amount=500))
    world.settle()
    [sent] = refunds_at_stripe(world, payment)
    for status in ("pending", "succeeded", "pending"):
        post_to_webhook(world, stripe_event("refund.updated", sent | {"status": status}))
        assert mine.payment["refunded"]["amount"] == 500


def test_a_refund_made_at_stripe_by_hand_is_noted(world: World) -> None:
    mine, payment = bought_lead(world)
    given = {
        "id": "re_by_hand_" + payment,
        "status": "succeeded",
        "amount": 700,
        "currency": "inr",
        "payment_intent": payment_row(world, payment).intent_id,
        "metadata": {},
    }
    for kind in ("refund.created", "refund.updated"):
        post_to_webhook(world, stripe_event(kind, given))
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == (
        "partially_refunded",
        700,
    )
    [row] = refunds_of(world, payment)
    assert (row.requested_by, row.reason) == (None, "made at the provider")


@pytest.mark.parametrize(
    ("kind", "times", "minutes"),
    [("rate_limited", 1, 5), ("drop_after_accept", 1, 0), ("http_500", 1, 5), ("html_502", 4, 5)],
)
def test_trouble_at_stripe_delays_a_refund_and_never_doubles_it(
    world: World, kind: str, times: int, minutes: int
) -> None:
    mine, payment = bought_lead(world)
    stripe_fault(world, kind, times)
    ok(refund(world, payment, amount=2_000))
    world.settle()
    later(world, mine, minutes=minutes)
    world.settle()
    assert mine.payment["refunded"]["amount"] == 2_000
    assert len(refunds_at_stripe(world, payment)) == 1
    assert [one.status for one in refunds_of(world, payment)][-1] == "succeeded"


def test_a_refund_that_was_made_although_stripe_broke_is_found(world: World) -> None:
    mine, payment = bought_lead(world)
    stripe_fault(world, "http_500_after_accept")
    ok(refund(world, payment, amount=2_000))
    world.settle()
    later(world, mine, minutes=30)
    world.settle()
    assert mine.payment["refunded"]["amount"] == 2_000
    assert len(refunds_at_stripe(world, payment)) == 1


def test_a_refund_stripe_refuses_calls_a_person(world: World) -> None:
    mine, payment = bought_lead(world)
    before = alerts("refund_failed")
    stripe_fault(world, "error", code="amount_too_small")
    ok(refund(world, payment))
    world.settle()
    assert alerts("refund_failed") == before + 1
    [row] = refunds_of(world, payment)
    assert (row.status, row.failure_code) == ("failed", "amount_too_small")
    assert mine.payment["status"] == "succeeded"
    ok(refund(world, payment))
    world.settle()
    assert mine.payment["status"] == "refunded"


def dispute(world: World, payment_id: str, status: str) -> None:
    """Let the cardholder's bank say something about a payment."""
    body = {"payment_intent": payment_row(world, payment_id).intent_id, "status": status}
    ok(world.http.post("/sandbox/stripe/_control/disputes", json=body))
    world.settle()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_disputed_payment_is_refunded_only_after_it_was_won(world: World, outcome: str) -> None:
    mine, payment = bought_lead(world)
    dispute(world, payment, "opened")
    refused(refund(world, payment), 409, "payment_disputed")
    assert refunds_of(world, payment) == []
    dispute(world, payment, outcome)
    if outcome == "lost":
        refused(refund(world, payment), 409, "payment_not_refundable")
        return
    ok(refund(world, payment))
    world.settle()
    assert mine.payment["status"] == "refunded"


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("opened", ["before the refund", "while the provider is away"])
def test_a_refund_that_a_rule_decided_waits_for_the_end_of_a_dispute(
    world: World, opened: str, outcome: str
) -> None:
    mine, payment = bought_lead(world)
    ok(mine.worker.delete("/api/workers/account"), 204)
    report = f"/api/employers/matches/{mine.id}/report"
    if opened == "before the refund":
        dispute(world, payment, "opened")
    else:
        stripe_fault(world, "rate_limited")
    assert ok(mine.employer.post(report, {"reason": "no_answer"}), 201)["status"] == "refunded"
    world.settle()
    if opened != "before the refund":
        dispute(world, payment, "opened")
    later(world, mine, hours=30)
    world.settle()
    assert [one.status for one in refunds_of(world, payment)] == ["waiting"]
    assert refunds_at_stripe(world, payment) == []
    dispute(world, payment, outcome)
    status, given_back = ("refunded", 4_900) if outcome == "won" else ("succeeded", 0)
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == (status, given_back)
    assert len(refunds_at_stripe(world, payment)) == (outcome == "won")
    last = refunds_of(world, payment)[-1]
    assert last.status == ("succeeded" if outcome == "won" else "cancelled")
    assert ("payment.refund_cancelled" in logged_actions(world, payment)) == (outcome == "lost")


def test_a_refund_refused_because_of_a_dispute_is_made_once_that_is_won(world: World) -> None:
    mine, payment = bought_lead(world)
    stripe_fault(world, "lost", 2)  # what it tells of the dispute
    dispute(world, payment, "opened")
    before = alerts("refund_failed")
    ok(refund(world, payment))
    world.settle()
    assert [one.failure_code for one in refunds_of(world, payment)] == ["charge_disputed", None]
    assert alerts("refund_failed") == before
    dispute(world, payment, "under_review")
    assert refunds_of(world, payment)[-1].status == "waiting"
    dispute(world, payment, "won")
    assert mine.payment["status"] == "refunded"
    assert len(refunds_at_stripe(world, payment)) == 1


def test_a_refund_of_money_that_a_bank_took_unnoticed_is_not_tried_for_ever(world: World) -> None:
    mine, payment = bought_lead(world)
    stripe_fault(world, "lost", 4)  # what it tells of the dispute
    dispute(world, payment, "opened")
    dispute(world, payment, "lost")
    ok(refund(world, payment))
    for _ in range(4):
        world.settle()
        later(world, mine, hours=2)
    assert [one.status for one in refunds_of(world, payment)] == ["failed", "cancelled"]
    assert refunds_of(world, payment)[-1].failure_code == "taken_by_bank"
    assert mine.payment["refunded"]["amount"] == 0


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_an_open_dispute_stops_purchases_until_it_is_decided(world: World, outcome: str) -> None:
    mine, payment = bought_lead(world)
    other = lead(world, mine.employer)
    before = alerts("dispute_opened")
    dispute(world, payment, "opened")
    assert alerts("dispute_opened") == before + 1
    refused(other.unlock(), 409, "dispute_open")
    assert ok(mine.unlock())["contact"]["phone"] == mine.worker.phone
    dispute(world, payment, "under_review")
    refused(other.unlock(), 409, "dispute_open")
    dispute(world, payment, outcome)
    other.buy()
    assert logged_actions(world, payment) == ["dispute.opened", f"dispute.{outcome}"]


def test_a_dispute_closes_the_pages_its_employer_has_open(world: World) -> None:
    mine, payment = bought_lead(world)
    other = lead(world, mine.employer)
    page = other.begin()
    stranger = lead(world)
    theirs = stranger.begin()["payment_id"]
    stripe_fault(world, "read_timeout")
    dispute(world, payment, "opened")
    assert (other.payment["status"], other.payment["checkout_url"]) == ("cancelled", None)
    assert checkout_pages(world, other.id)[0]["status"] == "open", "it did not answer"
    later(world, other, minutes=6)
    world.settle()
    assert checkout_pages(world, other.id)[0]["status"] == "expired"
    assert payment_row(world, theirs).status == "pending"
    dispute(world, payment, "won")
    assert other.begin()["payment_id"] != page["payment_id"]


def test_what_is_paid_while_a_dispute_is_open_goes_back(world: World) -> None:
    mine, payment = bought_lead(world)
    other = lead(world, mine.employer)
    page = other.begin()
    stripe_fault(world, "read_timeout", 3)  # it can't be asked to close the page
    dispute(world, payment, "opened")
    world.pay(page["checkout_url"])
    assert other.contact() is None
    assert (other.payment["status"], other.payment["refunded"]["amount"]) == ("refunded", 4_900)
    assert [one.reason for one in refunds_of(world, page["payment_id"])] == ["dispute_open"]
    dispute(world, payment, "lost")
    other.buy()


def test_a_page_that_is_being_opened_when_a_dispute_comes_is_closed_too(world: World) -> None:
    mine, payment = bought_lead(world)
    other = lead(world, mine.employer)
    actor = Actor(UUID(other.employer.id), Role.EMPLOYER, UserStatus.ACTIVE, "")
    now = world.clock()
    begun = world.in_session(lambda session: purchase.begin(session, actor, [UUID(other.id)], now))
    provider = Disputing(world, payment)
    opening = checkout.open_page(world.runtime.database, provider, begun.id, "http://here/p", now)
    assert world.run(opening).order.status == "cancelled"
    later(world, other, minutes=1)
    world.settle()
    assert [page["status"] for page in checkout_pages(world, other.id)] == ["expired"]


class Disputing:
    """Stripe, where a dispute comes in after a page was opened and before we know of it."""

    def __init__(self, world: World, disputed: str) -> None:
        self._world, self._disputed = world, disputed

    def __getattr__(self, call: str) -> Any:
        return getattr(self._world.runtime.payments, call)

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        page: Checkout = await self._world.runtime.payments.create_checkout(request, key)  # type: ignore[union-attr]
        await asyncio.to_thread(dispute, self._world, self._disputed, "opened")
        return page


def spend_and_revenue(world: World, mine: leads.Lead) -> tuple[int, int]:
    """What the employer's dashboard and the administrators' statistics show, in paise."""
    spend = ok(mine.employer.get("/api/employers/dashboard"))["spend"]["amount"]
    revenue = ok(world.admin().get("/api/admin/stats"))["revenue"]
    return spend, sum(money["amount"] for money in revenue if money["currency"] == "INR")


def test_what_a_bank_took_back_is_no_spend_and_no_revenue(world: World) -> None:
    mine, payment = bought_lead(world)
    spend, revenue = spend_and_revenue(world, mine)
    assert spend == 4_900
    dispute(world, payment, "opened")
    assert spend_and_revenue(world, mine) == (spend, revenue)
    dispute(world, payment, "lost")
    assert spend_and_revenue(world, mine) == (0, revenue - 4_900)


def test_administrators_list_refunds_and_disputes(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment, amount=300))
    world.settle()
    dispute(world, payment, "opened")
    admin = world.admin()
    [row] = ok(admin.get(f"/api/admin/refunds?payment_id={payment}&status=succeeded"))["items"]
    assert (row["money"]["amount"], row["employer_id"]) == (300, mine.employer.id)
    assert (row["reason"], row["failure_code"]) == ("the number was wrong", None)
    assert ok(admin.get(f"/api/admin/refunds?payment_id={payment}&status=waiting"))["items"] == []
    params = {"employer_id": mine.employer.id, "status": "opened"}
    [row] = ok(admin.get("/api/admin/disputes", params=params))["items"]
    assert (row["payment_id"], row["money"]["amount"]) == (payment, 4_900)
    refused(mine.employer.get("/api/admin/disputes"), 403, "wrong_role")


def test_an_inquiry_has_no_effect_until_it_becomes_a_dispute(world: World) -> None:
    mine, payment = bought_lead(world)
    dispute(world, payment, "warning_needs_response")
    lead(world, mine.employer).buy()
    dispute(world, payment, "needs_response")
    refused(lead(world, mine.employer).unlock(), 409, "dispute_open")


def test_a_late_word_about_a_dispute_changes_nothing(world: World) -> None:
    mine, payment = bought_lead(world)
    other = lead(world, mine.employer)
    thing = {
        "id": "dp_" + payment,
        "amount": 4_900,
        "currency": "inr",
        "payment_intent": payment_row(world, payment).intent_id,
    }
    post_to_webhook(
        world, stripe_event("charge.dispute.created", thing | {"status": "needs_response"})
    )
    post_to_webhook(
        world, stripe_event("charge.dispute.updated", thing | {"status": "warning_under_review"})
    )
    refused(other.unlock(), 409, "dispute_open")
    post_to_webhook(world, stripe_event("charge.dispute.closed", thing | {"status": "won"}))
    for late in ("needs_response", "lost"):
        post_to_webhook(world, stripe_event("charge.dispute.updated", thing | {"status": late}))
    other.buy()
    assert logged_actions(world, payment) == ["dispute.opened", "dispute.won"]
