"""The lead behind a payment link, and how its payment goes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.money import Money
from app.database.session import keyring
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers.links import buyer_of, lead_of
from app.offers.models import JobMatch
from app.offers.worker_names import shown_name_of
from app.payments.models import Payment
from app.payments.quotes import kept_quotes, prices_now
from app.payments.rules import CAPTURED, OPEN, PaymentStatus


@dataclass(frozen=True)
class LinkedLead:
    """A match and its employer, with the values that the page's texts name."""

    match: JobMatch
    user: User
    params: dict[str, Any]
    buyer_id: UUID | None = None
    """The member of the team whose link it is."""

    @property
    def actor(self) -> Actor:
        """The employer. Raises `NotFound` for one who is suspended or erased."""
        return employer_of(self.user, self.buyer_id)


def employer_of(user: User, buyer_id: UUID | None = None) -> Actor:
    """Return the employer who opens a link, or whoever of their team it was made for.

    Raises `NotFound` for a company that is suspended or erased.
    """
    if user.status in {UserStatus.SUSPENDED, UserStatus.ERASED}:
        raise NotFound
    return Actor(
        buyer_id or user.id,
        Role.EMPLOYER,
        UserStatus(user.status),
        user.name,
        company_id=user.id,
    )


async def get_linked_lead(session: AsyncSession, token: str) -> LinkedLead:
    """Return the lead of a link. Raises `NotFound`."""
    query = (
        select(JobMatch, User, Job.title, Employer.company_name)
        .join(Job, Job.id == JobMatch.job_id)
        .join(User, User.id == JobMatch.employer_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
        .where(JobMatch.id == lead_of(keyring(session), token))
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    match, user, title, company = row
    params = {
        "title": title,
        "company": company,
        "display_name": await shown_name_of(session, match.worker_id),
        "price": {
            "amount": await _price(session, match),
            "currency": match.price_currency,
        },
    }
    return LinkedLead(match, user, params, buyer_of(keyring(session), token))


async def _price(session: AsyncSession, match: JobMatch) -> int:
    """Return what the lead costs: as its purchase has begun, else as it would begin now."""
    kept = (await kept_quotes(session, match.employer_id, [match.id])).get(match.id)
    if kept is not None:
        return kept.total
    price = Money(match.price_amount, match.price_currency)
    return (await prices_now(session, match.employer_id, [price]))[0].amount


async def may_be_paid(session: AsyncSession, lead: LinkedLead, payment_id: str) -> bool:
    """Whether the payment that the provider sent somebody back from succeeded or still may."""
    try:
        same = Payment.id == UUID(payment_id)
    except ValueError:
        return False
    query = select(Payment.status).where(same, Payment.match_id == lead.match.id)
    return await session.scalar(query) in OPEN | CAPTURED


async def is_processing(session: AsyncSession, lead: LinkedLead) -> bool:
    """Whether money for this lead is on its way: there is nothing to pay."""
    query = select(Payment.id).where(
        Payment.employer_id == lead.user.id,
        Payment.match_id == lead.match.id,
        Payment.status == PaymentStatus.PROCESSING,
    )
    return await session.scalar(query.limit(1)) is not None


async def has_failed(session: AsyncSession, lead: LinkedLead) -> bool:
    """Whether the last payment for this lead failed or expired."""
    mine = (Payment.employer_id == lead.user.id, Payment.match_id == lead.match.id)
    query = select(Payment.status).where(*mine).order_by(Payment.id.desc()).limit(1)
    return await session.scalar(query) in {PaymentStatus.FAILED, PaymentStatus.EXPIRED}
