"""Apply a verified event of the provider to a payment: the only way a lead is unlocked.

The unlock, the ledger entries, the messages and the audit row commit in one transaction. Applying an event
twice changes nothing.
"""

import contextlib
import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.core.money import Money
from app.database.statements import rows_changed, transition_update
from app.database.wakeups import wake_loops
from app.employers import phones
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import User, UserStatus
from app.jobs.models import Job
from app.messaging.outbox.enqueue import notify
from app.offers.job_lock import lock_jobs
from app.offers.mark_unlocked import mark_unlocked
from app.offers.models import JobMatch
from app.offers.rules import AlreadyUnlocked, MatchNotAccepted
from app.payments import (
    disputes,
    early_events,
    invoicing,
    ledger,
    refunds,
    rules,
    suspense,
    unlock_limits,
)
from app.payments.contacts import contacts_of
from app.payments.first_message import hello_url
from app.payments.models import OpenItem, Payment, Unlock
from app.payments.provider import Checkout, CheckoutState
from app.payments.quotes import kept_quote
from app.payments.refunds import PaymentNotRefundable
from app.payments.rules import PaymentAction, PaymentStatus


async def settle(
    session: AsyncSession, checkout: Checkout, now: dt.datetime, *, livemode: bool
) -> Payment | None:
    """Bring our payment to the state of its page at the provider; None if it is not ours.

    `livemode` is the mode this server sells in; a page of the other mode unlocks nothing.
    """
    payment = await _find(session, checkout)
    if payment is None:
        return None
    match checkout.state:
        case CheckoutState.PAID:
            await _paid(session, payment, checkout, now, livemode=livemode)
        case CheckoutState.PROCESSING:
            await move(session, payment.id, PaymentAction.PROCESS, now)
        case CheckoutState.EXPIRED:
            await move(session, payment.id, PaymentAction.EXPIRE, now)
        case CheckoutState.OPEN:
            pass
    return payment


async def _find(session: AsyncSession, checkout: Checkout) -> Payment | None:
    """Find by the page, else by our id in its metadata: a crash may have kept us from noting the page."""
    wanted: ColumnElement[bool] = Payment.session_id == checkout.session_id
    payment: Payment | None = await session.scalar(select(Payment).where(wanted))
    if payment is None and checkout.payment_id is not None:
        try:
            ours = UUID(checkout.payment_id)
        except ValueError:
            return None
        payment = await session.scalar(select(Payment).where(Payment.id == ours))
    return payment


async def move(
    session: AsyncSession,
    payment_id: UUID,
    action: PaymentAction,
    now: dt.datetime,
    *,
    failure_code: str | None = None,
) -> bool:
    """Take one step if the payment's state allows it; return whether it did."""
    transition = rules.TABLE.only(action)
    values: dict[str, Any] = {}
    if failure_code is not None:
        values["failure_code"] = failure_code[:64]
    if transition.target not in rules.OPEN:
        values["check_at"] = None
    statement = transition_update(Payment, transition, now, Payment.id == payment_id, **values)
    return await rows_changed(session, statement) == 1


async def _paid(
    session: AsyncSession, payment: Payment, checkout: Checkout, now: dt.datetime, *, livemode: bool
) -> None:
    ours = rules.PaymentTerms(str(payment.id), Money(payment.amount, payment.currency), livemode)
    theirs = rules.PaymentTerms(checkout.payment_id, checkout.paid, checkout.livemode)
    if wrong := rules.mismatches(ours, theirs):
        await _mismatch(session, payment, checkout, wrong, now)
        return
    if await _is_of_another(session, payment, checkout):
        return  # it was told otherwise before, and an administrator decides
    # Everybody locks jobs first; the payment's own row comes after.
    job_id = await session.scalar(select(JobMatch.job_id).where(JobMatch.id == payment.match_id))
    await lock_jobs(session, [job_id] if job_id else [])
    if not await _captured(session, payment, checkout, now):
        if checkout.intent_id not in {None, payment.intent_id}:
            await _paid_twice(session, payment, checkout, now)
        return
    await _unlock_or_refund(session, payment, now)


