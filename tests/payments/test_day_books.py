"""A day of the provider's books against ours: nothing differs, or each difference is named."""

import asyncio
import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app import reconciliation
from app.core.ids import new_id
from app.core.money import Money
from app.payments import ledger
from app.payments.day_books import BookDifference, DayReport, reconcile_day
from app.payments.models import (
    LedgerEntry,
    LedgerTransaction,
    OpenItem,
    PaymentAttempt,
    Refund,
)
from app.payments.provider import PaymentsUnavailable
from app.payments.rules import capture, top_up
from app.runtime import wall_clock
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import bought_lead, lead, payment_row, refund, refunds_of
from tests.support.provider_faults import dispute, provider_fault


@pytest.fixture
def world(world_of_provider: World) -> World:
    """One Partimer a file, database and provider."""
    world_of_provider.unread = True
    return world_of_provider


def seller(world: World) -> Any:
    assert world.runtime.payments is not None
    return world.runtime.payments.configured[world.settings.payment_provider]


def today(world: World) -> dt.date:
    """The provider's day: the stand-ins live in the real time."""
    return wall_clock().astimezone(seller(world).books.zone).date()


def compare(world: World, day: dt.date | None = None, *, days_later: int = 0) -> DayReport:
    now = wall_clock() + dt.timedelta(days=days_later)
    day = day or today(world)
    return world.run(reconcile_day(world.runtime.database, seller(world), day, now))


def items(world: World) -> list[OpenItem]:
    async def read(session: Any) -> list[OpenItem]:
        query = select(OpenItem).where(
            OpenItem.kind == "reconciliation", OpenItem.closed_at.is_(None)
        )
        return list(await session.scalars(query))

    rows: list[OpenItem] = world.in_session(read)
    return rows


def fees_booked(world: World) -> int:
    async def read(session: Any) -> int:
        query = (
            select(LedgerEntry.amount)
            .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
            .where(LedgerTransaction.kind.in_(["fees", "dispute_fee"]), LedgerEntry.amount > 0)
        )
        return sum(await session.scalars(query))

    booked: int = world.in_session(read)
    return booked


def test_a_day_of_everything_is_equal(world: World) -> None:
    before = compare(world)
    bought_lead(world)
    _, part = bought_lead(world)
    ok(refund(world, part, amount=1_000))
    _, whole = bought_lead(world)
    ok(refund(world, whole))
    world.settle()
    _, open_ = bought_lead(world)
    dispute(world, payment_row(world, open_).intent_id, "opened")
    for outcome in ("won", "lost"):
        _, paid = bought_lead(world)
        intent = payment_row(world, paid).intent_id
        dispute(world, intent, "opened")
        dispute(world, intent, outcome)
    _, both = bought_lead(world)
    intent = payment_row(world, both).intent_id
    for status in ("opened", "lost", "won"):
        dispute(world, intent, status)
        world.clock.advance(hours=1)  # told within a second, it is asked about
        world.settle()
    report = compare(world)
    assert report.differences == []
    assert report.counts["capture"] == before.counts["capture"] + 7
    assert report.sums["capture", "INR"] == before.sums["capture", "INR"] + 7 * 4_900
    assert report.sums["refund", "INR"] == before.sums["refund", "INR"] + 5_900
    assert items(world) == []


def test_the_fees_of_a_day_that_is_over_are_booked_once(world: World) -> None:
    _, payment = bought_lead(world)
    # A bank's fee for a dispute is booked with it, and not once more with its day.
    dispute(world, payment_row(world, payment).intent_id or "", "opened")
    world.settle()
    before = compare(world)
    assert not before.is_over
    assert fees_booked(world) == before.fees_of_disputes["INR"]
    over = compare(world, days_later=1)
    assert over.is_over
    assert fees_booked(world) == over.fees["INR"] > 0
    assert compare(world, days_later=1).differences == []
    assert fees_booked(world) == over.fees["INR"]
    bought_lead(world)  # what comes into the day later is not passed over
    [late] = compare(world, days_later=1).differences
    assert (late.kind, late.currency) == ("fee", "INR")


def no_fees(report: DayReport) -> list[BookDifference]:
    return [each for each in report.differences if each.kind != "fee"]


def test_money_paid_in_advance_is_equal(world: World) -> None:
    before = compare(world).counts["capture"]
    employer = world.employer(verified=True)
    page = ok(employer.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)
    world.pay(page["checkout_url"])
    report = compare(world)
    assert report.counts["capture"] == before + 1
    assert no_fees(report) == []
    assert no_fees(compare(world, today(world), days_later=10)) == []


def order_of_three(world: World) -> tuple[str, list[str]]:
    """Three leads paid together: the provider's id of the payment, and their payments' ids."""
    employer = world.employer(verified=True)
    wanted = [lead(world, employer) for _ in range(3)]
    body = {"match_ids": [one.id for one in wanted]}
    page = ok(employer.post("/api/employers/unlocks", body), 202)
    world.pay(page["checkout_url"])
    query = select(PaymentAttempt.intent_id).where(
        PaymentAttempt.order_id == UUID(page["order_id"])
    )
    intent: str = world.in_session(lambda session: session.scalar(query))
    return intent, [one.payment["id"] for one in wanted]


def given_back_there(world: World, intent: str, amount: int) -> str:
    """Somebody gives money back in the provider's dashboard; the provider's id of it."""
    key = f"refund:{new_id()}"
    made = world.run(seller(world).refund(intent, Money(amount, "INR"), "", key))
    world.settle()
    name: str = made.provider_id
    return name


