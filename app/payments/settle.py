"""Apply a verified event of the provider to an order: the only way a lead is unlocked.

The unlock, the ledger entries, the messages and the audit row commit in one transaction. Applying an event
twice changes nothing.
"""

import contextlib
import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.employers import free_leads, phones
from app.employers.models import Employer
from app.identity.actor import AccountRestricted, Actor
from app.identity.models import User, UserStatus
from app.jobs.models import Job
from app.messaging.outbox.enqueue import notify
from app.offers.job_lock import lock_jobs
from app.offers.mark_unlocked import mark_unlocked
from app.offers.models import JobMatch
from app.offers.rules import AlreadyUnlocked, MatchNotAccepted
from app.payments import (
    charges,
    disputes,
    early_events,
    invoicing,
    ledger,
    open_items,
    orders,
    refunds,
    rules,
    suspense,
    unlock_limits,
)
from app.payments.contacts import contacts_of
from app.payments.first_message import hello_url
from app.payments.models import OpenItem, Order, Payment, PaymentAttempt, Unlock
from app.payments.provider import Checkout, CheckoutState
from app.payments.quotes import kept_quote
from app.payments.refunds import PaymentDisputed, PaymentNotRefundable
from app.payments.rules import AttemptStatus, OrderKind, PaymentAction, PaymentStatus


async def settle(
    session: AsyncSession, checkout: Checkout, now: dt.datetime, *, livemode: bool
) -> Order | None:
    """Bring our order to the state of its page at the provider; None if it is not ours.

    `livemode` is the mode this server sells in; a page of the other mode unlocks nothing.
    """
    attempt = await _find(session, checkout)
    if attempt is None:
        return None
    order = await session.get_one(Order, attempt.order_id, populate_existing=True)
    match checkout.state:
        case CheckoutState.PAID:
            await _paid(session, order, attempt, checkout, now, livemode=livemode)
        case CheckoutState.PROCESSING:
            await orders.move(session, order.id, PaymentAction.PROCESS, now)
        case CheckoutState.EXPIRED:
            # A page of an earlier attempt says nothing of the one that is open.
            if attempt.status == AttemptStatus.OPEN:
                await orders.move(session, order.id, PaymentAction.EXPIRE, now)
        case CheckoutState.OPEN:
            pass
    return order


async def _find(session: AsyncSession, checkout: Checkout) -> PaymentAttempt | None:
    """Find by the page, else by our id in its metadata: a crash may have kept us from noting the page."""
    attempts = select(PaymentAttempt).execution_options(populate_existing=True)
    by_page = attempts.where(PaymentAttempt.session_id == checkout.session_id)
    # News of a charge names no page.
    if checkout.session_id and (attempt := await session.scalar(by_page)) is not None:
        return attempt
    of_order = attempts.where(
        PaymentAttempt.order_id == await orders.find_id(session, checkout.payment_id)
    )
    if checkout.intent_id is not None:
        by_charge = of_order.where(PaymentAttempt.intent_id == checkout.intent_id)
        if (attempt := await session.scalar(by_charge)) is not None:
            return attempt
    newest: PaymentAttempt | None = await session.scalar(
        of_order.order_by(PaymentAttempt.number.desc()).limit(1)
    )
    return newest


async def _paid(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    now: dt.datetime,
    *,
    livemode: bool,
) -> None:
    ours = rules.PaymentTerms(str(order.id), order.price, livemode)
    theirs = rules.PaymentTerms(checkout.payment_id, checkout.paid, checkout.livemode)
    if wrong := rules.mismatches(ours, theirs):
        await _mismatch(session, order, attempt, checkout, wrong, now)
        return
    if await _is_of_another(session, order, checkout):
        return  # it was told otherwise before, and an administrator decides
    # Everybody locks jobs first; the order's own row comes after.
    its_jobs = (
        select(JobMatch.job_id)
        .join(Payment, Payment.match_id == JobMatch.id)
        .where(Payment.order_id == order.id)
    )
    await lock_jobs(session, set(await session.scalars(its_jobs)))
    if not await orders.move(session, order.id, PaymentAction.SUCCEED, now):
        if not await _is_known(session, checkout.intent_id):
            await _paid_twice(session, order, attempt, checkout, now)
        return
    await _capture(session, order, attempt, checkout, now)


async def pay_from_balance(
    session: AsyncSession, payments: Sequence[Payment], now: dt.datetime
) -> None:
    """Take the payments of an order just made, which has succeeded, out of the balance, and unlock their leads.

    The caller has locked the jobs and the balance, and has seen that it covers the order. What can't be unlocked goes
    back to the balance.
    """
    await _book_captures(session, payments, None, now)
    refused = [(payment, await _unlock_or_refuse(session, payment, now)) for payment in payments]
    await _invoice(session, payments, None, now)
    await _give_back(session, refused, now)


