"""Refunds: requested in one transaction, sent outside any (`send_refunds`), recorded in another.

A refund never hides a contact again. Which bad leads get one is decided in `lead_guarantee`. While a dispute is
open nothing goes back, because the bank may take the same money: refunds wait for its end.
"""

import datetime as dt
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.core.money import Money
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.jobs.models import Job
from app.messaging.outbox.enqueue import notify
from app.offers.models import JobMatch
from app.payments import (
    charges,
    four_eyes,
    invoicing,
    ledger,
    open_items,
    orders,
    rules,
    top_up_returns,
)
from app.payments.models import Payment, Refund
from app.payments.open_items import ItemKind
from app.payments.provider import (
    ProviderRefund,
    RefundState,
)
from app.payments.rules import AccountType, PaymentStatus, RefundStatus, RefundTo

CHECK_AFTER: Final = dt.timedelta(hours=1)
"""When the provider is first asked about a refund that it has taken, should no event have come."""


class PaymentNotFound(NotFound):
    """There is no such payment for whoever asks."""

    code = "payment_not_found"
    detail = "There is no such payment, or it is not yours."


class PaymentNotRefundable(Conflict):
    """Nothing was taken, or all of it is on its way back."""

    code = "payment_not_refundable"
    detail = "This payment can't be refunded: it was not paid, or all of it went back already."


class PaymentDisputed(Conflict):
    """The cardholder's bank decides about the money first."""

    code = "payment_disputed"
    detail = "The cardholder's bank disputes this payment; it can be refunded once that is decided for us."
    remedy = "Answer the dispute at the payment provider, or wait until the bank has decided."


async def request(
    session: AsyncSession,
    payment_id: UUID,
    amount: int | None,
    reason: str,
    actor: Actor | None,
    now: dt.datetime,
    *,
    in_review: bool = False,
    refund_to: RefundTo = RefundTo.SOURCE,
) -> Refund:
    """Ask for a refund of `amount` minor units (None: all that is left), to be sent right after.

    `actor` None means that a rule decided: its refund waits while the payment is disputed. `in_review` is for money
    in suspense, whose administrator decides there. What goes to the balance is there at once. Raises `PaymentNotFound`, `PaymentNotRefundable`,
    `PaymentDisputed`, or `Invalid` for more than is left.
    """
    # The order first: what is left of its charge bounds the refunds of all its leads.
    of_order = await session.scalar(select(Payment.order_id).where(Payment.id == payment_id))
    if of_order is not None:
        await orders.lock(session, of_order)
    query = select(Payment).where(Payment.id == payment_id).with_for_update()
    payment = await session.scalar(query.execution_options(populate_existing=True))
    if payment is None:
        raise PaymentNotFound
    left = payment.amount - await charges.given_up(session, payment_id)
    refundable = {PaymentStatus.IN_REVIEW} if in_review else rules.REFUNDABLE
    if payment.status not in refundable or left <= 0:
        raise PaymentNotRefundable
    if amount is not None and not 0 < amount <= left:
        raise Invalid.field("amount", f"must be between 1 and {left}, what is left of the payment")
    disputed = await charges.is_disputed(session, payment_id)
    if disputed and actor is not None:
        raise PaymentDisputed
    status = RefundStatus.WAITING if disputed else RefundStatus.REQUESTED
    if actor is not None and await four_eyes.are_needed(session, payment, amount or left):
        status = RefundStatus.PROPOSED
    refund = Refund(
        id=new_id(),
        payment_id=payment_id,
        status=status,
        refund_to=refund_to,
        amount=amount or left,
        currency=payment.currency,
        reason=reason,
        requested_by=actor.user_id if actor else None,
        attempts=0,
        due_at=now if status is RefundStatus.REQUESTED else None,
        created_at=now,
        updated_at=now,
    )
    session.add(refund)
    await session.flush()
    if status is RefundStatus.PROPOSED:
        await four_eyes.propose(session, refund, now)
    audit.record(
        session,
        "payment.refund",
        payment_id,
        actor,
        now,
        reason=reason,
        after={"amount": refund.amount, "currency": refund.currency, "to": refund.refund_to},
    )
    if status is RefundStatus.REQUESTED and await goes_to_balance(session, payment, refund):
        await to_balance(session, payment, refund, now)
        return refund
    wake_loops(session, "refunds")
    return refund


