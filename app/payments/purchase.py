"""Buy a lead: check the conditions, make the payment, and open the provider's payment page.

Nothing here reveals a contact. Only `app.payments.settle`, on a verified event of the provider, writes the
row that does.
"""

import asyncio
import datetime as dt
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Forbidden
from app.core.ids import new_id
from app.core.logging import logger
from app.core.money import Money
from app.database.session import Database
from app.database.statements import insert_if_absent, transition_update
from app.employers import phones
from app.employers.models import Employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import User
from app.jobs.models import Job
from app.offers.mark_unlocked import MatchNotFound, is_for_sale
from app.offers.models import JobMatch
from app.offers.rules import MatchNotAccepted
from app.payments import disputes, quotes, rules, suspense, unlock_limits
from app.payments import provider as providers
from app.payments.models import Payment, Unlock
from app.payments.provider import (
    CheckoutRequest,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderHasNot,
    ProviderRefused,
)
from app.payments.rules import PaymentAction, PaymentStatus
from app.payments.suspense import PaymentInReview
from app.policy import policy

ASK_AFTER = dt.timedelta(minutes=2)
"""How long a payment may stay undecided before the provider is asked."""

LEAST_CHECKOUT = dt.timedelta(minutes=31)
"""A page the provider opens must stay open for half an hour at least (Stripe's rule)."""

_opening: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


class VerificationRequired(Forbidden):
    """An employer nobody has checked yet has bought as many leads as they may."""

    code = "verification_required"
    detail = "Your company has to be verified before it unlocks more leads. Contact support."
    remedy = "Ask support to verify the company."


class EmailUnconfirmed(Forbidden):
    """The policy wants the e-mail address confirmed before this lead."""

    code = "email_unconfirmed"
    detail = "Confirm your e-mail address before you unlock more leads: open the link we sent you."
    remedy = "Open the link in the mailbox, or have it sent again."


class DisputeOpen(Conflict):
    """The employer's bank is asking for money back."""

    code = "dispute_open"
    detail = "A payment of yours is disputed; further leads can be unlocked once that is settled."


async def find_unlock(session: AsyncSession, employer_id: UUID, match_id: UUID) -> Unlock | None:
    """Return this employer's unlock of this lead, if there is one."""
    query = select(Unlock).where(Unlock.employer_id == employer_id, Unlock.match_id == match_id)
    unlock: Unlock | None = await session.scalar(query)
    return unlock


async def begin(
    session: AsyncSession, actor: Actor, match_id: UUID, now: dt.datetime, *, paced: bool = True
) -> Payment | Unlock:
    """Return the employer's unlock if they bought the lead, else its one open payment, made if needed.

    `paced` is whether rate limits are on. Raises `MatchNotFound`, `AccountRestricted`,
    `MatchNotAccepted`, `DisputeOpen`, `EmailUnconfirmed`, `VerificationRequired`, `PaymentInReview` or
    `UnlocksTooFast`.
    """
    own = (JobMatch.id == match_id, JobMatch.employer_id == actor.user_id)
    match = await session.scalar(select(JobMatch).where(*own))
    if match is None:
        raise MatchNotFound
    if unlock := await find_unlock(session, actor.user_id, match_id):
        return unlock
    actor.require_unrestricted()
    if not await is_for_sale(session, match_id):
        raise MatchNotAccepted
    await _require_good_standing(session, actor.user_id, match_id)
    if await suspense.is_in_review(session, actor.user_id, match_id):
        raise PaymentInReview
    if paced:
        await unlock_limits.require(session, actor.user_id, match_id, now)
    await _expire_overdue(session, actor.user_id, match_id, now)
    return await _open_payment(session, match, now)


async def _require_good_standing(session: AsyncSession, employer_id: UUID, match_id: UUID) -> None:
    """Check what the employer may still buy, under their row's lock: parallel unlocks count too."""
    query = select(Employer.verified_at).where(Employer.id == employer_id)
    verified_at = await session.scalar(query.with_for_update(key_share=True))
    if await disputes.has_open(session, employer_id):
        raise DisputeOpen
    limits = (await policy.current(session)).limits
    most = None if verified_at is not None else limits.unlocks_before_verification
    unconfirmed = limits.unlocks_before_email_confirmed
    if unconfirmed is not None and await _has_confirmed(session, employer_id):
        unconfirmed = None
    if most is None and unconfirmed is None:
        return
    bought = select(func.count()).where(Unlock.employer_id == employer_id)
    buying = select(func.count()).where(
        Payment.employer_id == employer_id,
        Payment.match_id != match_id,
        Payment.status.in_(rules.OPEN),
    )
    # In one statement: between two, a purchase that succeeds would be seen by neither.
    both = select(bought.scalar_subquery() + buying.scalar_subquery())
    begun = await session.scalar(both) or 0
    if unconfirmed is not None and begun >= unconfirmed:
        raise EmailUnconfirmed
    if most is not None and begun >= most:
        raise VerificationRequired


async def _has_confirmed(session: AsyncSession, employer_id: UUID) -> bool:
    """Whether the address is confirmed; for an account without one, whether its phone is proven."""
    query = select(User.email_verified_at.is_not(None), users.has_email()).where(
        User.id == employer_id
    )
    confirmed, has_email = (await session.execute(query)).one()
    if has_email:
        return bool(confirmed)
    return bool(await phones.is_proven(session, employer_id))


