"""Invoices as administrators find them."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import MoneyReader
from app.api.admin.lists import Listing, ListSpec, contains, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Read, Route, Rt, limit_subject
from app.api.http.invoices import (
    PDF_ANSWER,
    InvoiceAnswer,
    InvoiceDocument,
    document_answer,
    invoice_answer,
    pdf_answer,
)
from app.api.http.parameters import InvoiceId, ListedEmployer
from app.api.http.problems import problems
from app.core.paging import Keyset
from app.core.schema import Page
from app.invoices import queries
from app.invoices.models import Invoice
from app.invoices.numbering import InvoiceKind
from app.invoices.queries import InvoiceNotFound

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class InvoiceRow(InvoiceAnswer):
    """An invoice, credit note or debit note of any employer."""

    employer_id: UUID = Field(description="Id of the employer.")
    seller: str = Field(description="Tax number of the seller, or its name.")
    year: str = Field(description="Tax year in which it is numbered.", examples=["26-27"])
    buyer_name: str = Field(description="Name of the company, as the document says it.")
    buyer_tax_id: str | None = Field(description="Tax number of the company; null without one.")


async def _rows(_: AsyncSession, rows: Sequence[Any], __: dt.datetime) -> list[InvoiceRow]:
    return [_row(row[0]) for row in rows]


def _row(invoice: Invoice) -> InvoiceRow:
    buyer = invoice.snapshot["buyer"]
    return InvoiceRow.from_rows(
        invoice_answer(invoice), invoice, buyer_name=buyer["name"], buyer_tax_id=buyer["tax_id"]
    )


_INVOICES = ListSpec(
    "invoices",
    InvoiceRow,
    select(Invoice),
    Keyset("admin_invoices", [Invoice.id]),
    {
        "number": contains(Invoice.number),
        "kind": equal(Invoice.kind),
        "year": equal(Invoice.year),
        "employer_id": equal(Invoice.employer_id),
    },
    items_of=_rows,
    sorts={"issued_at": None, "total": Invoice.total},
)


@router.get("/invoices", response_model=Page[InvoiceRow], responses=CSV_ANSWER)
async def list_all_invoices(
    asked: Listing,
    actor: MoneyReader,
    number: Annotated[
        str | None,
        Query(min_length=1, max_length=16, description="Only those whose number contains this."),
    ] = None,
    kind: Annotated[InvoiceKind | None, Query(description="Only those of this kind.")] = None,
    year: Annotated[
        str | None, Query(min_length=2, max_length=8, description="Only those of this tax year.")
    ] = None,
    employer_id: ListedEmployer = None,
) -> Page[InvoiceRow] | Response:
    """List the invoices of all employers, newest first; as CSV, what a tax return is made of."""
    return await _INVOICES.answer(
        actor, asked, number=number, kind=kind, year=year, employer_id=employer_id
    )


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=Response,
    responses={**problems(InvoiceNotFound), **PDF_ANSWER},
)
async def get_any_invoice_pdf(
    invoice_id: InvoiceId, session: Read, actor: MoneyReader, rt: Rt
) -> Response:
    """Return an invoice as PDF."""
    await limit_subject(rt, "pdf:account", str(actor.user_id))
    document = await queries.get_document(session, invoice_id)
    return await pdf_answer(document)


@router.get("/invoices/{invoice_id}", responses=problems(InvoiceNotFound))
async def get_any_invoice(
    invoice_id: InvoiceId, session: Read, _actor: MoneyReader
) -> InvoiceDocument:
    """Return all that an invoice says."""
    return document_answer(await queries.get_document(session, invoice_id))
