"""An employer's money on pages: payments, invoices, the balance."""

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.employers import balance, invoices, payments
from app.api.employers.balance import TopUpRequest
from app.api.employers.payments import PaymentOrder
from app.api.http.dependencies import Now, PageQuery, Read, Rt
from app.api.http.parameters import InvoiceId
from app.invoices.numbering import InvoiceKind
from app.payments.rules import PaymentStatus
from app.web.forms import REFUSALS, TypedForm, checked
from app.web.listing import Listing
from app.web.routes import PageRoute
from app.web.site import SeeOther, page
from app.web.visitors import Buyer, Employer, Guest, Visitor

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/payments")
async def show_payments(
    request: Request,
    visitor: Guest,
    actor: Employer,
    session: Read,
    listed: PageQuery,
) -> Response:
    """List my payments."""
    listing = Listing(request, PaymentOrder)
    only = listing.chosen("status", PaymentStatus)
    order = listing.chosen("sort", PaymentOrder) or PaymentOrder.NEWEST
    found = await payments.list_payments(session, actor, listed, only, listing.text, order)
    return page(
        request,
        visitor,
        "employer/payments.html",
        leads_away=True,
        payments=found,
        chosen=only,
        statuses=list(PaymentStatus),
        listing=listing,
    )


@router.get("/payments.csv")
async def export_payments(actor: Employer, rt: Rt) -> Response:
    """Give all my payments as a file."""
    return await payments.export_payments(actor, rt)


@router.get("/invoices")
async def show_invoices(
    request: Request, visitor: Guest, actor: Employer, session: Read, listed: PageQuery
) -> Response:
    """List my invoices and credit notes, newest first."""
    listing = Listing(request)
    only = listing.chosen("kind", InvoiceKind)
    found = await invoices.list_invoices(session, actor, listed, only, listing.text)
    return page(
        request,
        visitor,
        "employer/invoices.html",
        invoices=found,
        chosen=only,
        kinds=list(InvoiceKind),
        listing=listing,
    )


@router.get("/invoices.csv")
async def export_invoices(actor: Employer, rt: Rt) -> Response:
    """Give all my invoices and credit notes as a file."""
    return await invoices.export_invoices(actor, rt)


@router.get("/invoices/{invoice_id}.pdf")
async def get_invoice_pdf(actor: Employer, rt: Rt, invoice_id: InvoiceId) -> Response:
    """Give one of my invoices as PDF."""
    return await invoices.get_invoice_pdf(invoice_id, actor, rt)


@router.get("/balance")
async def show_balance(
    request: Request, visitor: Guest, actor: Employer, rt: Rt, listed: PageQuery
) -> Response:
    """Show what is in the balance, what moved it, and the packs to top it up."""
    return await _balance_page(request, visitor, actor, rt, listed, TypedForm())


async def _balance_page(
    request: Request, visitor: Visitor, actor: Employer, rt: Rt, listed: PageQuery, form: TypedForm
) -> Response:
    async with rt.database.read() as session:
        shown = await balance.get_balance(session, actor)
        entries = await balance.list_balance_entries(session, actor, listed)
    return page(
        request,
        visitor,
        "employer/balance.html",
        status=form.status,
        leads_away=True,
        balance=shown,
        entries=entries,
        form=form,
    )


@router.post("/balance")
async def top_up(
    request: Request, visitor: Guest, actor: Buyer, rt: Rt, listed: PageQuery, now: Now
) -> Response:
    """Pay in advance: leads to the payment provider's page."""
    form = await TypedForm.read(request)
    try:
        body = checked(TopUpRequest, {"pack": form.get("pack") or ""})
        answer = await balance.top_up_balance(request, body, actor, rt, now, None)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        return await _balance_page(request, visitor, actor, rt, listed, said)
    return SeeOther(json.loads(bytes(answer.body))["checkout_url"])