async def _expire_overdue(
    session: AsyncSession, employer_id: UUID, match_id: UUID, now: dt.datetime
) -> None:
    overdue = (
        Payment.employer_id == employer_id,
        Payment.match_id == match_id,
        Payment.expires_at <= now,
    )
    expire = rules.TABLE.only(PaymentAction.EXPIRE)
    await session.execute(transition_update(Payment, expire, now, *overdue))


async def _open_payment(session: AsyncSession, match: JobMatch, now: dt.datetime) -> Payment:
    query = select(Payment).where(
        Payment.employer_id == match.employer_id,
        Payment.match_id == match.id,
        Payment.status.in_(rules.OPEN),
    )
    if there := await session.scalar(query):
        return there
    price = Money(match.price_amount, match.price_currency)
    quote = await quotes.quote(session, match.employer_id, price)
    new = {
        "id": new_id(),
        "employer_id": match.employer_id,
        "match_id": match.id,
        "status": PaymentStatus.PENDING,
        "amount": quote.total,
        "currency": quote.currency,
        "quote": quote.as_json(),
        "refunded_amount": 0,
        "attempt": 1,
        "expires_at": await _page_ends(session, now),
        "check_at": now + ASK_AFTER,
        "created_at": now,
        "updated_at": now,
    }
    await insert_if_absent(session, Payment, new)
    return (await session.scalars(query)).one()


async def _page_ends(session: AsyncSession, now: dt.datetime) -> dt.datetime:
    minutes = (await policy.current(session)).deadlines.checkout_minutes
    return now + max(dt.timedelta(minutes=minutes), LEAST_CHECKOUT)


async def open_checkout(
    database: Database,
    provider: PaymentProvider | None,
    payment_id: UUID,
    return_url: str,
    now: dt.datetime,
) -> Payment:
    """Return the payment with its page, opened at the provider if it is not yet.

    Clicks that come together get the same page. Raises `PaymentsNotConfigured` or
    `PaymentsUnavailable`.
    """
    if provider is None:
        raise providers.PaymentsNotConfigured
    lock = _opening.setdefault(payment_id, asyncio.Lock())
    async with lock:
        payment = await _read(database, payment_id)
        if payment.checkout_url is not None or payment.status not in rules.OPEN:
            return payment
        try:
            customer_id = await _customer(database, provider, payment)
            request = await _request(database, payment, customer_id, return_url)
            checkout = await provider.create_checkout(
                request, f"pay:{payment.id}:{payment.attempt}"
            )
        except ProviderRefused as refusal:
            logger().warning("checkout_refused", payment_id=str(payment.id), code=refusal.code)
            await _next_attempt(database, payment, refusal, now)
            raise PaymentsUnavailable from refusal
        async with database.begin() as session:
            await session.execute(
                update(Payment)
                .where(Payment.id == payment.id, Payment.session_id.is_(None))
                .values(
                    session_id=checkout.session_id,
                    checkout_url=checkout.url,
                    livemode=checkout.livemode,
                    expires_at=checkout.expires_at,
                    # Given up while the page was being opened: it is closed again.
                    check_at=case((Payment.status.in_(rules.OPEN), Payment.check_at), else_=now),
                    updated_at=now,
                )
            )
        return await _read(database, payment_id)


async def _read(database: Database, payment_id: UUID) -> Payment:
    async with database.read() as session:
        return (await session.scalars(select(Payment).where(Payment.id == payment_id))).one()


async def _customer(database: Database, provider: PaymentProvider, payment: Payment) -> str | None:
    if not provider.keeps_customers:
        return None
    async with database.read() as session:
        query = select(Employer).where(Employer.id == payment.employer_id)
        employer = (await session.scalars(query)).one()
    if employer.provider_customer_id is not None:
        return employer.provider_customer_id
    made = await provider.create_customer(
        str(employer.id), employer.company_name, f"customer:{employer.id}:{payment.attempt}"
    )
    async with database.begin() as session:
        await session.execute(
            update(Employer)
            .where(Employer.id == employer.id, Employer.provider_customer_id.is_(None))
            .values(provider_customer_id=made)
        )
    return made


async def _request(
    database: Database, payment: Payment, customer_id: str | None, return_url: str
) -> CheckoutRequest:
    async with database.read() as session:
        query = (
            select(Job.title)
            .join(JobMatch, JobMatch.job_id == Job.id)
            .where(JobMatch.id == payment.match_id)
        )
        title = await session.scalar(query)
    if payment.expires_at is None:
        raise PaymentsUnavailable
    return CheckoutRequest(
        payment_id=str(payment.id),
        match_id=str(payment.match_id),
        employer_id=str(payment.employer_id),
        customer_id=customer_id,
        price=Money(payment.amount, payment.currency),
        description=f"Contact of one worker: {title}",
        return_url=return_url,
        expires_at=payment.expires_at,
    )


async def _next_attempt(
    database: Database, payment: Payment, refusal: ProviderRefused, now: dt.datetime
) -> None:
    """Take a new key for the next try: the provider replays a failure under the old one.

    A customer id that the provider no longer knows is removed, so that a new one is made.
    """
    async with database.begin() as session:
        await session.execute(
            update(Payment)
            .where(
                Payment.id == payment.id,
                Payment.attempt == payment.attempt,
                Payment.session_id.is_(None),
            )
            .values(
                attempt=payment.attempt + 1,
                expires_at=await _page_ends(session, now),
                updated_at=now,
            )
        )
        if isinstance(refusal, ProviderHasNot):
            await session.execute(
                update(Employer)
                .where(Employer.id == payment.employer_id)
                .values(provider_customer_id=None)
            )
