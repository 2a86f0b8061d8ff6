"""An employer's invoices, one by one and as a file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.http.csv_export import CSV_ANSWER, export
from app.api.http.dependencies import (
    EmployerActor,
    EmployerActorApart,
    PageQuery,
    Read,
    Route,
    Rt,
    limit_subject,
)
from app.api.http.invoices import (
    PDF_ANSWER,
    InvoiceAnswer,
    InvoiceDocument,
    document_answer,
    invoice_answer,
    pdf_answer,
)
from app.api.http.parameters import InvoiceId, ListedText
from app.api.http.problems import problems
from app.core.paging import PageRequest
from app.core.schema import Instant, Page, ResponseModel
from app.invoices import queries
from app.invoices.models import Invoice
from app.invoices.numbering import InvoiceKind
from app.invoices.queries import InvoiceNotFound

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)

OfKind = Annotated[InvoiceKind | None, Query(description="Only those of this kind.")]


@router.get("/invoices")
async def list_invoices(
    session: Read, actor: EmployerActor, page: PageQuery, kind: OfKind = None, q: ListedText = None
) -> Page[InvoiceAnswer]:
    """List my invoices, credit notes and debit notes, newest first; `q` stands in their number."""
    found, cursor = await queries.list_invoices(session, actor.employer_id, kind, page, text=q)
    return Page(items=[invoice_answer(invoice) for invoice in found], next_cursor=cursor)


class InvoiceRecord(ResponseModel):
    """A document as a row of a file: amounts in minor units, and the taxes as one."""

    number: str = Field(description="Its number, without a gap in the seller's tax year.")
    kind: InvoiceKind = Field(description="What it is.")
    issued_at: Instant = Field(description="When it was issued (UTC).")
    about: str | None = Field(description="Number of the invoice that a note is about.")
    seller_tax_id: str | None = Field(description="The seller's tax number; empty without one.")
    buyer_name: str = Field(description="The buyer, as the document calls it.")
    buyer_tax_id: str | None = Field(description="The buyer's tax number; empty without one.")
    currency: str = Field(description="Currency, three letters of ISO 4217.")
    net: int = Field(description="What of the total is no tax, in minor units.")
    tax: int = Field(description="All taxes, in minor units.")
    total: int = Field(description="What was paid, or went back, in minor units.")
    order_id: UUID | None = Field(description="Id of the order it is for.")
    id: UUID = Field(description="Its id (UUIDv7).")


@router.get("/invoices.csv", response_class=Response, responses=CSV_ANSWER)
async def export_invoices(actor: EmployerActorApart, rt: Rt, kind: OfKind = None) -> Response:
    """Return all my invoices and notes as one CSV file, newest first, safe to open in a spreadsheet."""

    async def page_of(page: PageRequest) -> Page[InvoiceRecord]:
        # The request's transaction is over when the file is sent.
        async with rt.database.read() as session:
            found, cursor = await queries.list_invoices(session, actor.employer_id, kind, page)
        return Page(items=[_record(invoice) for invoice in found], next_cursor=cursor)

    return await export("invoices", InvoiceRecord, page_of)


def _record(invoice: Invoice) -> InvoiceRecord:
    says = invoice.snapshot
    about = says.get("about")
    return InvoiceRecord.from_rows(
        invoice,
        about=about["number"] if about else None,
        seller_tax_id=says["seller"]["tax_id"],
        buyer_name=says["buyer"]["name"],
        buyer_tax_id=says["buyer"]["tax_id"],
    )


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=Response,
    responses={**problems(InvoiceNotFound), **PDF_ANSWER},
)
async def get_invoice_pdf(invoice_id: InvoiceId, actor: EmployerActorApart, rt: Rt) -> Response:
    """Return one of my invoices as PDF: the same bytes each time."""
    await limit_subject(rt, "pdf:account", str(actor.employer_id))
    async with rt.database.read() as session:
        document = await queries.get_document(session, invoice_id, of=actor.employer_id)
    return await pdf_answer(document)


@router.get("/invoices/{invoice_id}", responses=problems(InvoiceNotFound))
async def get_invoice(
    invoice_id: InvoiceId, session: Read, actor: EmployerActor
) -> InvoiceDocument:
    """Return all that one of my invoices says; it never changes."""
    return document_answer(await queries.get_document(session, invoice_id, of=actor.employer_id))
