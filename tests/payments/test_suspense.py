"""Money that was taken and does not fit what was asked: it waits in suspense, and an administrator decides."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.invoices.models import Invoice
from app.payments import rules
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import balances_of, ok, refused
from tests.support.leads import Lead, at_once, later, lead, logged_actions, payment_row, refund
from tests.support.provider_faults import (
    checkout_pages,
    dispute,
    post_to_webhook,
    stripe_event,
    stripe_fault,
    stripe_objects,
)
from tests.support.sellers import charge_tax, put_settings


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    yield world_of_file
    leads.check_at_rest(world_of_file)


def paid_otherwise(world: World, **changes: Any) -> tuple[Lead, dict[str, Any]]:
    """A lead whose page was really paid, and told with changes; the event can be told again."""
    mine = lead(world)
    page = mine.begin()
    stripe_fault(world, "lost", 4)
    world.pay(page["checkout_url"])
    [paid] = checkout_pages(world, mine.id)
    event = stripe_event("checkout.session.completed", paid | changes)
    assert post_to_webhook(world, event) == [200]
    return mine, event


def suspended(world: World) -> int:
    """What is in suspense, in paise."""
    balances: dict[tuple[str, str], int] = world.in_session(balances_of)
    return -balances.get((rules.SUSPENSE, "INR"), 0)


def item_of(world: World, mine: Lead, **params: Any) -> dict[str, Any]:
    """The item of suspense about this lead."""
    taken = mine.payment["id"]
    items = ok(world.admin().get("/api/admin/suspense?limit=100", params=params))["items"]
    return next(item for item in items if item["payment_id"] == taken)


def decide(world: World, item: dict[str, Any], action: str) -> Any:
    """Let an administrator decide about money in suspense; the answer."""
    body = {"action": action, "reason": "we asked the bank"}
    return world.admin().post(f"/api/admin/suspense/{item['id']}/action", body)


def test_money_that_does_not_fit_is_set_aside_once_and_stops_a_second_page(world: World) -> None:
    before, in_suspense = alerts("payment_mismatch"), suspended(world)
    mine, event = paid_otherwise(world, amount_total=4_000)
    post_to_webhook(world, event, times=3)
    post_to_webhook(world, event | {"id": "evt_again_" + mine.id})
    # Asked itself, the provider says that all is right; an administrator decides nevertheless.
    later(world, mine, minutes=30)
    world.settle()
    assert mine.contact() is None
    assert suspended(world) - in_suspense == 4_000
    assert alerts("payment_mismatch") == before + 1
    asked, taken = mine.payments()
    assert (asked["status"], asked["failure_code"]) == ("failed", "mismatch")
    assert (taken["status"], taken["price"]["amount"]) == ("in_review", 4_000)
    refused(mine.unlock(), 409, "payment_in_review")
    assert len(mine.payments()) == 2
    item = item_of(world, mine, open=True)
    assert item["details"] == {
        "differs": ["amount"],
        "asked_for": {"amount": 4_900, "currency": "INR"},
        "payment_id": asked["id"],
    }
    assert item["money"] == {"amount": 4_000, "currency": "INR"}
    refused(refund(world, taken["id"]), 409, "payment_not_refundable")
    closing = world.admin().post(f"/api/admin/open-items/{item['id']}/close", {"reason": "no"})
    refused(closing, 409, "open_item_needs_action")
    assert ok(world.http.get("/health/ready"))["parked"]["suspense"] >= 1
    ok(decide(world, item, "refund"))
    world.settle()


def test_money_in_suspense_is_given_back_and_the_lead_can_be_bought(world: World) -> None:
    before = suspended(world)
    mine, event = paid_otherwise(world, amount_total=4_000)
    item = item_of(world, mine)
    answers = at_once([lambda: decide(world, item, "refund")] * 3)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    refused(mine.unlock(), 409, "payment_in_review")
    world.settle()
    taken = mine.payment
    assert (taken["status"], taken["refunded"]["amount"]) == ("refunded", 4_000)
    assert suspended(world) == before
    shown = item_of(world, mine, open=False)
    assert (shown["outcome"], shown["reason"]) == ("refunded", "we asked the bank")
    assert logged_actions(world, taken["id"]) == ["payment.refund", "open_item.refunded"]
    mine.buy()
    post_to_webhook(world, event | {"id": "evt_late_" + mine.id})
    assert suspended(world) == before


def test_a_refund_out_of_suspense_that_fails_opens_the_item_again(world: World) -> None:
    before = suspended(world)
    mine, _ = paid_otherwise(world, amount_total=4_000)
    ok(decide(world, item_of(world, mine), "refund"))
    world.settle()
    intent = payment_row(world, mine.payment["id"]).intent_id
    [made] = [one for one in stripe_objects(world, "refund") if one["payment_intent"] == intent]
    ok(world.http.post(f"/sandbox/stripe/_control/refunds/{made['id']}", json={"status": "failed"}))
    world.settle()
    assert mine.payment["status"] == "in_review"
    assert suspended(world) == before + 4_000
    item = item_of(world, mine, open=True)
    ok(decide(world, item, "refund"))
    world.settle()
    assert (mine.payment["status"], suspended(world)) == ("refunded", before)


def test_money_in_suspense_is_taken_for_the_price(world: World) -> None:
    before = suspended(world)
    mine, _ = paid_otherwise(world, amount_total=5_500)
    item = item_of(world, mine)
    assert ok(decide(world, item, "settle"))["outcome"] == "settled"
    refused(decide(world, item, "refund"), 409, "open_item_closed")
    assert (mine.payment["status"], mine.payment["failure_code"]) == ("succeeded", None)
    assert ok(mine.unlock())["contact"]["phone"] == mine.worker.phone
    assert suspended(world) == before
    ok(refund(world, mine.payment["id"], amount=4_900))
    world.settle()
    assert mine.payment["refunded"]["amount"] == 4_900
    assert suspended(world) == before


def test_a_refund_that_fails_after_a_settlement_is_an_item_of_its_own(world: World) -> None:
    mine, _ = paid_otherwise(world, amount_total=5_500)
    item = item_of(world, mine)
    ok(decide(world, item, "settle"))
    stripe_fault(world, "error", code="amount_too_small")
    ok(refund(world, mine.payment["id"], amount=900))
    world.settle()
    assert item_of(world, mine)["closed_at"] is not None
    path = "/api/admin/open-items?kind=refund_failed&open=true&limit=100"
    waiting = [one["payment_id"] for one in ok(world.admin().get(path))["items"]]
    assert mine.payment["id"] in waiting


def test_money_taken_out_of_suspense_has_an_invoice_with_its_taxes(world: World) -> None:
    charge_tax(world)
    tax_before = world.in_session(balances_of).get((rules.TAX, "INR"), 0)
    mine, _ = paid_otherwise(world, amount_total=4_000)
    payment_id = UUID(mine.payment["id"])
    source = Invoice.source == f"payment:{payment_id}"
    assert world.in_session(lambda session: session.scalar(select(Invoice).where(source))) is None
    ok(decide(world, item_of(world, mine), "settle"))
    invoice = world.in_session(lambda session: session.scalar(select(Invoice).where(source)))
    assert (invoice.net, invoice.tax, invoice.total) == (3_390, 610, 4_000)
    assert world.in_session(balances_of)[rules.TAX, "INR"] == tax_before - 610
    ok(refund(world, str(payment_id)))
    world.settle()
    assert world.in_session(balances_of)[rules.TAX, "INR"] == tax_before
    ok(put_settings(world, seller={"tax_pack": "none"}))


def test_a_lead_that_is_gone_can_t_be_had_for_money_in_suspense(world: World) -> None:
    mine, _ = paid_otherwise(world, amount_total=4_000)
    mine.withdraw()
    item = item_of(world, mine)
    refused(decide(world, item, "settle"), 409, "match_not_accepted")
    refused(decide(world, item, "close"), 409, "suspense_not_empty")
    assert mine.payment["status"] == "in_review"
    ok(decide(world, item, "refund"))
    world.settle()
    assert mine.payment["status"] == "refunded"


def test_money_of_another_currency_waits_in_a_suspense_of_its_own(world: World) -> None:
    before = suspended(world)
    mine, _ = paid_otherwise(world, currency="usd")
    assert suspended(world) == before
    assert world.in_session(balances_of)[rules.SUSPENSE, "USD"] == -4_900
    assert item_of(world, mine)["money"] == {"amount": 4_900, "currency": "USD"}
    ok(decide(world, item_of(world, mine), "settle"))
    assert mine.phone_shown() == mine.worker.phone


def test_money_of_the_other_mode_is_in_no_account_of_ours(world: World) -> None:
    before = suspended(world)
    mine, _ = paid_otherwise(world, livemode=True)
    assert suspended(world) == before
    item = item_of(world, mine)
    for action in ("refund", "settle"):
        refused(decide(world, item, action), 409, "suspense_other_mode")
    ok(decide(world, item, "close"))
    assert mine.payment["status"] == "cancelled"
    mine.buy()


def test_a_bank_takes_money_back_out_of_suspense(world: World) -> None:
    before = suspended(world)
    mine, _ = paid_otherwise(world, amount_total=4_900, metadata={})
    body = {"payment_intent": payment_row(world, mine.payment["id"]).intent_id}
    for status in ("opened", "lost"):
        ok(world.http.post("/sandbox/stripe/_control/disputes", json=body | {"status": status}))
        world.settle()
        if status == "opened":
            refused(decide(world, item_of(world, mine), "refund"), 409, "payment_disputed")
    assert suspended(world) == before
    assert mine.payment["status"] == "cancelled"
    assert item_of(world, mine, open=False)["outcome"] == "closed"
    mine.buy()


def test_money_in_suspense_buys_nothing_while_a_bank_disputes_a_payment(world: World) -> None:
    mine, _ = paid_otherwise(world, amount_total=4_000)
    intent = payment_row(world, mine.payment["id"]).intent_id
    dispute(world, intent, "opened")
    refused(decide(world, item_of(world, mine), "settle"), 409, "payment_disputed")
    assert (mine.payment["status"], mine.contact()) == ("in_review", None)
    dispute(world, intent, "won")
    ok(decide(world, item_of(world, mine), "settle"))
    assert mine.phone_shown() == mine.worker.phone


@pytest.mark.parametrize("action", ["suspend", "restrict"])
def test_money_in_suspense_buys_nothing_for_an_account_that_is_not_active(
    world: World, action: str
) -> None:
    mine, _ = paid_otherwise(world, amount_total=4_000)
    payment_id, item = mine.payment["id"], item_of(world, mine)
    path = f"/api/admin/employers/{mine.employer.id}/action"
    ok(world.admin().post(path, {"action": action, "reason": "harvesting"}))
    refused(decide(world, item, "settle"), 409, "suspense_buyer_not_active")
    assert payment_row(world, payment_id).status == "in_review"
    ok(decide(world, item, "refund"))
    world.settle()
    assert payment_row(world, payment_id).status == "refunded"


def test_only_who_may_move_money_decides(world: World) -> None:
    nowhere = "0190b5a4-0000-7000-8000-000000000000"
    refused(decide(world, {"id": nowhere}, "refund"), 404, "open_item_not_found")
    mine = lead(world)
    refused(mine.employer.get("/api/admin/suspense"), 403, "wrong_role")
