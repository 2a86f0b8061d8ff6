"""Apply a verified event of the provider to an order: the only way a lead is unlocked.

The unlock, the ledger entries, the messages and the audit row commit in one transaction. Applying an event
twice changes nothing.
"""

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.employers import free_leads
from app.identity.actor import AccountRestricted, Actor
from app.identity.models import UserStatus
from app.messaging.outbox.enqueue import notify
from app.offers.job_lock import LockedJob, lock_jobs
from app.offers.models import JobMatch
from app.offers.rules import AlreadyUnlocked
from app.payments import (
    charges,
    early_events,
    invoicing,
    kept_card,
    ledger,
    open_items,
    orders,
    refunds,
    rules,
    suspense,
    unlocking,
)
from app.payments.buyers import Buyer, get_buyer
from app.payments.ledger import Booking
from app.payments.models import OpenItem, Order, Payment, PaymentAttempt
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
    tried = list(await session.scalars(of_order.order_by(PaymentAttempt.number.desc())))
    if checkout.is_of_card:
        # The attempt may have been given up before the answer came, and a page have followed.
        tried = [each for each in tried if (each.request or {}).get("card_id")] or tried
    return tried[0] if tried else None


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
    jobs = await _lock_jobs_of(session, Payment.order_id == order.id)
    if not await orders.move(session, order.id, PaymentAction.SUCCEED, now):
        if not await _is_known(session, checkout.intent_id):
            await _paid_twice(session, order, attempt, checkout, jobs, now)
        return
    await _capture(session, order, attempt, checkout, jobs, now)


async def _lock_jobs_of(
    session: AsyncSession, *which: ColumnElement[bool]
) -> dict[UUID, LockedJob]:
    """Lock the jobs of these payments' leads, and return them by match."""
    query = select(JobMatch.id, JobMatch.job_id).join(Payment, Payment.match_id == JobMatch.id)
    matches = (await session.execute(query.where(*which))).all()
    locked = await lock_jobs(session, {match.job_id for match in matches})
    return {match.id: locked[match.job_id] for match in matches}


