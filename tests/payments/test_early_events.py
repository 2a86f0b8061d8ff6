"""What is told of a refund or a dispute before its payment is known, and never again."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, bought_lead, later, lead, logged_actions, payment_row, refund
from tests.support.provider_faults import (
    checkout_pages,
    post_to_webhook,
    stripe_event,
    stripe_fault,
)
from tests.support.sellers import charge_tax, put_settings


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def paid_in_silence(world: World) -> tuple[Lead, str, dict[str, Any]]:
    """A lead that is paid, of which no event arrived yet: the lead, its intent, and the event."""
    mine = lead(world)
    page = mine.begin()
    stripe_fault(world, "lost", 4)
    world.pay(page["checkout_url"])
    [paid] = checkout_pages(world, mine.id)
    event = stripe_event("checkout.session.completed", paid)
    return mine, paid["payment_intent"], event


def refund_told(intent: str, status: str = "succeeded", amount: int = 4_900) -> dict[str, Any]:
    """What Stripe tells of a refund."""
    thing = {
        "id": f"re_early_{intent}",
        "status": status,
        "amount": amount,
        "currency": "inr",
        "payment_intent": intent,
        "metadata": {},
    }
    return stripe_event("refund.updated", thing)


def dispute_told(intent: str, status: str, at: int = 1_000) -> dict[str, Any]:
    """What Stripe tells of a dispute at an instant."""
    thing = {
        "id": f"dp_early_{intent}",
        "status": status,
        "amount": 4_900,
        "currency": "inr",
        "payment_intent": intent,
    }
    return stripe_event("charge.dispute.updated", thing) | {"created": at}


def test_a_refund_told_before_its_payment_has_a_credit_note(world: World) -> None:
    charge_tax(world)
    mine, intent, paid = paid_in_silence(world)
    post_to_webhook(world, refund_told(intent, amount=1_000))
    post_to_webhook(world, paid)
    note, invoice = ok(mine.employer.get("/api/employers/invoices"))["items"]
    assert (note["kind"], note["total"]["amount"]) == ("credit_note", 1_000)
    assert [tax["amount"]["amount"] for tax in note["taxes"]] == [76, 76]
    assert invoice["total"]["amount"] == 4_900
    ok(put_settings(world, seller={"tax_pack": "none"}))


def test_leads_paid_together_have_one_invoice_although_one_went_back_early(world: World) -> None:
    first = lead(world)
    second = lead(world, first.employer)
    both = {"match_ids": [first.id, second.id]}
    page = ok(first.employer.post("/api/employers/unlocks", both), 202)
    stripe_fault(world, "lost", 4)
    world.pay(page["checkout_url"])
    [paid] = checkout_pages(world, first.id)
    post_to_webhook(world, refund_told(paid["payment_intent"]))
    post_to_webhook(world, stripe_event("checkout.session.completed", paid))
    note, invoice = ok(first.employer.get("/api/employers/invoices"))["items"]
    assert (note["kind"], note["total"]["amount"]) == ("credit_note", 4_900)
    assert (invoice["kind"], invoice["total"]["amount"]) == ("invoice", 9_800)
    assert (first.contact(), second.phone_shown()) == (None, second.worker.phone)


@pytest.mark.parametrize("times", [1, 3])
def test_a_refund_told_before_its_payment_counts(world: World, times: int) -> None:
    mine, intent, paid = paid_in_silence(world)
    post_to_webhook(world, refund_told(intent, amount=1_000), times=times)
    assert mine.payment["status"] == "pending"
    post_to_webhook(world, paid)
    assert mine.payment["status"] == "partially_refunded"
    assert mine.payment["refunded"]["amount"] == 1_000
    assert mine.phone_shown() == mine.worker.phone
    post_to_webhook(world, refund_told(intent, amount=1_000))
    assert mine.payment["refunded"]["amount"] == 1_000


@pytest.mark.parametrize("order", list(itertools.permutations(["pending", "succeeded", "failed"])))
def test_the_order_of_what_is_told_of_an_early_refund_is_no_matter(
    world: World, order: tuple[str, ...]
) -> None:
    mine, intent, paid = paid_in_silence(world)
    for status in order:
        post_to_webhook(world, refund_told(intent, status))
    post_to_webhook(world, paid)
    assert mine.payment["refunded"]["amount"] == 0
    assert mine.payment["status"] == "succeeded"
    ok(refund(world, mine.payment["id"]))
    world.settle()
    assert mine.payment["status"] == "refunded"


def test_money_that_went_back_before_it_was_known_unlocks_nothing(world: World) -> None:
    mine, intent, paid = paid_in_silence(world)
    post_to_webhook(world, refund_told(intent))
    post_to_webhook(world, paid)
    assert (mine.payment["status"], mine.contact()) == ("refunded", None)
    mine.buy()


@pytest.mark.parametrize("order", [1, -1])
def test_a_dispute_told_before_its_payment_counts(world: World, order: int) -> None:
    mine, intent, paid = paid_in_silence(world)
    told = [dispute_told(intent, "needs_response"), dispute_told(intent, "under_review", 1_001)]
    for event in told[::order]:
        post_to_webhook(world, event, times=2)
    post_to_webhook(world, paid)
    assert mine.contact() is None
    refused(lead(world, mine.employer).unlock(), 409, "dispute_open")
    post_to_webhook(world, dispute_told(intent, "won", 2_000))
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == ("refunded", 4_900)


@pytest.mark.parametrize("order", [1, -1])
def test_a_dispute_lost_before_its_payment_was_known_unlocks_nothing(
    world: World, order: int
) -> None:
    mine, intent, paid = paid_in_silence(world)
    told = [dispute_told(intent, "needs_response"), dispute_told(intent, "lost", 1_001)]
    for event in told[::order]:
        post_to_webhook(world, event)
    post_to_webhook(world, paid)
    assert mine.contact() is None
    assert logged_actions(world, mine.payment["id"])[-1] == "dispute.lost"
    refused(refund(world, mine.payment["id"]), 409, "payment_not_refundable")


def test_what_is_told_of_a_payment_that_never_comes_is_an_open_item(world: World) -> None:
    intent = "pi_of_nobody"
    post_to_webhook(world, refund_told(intent), times=2)
    admin = world.admin()
    path = "/api/admin/open-items?kind=unknown_payment&open=true"
    assert ok(admin.get(path))["items"] == []
    world.clock.advance(hours=25)
    world.settle()
    admin = world.admin()
    [item] = ok(admin.get(path))["items"]
    assert item["details"]["intent_id"] == intent
    assert item["money"] == {"amount": 4_900, "currency": "INR"}
    closing = f"/api/admin/open-items/{item['id']}/close"
    closed = ok(admin.post(closing, {"reason": "of the other shop"}))
    assert (closed["outcome"], closed["reason"]) == ("closed", "of the other shop")
    refused(admin.post(closing, {"reason": "again"}), 409, "open_item_closed")
    world.clock.advance(hours=25)
    world.settle()
    assert ok(world.admin().get(path))["items"] == []


def test_an_orphan_is_closed_when_its_payment_comes_late(world: World) -> None:
    mine, intent, paid = paid_in_silence(world)
    post_to_webhook(world, refund_told(intent, amount=500))
    stripe_fault(world, "read_http_500", 500)
    later(world, mine, hours=26)
    world.settle()
    stripe_fault(world, "read_http_500", 0)
    path = "/api/admin/open-items?kind=unknown_payment&open=true"
    assert [one["details"]["intent_id"] for one in ok(world.admin().get(path))["items"]] == [intent]
    post_to_webhook(world, paid)
    assert mine.payment["refunded"]["amount"] == 500
    assert ok(world.admin().get(path))["items"] == []


def test_a_dispute_that_was_lost_and_won_after_all_is_booked_back(world: World) -> None:
    mine, payment = bought_lead(world)
    intent = str(payment_row(world, payment).intent_id)
    stages = [("needs_response", 1), ("lost", 2), ("won", 3), ("lost", 4), ("won", 5)]
    for status, at in stages:
        post_to_webhook(world, dispute_told(intent, status, at), times=2)
    for status, at in stages[:4]:  # late words of before
        post_to_webhook(world, dispute_told(intent, status, at))
    ok(refund(world, payment))
    world.settle()
    assert mine.payment["status"] == "refunded"
    decided = [word for word in logged_actions(world, payment) if word.startswith("dispute.")]
    assert decided == [f"dispute.{word}" for word in ("opened", "lost", "won", "lost", "won")]


def dispute(world: World, payment_id: str, status: str) -> None:
    """Let the cardholder's bank say something about a payment."""
    body = {"payment_intent": payment_row(world, payment_id).intent_id, "status": status}
    ok(world.http.post("/sandbox/stripe/_control/disputes", json=body))
    world.settle()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_whose_end_is_lost_on_the_way_is_asked_about(world: World, outcome: str) -> None:
    mine, payment = bought_lead(world)
    dispute(world, payment, "opened")
    stripe_fault(world, "lost", 2 if outcome == "won" else 1)
    dispute(world, payment, outcome)
    other = lead(world, mine.employer)
    refused(other.unlock(), 409, "dispute_open")
    later(world, mine, other, hours=7)
    world.settle()
    other.buy()
    assert logged_actions(world, payment) == ["dispute.opened", f"dispute.{outcome}"]