async def unlock_free(session: AsyncSession, payments: Sequence[Payment], now: dt.datetime) -> None:
    """Unlock the leads of an order just made for which nothing is paid; the caller has locked the jobs.

    Each is a transaction of the ledger without entries, and has no invoice: nothing was sold. Raises
    `MatchNotAccepted`, `AlreadyUnlocked`, or `AccountRestricted` where the account was closed meanwhile.
    """
    if await _refusal(session, payments[0].employer_id) is not None:
        raise AccountRestricted
    for payment in payments:
        await ledger.book(
            session,
            f"capture:{payment.id}",
            rules.capture(payment.amount),
            currency=payment.currency,
            payment_id=payment.id,
            now=now,
            provider=None,
        )
        await free_leads.use(session, payment.employer_id, payment.id, now)
        await _unlock(session, payment, now)


async def _credit(
    session: AsyncSession, order: Order, attempt: PaymentAttempt, now: dt.datetime
) -> None:
    """Add a top-up that was paid to the balance; money that was paid a second time is credited as it is.

    Of an account that may buy nothing it is an open item, too: a person gives it back, or lets it stand.
    """
    credited = await ledger.book(
        session,
        f"top_up:{order.id}",
        rules.top_up(order.total, order.credits or order.total, order.employer_id),
        currency=order.currency,
        payment_id=None,
        now=now,
        provider=attempt.provider,
        provider_ref=attempt.intent_id,
    )
    if credited:
        about = {"amount": order.credits or order.total, "currency": order.currency}
        to, key = order.employer_id, str(order.id)
        await notify(session, to, "balance_topped_up", about, key=key, now=now, subject_id=order.id)
    if (why := await _refusal(session, order.employer_id)) is not None:
        await open_items.add(
            session,
            open_items.ItemKind.UNKNOWN_PAYMENT,
            f"top_up:{order.id}",
            now,
            money=order.price,
            details={"why": why, "order_id": str(order.id), "intent_id": attempt.intent_id},
        )


async def _is_of_another(session: AsyncSession, order: Order, checkout: Checkout) -> bool:
    """Whether the money is known as that of another order."""
    if checkout.intent_id is None:
        return False
    query = select(PaymentAttempt.id).where(
        PaymentAttempt.intent_id == checkout.intent_id, PaymentAttempt.order_id != order.id
    )
    return await session.scalar(query) is not None


async def _is_known(session: AsyncSession, intent_id: str | None) -> bool:
    if intent_id is None:
        return True
    known = select(PaymentAttempt.id).where(PaymentAttempt.intent_id == intent_id)
    return await session.scalar(known) is not None


async def _capture(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    now: dt.datetime,
) -> None:
    """Note what paid the order, book it, and unlock its leads. The order's row has let only one through."""
    await session.refresh(attempt)
    attempt.status = AttemptStatus.PAID
    attempt.intent_id = checkout.intent_id
    attempt.livemode = checkout.livemode
    attempt.gross = checkout.paid.amount
    attempt.captured_at = now
    attempt.check_at = None
    attempt.failure_code = None
    attempt.updated_at = now
    await session.refresh(order)
    order.paid_at = now
    payments = await orders.payments_of(session, order.id)
    for payment in payments:
        payment.captured_by = attempt.id
        payment.livemode = checkout.livemode
        payment.paid_at = now
        payment.failure_code = None
        if len(payments) == 1:
            payment.intent_id = checkout.intent_id
    await session.flush()
    await _book_captures(session, payments, attempt, now)
    if order.kind == OrderKind.TOP_UP:
        await _credit(session, order, attempt, now)
    if await early_events.are_waiting(session, attempt.intent_id):
        # Before what was told early is applied: a credit note is about an invoice.
        await _invoice(session, payments, attempt, now)
        await early_events.apply(session, attempt.intent_id, now)
        left = await _not_gone(session, await orders.payments_of(session, order.id))
    else:
        left = payments
    refused = [(payment, await _unlock_or_refuse(session, payment, now)) for payment in left]
    await _invoice(session, payments, attempt, now)
    await _give_back(session, refused, now)


async def _not_gone(session: AsyncSession, payments: Sequence[Payment]) -> list[Payment]:
    """Return those of which something is left: nothing is unlocked for money that has gone back already."""
    return [each for each in payments if await charges.given_up(session, each.id) < each.amount]


async def _book_captures(
    session: AsyncSession,
    payments: Sequence[Payment],
    attempt: PaymentAttempt | None,
    now: dt.datetime,
) -> None:
    """Book what was paid, by an attempt or (None) out of the balance."""
    for payment in payments:
        postings = rules.capture(payment.amount, kept_quote(payment).tax)
        await ledger.book(
            session,
            f"capture:{payment.id}",
            postings if attempt else rules.by_balance(postings, payment.employer_id),
            currency=payment.currency,
            payment_id=payment.id,
            now=now,
            provider=attempt.provider if attempt else None,
            provider_ref=attempt.intent_id if attempt else None,
        )


async def _invoice(
    session: AsyncSession,
    payments: Sequence[Payment],
    attempt: PaymentAttempt | None,
    now: dt.datetime,
) -> None:
    """Issue the invoice of what was captured: after the unlocks, for its number is locked to the end."""
    if payments:
        by = attempt.id if attempt else None
        await invoicing.invoice_captures(session, payments, now, attempt_id=by)


