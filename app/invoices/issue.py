"""Issuing invoices, credit notes and debit notes, in the transaction in which the money moved.

Who takes a number locks its series until that transaction ends. So a transaction that issues a document does so last,
where it can, and locks the job and the payment before; what it locks later nobody may lock who then issues one.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from app.core.ids import new_id
from app.database.session import keyring
from app.database.statements import NewRows, insert_of, is_postgresql, table, write_together
from app.employers.models import Employer
from app.employers.shared_identifiers import address_of
from app.invoices.documents import (
    DocumentLine,
    Party,
    given_back,
    line_of,
    snapshot,
)
from app.invoices.models import Invoice, InvoiceLine, InvoiceSeries
from app.invoices.numbering import InvoiceKind, number_of
from app.policy import policy
from app.taxes.pack import get_pack
from app.taxes.quote import together

ADDRESS: Final = "address on an invoice"
"""The sealing context of the buyer's address."""
_NEW_INVOICE: Final = insert(table(Invoice))
_NEW_LINES: Final = insert(table(InvoiceLine))


@dataclass(frozen=True, slots=True)
class PlannedNote:
    """The invoice that a note is about, and its line with the taxes."""

    about: Invoice
    line: DocumentLine

    @property
    def tax(self) -> int:
        """The taxes that the note moves, in minor units."""
        return self.line.quote.tax


async def issue(
    session: AsyncSession,
    source: str,
    employer_id: UUID,
    lines: Sequence[DocumentLine],
    now: dt.datetime,
    *,
    order_id: UUID | None = None,
) -> Invoice | None:
    """Issue the invoice of `lines`, which this transaction has booked together; None where nothing was paid.

    `source` names what is invoiced; the database refuses a second invoice of it, and with it the whole transaction.
    """
    if sum(line.quote.total for line in lines) == 0:
        return None
    seller = (await policy.current(session)).seller
    quote = lines[0].quote
    named = Party(seller.name, seller.address, quote.seller_tax_id)
    employer = await session.get_one(Employer, employer_id)  # who buys has loaded and locked it
    buyer = Party(
        employer.company_name,
        address_of(session, employer),
        quote.buyer_tax_id if quote.taxes else employer.tax_id,
    )
    return await _write(
        session,
        source,
        InvoiceKind.INVOICE,
        lines,
        now,
        employer_id=employer_id,
        order_id=order_id,
        seller=named,
        buyer=buyer,
        buyer_city=employer.city,
    )


async def credit(
    session: AsyncSession, source: str, payment_id: UUID, amount: int, now: dt.datetime
) -> Invoice | None:
    """Issue the credit note for `amount` minor units of a payment that went back.

    The caller has locked the payment. None where the payment has no invoice (it was paid before there were
    any), or all of it was credited before.
    """
    if there := await _find(session, source):
        return there
    if (planned := await plan_credit(session, payment_id, amount)) is None:
        return None
    return await _write_note(session, source, InvoiceKind.CREDIT_NOTE, planned, now)


async def plan_credit(session: AsyncSession, payment_id: UUID, amount: int) -> PlannedNote | None:
    """Return what the credit note for `amount` will say, without taking a number; as `credit` otherwise."""
    about = await _invoice_of(session, payment_id)
    if about is None:
        return None
    line = line_of(about.snapshot, payment_id)
    so_far = await credited(session, payment_id)
    amount = min(amount, line.quote.total - so_far)
    return PlannedNote(about, given_back(line, so_far, amount)) if amount > 0 else None


async def take_back_credit(
    session: AsyncSession, source: str, credit_source: str, now: dt.datetime
) -> Invoice | None:
    """Issue the debit note for a credit note whose money did not go back after all; None for no such note."""
    if there := await _find(session, source):
        return there
    if (planned := await plan_debit(session, credit_source)) is None:
        return None
    return await _write_note(session, source, InvoiceKind.DEBIT_NOTE, planned, now)


async def plan_debit(session: AsyncSession, credit_source: str) -> PlannedNote | None:
    """Return what the debit note will say, without taking a number; as `take_back_credit` otherwise."""
    note = await _find(session, credit_source)
    if note is None or note.invoice_id is None:
        return None
    about = await session.get_one(Invoice, note.invoice_id)
    payment_id = UUID(note.snapshot["lines"][0]["payment_id"])
    line = line_of(about.snapshot, payment_id)
    so_far = await credited(session, payment_id)
    return PlannedNote(about, given_back(line, so_far - note.total, note.total))


