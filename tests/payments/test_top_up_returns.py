"""Money of a top-up that goes back: out of the balance, never below zero, and the rest is a loss that is shown."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.money import Money
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job
from app.offers import respond
from app.offers.rules import OfferAnswer
from app.payments import disputes, ledger, orders, purchase, rules
from app.payments.models import LedgerAccount, LedgerEntry, Order, PaymentAttempt
from app.payments.provider import DisputeChanged
from app.payments.rules import AttemptStatus, DisputeStatus, OrderKind, PaymentStatus, PayWith
from app.taxes.quote import untaxed
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import lead, logged_actions
from tests.support.provider_faults import (
    dispute,
    provider_fault,
    razorpay_objects,
    stripe_objects,
)

PRICE, PAID, CREDITED = 4_900, 50_000, 55_000
BALANCE = "/api/employers/balance"


@pytest.fixture
def world(world_of_provider: World) -> Iterator[World]:
    """One Partimer a file, database and provider; money is right after each test."""
    world_of_provider.unread = True
    yield world_of_provider
    leads.check_at_rest(world_of_provider)


def there(employer: Person) -> int:
    amount: int = ok(employer.get(BALANCE))["balance"]["amount"]
    return amount


def frozen(employer: Person) -> int:
    amount: int = ok(employer.get(BALANCE))["frozen"]["amount"]
    return amount


def newest_charge(world: World) -> str:
    """The provider's id of what was paid last."""
    if world.settings.payment_provider == "stripe":
        return str(stripe_objects(world, "payment_intent")[0]["id"])
    return str(razorpay_objects(world, "payment")[0]["id"])


def top_up(world: World, employer: Person) -> tuple[str, str]:
    """Pay 500 for 550; the order and the charge that paid it."""
    page = ok(employer.post(f"{BALANCE}/top-ups", {"pack": "small"}), 202)
    world.pay(page["checkout_url"])
    return page["order_id"], newest_charge(world)


def rich(world: World) -> tuple[Person, str]:
    """An employer with 550 in the balance, and the charge that paid it."""
    employer = world.employer(verified=True)
    _, charge = top_up(world, employer)
    assert there(employer) == CREDITED
    return employer, charge


def refund_there(world: World, charge: str, amount: int) -> str:
    """Somebody gives money back in the provider's dashboard; the provider's id of it."""
    provider: Any = world.runtime.payments
    made = world.run(
        provider.of(charge).refund(charge, Money(amount, "INR"), "", f"refund:{new_id()}")
    )
    world.settle()
    name: str = made.provider_id
    return name


def losses(world: World) -> int:
    """All that was booked as a loss, in minor units."""
    query = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.type == "dispute_losses")
    )
    return int(world.in_session(lambda session: session.scalar(query)))


def items(world: World, employer: Person, *, is_open: bool = True) -> list[dict[str, Any]]:
    """The open items about what this employer had spent of a top-up."""
    path = f"/api/admin/open-items?kind=top_up_spent&open={str(is_open).lower()}&limit=100"
    found: list[dict[str, Any]] = ok(world.admin().get(path))["items"]
    return [one for one in found if one["details"]["employer_id"] == employer.id]


def test_nothing_is_bought_while_a_bank_decides_about_a_top_up(world: World) -> None:
    employer, charge = rich(world)
    mine, other = lead(world, employer), lead(world, employer)
    page = ok(other.unlock({"pay_with": "page"}), 202)
    dispute(world, charge, "opened")
    assert (there(employer), frozen(employer)) == (CREDITED, CREDITED)
    for body in (None, {"pay_with": "balance"}, {"pay_with": "page"}):
        refused(mine.unlock(body), 409, "dispute_open")
    refused(employer.post(f"{BALANCE}/top-ups", {"pack": "large"}), 409, "dispute_open")
    order = ok(employer.get(f"/api/employers/orders/{page['payment_id']}"))
    assert order["status"] == "cancelled", "its page is closed"
    [shown] = ok(world.admin().get(f"/api/admin/disputes?employer_id={employer.id}"))["items"]
    assert (shown["payment_id"], shown["status"]) == (None, "opened")
    assert logged_actions(world, shown["order_id"])[-1] == "dispute.opened"
    dispute(world, charge, "won")
    assert (there(employer), frozen(employer)) == (CREDITED, 0)
    ok(mine.unlock())
    assert items(world, employer) == []


def test_a_lost_one_takes_what_is_left_with_its_bonus(world: World) -> None:
    employer, charge = rich(world)
    before = losses(world)
    dispute(world, charge, "opened")
    dispute(world, charge, "lost")
    assert (there(employer), losses(world)) == (0, before)
    assert items(world, employer) == []
    newest = ok(employer.get(f"{BALANCE}/entries"))["items"][0]
    assert (newest["kind"], newest["amount"]["amount"]) == ("dispute_lost", -CREDITED)
    ok(lead(world, employer).unlock(), 202)


def test_what_was_spent_before_is_a_loss_that_a_person_sees(world: World) -> None:
    employer, charge = rich(world)
    for _ in range(2):
        ok(lead(world, employer).unlock())
    before = losses(world)
    dispute(world, charge, "lost")
    spent = PAID - (CREDITED - 2 * PRICE)
    assert (there(employer), losses(world) - before) == (0, spent)
    [item] = items(world, employer)
    assert item["money"]["amount"] == spent
    assert item["details"]["went_back"] == PAID
    dispute(world, charge, "won")
    world.clock.advance(hours=1)  # told within a second, it is asked about
    world.settle()
    assert employer.email is not None
    employer.token = world.sign_in(employer.email, role="employer").token
    assert (there(employer), losses(world)) == (CREDITED - 2 * PRICE, before)
    assert items(world, employer) == []