def test_what_is_given_back_there_of_several_leads_is_one_movement(world: World) -> None:
    intent, payments = order_of_three(world)
    name = given_back_there(world, intent, 2 * 4_900)
    parts = [part.provider_id for each in payments for part in refunds_of(world, each)]
    assert parts == [name, f"{name}#2"]
    assert no_fees(compare(world)) == []
    late = compare(world, today(world), days_later=10)
    assert (no_fees(late), late.waiting) == ([], 0)


def test_what_comes_back_of_an_order_of_several_leads_is_equal(world: World) -> None:
    intent, payments = order_of_three(world)
    ok(refund(world, payments[2], amount=700))
    world.settle()
    mine = refunds_of(world, payments[2])[0].provider_id
    for name in (mine, given_back_there(world, intent, 4_900 + 900)):
        path = f"/sandbox/{world.settings.payment_provider}/_control/refunds/{name}"
        ok(world.http.post(path, json={"status": "failed"}))
    world.settle()
    told = [part.status for each in payments for part in refunds_of(world, each)]
    assert told == ["failed"] * 3
    report = compare(world)
    assert report.counts["refund_failed"] >= 2
    assert no_fees(report) == []


def test_each_difference_is_named_and_waits_for_somebody(world: World) -> None:
    day = today(world)
    _, payment = bought_lead(world)
    ok(refund(world, payment, amount=700))
    world.settle()
    [row] = refunds_of(world, payment)
    start = {each.key for each in items(world)}

    async def forge(amount: int) -> None:
        async with world.runtime.database.begin() as session:
            mine = update(Refund).where(Refund.id == row.id)
            await session.execute(mine.values(amount=amount))

    world.run(forge(701))
    [different] = [each for each in compare(world, day).differences if each.kind != "fee"]
    assert (different.kind, different.ref) == ("refund", row.provider_id)
    assert different.says == "We have 701 INR, the provider 700 INR."
    [item] = [each for each in items(world) if each.key not in start and ":fee:" not in each.key]
    assert item.details["says"] == different.says
    world.run(forge(700))
    assert [each for each in compare(world, day).differences if each.kind != "fee"] == []
    assert {each.key for each in items(world) if ":fee:" not in each.key} <= start


def test_what_only_we_have_is_late_first_and_then_a_difference(world: World) -> None:
    day = today(world)
    mine, payment = bought_lead(world)
    noon = dt.datetime.combine(day, dt.time(12), seller(world).books.zone)
    ref = f"{'pay' if world.settings.payment_provider == 'razorpay' else 'pi'}_only_ours"

    async def book() -> None:
        async with world.runtime.database.begin() as session:
            await ledger.book(
                session,
                f"capture:{ref}",
                capture(4_900),
                currency="INR",
                payment_id=UUID(payment),
                now=noon,
                provider=world.settings.payment_provider,
                provider_ref=ref,
            )

    world.run(book())
    soon = compare(world, day)
    assert (soon.waiting, [each.ref for each in soon.differences if each.ref == ref]) == (1, [])
    late = compare(world, day, days_later=10)
    [only_ours] = [each for each in late.differences if each.ref == ref]
    assert only_ours.says == "The provider's books do not have it."
    assert mine.contact() is not None


def test_what_only_the_provider_has_is_named(world: World) -> None:
    provider_fault(world, "lost", 9)
    mine = lead(world)
    checkout = mine.begin()["checkout_url"]
    world.pay(checkout)  # its events are lost, and nobody has asked yet
    found = [each for each in compare(world).differences if each.kind == "capture"]
    assert [each.says for each in found] == ["We have not booked this payment."]
    provider_fault(world, "lost", 0)


def test_a_provider_that_does_not_answer_is_no_difference(world: World) -> None:
    before = len(items(world))
    provider_fault(world, "read_html_404", 30)
    with pytest.raises(PaymentsUnavailable):
        compare(world)
    assert len(items(world)) == before
    provider_fault(world, "read_html_404", 0)


def test_the_command_prints_what_differs_and_says_so_by_its_code(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    bought_lead(world)
    day = today(world) + dt.timedelta(days=2)  # nothing has moved on it
    assert asyncio.run(reconciliation.run(world.settings, day, as_json=False)) == 0
    assert "0 differences" in capsys.readouterr().out
    assert asyncio.run(reconciliation.run(world.settings, today(world), as_json=True)) in {0, 1}
    told = {each["provider"]: each for each in json.loads(capsys.readouterr().out)}
    assert set(told) == {"stripe", "razorpay"}
    mine = told[world.settings.payment_provider]
    assert mine["movements"] >= 1
    assert mine["sums"][0]["kind"] == "capture"
    provider_fault(world, "read_bad_key", 30)
    assert asyncio.run(reconciliation.run(world.settings, day, as_json=False)) == 2
    name = world.settings.payment_provider
    assert f"{name} takes our key for wrong" in capsys.readouterr().err
    provider_fault(world, "read_bad_key", 0)


def test_money_paid_in_advance_that_only_we_have_is_named(world: World) -> None:
    day = today(world)
    employer = world.employer(verified=True)
    noon = dt.datetime.combine(day, dt.time(12), seller(world).books.zone)
    ref = f"{'pay' if world.settings.payment_provider == 'razorpay' else 'pi'}_top_up_only_ours"

    async def book() -> None:
        async with world.runtime.database.begin() as session:
            await ledger.book(
                session,
                f"top_up:{ref}",
                top_up(50_000, 55_000, UUID(employer.id)),
                currency="INR",
                payment_id=None,
                now=noon,
                provider=world.settings.payment_provider,
                provider_ref=ref,
            )

    world.run(book())
    late = compare(world, day, days_later=10)
    [only_ours] = [each for each in late.differences if each.ref == ref]
    assert (only_ours.kind, only_ours.amount) == ("capture", 50_000)
    assert only_ours.says == "The provider's books do not have it."
