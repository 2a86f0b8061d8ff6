"""The page behind a payment link: what is bought, for how much, and the way to the payment.

Opening it changes nothing, because chats open links to show a preview; only the button begins a payment.
A page that waits for the payment asks for itself until it is there. No page here shows a contact: that goes to the
employer's phone or mailbox.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from app.api.http.dependencies import Now, Route, Rt, limit_subject, limited
from app.api.http.html_pages import SCRIPT, page
from app.api.http.own_address import own_address
from app.core.errors import DomainError, NotFound
from app.offers.links import order_of
from app.offers.mark_unlocked import is_for_sale
from app.payments import checkout, contacts, purchase
from app.payments.linked_lead import (
    LinkedLead,
    get_linked_lead,
    has_failed,
    is_processing,
    may_be_paid,
)
from app.payments.linked_order import LinkedOrder, get_linked_order
from app.payments.models import Order
from app.payments.rules import PAYABLE, OrderKind, PayWith
from app.texts import catalogue

router = APIRouter(prefix="/pay", include_in_schema=False, route_class=Route)


@router.get("/again.js")
async def get_script() -> Response:
    """Give the script of a page that waits for its payment."""
    headers = {"Cache-Control": "max-age=300"}
    return Response(SCRIPT, media_type="text/javascript", headers=headers)


@router.get("/{token}", dependencies=[limited("pay")])
async def show(token: str, rt: Rt, paid: str = "") -> Response:
    """Show what the link is for; after the payment, that the contact is on its way."""
    if order_of(rt.keyring, token) is not None:
        return await _show_order(token, rt, paid=paid)
    async with rt.database.read() as session:
        try:
            lead = await get_linked_lead(session, token)
            employer_id = lead.actor.employer_id
        except NotFound:
            return page("en", "link_unknown", {}, status=404)
        language = lead.user.language
        there = f"/jobs/{lead.match.job_id}"
        if await purchase.find_unlock(session, employer_id, lead.match.id) is not None:
            bought = await contacts.contacts_of(session, employer_id, [lead.match.id])
            gone = bought[lead.match.id].name is None
            return page(language, "lead_left" if gone else "lead_bought", lead.params, back=there)
        if await may_be_paid(session, lead, paid) or await is_processing(session, lead):
            return page(language, "lead_paid", lead.params, again_seconds=5, back=there)
        if not await is_for_sale(session, lead.match.id):
            return page(language, "lead_gone", lead.params, back=there)
        failed = await has_failed(session, lead)
    if lead.params["price"]["amount"] == 0:
        return page(language, "lead_free", lead.params, form=[], button="free_button", back=there)
    kind = "lead_not_paid" if failed else "lead_offered"
    return page(language, kind, lead.params, form=[], button="pay_button", back=there)


async def _show_order(token: str, rt: Rt, *, paid: str) -> Response:
    async with rt.database.read() as session:
        try:
            linked = await get_linked_order(session, token)
            _ = linked.actor  # a suspended employer's link leads nowhere
            language = linked.user.language
        except NotFound:
            return page("en", "link_unknown", {}, status=404)
    kind = linked.page
    there = "/balance" if linked.order.kind == OrderKind.TOP_UP else "/jobs"
    just_paid = paid == str(linked.order.id) and linked.may_be_paid
    if kind == "top_up_open" or (kind == "top_up_offered" and just_paid):
        return page(language, "top_up_open", linked.params, again_seconds=5, back=there)
    if kind == "top_up_offered":
        return page(language, kind, linked.params, form=[], button="top_up_button", back=there)
    if kind == "leads_paid" or just_paid:
        return page(language, "leads_paid", linked.params, again_seconds=5, back=there)
    if kind in {"leads_bought", "leads_gone", "top_up_paid", "top_up_over"}:
        return page(language, kind, linked.params, back=there)
    return page(language, kind, linked.params, form=[], button="pay_button", back=there)


@router.post("/{token}", dependencies=[limited("pay")])
async def pay(request: Request, token: str, rt: Rt, now: Now) -> Response:
    """Begin the payment and lead to its page; a second click leads to the same one."""
    language = "en"
    try:
        async with rt.database.read() as session:
            linked, _ = await _linked(session, rt, token)
        language = linked.user.language
        await limit_subject(rt, "unlock:account", str(linked.user.id))
        # Clicks on a link that many opened wait here, each without a connection, as those of who is signed in do.
        async with purchase.turn_of(linked.user.id), rt.database.begin() as session:
            linked, wanted = await _linked(session, rt, token)
            begun = await _begin(session, linked, wanted, now, paced=rt.limiter.enabled)
        here = f"{own_address(request, rt.settings)}{request.url.path}"
        if begun is None:
            return RedirectResponse(here, 303)
        paying = await checkout.open_page(rt.database, rt.payments, begun.id, here, now)
    except NotFound:
        return page(language, "link_unknown", {}, status=404)
    except DomainError as refusal:
        kind = f"refused_{refusal.reason}"
        known = kind if kind in catalogue.get_catalogue(language).pages else "lead_refused"
        return page(language, known, {"reason": refusal.message}, status=409)
    return RedirectResponse(paying.url or here, 303)


async def _linked(
    session: AsyncSession, rt: Rt, token: str
) -> tuple[LinkedLead | LinkedOrder, Sequence[UUID]]:
    """Return what a link is for, and the leads that are to be paid. Raises `NotFound`."""
    if order_of(rt.keyring, token) is not None:
        order = await get_linked_order(session, token)
        return order, order.to_pay or order.match_ids
    lead = await get_linked_lead(session, token)
    return lead, [lead.match.id]


async def _begin(
    session: AsyncSession,
    linked: LinkedLead | LinkedOrder,
    wanted: Sequence[UUID],
    now: dt.datetime,
    *,
    paced: bool,
) -> Order | None:
    """Return the order whose page is to be paid; None if there is nothing to pay. Raises as `purchase.begin` does.

    Whoever holds the link is not signed in: they may pay, but spend no balance.
    """
    actor = linked.actor
    if isinstance(linked, LinkedOrder) and linked.order.kind == OrderKind.TOP_UP:
        return linked.order if linked.order.status in PAYABLE else None
    if not wanted:
        raise NotFound
    return await purchase.begin(session, actor, wanted, now, paced=paced, pay_with=PayWith.PAGE)
