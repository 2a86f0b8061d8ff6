"""A balance goes back to its source: oldest top-ups first, without bonuses, and never twice."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.errors import Invalid
from app.core.ids import new_id
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.jobs.models import Job
from app.messaging.models import OutboxMessage
from app.payments import ledger, orders, pay_back, rules
from app.payments.models import Order, Refund
from app.payments.pay_back import BalanceNotRefundable
from app.payments.rules import AttemptStatus, OrderKind, PaymentStatus, PayWith
from app.payments.top_up_returns import credits_for
from app.taxes.quote import untaxed
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import lead, logged_actions, refund
from tests.support.provider_faults import (
    dispute,
    provider_fault,
    razorpay_objects,
    stripe_fault,
    stripe_objects,
)

PRICE = 4_900
BALANCE = "/api/employers/balance"


@pytest.fixture
def world(world_of_provider: World) -> Iterator[World]:
    """One Partimer a file, database and provider; money is right after each test."""
    world_of_provider.unread = True
    yield world_of_provider
    leads.check_at_rest(world_of_provider)


@pytest.fixture
def stripe_world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file that sells by Stripe; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def newest_charge(world: World) -> str:
    """The provider's id of what was paid last."""
    if world.settings.payment_provider == "stripe":
        return str(stripe_objects(world, "payment_intent")[0]["id"])
    return str(razorpay_objects(world, "payment")[0]["id"])


def money(employer: Person) -> tuple[int, int]:
    """What is in the balance, and what of it could go back."""
    shown = ok(employer.get(BALANCE))
    return shown["balance"]["amount"], shown["refundable"]["amount"]


def top_up(world: World, employer: Person, pack: str = "small") -> str:
    """Pay a pack; return the order's id."""
    page = ok(employer.post(f"{BALANCE}/top-ups", {"pack": pack}), 202)
    world.pay(page["checkout_url"])
    return str(page["order_id"])


def back(employer: Person, amount: int | None = None) -> Any:
    return employer.post(f"{BALANCE}/refunds", {"amount": amount} if amount else {})


def parts(answer: Any) -> list[tuple[str, int]]:
    return [(one["order_id"], one["money"]["amount"]) for one in answer["items"]]


def statuses(world: World, order_id: str) -> list[str]:
    async def read(session: Any) -> list[str]:
        query = select(Refund.status).where(Refund.order_id == UUID(order_id))
        return list(await session.scalars(query.order_by(Refund.id)))

    rows: list[str] = world.in_session(read)
    return rows


def test_all_of_it_goes_back_without_the_bonus(world: World) -> None:
    employer = world.employer(verified=True)
    order = top_up(world, employer)
    assert money(employer) == (55_000, 50_000)
    answer = ok(back(employer), 201)
    assert parts(answer) == [(order, 50_000)]
    assert (answer["items"][0]["status"], answer["balance"]["amount"]) == ("requested", 0)
    # It is out before it is sent.
    assert money(employer) == (0, 0)
    refused(lead(world, employer).unlock({"pay_with": "balance"}), 409, "balance_too_low")
    refused(back(employer), 409, "balance_not_refundable")
    world.settle()
    assert statuses(world, order) == ["succeeded"]
    kinds = [one["kind"] for one in ok(employer.get(f"{BALANCE}/entries"))["items"]]
    assert kinds == ["pay_back", "top_up"]
    assert logged_actions(world, order) == ["balance.pay_back"]


def test_what_was_spent_stays_spent(world: World) -> None:
    employer = world.employer(verified=True)
    order = top_up(world, employer)
    ok(lead(world, employer).unlock())
    assert money(employer) == (55_000 - PRICE, 45_545)
    assert parts(ok(back(employer, 20_000), 201)) == [(order, 20_000)]
    assert money(employer) == (55_000 - PRICE - 22_000, 25_545)
    refused(back(employer, 25_546), 422, "invalid")
    assert parts(ok(back(employer), 201)) == [(order, 25_545)]
    world.settle()
    assert statuses(world, order) == ["succeeded", "succeeded"]
    left, refundable = money(employer)
    assert (left <= 1, refundable) == (True, 0)


def test_the_oldest_top_up_goes_first(world: World) -> None:
    employer = world.employer(verified=True)
    first, second = top_up(world, employer), top_up(world, employer, "large")
    assert money(employer) == (285_000, 250_000)
    assert parts(ok(back(employer, 60_000), 201)) == [(first, 50_000), (second, 10_000)]
    world.settle()
    assert money(employer) == (285_000 - 55_000 - 11_500, 190_000)
    assert parts(ok(back(employer), 201)) == [(second, 190_000)]
    world.settle()
    assert money(employer) == (0, 0)


def test_what_fails_at_the_bank_is_in_the_balance_again(stripe_world: World) -> None:
    world, employer = stripe_world, stripe_world.employer(verified=True)
    order = top_up(world, employer)
    stripe_fault(world, "refund_failed")
    ok(back(employer), 201)
    world.settle()
    assert (statuses(world, order), money(employer)) == (["failed"], (55_000, 50_000))
    ok(back(employer), 201)
    world.settle()
    assert (statuses(world, order), money(employer)) == (["failed", "succeeded"], (0, 0))

    async def told(session: Any) -> list[str]:
        mine = select(OutboxMessage.kind).where(OutboxMessage.user_id == UUID(employer.id))
        kinds = await session.scalars(mine.order_by(OutboxMessage.id))
        return [kind for kind in kinds if kind.startswith("balance")]

    # What comes back from the bank is not told as a second top-up.
    assert world.in_session(told) == [
        "balance_topped_up",
        "balance_not_paid_back",
        "balance_paid_back",
    ]


