"""Buying contacts and saying that one was bad, on pages."""

import datetime as dt
import json
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.employers import orders, payments
from app.api.employers.orders import UnlockLeadsRequest
from app.api.employers.payments import ReportRequest, UnlockRequest
from app.api.http.dependencies import Now, Rt, Write
from app.api.http.parameters import JobId, MatchId
from app.database.session import savepoint
from app.identity.actor import Actor
from app.payments.rules import ReportReason
from app.runtime import Runtime
from app.web.forms import REFUSALS, TypedForm, checked
from app.web.jobs import job_page
from app.web.routes import PageRoute
from app.web.site import SeeOther, page
from app.web.visitors import Buyer, Guest, Visitor

router = APIRouter(prefix="/jobs", route_class=PageRoute, include_in_schema=False)


def _next_page(answer: object, job_id: UUID) -> Response:
    """Lead to the page of the payment, or back where there is nothing to pay."""
    if not isinstance(answer, Response):
        return SeeOther(f"/jobs/{job_id}?done=unlocked#contacts")
    url = json.loads(bytes(answer.body))["checkout_url"]
    return SeeOther(url or f"/jobs/{job_id}?done=money_on_its_way")


@router.post("/{job_id}/leads/{match_id}/unlock")
async def unlock_lead(
    request: Request,
    visitor: Guest,
    actor: Buyer,
    rt: Rt,
    job_id: JobId,
    match_id: MatchId,
    now: Now,
) -> Response:
    """Buy one contact: out of the balance, or on the payment provider's page."""
    form = await TypedForm.read(request)
    try:
        body = checked(UnlockRequest, {"pay_with": form.get("pay_with")})
        answer = await payments.unlock_match(request, match_id, actor, rt, now, body, None)
    except REFUSALS as error:
        return await _refused(request, visitor, actor, rt, job_id, now, error)
    return _next_page(answer, job_id)


@router.post("/{job_id}/pay")
async def unlock_leads(
    request: Request, visitor: Guest, actor: Buyer, rt: Rt, job_id: JobId, now: Now
) -> Response:
    """Buy the chosen contacts with one payment."""
    form = await TypedForm.read(request)
    chosen = form.all("match_ids")
    if not chosen:
        return SeeOther(f"/jobs/{job_id}?refused=none_chosen")
    try:
        body = checked(UnlockLeadsRequest, {"match_ids": chosen, "pay_with": form.get("pay_with")})
        answer = await orders.unlock_leads(request, body, actor, rt, now, None)
    except REFUSALS as error:
        return await _refused(request, visitor, actor, rt, job_id, now, error)
    return _next_page(answer, job_id)


async def _refused(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    rt: Runtime,
    job_id: UUID,
    now: dt.datetime,
    error: Exception,
) -> Response:
    async with rt.database.read() as session:
        return await job_page(request, visitor, actor, session, job_id, now, error=error)


@router.get("/{job_id}/leads/{match_id}/report")
async def show_report(
    request: Request, visitor: Guest, _actor: Buyer, job_id: JobId, match_id: MatchId
) -> Response:
    """Ask what is wrong with a lead."""
    return _report_page(request, visitor, job_id, match_id, TypedForm())


@router.post("/{job_id}/leads/{match_id}/report")
async def report_lead(
    request: Request,
    visitor: Guest,
    actor: Buyer,
    session: Write,
    job_id: JobId,
    match_id: MatchId,
    now: Now,
) -> Response:
    """Say that a lead was bad; what we know ourselves decides at once."""
    form = await TypedForm.read(request)
    try:
        body = checked(ReportRequest, {"reason": form.get("reason"), "note": form.get("note")})
        async with savepoint(session):
            made = await payments.report_lead(match_id, body, session, actor, now, None)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        return _report_page(request, visitor, job_id, match_id, said)
    return SeeOther(f"/jobs/{job_id}?done=report_{made.status.value}")


def _report_page(
    request: Request, visitor: Visitor, job_id: UUID, match_id: UUID, form: TypedForm
) -> Response:
    return page(
        request,
        visitor,
        "employer/report.html",
        status=form.status,
        form=form,
        job_id=job_id,
        match_id=match_id,
        reasons=list(ReportReason),
    )