async def credited(session: AsyncSession, payment_id: UUID) -> int:
    """Return how many minor units of a payment its credit notes give back, less its debit notes."""
    signed = case(
        (Invoice.kind == InvoiceKind.CREDIT_NOTE, InvoiceLine.total),
        (Invoice.kind == InvoiceKind.DEBIT_NOTE, -InvoiceLine.total),
        else_=0,
    )
    query = (
        select(func.coalesce(func.sum(signed), 0))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.payment_id == payment_id)
    )
    return int(await session.scalar(query) or 0)


async def _find(session: AsyncSession, source: str) -> Invoice | None:
    found: Invoice | None = await session.scalar(select(Invoice).where(Invoice.source == source))
    return found


async def _invoice_of(session: AsyncSession, payment_id: UUID) -> Invoice | None:
    query = (
        select(Invoice)
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(InvoiceLine.payment_id == payment_id, Invoice.kind == InvoiceKind.INVOICE)
    )
    found: Invoice | None = await session.scalar(query)
    return found


async def _write_note(
    session: AsyncSession,
    source: str,
    kind: InvoiceKind,
    planned: PlannedNote,
    now: dt.datetime,
) -> Invoice:
    """Write a note with the seller and buyer of its invoice, as they were called there."""
    about = planned.about
    kept = about.snapshot
    address = keyring(session).reveal(about.buyer_address_sealed, ADDRESS)
    return await _write(
        session,
        source,
        kind,
        [planned.line],
        now,
        employer_id=about.employer_id,
        order_id=about.order_id,
        seller=Party(**kept["seller"]),
        buyer=Party(kept["buyer"]["name"], address, kept["buyer"]["tax_id"]),
        buyer_city=kept["buyer"]["city"],
        about=about,
    )


async def _write(
    session: AsyncSession,
    source: str,
    kind: InvoiceKind,
    lines: Sequence[DocumentLine],
    now: dt.datetime,
    *,
    employer_id: UUID,
    order_id: UUID | None,
    seller: Party,
    buyer: Party,
    buyer_city: str | None,
    about: Invoice | None = None,
) -> Invoice:
    quote = together([line.quote for line in lines])
    year = get_pack(quote.pack).year_of(now)
    name = seller.tax_id or seller.name
    named: Mapping[str, Any] | None = None
    if about is not None:
        named = {"number": about.number, "issued_at": about.snapshot["issued_at"]}
    sealed = keyring(session).seal(buyer.address, ADDRESS) if buyer.address else None
    # All is ready before the number is taken: until the end of the transaction nobody else gets one.
    sequence = await _next_number(session, name, year, kind)
    number = number_of(kind, year, sequence)
    invoice: dict[str, Any] = {
        "id": new_id(),
        "source": source,
        "kind": kind,
        "seller": name,
        "year": year,
        "sequence": sequence,
        "number": number,
        "employer_id": employer_id,
        "order_id": order_id,
        "invoice_id": about.id if about else None,
        "currency": quote.currency,
        "net": quote.net,
        "tax": quote.tax,
        "total": quote.total,
        "snapshot": snapshot(
            lines,
            kind=kind,
            number=number,
            issued_at=now,
            seller=seller,
            buyer=buyer,
            buyer_city=buyer_city,
            about=named,
        ),
        "buyer_address_sealed": sealed,
        "issued_at": now,
    }
    rows = [
        {
            "invoice_id": invoice["id"],
            "position": position,
            "payment_id": line.payment_id,
            "total": line.quote.total,
        }
        for position, line in enumerate(lines, 1)
    ]
    await write_together(session, NewRows(_NEW_INVOICE, [invoice]), NewRows(_NEW_LINES, rows))
    return Invoice(**invoice)


async def _next_number(session: AsyncSession, seller: str, year: str, kind: InvoiceKind) -> int:
    """Take the next number of a series, whose row stays locked until the transaction ends."""
    first = {"seller": seller, "year": year, "kind": kind.value, "last_number": 1}
    statement = _take_number(postgresql=is_postgresql(session))
    return int((await session.execute(statement, first)).scalar_one())


@cache
def _take_number(*, postgresql: bool) -> ReturningInsert[int]:
    series = table(InvoiceSeries).c
    return (
        insert_of(InvoiceSeries, postgresql=postgresql)
        .on_conflict_do_update(
            index_elements=[series.seller, series.year, series.kind],
            set_={"last_number": series.last_number + 1},
        )
        .returning(series.last_number)
    )
