"""The page behind a payment link: what is bought, for how much, and the way to the payment.

The link comes in the message that somebody accepted. Opening it changes nothing, because chats open
links by themselves to show a preview; only the button begins a payment. The page never shows a contact:
that goes to the employer's own phone or mailbox, and stands in their account.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from app.api.http.dependencies import Now, Route, Rt, limit_subject, limited
from app.api.http.html_pages import page
from app.core.errors import DomainError, NotFound
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers.links import lead_of
from app.offers.mark_unlocked import is_for_sale
from app.offers.models import JobMatch
from app.offers.worker_names import shown_name_of
from app.payments import contacts, purchase
from app.payments.models import Payment
from app.payments.rules import CAPTURED, OPEN, PaymentStatus
from app.runtime import Runtime
from app.texts import catalogue

router = APIRouter(prefix="/pay", include_in_schema=False, route_class=Route)


class _Lead:
    """What the page shows."""

    def __init__(self, row: Row[*tuple[Any, ...]], name: str) -> None:
        match, job_title, user, company = row
        self.match: JobMatch = match
        self.user: User = user
        self.words = {
            "title": job_title,
            "company": company,
            "display_name": name,
            "price": {"amount": match.price_amount, "currency": match.price_currency},
        }

    @property
    def actor(self) -> Actor:
        """The employer whose lead it is; a link to somebody who is out opens nothing."""
        if self.user.status in {UserStatus.SUSPENDED, UserStatus.ERASED}:
            raise NotFound
        return Actor(self.user.id, Role.EMPLOYER, UserStatus(self.user.status), self.user.name)


async def _lead(session: AsyncSession, rt: Runtime, token: str) -> _Lead:
    match_id = lead_of(rt.keyring, token)
    query = (
        select(JobMatch, Job.title, User, Employer.company_name)
        .join(Job, Job.id == JobMatch.job_id)
        .join(User, User.id == JobMatch.employer_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
        .where(JobMatch.id == match_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return _Lead(row, await shown_name_of(session, row[0].worker_id))


@router.get("/{token}", dependencies=[limited("pay")])
async def show(token: str, rt: Rt, paid: str = "") -> Response:
    """Show what the link is for; after the payment, that the contact is on its way."""
    async with rt.database.read() as session:
        try:
            lead = await _lead(session, rt, token)
            _ = lead.actor
        except NotFound:
            return page("en", "link_unknown", {}, status=404)
        language = lead.user.language
        if await purchase.find_unlock(session, lead.user.id, lead.match.id) is not None:
            bought = await contacts.contacts_of(session, lead.user.id, [lead.match.id])
            gone = bought[lead.match.id].name is None
            return page(language, "lead_left" if gone else "lead_bought", lead.words)
        status = await _status_of(session, lead, paid)
        if status is not None and status in OPEN | CAPTURED:
            # Paid, or it may still come.
            return page(language, "lead_paid", lead.words, refresh_seconds=5)
        if not await is_for_sale(session, lead.match.id):
            return page(language, "lead_gone", lead.words)
        failed = await _failed_last(session, lead)
    kind = "lead_not_paid" if failed else "lead_offered"
    return page(language, kind, lead.words, form=[], button="pay_button")


async def _status_of(session: AsyncSession, lead: _Lead, paid: str) -> str | None:
    """Where the payment stands from which the provider sent somebody back; None without one."""
    try:
        payment_id = UUID(paid)
    except ValueError:
        return None
    mine = (Payment.id == payment_id, Payment.match_id == lead.match.id)
    status: str | None = await session.scalar(select(Payment.status).where(*mine))
    return status


async def _failed_last(session: AsyncSession, lead: _Lead) -> bool:
    """Whether the last try to pay for this lead came to nothing."""
    mine = (Payment.employer_id == lead.user.id, Payment.match_id == lead.match.id)
    query = select(Payment.status).where(*mine).order_by(Payment.id.desc()).limit(1)
    return await session.scalar(query) in {PaymentStatus.FAILED, PaymentStatus.EXPIRED}


@router.post("/{token}", dependencies=[limited("pay")])
async def pay(request: Request, token: str, rt: Rt, now: Now) -> Response:
    """Begin the payment and lead to its page; a second click leads to the same one."""
    language = "en"
    try:
        async with rt.database.begin() as session:
            lead = await _lead(session, rt, token)
            language = lead.user.language
            await limit_subject(rt, "unlock:account", str(lead.user.id))
            begun = await purchase.begin(
                session, lead.actor, lead.match.id, now, paced=rt.limiter.enabled
            )
        here = f"{rt.settings.base_url}{request.url.path}"
        if not isinstance(begun, Payment):
            return RedirectResponse(here, 303)
        paying = await purchase.open_checkout(rt.database, rt.payments, begun.id, here, now)
    except NotFound:
        return page(language, "link_unknown", {}, status=404)
    except DomainError as refusal:
        kind = f"refused_{refusal.reason}"
        known = kind if kind in catalogue.get_catalogue(language).pages else "lead_refused"
        return page(language, known, {"reason": refusal.message}, status=409)
    return RedirectResponse(paying.checkout_url or here, 303)
