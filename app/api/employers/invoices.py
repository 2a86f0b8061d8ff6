"""An employer's invoices, and their payments as a file."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

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
from app.api.http.parameters import InvoiceId
from app.api.http.problems import problems
from app.core.schema import Page
from app.invoices import queries
from app.invoices.numbering import InvoiceKind
from app.invoices.queries import InvoiceNotFound

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)

OfKind = Annotated[InvoiceKind | None, Query(description="Only those of this kind.")]


@router.get("/invoices")
async def list_invoices(
    session: Read, actor: EmployerActor, page: PageQuery, kind: OfKind = None
) -> Page[InvoiceAnswer]:
    """List my invoices, credit notes and debit notes, newest first."""
    found, cursor = await queries.list_invoices(session, actor.user_id, kind, page)
    return Page(items=[invoice_answer(invoice) for invoice in found], next_cursor=cursor)


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=Response,
    responses={**problems(InvoiceNotFound), **PDF_ANSWER},
)
async def get_invoice_pdf(invoice_id: InvoiceId, actor: EmployerActorApart, rt: Rt) -> Response:
    """Return one of my invoices as PDF: the same bytes each time."""
    await limit_subject(rt, "pdf:account", str(actor.user_id))
    async with rt.database.read() as session:
        document = await queries.get_document(session, invoice_id, of=actor.user_id)
    return await pdf_answer(document)


@router.get("/invoices/{invoice_id}", responses=problems(InvoiceNotFound))
async def get_invoice(
    invoice_id: InvoiceId, session: Read, actor: EmployerActor
) -> InvoiceDocument:
    """Return all that one of my invoices says; it never changes."""
    return document_answer(await queries.get_document(session, invoice_id, of=actor.user_id))
