"""The rules of payments hold at each provider: one charge a lead, only its own word unlocks, money goes back."""

from collections.abc import Iterator

import pytest

from app.payments.provider import PaymentsMisconfigured, ProviderHasNot
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import (
    at_once,
    bought_lead,
    later,
    lead,
    payment_row,
    refund,
    refunds_of,
)
from tests.support.provider_faults import dispute, pages_of, provider_fault


@pytest.fixture
def world(world_of_provider: World) -> Iterator[World]:
    """One Partimer a file, database and provider; money is right after each test."""
    world_of_provider.unread = True
    yield world_of_provider
    leads.check_at_rest(world_of_provider)


def at_razorpay(world: World) -> bool:
    return world.settings.payment_provider == "razorpay"


def test_a_lead_is_paid_on_the_provider_s_page_and_unlocked(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    assert ("/razorpay/pay/plink_" in page["checkout_url"]) is at_razorpay(world)
    assert mine.contact() is None
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone
    row = payment_row(world, page["payment_id"])
    assert (row.intent_id or "").startswith("pay_" if at_razorpay(world) else "pi_")
    assert row.livemode is False


def test_a_decline_leaves_the_page_open_for_another_try(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "decline")
    assert (mine.payment["status"], mine.contact()) == ("pending", None)
    assert mine.payment["failure_code"] is not None
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone


def test_clicks_that_come_together_get_one_page(world: World) -> None:
    mine = lead(world)
    pages = [ok(answer, 202) for answer in at_once([mine.unlock] * 4)]
    assert len({page["checkout_url"] for page in pages}) == 1
    assert len(pages_of(world, mine.id)) == 1


@pytest.mark.parametrize("kind", ["timeout_after_accept", "drop_after_accept"])
def test_a_page_whose_answer_was_lost_is_opened_once(world: World, kind: str) -> None:
    first = lead(world)
    first.begin()
    mine = lead(world, first.employer)  # whose customer is known: the page is the next call
    provider_fault(world, kind)
    # Stripe's client asks again by itself; Razorpay's link is found by its reference the next time.
    if mine.unlock().status_code != 202:
        mine.begin()
    assert len(pages_of(world, mine.id)) == 1
    mine.buy()


def test_a_payment_whose_events_are_lost_is_asked_about(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    provider_fault(world, "lost", 6)
    world.pay(page["checkout_url"])
    assert mine.contact() is None
    provider_fault(world, "lost", 0)
    later(world, mine, minutes=10)
    world.settle()
    assert mine.phone_shown() == mine.worker.phone


WRONG = ["bad_key", "blocked", "html_404", "rate_limited"]


@pytest.mark.parametrize("answer", [*WRONG, "http_500"])
def test_an_answer_that_is_none_ends_no_paid_payment(world: World, answer: str) -> None:
    mine = lead(world)
    page = mine.begin()
    provider_fault(world, "lost", 6)
    world.pay(page["checkout_url"])
    provider_fault(world, "lost", 0)
    provider_fault(world, f"read_{answer}", 9)
    later(world, mine, hours=2)  # its page is over long ago
    world.settle()
    assert (mine.payment["status"], mine.contact()) == ("pending", None)
    provider_fault(world, f"read_{answer}", 0)
    later(world, mine, hours=1)
    world.settle()
    assert mine.phone_shown() == mine.worker.phone


@pytest.mark.parametrize("answer", [*WRONG, "key_in_use"])
def test_a_refund_is_sent_again_until_it_is_made_once(world: World, answer: str) -> None:
    mine, payment = bought_lead(world)
    before = alerts("refund_failed")
    provider_fault(world, answer, 9)
    ok(refund(world, payment))
    world.settle()
    assert [row.status for row in refunds_of(world, payment)] == ["requested"]
    assert alerts("refund_failed") == before
    provider_fault(world, answer, 0)
    later(world, mine, hours=1)
    world.settle()
    assert [row.status for row in refunds_of(world, payment)] == ["succeeded"]
    assert mine.payment["status"] == "refunded"


def test_an_id_that_is_not_known_is_gone_at_stripe_and_another_account_s_at_razorpay(
    world: World,
) -> None:
    """Razorpay deletes nothing: it knows each link that it made, unless our key is another account's or mode's."""
    provider = world.runtime.payments
    assert provider is not None
    wrong_key = at_razorpay(world)
    before = alerts("payments_misconfigured")
    with pytest.raises(PaymentsMisconfigured if wrong_key else ProviderHasNot):
        world.run(provider.checkout("plink_unknown" if wrong_key else "cs_test_unknown"))
    assert alerts("payments_misconfigured") == before + wrong_key


def test_refunds_in_parts_and_in_full(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment, amount=1_000))
    world.settle()
    assert mine.payment["status"] == "partially_refunded"
    ok(refund(world, payment))
    world.settle()
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == ("refunded", 4_900)
    refused(refund(world, payment), 409, "payment_not_refundable")
    assert mine.phone_shown() == mine.worker.phone


def test_what_is_paid_for_a_worker_who_is_gone_goes_back(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    mine.withdraw()
    world.pay(page["checkout_url"])
    assert mine.contact() is None
    assert mine.payment["status"] == "refunded"


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_an_open_dispute_stops_purchases(world: World, outcome: str) -> None:
    mine, payment = bought_lead(world)
    intent = payment_row(world, payment).intent_id
    other = lead(world, mine.employer)
    dispute(world, intent, "opened")
    refused(other.unlock(), 409, "dispute_open")
    refused(refund(world, payment), 409, "payment_disputed")
    dispute(world, intent, outcome)
    other.buy()


def test_a_page_that_is_over_can_be_replaced(world: World) -> None:
    mine = lead(world)
    first = mine.begin()["checkout_url"]
    world.pay(first, "expire")
    assert mine.payment["status"] == "expired"
    assert mine.begin()["checkout_url"] != first
    mine.buy()


def test_a_payment_that_comes_after_its_page_was_over_still_unlocks(world: World) -> None:
    """Money was taken, whatever we thought: by UPI the bank may take its time."""
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "process")
    if at_razorpay(world):
        later(world, mine, hours=2)
        world.settle()
        assert mine.payment["status"] == "expired"
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone


def test_what_was_paid_at_the_other_provider_is_refunded_there(world: World) -> None:
    """PAYMENT_PROVIDER may change at any time: each row is asked about where it was made."""
    mine, payment = bought_lead(world)
    providers = world.runtime.payments
    other = "stripe" if at_razorpay(world) else "razorpay"
    object.__setattr__(providers, "name", other)
    try:
        ok(refund(world, payment))
        world.settle()
        assert mine.payment["status"] == "refunded"
        there = lead(world, mine.employer)
        page = there.begin()["checkout_url"]
        assert f"/{other}/" in page
        world.pay(page)
        assert there.phone_shown() == there.worker.phone
    finally:
        object.__setattr__(providers, "name", world.settings.payment_provider)
