"""One tap on a kept card: charged where law and bank allow it, else the page; never twice, never without the tap."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.payments import ledger
from app.payments.models import LedgerEntry, Order, PaymentAttempt, Unlock
from app.payments.rules import AccountType, AttemptStatus
from app.policy import policy
from app.policy.policy import LeadPrices
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import Lead, lead
from tests.support.provider_faults import pages_of, stripe_fault, stripe_objects

CARD = {"pay_with": "card"}


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, that sells in dollars; money is right after each test."""
    world_of_file.unread = True
    sell_in(world_of_file, "USD")
    yield world_of_file
    leads.end_faults(world_of_file)
    leads.check_at_rest(world_of_file)


def sell_in(world: World, currency: str) -> None:
    """Let leads that are offered from now on cost 49.00 of this currency."""

    async def change(session: Any) -> None:
        in_force = await policy.readable(session)
        prices = LeadPrices(currency=currency)
        changed = in_force.model_copy(update={"lead_prices": prices})
        await policy.replace(session, changed, now=world.clock())

    world.in_session(change)


def keeps_card(world: World, employer: Person | None = None) -> Person:
    """An employer who has paid a lead on the page, and agreed there to have the card kept."""
    mine = lead(world, employer)
    page = mine.begin()["checkout_url"].rsplit("/", 1)[-1]
    body = {"outcome": "pay", "save_card": True}
    ok(world.http.post(f"/sandbox/stripe/_control/checkout/{page}", json=body))
    world.settle()
    return mine.employer


def charges(world: World, mine: Lead) -> list[str]:
    """The states of the payments that Stripe has made for this lead, oldest first."""
    made = stripe_objects(world, "payment_intent")
    return [one["status"] for one in reversed(made) if one["metadata"]["match_id"] == mine.id]


def attempts(world: World, mine: Lead) -> list[tuple[str, str | None]]:
    """Each attempt to have the lead's newest order paid, with its failure."""
    order_id = UUID(mine.payment["id"])

    async def read(session: Any) -> list[tuple[str, str | None]]:
        query = select(PaymentAttempt.status, PaymentAttempt.failure_code)
        rows = await session.execute(
            query.where(PaymentAttempt.order_id == order_id).order_by(PaymentAttempt.number)
        )
        return [(status, code) for status, code in rows]

    found: list[tuple[str, str | None]] = world.in_session(read)
    return found


def test_one_tap_charges_the_card_and_unlocks(world: World) -> None:
    mine = lead(world, keeps_card(world))
    bought = ok(mine.unlock(CARD))
    assert bought["status"] == "unlocked"
    assert bought["contact"]["phone"] == mine.phone_shown()
    assert charges(world, mine) == ["succeeded"]
    assert pages_of(world, mine.id) == [], "no page was opened"
    # The event of the same charge comes after, and changes nothing.
    world.settle()
    assert ok(mine.unlock(CARD))["status"] == "unlocked"
    assert charges(world, mine) == ["succeeded"]
    cash = ledger.account_id(AccountType.PROVIDER_CASH, "USD", provider="stripe")

    async def booked(session: Any) -> int:
        query = select(func.sum(LedgerEntry.amount))
        return int(await session.scalar(query.where(LedgerEntry.account_id == cash)))

    assert world.in_session(booked) % 4_900 == 0


def test_several_leads_are_one_charge(world: World) -> None:
    employer = keeps_card(world)
    both = [lead(world, employer) for _ in range(2)]
    wanted = {"match_ids": [one.id for one in both], **CARD}
    assert ok(employer.post("/api/employers/unlocks", wanted))["status"] == "unlocked"
    newest = stripe_objects(world, "payment_intent")[0]
    assert (newest["amount"], newest["status"]) == (9_800, "succeeded")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "authentication_required"}, "authentication_required"),
        ({"kind": "card_declined", "code": "insufficient_funds"}, "insufficient_funds"),
    ],
)
def test_a_bank_that_wants_the_owner_leads_to_the_page(
    world: World, fault: dict[str, Any], why: str
) -> None:
    mine = lead(world, keeps_card(world))
    stripe_fault(world, **fault)
    refused = mine.unlock(CARD)
    assert refused.status_code == 402, refused.text
    told = refused.json()
    assert (told["code"], told["why"]) == ("card_needs_page", why)
    assert mine.contact() is None
    [page] = pages_of(world, mine.id)
    assert told["checkout_url"] == page["url"]
    assert attempts(world, mine) == [(AttemptStatus.REFUSED, why), (AttemptStatus.OPEN, None)]
    world.settle()  # the event of the refusal
    assert mine.contact() is None
    # A page that is open may have been paid: the next tap charges nothing, and gives the page.
    assert ok(mine.unlock(CARD), 202)["checkout_url"] == page["url"]
    world.pay(page["url"])
    assert ok(mine.unlock())["status"] == "unlocked"


def test_in_rupees_the_law_wants_the_page(world: World) -> None:
    employer = keeps_card(world)
    sell_in(world, "INR")
    mine = lead(world, employer)
    refused = mine.unlock(CARD)
    assert (refused.status_code, refused.json()["why"]) == (402, "page_required")
    assert charges(world, mine) == []
    world.pay(refused.json()["checkout_url"])
    assert ok(mine.unlock())["status"] == "unlocked"


def test_without_a_card_nothing_begins(world: World) -> None:
    mine = lead(world)
    refused = mine.unlock(CARD)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_saved_card")
    assert mine.payments() == []


def test_another_s_card_pays_nothing(world: World) -> None:
    keeps_card(world)
    mine = lead(world)
    assert mine.unlock(CARD).json()["code"] == "no_saved_card"