async def wait_for_dispute(session: AsyncSession, payment_id: UUID, now: dt.datetime) -> None:
    """Let the refunds of a payment that are not sent yet wait, because a dispute was opened."""
    await session.execute(
        update(Refund)
        .where(Refund.payment_id == payment_id, Refund.status == RefundStatus.REQUESTED)
        .values(status=RefundStatus.WAITING, due_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def dispute_ended(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Send the refunds that waited, as far as the bank has left money; the others are cancelled.

    The caller has locked the payment. While another dispute of it is open, they go on waiting. A dispute that was
    lost and is won after all revives those that were cancelled.
    """
    if await charges.is_disputed(session, payment.id):
        return
    unsent = select(Refund).where(
        Refund.payment_id == payment.id,
        Refund.status.in_([RefundStatus.WAITING, RefundStatus.CANCELLED]),
        or_(Refund.failure_code.is_(None), Refund.failure_code.not_in(rules.NOT_REVIVED)),
    )
    for refund in list(await session.scalars(unsent.order_by(Refund.id))):
        waited = refund.status == RefundStatus.WAITING
        left = payment.amount - await charges.given_up(session, payment.id) + waited * refund.amount
        refund.updated_at = now
        if left > 0:
            refund.status, refund.due_at, refund.failure_code = RefundStatus.REQUESTED, now, None
            refund.amount = min(refund.amount, left)
            wake_loops(session, "refunds")
        elif waited:
            refund.status, refund.failure_code = RefundStatus.CANCELLED, "dispute_lost"
            audit.record(
                session,
                "payment.refund_cancelled",
                payment.id,
                None,
                now,
                reason="the bank gave the money back",
                after={"amount": refund.amount, "currency": refund.currency},
            )
        await session.flush()
    await four_eyes.end_those_too_large(session, payment, now)


async def alert_failed(
    session: AsyncSession, refund: Refund, code: str | None, now: dt.datetime
) -> None:
    """Money that should go back did not: a person has to look."""
    suspended = f"suspense:{refund.payment_id}"
    if not await open_items.reopen(session, suspended, now):
        await open_items.add(
            session,
            ItemKind.REFUND_FAILED,
            _failed_item(refund),
            now,
            payment_id=refund.payment_id,
            money=Money(refund.amount, refund.currency),
            details={"refund_id": str(refund.id), "code": code},
        )
    ALERTS.labels("refund_failed").inc()
    logger().error("refund_failed", payment_id=str(refund.payment_id), code=code)
    audit.record(
        session,
        "payment.refund_failed",
        refund.of_payment,
        None,
        now,
        after={"amount": refund.amount, "currency": refund.currency, "code": code},
    )


def _failed_item(refund: Refund) -> str:
    """Return the key of the open item of a payment whose refund failed."""
    return f"refund_failed:{refund.payment_id}"


async def record_refund(
    session: AsyncSession, made: ProviderRefund, intent_id: str, now: dt.datetime
) -> bool:
    """Record the provider's status of a refund, also of one made in its dashboard; False for an unknown payment."""
    payments = await orders.payments_of_charge(session, intent_id)
    if not payments:
        return await top_up_returns.record_refund(session, made, intent_id, now)
    known = select(Refund).where(
        Refund.payment_id.in_([payment.id for payment in payments]),
        or_(
            Refund.provider_id == made.provider_id,
            Refund.provider_id.startswith(f"{made.provider_id}{charges.PART}", autoescape=True),
            Refund.id == made.our_id,
        ),
    )
    ours = list(await session.scalars(known))
    if not ours:
        ours = await _made_there(session, payments, made, now)
    for refund in sorted(ours, key=lambda one: charges.place_of(one.provider_id)):
        part = Money(refund.amount, refund.currency) if len(ours) > 1 else made.amount
        # Each part keeps the id it has: another one's would be there twice for a moment.
        its_id = refund.provider_id or made.provider_id
        await record_state(session, refund.id, replace(made, provider_id=its_id, amount=part), now)
    return True


async def _made_there(
    session: AsyncSession, payments: list[Payment], made: ProviderRefund, now: dt.datetime
) -> list[Refund]:
    """Make the rows of a refund that somebody made at the provider: it gives back one payment after the other.

    What is more than is left of them all stands with the last one.
    """
    rest = made.amount.amount
    rows: list[Refund] = []
    for place, payment in enumerate(payments):
        left = payment.amount - await charges.given_up(session, payment.id)
        amount = rest if place == len(payments) - 1 else min(rest, max(0, left))
        if amount <= 0:
            continue
        rest -= amount
        rows.append(
            Refund(
                id=new_id(),
                payment_id=payment.id,
                provider_id=charges.part_of(made.provider_id, len(rows)),
                status=RefundStatus.PENDING,
                amount=amount,
                currency=made.amount.currency,
                reason="made at the provider",
                attempts=0,
                created_at=now,
                updated_at=now,
            )
        )
    session.add_all(rows)
    await session.flush()
    return rows


async def goes_to_balance(session: AsyncSession, payment: Payment, refund: Refund) -> bool:
    """Whether a refund goes into the balance: the money came from there, or that was asked for."""
    asked = refund.refund_to == RefundTo.BALANCE
    return asked or await orders.is_from_balance(session, payment)


async def to_balance(
    session: AsyncSession, payment: Payment, refund: Refund, now: dt.datetime
) -> None:
    """Give back into the balance, at once: no provider is asked."""
    refund.status, refund.due_at = RefundStatus.SUCCEEDED, None
    await session.flush()
    await _book_and_tell(session, payment, refund, RefundStatus.REQUESTED, now)


async def record_state(
    session: AsyncSession, refund_id: UUID, made: ProviderRefund, now: dt.datetime
) -> None:
    """Apply the provider's status to our refund, the payment and the ledger."""
    query = (
        select(Payment)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.id == refund_id)
        .with_for_update(of=Payment)
        .execution_options(populate_existing=True)
    )
    payment = (await session.scalars(query)).one()
    refund = await session.get_one(Refund, refund_id, populate_existing=True)
    was = refund.status
    known_before = refund.provider_id is not None
    if (was == RefundState.FAILED and known_before) or was == made.state == RefundState.SUCCEEDED:
        return
    if was == RefundState.SUCCEEDED and made.state is RefundState.PENDING:
        return
    refund.status = made.state
    refund.provider_id = made.provider_id
    refund.failure_code = made.failure_code
    refund.due_at = None
    refund.updated_at = now
    if made.state is RefundState.PENDING:
        refund.check_at = refund.check_at or now + CHECK_AFTER
        return
    refund.check_at = None
    await session.flush()
    await _book_and_tell(session, payment, refund, was, now)


async def _book_and_tell(
    session: AsyncSession, payment: Payment, refund: Refund, was: str, now: dt.datetime
) -> None:
    """Follow a refund that was `was` before and has succeeded or failed: payment, ledger, note, message."""
    done = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment.id, Refund.status == RefundState.SUCCEEDED
    )
    payment.refunded_amount = int(await session.scalar(done) or 0)
    payment.status = rules.after_refunds(payment.amount, payment.refunded_amount)
    payment.updated_at = now
    in_review = payment.failure_code == rules.MISMATCH
    if in_review and payment.status != PaymentStatus.REFUNDED:
        payment.status = PaymentStatus.IN_REVIEW
    source = AccountType.SUSPENSE if in_review else AccountType.LEAD_REVENUE
    if refund.status == RefundState.FAILED:
        await alert_failed(session, refund, refund.failure_code, now)
        if was != RefundState.SUCCEEDED:
            return
        tax = await invoicing.tax_of_failed_refund(session, refund.id)
        postings = rules.reversal(rules.refund(refund.amount, source, tax=tax))
        event = f"refund_failed:{refund.id}"
    else:
        tax = await invoicing.tax_of_refund(session, payment.id, refund.amount)
        postings = rules.refund(refund.amount, source, tax=tax)
        event = f"refund:{refund.id}"
    provider: str | None = await orders.provider_of(session, payment)
    if await goes_to_balance(session, payment, refund):
        provider, postings = None, rules.by_balance(postings, payment.employer_id)
    await ledger.book(
        session,
        event,
        postings,
        currency=refund.currency,
        payment_id=payment.id,
        now=now,
        provider=provider,
        provider_ref=refund.provider_id,
    )
    if refund.status == RefundState.SUCCEEDED:
        await open_items.close_key(session, _failed_item(refund), "the money went back", now)
        await _notify(session, payment, refund, now)
        await invoicing.credit_refund(session, payment.id, refund.id, refund.amount, now)
    else:
        await invoicing.take_back_credit(session, refund.id, now)


async def _notify(
    session: AsyncSession, payment: Payment, refund: Refund, now: dt.datetime
) -> None:
    query = (
        select(Job.title)
        .join(JobMatch, JobMatch.job_id == Job.id)
        .where(JobMatch.id == payment.match_id)
    )
    params = {
        "title": await session.scalar(query),
        "amount": refund.amount,
        "currency": refund.currency,
    }
    await notify(
        session,
        payment.employer_id,
        "refund_to_balance" if await goes_to_balance(session, payment, refund) else "refund_made",
        params,
        key=str(refund.id),
        now=now,
        subject_id=payment.id,
    )
