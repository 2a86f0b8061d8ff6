"""The account's books of the stand-in for Stripe, refunds that wait or fail, and what it does not model."""

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import World
from tests.sandbox.test_stripe import lead, paid, session_of

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

LINE_FIELDS = set(
    "id object amount available_on balance_type created currency description exchange_rate fee fee_details net"
    " reporting_category source status type".split()
)


def lines(world: World) -> list[Any]:
    found = world.stripe().v1.balance_transactions.list({"limit": 100}).data
    return [each.to_dict() for each in found]


def refunded(world: World, session: Any) -> Any:
    return world.stripe().v1.refunds.create({"payment_intent": session.payment_intent})


def fault(world: World, kind: str) -> None:
    assert world.http.post("/stripe/_control/faults", json={"kind": kind}).status_code == 200


def test_a_charge_is_a_line_with_its_fees(world: World) -> None:
    session = paid(world)
    [line] = lines(world)
    assert set(line) == LINE_FIELDS
    assert (line["amount"], line["fee"], line["net"]) == (4_900, 115, 4_785)
    assert [each["type"] for each in line["fee_details"]] == ["stripe_fee", "tax"]
    charge = world.stripe().v1.charges.list({"payment_intent": session.payment_intent}).data[0]
    assert (charge.id, charge.balance_transaction) == (line["source"], line["id"])


def test_what_goes_back_is_a_line_and_its_fee_stays(world: World) -> None:
    session = paid(world)
    refund = refunded(world, session)
    newest = lines(world)[0]
    assert (newest["id"], newest["reporting_category"]) == (refund.balance_transaction, "refund")
    assert (newest["amount"], newest["fee"]) == (-4_900, 0)


@pytest.mark.parametrize("kind", ["refund_pending", "refund_failed"])
def test_a_refund_may_wait_or_fail(world: World, kind: str) -> None:
    session = paid(world)
    fault(world, kind)
    refund = refunded(world, session)
    now = world.stripe().v1.refunds.retrieve(refund.id)
    categories = [each["reporting_category"] for each in lines(world)]
    if kind == "refund_pending":
        assert now.status == "pending"
        assert categories == ["refund", "charge"]
        return
    assert now.status == "failed"
    assert categories == ["refund_failure", "refund", "charge"]
    world.business.wait_for_event("refund.failed")


def test_a_dispute_takes_money_and_gives_it_back(world: World) -> None:
    session = paid(world)
    body: Any = {"payment_intent": session.payment_intent}
    for status in ("opened", "lost", "won"):
        world.http.post("/stripe/_control/disputes", json={**body, "status": status})
    assert [each["reporting_category"] for each in lines(world)] == [
        "dispute_reversal",
        "dispute",
        "charge",
    ]
    [dispute] = world.stripe().v1.disputes.list(body).data
    assert [each["net"] for each in dispute.to_dict()["balance_transactions"]] == [-6_400, 4_900], (
        "the fee stays"
    )


def test_a_payout_empties_the_balance(world: World) -> None:
    paid(world)
    payout = world.http.post("/stripe/_control/payouts", json={}).json()
    assert (payout["amount"], payout["currency"]) == (4_785, "inr")
    assert [each.id for each in world.stripe().v1.payouts.list().data] == [payout["id"]]
    assert lines(world)[0]["type"] == "payout"
    assert world.http.post("/stripe/_control/payouts", json={}).status_code == 409
    world.business.wait_for_event("payout.paid")


def test_a_day_is_listed_by_its_instants(world: World) -> None:
    paid(world)
    [line] = lines(world)
    listing = world.stripe().v1.balance_transactions.list
    assert len(listing({"created": {"gte": line["created"], "lt": line["created"] + 1}}).data) == 1
    assert listing({"created": {"lt": line["created"]}}).data == []


@pytest.mark.parametrize(
    "more",
    [
        {"automatic_tax": {"enabled": True}},
        {"tax_id_collection": {"enabled": True}},
        {"payment_intent_data": {"capture_method": "manual"}},
        {"invoice_creation": {"enabled": True}},
    ],
)
def test_what_is_not_modelled_is_refused_and_never_ignored(world: World, more: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        session_of(world, **more)
    assert refusal.value.code == "parameter_not_modelled"
    session_of(world, automatic_tax={"enabled": False})


def test_tax_rates_of_an_item_are_refused(world: World) -> None:
    items = lead()["line_items"]
    items[0]["tax_rates"] = ["txr_1"]
    with pytest.raises(stripe.InvalidRequestError, match="does not model tax_rates"):
        session_of(world, line_items=items)


def test_nothing_is_sold_to_a_customer_who_was_deleted(world: World) -> None:
    client = world.stripe().v1
    customer = client.customers.create({"name": "Cafe"})
    client.customers.delete(customer.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        session_of(world, customer=customer.id)
    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")


def test_a_key_that_is_in_use_is_409(world: World) -> None:
    fault(world, "key_in_use")
    with pytest.raises(stripe.StripeError) as refusal:
        session_of(world)
    assert refusal.value.http_status == 409