async def pay_from_balance(
    session: AsyncSession,
    buyer: Buyer,
    payments: Sequence[Payment],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> list[tuple[Payment, str | None]]:
    """Take the payments of an order just made, which has succeeded, out of the balance, and unlock their leads.

    The caller has locked the jobs (given by match) and the balance, has seen that it covers the order, and has closed
    every other order for these leads. It gathers the writes, and then passes what this returns to `give_back`.
    """
    await _book_captures(session, payments, None, now)
    results = await unlocking.unlock_paid(session, buyer, payments, jobs, now)
    await _invoice(session, payments, None, jobs, now)
    return results


async def unlock_free(
    session: AsyncSession,
    buyer: Buyer,
    payments: Sequence[Payment],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> None:
    """Unlock the leads of an order just made for which nothing is paid; the caller has locked the jobs, as above.

    Each is a transaction of the ledger without entries, and has no invoice: nothing was sold. Raises
    `MatchNotAccepted`, `AlreadyUnlocked`, or `AccountRestricted` where the account was closed meanwhile.
    """
    if buyer.refusal is not None:
        raise AccountRestricted
    sides = rules.capture(0)
    bookings = [Booking(f"capture:{payment.id}", sides, payment.id) for payment in payments]
    currency = payments[0].currency
    await ledger.book_new(session, bookings, currency=currency, now=now)
    for payment in payments:
        await free_leads.use(session, payment.employer_id, payment.id, now)
    sold = [await unlocking.sell_paid(session, buyer, payment, jobs, now) for payment in payments]
    await unlocking.unlock(session, buyer, sold, now)


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
    if (why := (await get_buyer(session, order.employer_id)).refusal) is not None:
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
    jobs: Mapping[UUID, LockedJob],
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
    if attempt.session_id is not None and (attempt.request or {}).get("customer_id"):
        await kept_card.look_soon(session, order.employer_id, now)
    await _book_captures(session, payments, attempt, now)
    if order.kind == OrderKind.TOP_UP:
        await _credit(session, order, attempt, now)
    if await early_events.are_waiting(session, attempt.intent_id):
        # Before what was told early is applied: a credit note is about an invoice.
        await _invoice(session, payments, attempt, jobs, now)
        await early_events.apply(session, attempt.intent_id, now)
        left = await _not_gone(session, await orders.payments_of(session, order.id))
        refused = await _unlock_for(session, order, left, jobs, now)
    else:
        refused = await _unlock_for(session, order, payments, jobs, now)
        await _invoice(session, payments, attempt, jobs, now)
    await give_back(session, refused, now)


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
    bookings = []
    for payment in payments:
        sides = rules.capture(payment.amount, kept_quote(payment).tax)
        sides = sides if attempt else rules.by_balance(sides, payment.employer_id)
        bookings.append(Booking(f"capture:{payment.id}", sides, payment.id))
    if attempt is None:
        await ledger.book_new(session, bookings, currency=payments[0].currency, now=now)
    elif bookings:
        await ledger.book_each(
            session,
            bookings,
            currency=payments[0].currency,
            now=now,
            provider=attempt.provider,
            provider_ref=attempt.intent_id,
        )


async def _invoice(
    session: AsyncSession,
    payments: Sequence[Payment],
    attempt: PaymentAttempt | None,
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> None:
    """Issue the invoice of what was captured now: after the unlocks, for its number is locked to the end."""
    if payments:
        by = attempt.id if attempt else None
        titles = {payment.match_id: jobs[payment.match_id].title for payment in payments}
        await invoicing.invoice_captures(session, payments, now, titles, attempt_id=by)


async def _unlock_for(
    session: AsyncSession,
    order: Order,
    payments: Sequence[Payment],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> list[tuple[Payment, str | None]]:
    """Unlock what these payments of one employer bought; see `unlocking.unlock_paid`. Other orders for the leads are cancelled."""
    if not payments:
        return []
    buyer = await get_buyer(session, order.employer_id, order.bought_by)
    results = await unlocking.unlock_paid(session, buyer, payments, jobs, now)
    await _cancel_others(session, [payment for payment, why in results if why is None], now)
    return results


async def give_back(
    session: AsyncSession, payments: Sequence[tuple[Payment, str | None]], now: dt.datetime
) -> None:
    """Ask for the refunds of payments, each with why it bought nothing; None: it did."""
    for payment, why in payments:
        if why is not None:
            await refunds.request(session, payment.id, None, why, None, now)


async def _cancel_others(
    session: AsyncSession, payments: Sequence[Payment], now: dt.datetime
) -> None:
    """Cancel other orders for the leads of these payments of one order, and have their pages closed at the provider.

    All of such an order goes: its page asks for a lead that is bought.
    """
    if not payments:
        return
    others = select(Payment.order_id).where(
        Payment.match_id.in_([payment.match_id for payment in payments]),
        Payment.status.in_(rules.OPEN),
        Payment.order_id != payments[0].order_id,
    )
    for order_id in sorted(filter(None, set(await session.scalars(others)))):
        await orders.move(session, order_id, PaymentAction.CANCEL, now)


async def _paid_twice(
    session: AsyncSession,
    order: Order,
    attempt: PaymentAttempt,
    checkout: Checkout,
    jobs: Mapping[UUID, LockedJob],
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
    await _invoice(session, second, attempt, jobs, now)
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
    of_item = select(OpenItem.payment_id).where(OpenItem.id == item_id).scalar_subquery()
    jobs = await _lock_jobs_of(session, Payment.id == of_item)
    item, payment = await suspense.get_item(session, item_id)
    buyer = await get_buyer(session, payment.employer_id)
    if buyer.disputed and buyer.status is UserStatus.ACTIVE:
        raise PaymentDisputed
    if buyer.refusal is not None:
        raise suspense.BuyerNotActive
    await suspense.take_as_paid(session, item, payment, reason, actor, now)
    sold = await unlocking.sell_paid(session, buyer, payment, jobs, now)
    await unlocking.unlock(session, buyer, [sold], now)
    await _cancel_others(session, [payment], now)
    await _invoice(session, [payment], None, jobs, now)
    return item