def test_the_balance_of_another_top_up_pays_as_well(world: World) -> None:
    employer, charge = rich(world)
    top_up(world, employer)
    ok(lead(world, employer).unlock())
    dispute(world, charge, "lost")
    assert there(employer) == CREDITED - PRICE


def test_a_refund_made_there_takes_its_share_of_the_bonus(world: World) -> None:
    employer, charge = rich(world)
    order = ok(employer.get("/api/employers/orders?limit=1"))["items"][0]["id"]
    first = refund_there(world, charge, 10_000)
    assert there(employer) == CREDITED - 11_000
    refund_there(world, charge, 40_000)
    assert there(employer) == 0
    shown = ok(world.admin().get(f"/api/admin/refunds?employer_id={employer.id}"))["items"]
    assert [(one["payment_id"], one["order_id"], one["status"]) for one in shown] == [
        (None, order, "succeeded")
    ] * 2
    name = world.settings.payment_provider
    ok(world.http.post(f"/sandbox/{name}/_control/refunds/{first}", json={"status": "failed"}))
    world.settle()
    assert there(employer) == 11_000
    assert items(world, employer) == []


def test_a_refund_of_money_that_was_spent_is_a_loss_until_it_fails(world: World) -> None:
    employer, charge = rich(world)
    ok(lead(world, employer).unlock())
    ok(lead(world, employer).unlock())
    before = losses(world)
    name = refund_there(world, charge, PAID)
    assert (there(employer), losses(world) - before) == (0, PAID - (CREDITED - 2 * PRICE))
    assert len(items(world, employer)) == 1
    path = f"/sandbox/{world.settings.payment_provider}/_control/refunds/{name}"
    ok(world.http.post(path, json={"status": "failed"}))
    world.settle()
    assert (there(employer), losses(world)) == (CREDITED - 2 * PRICE, before)
    assert len(items(world, employer, is_open=False)) == 1


@pytest.mark.parametrize("told", [["opened"], ["opened", "lost"], ["lost", "won"]])
def test_what_is_told_before_the_top_up_is_known_counts(world: World, told: list[str]) -> None:
    employer = world.employer(verified=True)
    page = ok(employer.post(f"{BALANCE}/top-ups", {"pack": "small"}), 202)
    provider_fault(world, "lost", 100)
    world.pay(page["checkout_url"])
    provider_fault(world, "lost", 0)
    for status in told:
        dispute(world, newest_charge(world), status)
    assert there(employer) == 0
    world.clock.advance(hours=7)
    world.settle()
    assert employer.email is not None
    employer.token = world.sign_in(employer.email, role="employer").token
    assert there(employer) == (0 if told[-1] == "lost" else CREDITED)
    mine = lead(world, employer)
    if told == ["opened"]:
        refused(mine.unlock(), 409, "dispute_open")
        dispute(world, newest_charge(world), "won")
    assert mine.unlock().status_code in {200, 202}


def test_a_decision_that_was_never_told_is_asked_for(world: World) -> None:
    employer, charge = rich(world)
    dispute(world, charge, "opened")
    provider_fault(world, "lost", 100)
    dispute(world, charge, "lost")
    provider_fault(world, "lost", 0)
    assert there(employer) == CREDITED
    world.clock.advance(hours=7)
    world.settle()
    assert employer.email is not None
    assert there(world.sign_in(employer.email, role="employer")) == 0


async def test_fifty_taps_race_with_a_bank_and_nothing_is_below_zero(database_url: str) -> None:
    async with opened(database_url) as database:
        job_id, people = await market(database, 10, positions=10)
        async with database.begin() as session:
            for worker_id, match_id in people:
                await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
            employer_id = (await session.get_one(Job, job_id)).employer_id
            order = Order(
                id=new_id(),
                employer_id=employer_id,
                kind=OrderKind.TOP_UP,
                status=PaymentStatus.SUCCEEDED,
                quote=untaxed(Money(PAID, "INR")).as_json(),
                total=PAID,
                currency="INR",
                pay_with=PayWith.PAGE,
                credits=6 * PRICE,
                created_at=NOW,
                paid_at=NOW,
                updated_at=NOW,
            )
            session.add(order)
            await session.flush()
            attempt = orders.attempt_row(order.id, 1, "stripe", None, NOW)
            attempt.status, attempt.intent_id = AttemptStatus.PAID, "pi_race"
            session.add(attempt)
            sides = rules.top_up(PAID, 6 * PRICE, employer_id)
            await ledger.book(
                session,
                f"top_up:{order.id}",
                sides,
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")

        async def tap(match_id: UUID) -> None:
            try:
                async with database.begin() as session:
                    await purchase.begin(
                        session, actor, [match_id], NOW, paced=False, pay_with=PayWith.BALANCE
                    )
            except Conflict:
                return

        async def bank(status: DisputeStatus) -> None:
            change = DisputeChanged("dp_race", "pi_race", status, Money(PAID, "INR"), NOW)
            async with database.begin() as session:
                assert await disputes.record_dispute(session, change, NOW)

        taps = [tap(match_id) for _, match_id in people]
        await asyncio.gather(*taps, bank(DisputeStatus.OPENED), bank(DisputeStatus.LOST))
        async with database.read() as session:
            assert await ledger.balance_of(session, employer_id, "INR") == 0
            paid = await session.scalar(
                select(func.count()).where(PaymentAttempt.status == AttemptStatus.PAID)
            )
        assert paid == 1
