"""A dispute's money is booked when the provider moves it, its fee with it, and the loss when the bank decides."""

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.payments.day_books import reconcile_day
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction, PaymentAttempt
from app.payments.provider import DisputeChanged
from app.payments.rules import AccountType, DisputeStatus
from app.runtime import wall_clock
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import bought_lead, lead, payment_row, refund
from tests.support.provider_faults import dispute, provider_fault

PRICE, DISPUTE_FEE = 4_900, 1_500


@pytest.fixture
def world(world_of_provider: World) -> Iterator[World]:
    """One Partimer a file, database and provider; money is right after each test."""
    world_of_provider.unread = True
    yield world_of_provider
    leads.check_at_rest(world_of_provider)


def booked(world: World, intent: str) -> dict[str, int]:
    """What the disputes of a charge moved, by type of account; what came to nothing is left out."""

    async def read(session: Any) -> dict[str, int]:
        provider: Any = world.runtime.payments
        refs = {each.provider_id for each in await provider.disputes_of(intent)}
        query = (
            select(LedgerAccount.type, func.sum(LedgerEntry.amount))
            .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
            .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
            .where(LedgerTransaction.provider_ref.in_(refs))
            .group_by(LedgerAccount.type)
        )
        return {kind: int(total) for kind, total in await session.execute(query) if total}

    found: dict[str, int] = world.in_session(read)
    return found


def takes_at_once(world: World) -> bool:
    """Whether the provider takes the money when a dispute is opened, and not when it is lost."""
    return world.settings.payment_provider == "stripe"


def expected(world: World, status: str) -> dict[str, int]:
    """What has been booked once a dispute stands there."""
    fee = DISPUTE_FEE if takes_at_once(world) else 0
    held = PRICE if status == "opened" and takes_at_once(world) else 0
    lost = PRICE if status == "lost" else 0
    sums = {
        AccountType.PROVIDER_CASH: -held - lost - fee,
        AccountType.DISPUTED_FUNDS: held,
        AccountType.DISPUTE_LOSSES: lost,
        AccountType.PROVIDER_FEES: fee,
    }
    return {kind.value: amount for kind, amount in sums.items() if amount}


def tell(world: World, intent: str, *statuses: str) -> None:
    """Let the bank say these things, one after the other."""
    for status in statuses:
        dispute(world, intent, status)
        world.clock.advance(hours=1)  # told within a second, it is asked about
        world.settle()


@pytest.mark.parametrize(
    "statuses",
    [("opened",), ("opened", "lost"), ("opened", "won"), ("lost",), ("opened", "lost", "won")],
)
def test_money_and_loss_are_booked_each_in_its_time(world: World, statuses: tuple[str]) -> None:
    _, payment = bought_lead(world)
    intent = payment_row(world, payment).intent_id or ""
    for status in statuses:
        tell(world, intent, status)
        assert booked(world, intent) == expected(world, status), status


def test_a_day_with_disputes_is_equal_to_the_provider_s(world: World) -> None:
    provider: Any = world.runtime.payments
    seller = provider.configured[world.settings.payment_provider]
    for statuses in (("opened",), ("opened", "lost"), ("opened", "won"), ("opened", "lost", "won")):
        _, payment = bought_lead(world)
        tell(world, payment_row(world, payment).intent_id or "", *statuses)
    now = wall_clock()
    day = now.astimezone(seller.books.zone).date()
    report = world.run(reconcile_day(world.runtime.database, seller, day, now))
    assert report.differences == []
    if takes_at_once(world):
        assert report.fees_of_disputes["INR"] >= 4 * DISPUTE_FEE


def test_what_was_never_told_is_asked_for(world: World) -> None:
    _, payment = bought_lead(world)
    intent = payment_row(world, payment).intent_id or ""
    dispute(world, intent, "opened")
    provider_fault(world, "lost", 100)
    dispute(world, intent, "won")
    provider_fault(world, "lost", 0)
    world.clock.advance(hours=7)
    world.settle()
    assert booked(world, intent) == expected(world, "won")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_in_which_it_is_told_is_no_matter(world: World, order: tuple[int, ...]) -> None:
    """The provider's own words, kept as it said them and told in another order."""
    if not takes_at_once(world):
        return  # no movements are named: what is late counts for nothing
    from app.payments import disputes

    _, payment = bought_lead(world)
    intent = payment_row(world, payment).intent_id or ""
    provider: Any = world.runtime.payments
    provider_fault(world, "lost", 100)
    words: list[DisputeChanged] = []
    for status in ("opened", "lost", "won"):
        dispute(world, intent, status)
        words += world.run(provider.disputes_of(intent))
    provider_fault(world, "lost", 0)

    async def say(change: DisputeChanged) -> None:
        async with world.runtime.database.begin() as session:
            assert await disputes.record_dispute(session, change, world.clock())

    for place in order:
        world.run(say(words[place]))
    assert [word.status for word in words] == [
        DisputeStatus.OPENED,
        DisputeStatus.LOST,
        DisputeStatus.WON,
    ]
    world.clock.advance(hours=7)
    world.settle()
    assert booked(world, intent) == expected(world, "won")


def test_an_older_word_told_late_moves_no_money(world: World) -> None:
    """Also where the provider names no movements: of those words only the newest says where the money is."""
    _, payment = bought_lead(world)
    intent = payment_row(world, payment).intent_id or ""
    provider: Any = world.runtime.payments
    dispute(world, intent, "opened")
    older = world.run(provider.disputes_of(intent))
    tell(world, intent, "lost")
    assert booked(world, intent) == expected(world, "lost")

    async def say(session: Any) -> None:
        from app.payments import disputes

        for word in older:
            assert await disputes.record_dispute(session, word, world.clock())

    world.in_session(say)
    assert booked(world, intent) == expected(world, "lost")


def test_what_an_employer_spent_is_what_the_ledger_kept(world: World) -> None:
    """An order of three, one refunded, the rest lost to a bank: spend, revenue and losses agree."""
    employer = world.employer(verified=True)
    wanted = [lead(world, employer) for _ in range(3)]
    body = {"match_ids": [one.id for one in wanted]}
    page = ok(employer.post("/api/employers/unlocks", body), 202)
    world.pay(page["checkout_url"])
    payments = [one.payment["id"] for one in wanted]
    ok(refund(world, payments[1]))
    world.settle()

    async def kept(session: Any) -> int:
        kinds = [AccountType.LEAD_REVENUE, AccountType.TAX_PAYABLE, AccountType.DISPUTE_LOSSES]
        query = (
            select(func.sum(LedgerEntry.amount))
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
            .where(
                LedgerTransaction.payment_id.in_([UUID(each) for each in payments]),
                LedgerAccount.type.in_([kind.value for kind in kinds]),
            )
        )
        return -int(await session.scalar(query))

    def spent() -> int:
        amount: int = ok(employer.get("/api/employers/dashboard"))["spend"]["amount"]
        return amount

    assert spent() == world.in_session(kept) == 2 * PRICE
    intent = world.in_session(lambda session: session.scalar(_charge_of(page["order_id"])))
    for status in ("opened", "lost", "won"):
        tell(world, intent, status)
        assert employer.email is not None
        employer.token = world.sign_in(employer.email, role="employer").token
        assert spent() == world.in_session(kept), status


def _charge_of(order_id: str) -> Any:
    return select(PaymentAttempt.intent_id).where(PaymentAttempt.order_id == UUID(order_id))
