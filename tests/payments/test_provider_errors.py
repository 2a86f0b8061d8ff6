"""What a payment provider's answers decide: only its own "no", in its own shape, ends anything.

A rolled key, a key without a permission and a page of a proxy say nothing of a payment: money that was taken
still unlocks its lead, and money that is owed still goes back.
"""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Update, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.payments.models import Payment, PaymentAttempt
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import bought_lead, later, lead, payment_row, refund, refunds_of
from tests.support.provider_faults import checkout_pages, stripe_fault


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def write(world: World, statement: Update, payment_id: str) -> None:
    """Change a payment's row behind everybody's back."""

    async def change(session: AsyncSession) -> None:
        await session.execute(statement.where(Payment.id == UUID(payment_id)))

    world.in_session(change)


WRONG = ["bad_key", "blocked", "html_404"]


@pytest.mark.parametrize("answer", [*WRONG, "http_500"])
def test_a_paid_payment_whose_events_are_lost_waits_for_an_answer(
    world: World, answer: str
) -> None:
    mine = lead(world)
    page = mine.begin()
    stripe_fault(world, "lost", 4)
    world.pay(page["checkout_url"])
    stripe_fault(world, f"read_{answer}", 3)  # Stripe's client asks again after a 500
    later(world, mine, hours=2)  # its page is over long ago
    world.settle()
    assert (mine.payment["status"], mine.contact()) == ("pending", None)
    stripe_fault(world, f"read_{answer}", 0)
    later(world, mine, minutes=40)  # after two hours it is asked every half hour
    world.settle()
    assert mine.phone_shown() == mine.worker.phone


@pytest.mark.parametrize("answer", WRONG)
def test_a_refund_is_sent_again_once_the_key_is_right(world: World, answer: str) -> None:
    mine, payment = bought_lead(world)
    before = alerts("refund_failed"), alerts("payments_misconfigured")
    stripe_fault(world, answer, 1)
    ok(refund(world, payment))
    world.settle()
    [row] = refunds_of(world, payment)
    assert row.status == "requested"
    assert alerts("refund_failed") == before[0]
    assert alerts("payments_misconfigured") == before[1] + (answer != "html_404")
    later(world, mine, minutes=10)
    world.settle()
    [row] = refunds_of(world, payment)
    assert row.status == "succeeded"
    assert mine.payment["status"] == "refunded"


@pytest.mark.parametrize("answer", WRONG)
def test_a_page_is_opened_by_the_same_key_once_our_key_is_right(world: World, answer: str) -> None:
    mine = lead(world)
    ok(mine.unlock(), 202)
    other = lead(world, mine.employer)  # whose customer is known: the page is the next call
    stripe_fault(world, answer, 1)
    refused(other.unlock(), 503, "payments_unavailable")
    page = other.begin()
    assert payment_row(world, page["payment_id"]).attempt == 1
    assert len(checkout_pages(world, other.id)) == 1


def test_a_page_that_stripe_does_not_know_is_over(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    of_mine = PaymentAttempt.order_id == UUID(page["payment_id"])
    unknown = update(PaymentAttempt).where(of_mine).values(session_id="cs_test_unknown")
    world.in_session(lambda session: session.execute(unknown))
    later(world, mine, hours=2)
    world.settle()
    assert mine.payment["status"] == "expired"