def refunded_in_silence(world: World, payment_id: str) -> dict[str, Any]:
    """A refund made at Stripe past our server, which is pending there; no event of it arrives."""
    stripe_fault(world, "lost", 4)
    wanted = {"payment_intent": payment_row(world, payment_id).intent_id, "amount": "500"}
    headers = {"Authorization": "Bearer sk_test_sandbox"}
    made = ok(world.http.post("/sandbox/stripe/v1/refunds", data=wanted, headers=headers))
    pending = {"status": "pending"}
    ok(world.http.post(f"/sandbox/stripe/_control/refunds/{made['id']}", json=pending))
    world.settle()
    assert leads.refunds_of(world, payment_id) == []
    found: dict[str, Any] = made
    return found


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_pending_refund_whose_event_is_lost_is_asked_about(world: World, outcome: str) -> None:
    mine, payment = bought_lead(world)
    made = refunded_in_silence(world, payment)
    post_to_webhook(world, stripe_event("refund.updated", made | {"status": "pending"}))
    assert leads.refunds_of(world, payment)[0].status == "pending"
    stripe_fault(world, "lost", 3 if outcome == "failed" else 2)
    path = f"/sandbox/stripe/_control/refunds/{made['id']}"
    ok(world.http.post(path, json={"status": outcome}))
    world.settle()
    assert leads.refunds_of(world, payment)[0].status == "pending"
    later(world, mine, hours=2)
    world.settle()
    assert leads.refunds_of(world, payment)[0].status == outcome
    assert mine.payment["refunded"]["amount"] == (500 if outcome == "succeeded" else 0)


def test_a_refund_that_stays_pending_is_asked_about_ever_more_seldom(world: World) -> None:
    _, payment = bought_lead(world)
    thing = refund_told(str(payment_row(world, payment).intent_id), "pending", 300)
    post_to_webhook(world, thing)
    asked = []
    for _ in range(6):
        world.clock.advance(hours=13)
        world.settle()
        [row] = leads.refunds_of(world, payment)
        assert row.check_at is not None
        asked.append(row.check_at - world.clock())
    assert asked == sorted(asked)
    assert asked[-1] == dt.timedelta(hours=12)
