"""Numbers of invoices: one after the other, however many are issued at once, and whatever fails."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.money import Money
from app.database.session import Database
from app.invoices import issue
from app.invoices.documents import DocumentLine
from app.invoices.models import Invoice, InvoiceSeries
from app.invoices.numbering import InvoiceKind, number_of
from app.payments.models import Payment
from app.taxes.pack import BuyerFacts, SellerFacts, quote
from tests.support.database import employer_of, market, opened, run
from tests.support.factories import NOW
from tests.support.sellers import MUMBAI

pytestmark = pytest.mark.both_databases  # numbers without a gap are what the database keeps

AT_ONCE = 50


class Unpaid(Exception):
    """The rest of the transaction failed."""


def line(payment_id: UUID, amount: int = 4_900) -> DocumentLine:
    price = Money(amount, "INR")
    made = quote("india", SellerFacts(MUMBAI, 1_800, "998519"), BuyerFacts(), price)
    return DocumentLine(payment_id, "Contact of one worker: Waiter", made)


async def payments_of(database: Database, count: int) -> tuple[UUID, list[UUID]]:
    """An employer, and so many payments of theirs."""
    job_id, [(_, match_id)] = await market(database)
    employer_id = await employer_of(database, job_id)
    ids = [new_id() for _ in range(count)]

    async def add(session: AsyncSession) -> None:
        session.add_all(
            Payment(
                id=payment_id,
                employer_id=employer_id,
                match_id=match_id,
                status="failed",
                amount=4_900,
                currency="INR",
                refunded_amount=0,
                created_at=NOW,
                updated_at=NOW,
            )
            for payment_id in ids
        )

    await run(database, add)
    return employer_id, ids


async def test_fifty_at_once_leave_no_gap_whichever_of_them_fail(database_url: str) -> None:
    async with opened(database_url) as database:
        employer_id, payments = await payments_of(database, AT_ONCE)

        async def capture(index: int, payment_id: UUID) -> None:
            async with database.begin() as session:
                await issue.issue(
                    session, f"payment:{payment_id}", employer_id, [line(payment_id)], NOW
                )
                if index % 5 == 0:
                    raise Unpaid

        outcomes = await asyncio.gather(
            *(capture(index, payment_id) for index, payment_id in enumerate(payments)),
            return_exceptions=True,
        )
        assert [type(one) for one in outcomes if one] == [Unpaid] * (AT_ONCE // 5)
        async with database.read() as session:
            numbers = list(await session.scalars(select(Invoice.sequence)))
            last = await session.scalar(select(InvoiceSeries.last_number))
        assert sorted(numbers) == list(range(1, 41))
        assert last == 40


async def test_one_capture_has_one_invoice_however_often_it_is_told(database_url: str) -> None:
    async with opened(database_url) as database:
        employer_id, [payment_id] = await payments_of(database, 1)

        async def capture() -> Any:
            async with database.begin() as session:
                made = await issue.issue(session, "payment:1", employer_id, [line(payment_id)], NOW)
                return made and made.number

        outcomes = await asyncio.gather(*(capture() for _ in range(8)), return_exceptions=True)
        assert {one for one in outcomes if isinstance(one, str)} == {"I/26-27/0000001"}
        async with database.read() as session:
            assert list(await session.scalars(select(Invoice.sequence))) == [1]
            assert await session.scalar(select(InvoiceSeries.last_number)) == 1


async def test_an_order_of_several_leads_is_one_invoice_and_a_refund_of_one_its_note(
    database_url: str,
) -> None:
    async with opened(database_url) as database:
        employer_id, payments = await payments_of(database, 3)
        lines = [line(payment, 4_900 + number) for number, payment in enumerate(payments)]
        order_id = new_id()

        async def both(session: AsyncSession) -> tuple[Invoice, Invoice | None, Invoice | None]:
            made = await issue.issue(
                session, f"order:{order_id}", employer_id, lines, NOW, order_id=order_id
            )
            assert made is not None
            note = await issue.credit(session, "refund:1", payments[1], 10**9, NOW)
            none_left = await issue.credit(session, "refund:2", payments[1], 1, NOW)
            went_back = update(Payment).where(Payment.id == payments[1])
            await session.execute(went_back.values(refunded_amount=4_901))
            return made, note, none_left

        invoice, note, none_left = await run(database, both)
        assert (invoice.total, invoice.order_id) == (14_703, order_id)
        taxes = {tax["name"]: tax["amount"] for tax in invoice.snapshot["taxes"]}
        each = [one.quote for one in lines]
        assert taxes == {
            name: sum(t.amount for q in each for t in q.taxes if t.name == name)
            for name in ("CGST", "SGST")
        }
        assert note is not None
        assert (note.total, note.net, note.order_id) == (4_901, each[1].net, order_id)
        assert none_left is None


async def test_nothing_paid_is_no_invoice(database_url: str) -> None:
    async with opened(database_url) as database:
        employer_id, [payment_id] = await payments_of(database, 1)
        free = [line(payment_id, 0)]
        made = await run(
            database, lambda session: issue.issue(session, "payment:1", employer_id, free, NOW)
        )
        assert made is None
        async with database.read() as session:
            assert list(await session.scalars(select(InvoiceSeries))) == []


def test_a_number_has_at_most_sixteen_characters() -> None:
    assert number_of(InvoiceKind.INVOICE, "26-27", 1) == "I/26-27/0000001"
    assert len(number_of(InvoiceKind.CREDIT_NOTE, "26-27", 99_999_999)) == 16
    with pytest.raises(ValueError, match="longer than 16"):
        number_of(InvoiceKind.INVOICE, "26-27", 100_000_000)