@pytest.mark.parametrize("kind", ["timeout_after_accept", "http_500_after_accept"])
def test_a_charge_whose_answer_was_lost_unlocks_once(world: World, kind: str) -> None:
    mine = lead(world, keeps_card(world))
    stripe_fault(world, "lost", 9)
    stripe_fault(world, kind, 9)
    unknown = mine.unlock(CARD)
    assert (unknown.status_code, unknown.json()["code"]) == (503, "card_outcome_unknown")
    assert mine.contact() is None
    leads.end_faults(world)
    assert charges(world, mine) == ["succeeded"]
    world.clock.advance(minutes=3)
    world.settle()  # the loop asks
    assert mine.contact() is not None
    assert ok(mine.unlock(CARD))["status"] == "unlocked"
    assert charges(world, mine) == ["succeeded"]


def test_the_same_tap_again_finds_the_lost_charge(world: World) -> None:
    mine = lead(world, keeps_card(world))
    stripe_fault(world, "timeout_after_accept", 9)
    assert mine.unlock(CARD).status_code == 503
    leads.end_faults(world)
    assert ok(mine.unlock(CARD))["status"] == "unlocked"
    assert charges(world, mine) == ["succeeded"]


def test_who_opens_the_page_instead_is_not_charged_twice(world: World) -> None:
    employer = keeps_card(world)
    charged, not_charged = lead(world, employer), lead(world, employer)
    stripe_fault(world, "timeout_after_accept", 9)
    assert charged.unlock(CARD).status_code == 503
    leads.end_faults(world)
    assert ok(charged.unlock({"pay_with": "page"}))["status"] == "unlocked"
    assert charges(world, charged) == ["succeeded"]
    stripe_fault(world, "http_500", 9)
    assert not_charged.unlock(CARD).status_code == 503
    leads.end_faults(world)
    # The charge may still be on its way: that Stripe lists none proves nothing for two minutes.
    unknown = not_charged.unlock({"pay_with": "page"})
    assert (unknown.status_code, unknown.json()["code"]) == (503, "card_outcome_unknown")
    assert pages_of(world, not_charged.id) == []
    world.clock.advance(minutes=2)
    page = ok(not_charged.unlock({"pay_with": "page"}), 202)
    assert charges(world, not_charged) == []
    world.pay(page["checkout_url"])
    assert ok(not_charged.unlock())["status"] == "unlocked"


def charged_late(world: World, mine: Lead) -> None:
    """The card of the lead's first attempt is charged now: its request was on its way all the time."""
    order_id = UUID(mine.payment["id"])

    async def first(session: Any) -> dict[str, Any]:
        query = select(PaymentAttempt.request).where(PaymentAttempt.order_id == order_id)
        found: dict[str, Any] = await session.scalar(query.order_by(PaymentAttempt.number).limit(1))
        return found

    kept = world.in_session(first)
    wanted = {
        "amount": str(kept["price"]["amount"]),
        "currency": "usd",
        "customer": kept["customer_id"],
        "payment_method": kept["card_id"],
        "confirm": "true",
        "metadata[payment_id]": kept["payment_id"],
        "metadata[match_id]": kept["match_id"],
        "metadata[paid_by]": "card",
    }
    headers = {"Authorization": "Bearer sk_test_sandbox"}
    ok(world.http.post("/sandbox/stripe/v1/payment_intents", data=wanted, headers=headers))


@pytest.mark.parametrize("is_told", [True, False])
def test_a_charge_that_comes_after_the_page_was_opened_closes_the_page(
    world: World, *, is_told: bool
) -> None:
    mine = lead(world, keeps_card(world))
    stripe_fault(world, "http_500", 9)
    assert mine.unlock(CARD).status_code == 503
    leads.end_faults(world)
    world.clock.advance(minutes=2)
    ok(mine.unlock({"pay_with": "page"}), 202)
    if not is_told:
        stripe_fault(world, "lost", 9)
    charged_late(world, mine)
    world.settle()
    leads.end_faults(world)
    leads.later(world, mine, minutes=10)
    world.settle()
    assert mine.contact() is not None
    assert attempts(world, mine) == [(AttemptStatus.PAID, None), (AttemptStatus.CANCELLED, None)]
    [page] = pages_of(world, mine.id)
    assert page["status"] == "expired"


def test_a_worker_who_left_meanwhile_costs_nothing(world: World) -> None:
    mine = lead(world, keeps_card(world))
    mine.withdraw()
    assert mine.unlock(CARD).status_code == 409
    assert charges(world, mine) == []


def test_a_card_removed_at_stripe_leads_to_the_page(world: World) -> None:
    employer = keeps_card(world)
    mine = lead(world, employer)
    ok(employer.delete("/api/employers/card"), 204)
    assert mine.unlock(CARD).json()["code"] == "no_saved_card"


def test_twenty_taps_at_once_charge_once(world: World) -> None:
    mine = lead(world, keeps_card(world))
    answers = leads.at_once([lambda: mine.unlock(CARD)] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert charges(world, mine) == ["succeeded"]

    async def unlocked(session: Any) -> int:
        query = select(func.count()).select_from(Unlock).where(Unlock.match_id == UUID(mine.id))
        return int(await session.scalar(query))

    assert world.in_session(unlocked) == 1

    async def orders_of(session: Any) -> int:
        query = select(func.count()).select_from(Order)
        return int(await session.scalar(query.where(Order.employer_id == UUID(mine.employer.id))))

    assert world.in_session(orders_of) == 2