def not_done(world: World, kind: str) -> None:
    """Let the provider not do it, and look where the money is; asked for again, it goes back."""
    employer = world.employer(verified=True)
    order = top_up(world, employer)
    provider_fault(world, kind, 9)
    ok(back(employer), 201)
    world.settle()
    leads.end_faults(world)
    assert (statuses(world, order), money(employer)) == (["failed"], (55_000, 50_000))
    ok(back(employer), 201)
    world.settle()
    assert (statuses(world, order), money(employer)) == (["failed", "succeeded"], (0, 0))


def test_what_the_provider_refuses_is_in_the_balance_again(world: World) -> None:
    not_done(world, "error")


def test_what_breaks_at_the_provider_is_in_the_balance_again(stripe_world: World) -> None:
    not_done(stripe_world, "http_500")


def test_a_provider_that_is_not_there_is_asked_again(world: World) -> None:
    employer = world.employer(verified=True)
    order = top_up(world, employer)
    provider_fault(world, "timeout_after_accept")
    ok(back(employer), 201)
    world.settle()
    leads.end_faults(world)
    world.clock.advance(hours=2)
    world.settle()
    assert statuses(world, order) == ["succeeded"]


def test_nothing_goes_back_while_a_bank_decides(world: World) -> None:
    employer = world.employer(verified=True)
    top_up(world, employer)
    charge = newest_charge(world)
    dispute(world, charge, "opened")
    refused(back(employer), 409, "dispute_open")
    dispute(world, charge, "won")
    ok(back(employer), 201)
    world.settle()
    assert money(employer) == (0, 0)


def test_a_refund_into_the_balance_does_not_go_back_to_a_card(world: World) -> None:
    mine = lead(world)
    payment = mine.buy()["payment"]["id"]
    ok(refund(world, payment, refund_to="balance"))
    assert money(mine.employer) == (PRICE, 0)
    refused(back(mine.employer), 409, "balance_not_refundable")


def test_another_s_balance_is_not_there(world: World) -> None:
    top_up(world, world.employer(verified=True))
    refused(back(world.employer(verified=True)), 409, "balance_not_refundable")


@pytest.mark.parametrize("body", [{"amount": 0}, {"amount": -1}, {"amount": True}, {"all": 1}])
def test_requests_that_make_no_sense_are_refused(shared_world: World, body: Any) -> None:
    employer = shared_world.employer()
    refused(employer.post(f"{BALANCE}/refunds", body), 422, "invalid")


def test_the_same_request_twice_sends_once(world: World) -> None:
    employer = world.employer(verified=True)
    order = top_up(world, employer)
    headers = {"Idempotency-Key": str(new_id())}
    one, two = (
        employer.post(f"{BALANCE}/refunds", {"amount": 1_000}, headers=headers) for _ in range(2)
    )
    assert ok(one, 201) == ok(two, 201)
    world.settle()
    assert statuses(world, order) == ["succeeded"]


async def test_fifty_requests_at_once_send_no_more_than_is_there(database_url: str) -> None:
    async with opened(database_url) as database:
        job_id, _ = await market(database, 1)
        async with database.begin() as session:
            employer_id = (await session.get_one(Job, job_id)).employer_id
            for _ in range(2):
                await _paid(session, employer_id, 50_000, 55_000)
            await ledger.book(
                session,
                "capture:spent",
                rules.by_balance(rules.capture(10_000), employer_id),
                currency="INR",
                payment_id=None,
                now=NOW,
                provider=None,
            )
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")

        async def ask() -> int:
            try:
                async with database.begin() as session:
                    made = await pay_back.request(session, actor, 9_000, "INR", NOW)
                    return sum(one.amount for one in made)
            except (BalanceNotRefundable, Invalid):
                return 0

        done = await asyncio.gather(*(ask() for _ in range(50)))
        async with database.read() as session:
            left = await ledger.balance_of(session, employer_id, "INR")
            sent = await session.scalar(select(func.sum(Refund.amount)))
        assert sum(done) == sent == 10 * 9_000
        assert left >= 0


async def _paid(session: Any, employer_id: UUID, total: int, credited: int) -> None:
    """A top-up that was paid and credited."""
    order = Order(
        id=new_id(),
        employer_id=employer_id,
        kind=OrderKind.TOP_UP,
        status=PaymentStatus.SUCCEEDED,
        total=total,
        currency="INR",
        credits=credited,
        pay_with=PayWith.PAGE,
        created_at=NOW,
        updated_at=NOW,
    )
    order.quote = untaxed(order.price).as_json()
    session.add(order)
    await session.flush()
    attempt = orders.attempt_row(order.id, 1, "stripe", None, NOW)
    attempt.status, attempt.intent_id = AttemptStatus.PAID, f"pi_{order.id.hex}"
    session.add(attempt)
    await ledger.book(
        session,
        f"top_up:{order.id}",
        rules.top_up(total, credited, employer_id),
        currency="INR",
        payment_id=None,
        now=NOW,
        provider="stripe",
    )


@given(
    st.integers(50, 10**9),
    st.integers(0, 10**9),
    st.lists(st.integers(1, 10**9), max_size=5),
)
def test_parts_of_a_top_up_take_all_its_credits_and_no_more(
    total: int, bonus: int, asked: list[int]
) -> None:
    order = Order(total=total, credits=total + bonus)
    before = taken = 0
    for amount in asked:
        part = min(amount, total - before)
        share = credits_for(order, before, part)
        assert share >= part
        before, taken = before + part, taken + share
    assert taken + credits_for(order, before, total - before) == total + bonus