async def _is_of_another(session: AsyncSession, payment: Payment, checkout: Checkout) -> bool:
    """Whether the money is known as that of another payment."""
    if checkout.intent_id is None:
        return False
    query = select(Payment.id).where(
        Payment.intent_id == checkout.intent_id, Payment.id != payment.id
    )
    return await session.scalar(query) is not None


async def _captured(
    session: AsyncSession, payment: Payment, checkout: Checkout, now: dt.datetime
) -> bool:
    """Note the success and book it; False if it was noted before."""
    if not await move(session, payment.id, PaymentAction.SUCCEED, now):
        return False
    await session.execute(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(
            intent_id=checkout.intent_id,
            livemode=checkout.livemode,
            paid_at=now,
            failure_code=None,
        )
        .execution_options(synchronize_session=False)
    )
    await session.refresh(payment)
    await _book_capture(session, payment, now)
    await early_events.apply(session, payment.intent_id, now)
    await session.refresh(payment)
    return True


async def _book_capture(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    quote = kept_quote(payment)
    await ledger.book(
        session,
        f"capture:{payment.id}",
        rules.capture(payment.amount, quote.total - quote.net),
        currency=payment.currency,
        payment_id=payment.id,
        now=now,
    )
    # Before what was told early is applied: a credit note is about an invoice.
    await invoicing.invoice_capture(session, payment, now)


async def _unlock_or_refund(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Unlock the contact; refund if the lead is gone or already bought, or the employer may not buy.

    Nothing is unlocked for money that has gone back already.
    """
    if await refunds.given_up(session, payment.id) >= payment.amount:
        return
    employer = select(User.status).where(User.id == payment.employer_id)
    status = await session.scalar(employer)
    if status != UserStatus.ACTIVE:
        await refunds.request(session, payment.id, None, f"account_{status}", None, now)
        return
    if await disputes.has_open(session, payment.employer_id):
        await refunds.request(session, payment.id, None, "dispute_open", None, now)
        return
    try:
        await _unlock(session, payment, now)
    except (MatchNotAccepted, AlreadyUnlocked) as refusal:
        await refunds.request(session, payment.id, None, refusal.reason, None, now)


async def _unlock(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Unlock the contact that was paid. Raises `MatchNotAccepted` or `AlreadyUnlocked`."""
    match = await mark_unlocked(session, payment.match_id, now)
    session.add(
        Unlock(
            id=new_id(),
            employer_id=payment.employer_id,
            match_id=match.id,
            worker_id=match.worker_id,
            payment_id=payment.id,
            unlocked_at=now,
        )
    )
    await session.flush()
    await unlock_limits.note(session, payment.employer_id, now)
    await _cancel_others(session, payment, now)
    await _send_contact(session, payment, match, now)
    audit.record(
        session,
        "lead.unlock",
        match.id,
        None,
        now,
        after={"payment_id": str(payment.id), "employer_id": str(payment.employer_id)},
    )


async def _cancel_others(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Cancel other pages for the same lead, and have them closed at the provider."""
    cancel = rules.TABLE.only(PaymentAction.CANCEL)
    others = (Payment.match_id == payment.match_id, Payment.id != payment.id)
    await session.execute(transition_update(Payment, cancel, now, *others, check_at=now))
    wake_loops(session, "reconcile_payments")


async def _send_contact(
    session: AsyncSession, payment: Payment, match: JobMatch, now: dt.datetime
) -> None:
    """Send the contact to the employer's phone if it is proven to be theirs, else to the mailbox.

    An account may name a stranger's phone by a slip: that one only hears where the contact is.
    """
    proven = await phones.is_proven(session, payment.employer_id)
    contact = (await contacts_of(session, payment.employer_id, [match.id]))[match.id]
    about = (
        select(Job.title, Employer.company_name, User.language)
        .join(Employer, Employer.id == Job.employer_id)
        .join(User, User.id == match.worker_id)
        .where(Job.id == match.job_id)
    )
    title, company, language = (await session.execute(about)).one()
    hello = None
    if contact.phone is not None:
        name = contact.name or ""
        hello = hello_url(contact.phone, language, name=name, company=company, title=title)
    await notify(
        session,
        payment.employer_id,
        "lead_unlocked",
        {
            "match_id": str(match.id),
            "title": title,
            "name": contact.name,
            "phone": contact.phone,
            "hello": hello,
            "price": {"amount": payment.amount, "currency": payment.currency},
        },
        key=str(payment.id),
        now=now,
        subject_id=match.id,
        to_mailbox=not proven,
    )
    if proven is False:
        await notify(
            session,
            payment.employer_id,
            "lead_in_mailbox",
            {"title": title},
            key=str(payment.id),
            now=now,
            subject_id=match.id,
        )


async def _paid_twice(
    session: AsyncSession, payment: Payment, checkout: Checkout, now: dt.datetime
) -> None:
    """Give back a second charge for one payment: two pages can exist if an answer was lost."""
    known = select(Payment.id).where(Payment.intent_id == checkout.intent_id)
    if await session.scalar(known) is not None:
        return
    second = Payment(
        id=new_id(),
        employer_id=payment.employer_id,
        match_id=payment.match_id,
        status=PaymentStatus.SUCCEEDED,
        amount=checkout.paid.amount,
        currency=checkout.paid.currency,
        quote=payment.quote,
        refunded_amount=0,
        attempt=1,
        session_id=None if checkout.session_id == payment.session_id else checkout.session_id,
        intent_id=checkout.intent_id,
        livemode=checkout.livemode,
        created_at=now,
        paid_at=now,
        updated_at=now,
    )
    session.add(second)
    await session.flush()
    await _book_capture(session, second, now)
    await early_events.apply(session, second.intent_id, now)
    with contextlib.suppress(PaymentNotRefundable):  # it went back before
        await refunds.request(session, second.id, None, AlreadyUnlocked.code, None, now)


async def _mismatch(
    session: AsyncSession,
    payment: Payment,
    checkout: Checkout,
    differs: list[str],
    now: dt.datetime,
) -> None:
    """Unlock nothing, set the money aside and raise one alert, however often the event is repeated."""
    await session.refresh(payment, with_for_update=True)
    taken = select(Payment.id).where(Payment.intent_id == checkout.intent_id)
    known = checkout.intent_id is not None and await session.scalar(taken) is not None
    if known or (checkout.intent_id is None and payment.failure_code == rules.MISMATCH):
        return
    await move(session, payment.id, PaymentAction.FAIL, now, failure_code=rules.MISMATCH)
    ALERTS.labels("payment_mismatch").inc()
    logger().error("payment_mismatch", payment_id=str(payment.id), reason=",".join(differs))
    audit.record(session, "payment.mismatch", payment.id, None, now, after={"differs": differs})
    if checkout.intent_id is not None:
        await suspense.set_aside(session, payment, checkout, differs, now)
        await early_events.apply(session, checkout.intent_id, now)


async def settle_suspense(
    session: AsyncSession, item_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> OpenItem:
    """Take money in suspense for the price of its lead, unlock that, and invoice what was taken.

    Raises `OpenItemNotFound`, `OpenItemClosed`, `OtherMode`, `PaymentNotRefundable` if the money has gone,
    `MatchNotAccepted` or `AlreadyUnlocked` where the lead can't be sold: then the money goes back.
    """
    about = select(JobMatch.job_id).join(Payment, Payment.match_id == JobMatch.id)
    of_item = about.join(OpenItem, OpenItem.payment_id == Payment.id).where(OpenItem.id == item_id)
    job_id = await session.scalar(of_item)
    await lock_jobs(session, [job_id] if job_id else [])
    item, payment = await suspense.get_item(session, item_id)
    await suspense.take_as_paid(session, item, payment, reason, actor, now)
    await _unlock(session, payment, now)
    await invoicing.invoice_capture(session, payment, now)
    return item