async def _unlock_or_refuse(
    session: AsyncSession, payment: Payment, now: dt.datetime
) -> str | None:
    """Unlock the contact, or return why not: the employer may not buy, or the lead is gone or already bought."""
    if (why := await _refusal(session, payment.employer_id)) is not None:
        return why
    try:
        await _unlock(session, payment, now)
    except (MatchNotAccepted, AlreadyUnlocked) as refusal:
        return refusal.reason
    return None


async def _give_back(
    session: AsyncSession, payments: Sequence[tuple[Payment, str | None]], now: dt.datetime
) -> None:
    """Ask for the refunds of payments, each with why it bought nothing; None: it did."""
    for payment, why in payments:
        if why is not None:
            await refunds.request(session, payment.id, None, why, None, now)


async def _refusal(session: AsyncSession, employer_id: UUID) -> str | None:
    """Return why an employer's money buys nothing now: the account's status or an open dispute; None if it does."""
    status = await session.scalar(select(User.status).where(User.id == employer_id))
    if status != UserStatus.ACTIVE:
        return f"account_{status}"
    return disputes.DisputeOpen.code if await disputes.has_open(session, employer_id) else None


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
    """Cancel other orders for the same lead, and have their pages closed at the provider.

    All of such an order goes: its page asks for a lead that is bought.
    """
    others = select(Payment.order_id).where(
        Payment.match_id == payment.match_id,
        Payment.id != payment.id,
        Payment.status.in_(rules.OPEN),
        Payment.order_id != payment.order_id,
    )
    for order_id in sorted(filter(None, set(await session.scalars(others)))):
        await orders.move(session, order_id, PaymentAction.CANCEL, now)


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
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    now: dt.datetime,
) -> None:
    """Give back a second charge for one order: two pages can exist if an answer was lost.

    It becomes an order of its own, whose payments are refunded.
    """
    amounts = [payment.amount for payment in await orders.payments_of(session, order.id)]
    attempt, second = await orders.add_captured(
        session,
        order,
        checkout,
        amounts,
        PaymentStatus.SUCCEEDED,
        now,
        provider=attempt.provider,
    )
    await _book_captures(session, second, attempt, now)
    await _invoice(session, second, attempt, now)
    if order.kind == OrderKind.TOP_UP:
        await _credit(session, await session.get_one(Order, attempt.order_id), attempt, now)
    await early_events.apply(session, attempt.intent_id, now)
    for payment in second:
        with contextlib.suppress(PaymentNotRefundable):  # it went back before
            await refunds.request(session, payment.id, None, AlreadyUnlocked.code, None, now)


async def _mismatch(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    differs: list[str],
    now: dt.datetime,
) -> None:
    """Unlock nothing, set the money aside and raise one alert, however often the event is repeated."""
    await session.refresh(order, with_for_update=True)
    if checkout.intent_id is None:
        noted = attempt.failure_code == rules.MISMATCH
    else:
        noted = await _is_known(session, checkout.intent_id)
    if noted:
        return
    await orders.move(session, order.id, PaymentAction.FAIL, now, failure_code=rules.MISMATCH)
    ALERTS.labels("payment_mismatch").inc()
    logger().error("payment_mismatch", order_id=str(order.id), reason=",".join(differs))
    audit.record(session, "payment.mismatch", order.id, None, now, after={"differs": differs})
    if checkout.intent_id is not None:
        await suspense.set_aside(session, order, attempt, checkout, differs, now)
        await early_events.apply(session, checkout.intent_id, now)


async def settle_suspense(
    session: AsyncSession, item_id: UUID, reason: str, actor: Actor, now: dt.datetime
) -> OpenItem:
    """Take money in suspense for the price of its lead, unlock that, and invoice what was taken.

    Raises `OpenItemNotFound`, `OpenItemClosed`, `OtherMode`, `PaymentNotRefundable` if the money has gone,
    `MatchNotAccepted` or `AlreadyUnlocked` where the lead can't be sold: then the money goes back. Raises
    `BuyerNotActive` or `PaymentDisputed` where the employer may buy nothing, as any other purchase is refused.
    """
    about = select(JobMatch.job_id).join(Payment, Payment.match_id == JobMatch.id)
    of_item = about.join(OpenItem, OpenItem.payment_id == Payment.id).where(OpenItem.id == item_id)
    job_id = await session.scalar(of_item)
    await lock_jobs(session, [job_id] if job_id else [])
    item, payment = await suspense.get_item(session, item_id)
    refusal = await _refusal(session, payment.employer_id)
    if refusal == disputes.DisputeOpen.code:
        raise PaymentDisputed
    if refusal is not None:
        raise suspense.BuyerNotActive
    await suspense.take_as_paid(session, item, payment, reason, actor, now)
    await _unlock(session, payment, now)
    await invoicing.invoice_captures(session, [payment], now)
    return item
