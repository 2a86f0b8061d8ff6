"""The documents of money that moved: an invoice for each capture, a credit note for each refund.

Called in the transaction that books it, after the booking: a number is locked until its end.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.invoices import issue
from app.invoices.documents import DocumentLine
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.payments.models import Payment
from app.payments.quotes import kept_quote


async def invoice_capture(session: AsyncSession, payment: Payment, now: dt.datetime) -> None:
    """Issue the invoice of a payment that was just captured."""
    query = (
        select(Job.title)
        .join(JobMatch, JobMatch.job_id == Job.id)
        .where(JobMatch.id == payment.match_id)
    )
    title = await session.scalar(query)
    line = DocumentLine(payment.id, f"Contact of one worker: {title}", kept_quote(payment))
    await issue.issue(session, f"payment:{payment.id}", payment.employer_id, [line], now)


async def tax_of_refund(session: AsyncSession, payment_id: UUID, amount: int) -> int:
    """Return how much of `amount` minor units that go back of a locked payment is tax."""
    planned = await issue.plan_credit(session, payment_id, amount)
    return planned.tax if planned else 0


async def credit_refund(
    session: AsyncSession, payment_id: UUID, refund_id: UUID, amount: int, now: dt.datetime
) -> None:
    """Issue the credit note of a refund that succeeded; the payment is locked."""
    await issue.credit(session, f"refund:{refund_id}", payment_id, amount, now)


async def tax_of_failed_refund(session: AsyncSession, refund_id: UUID) -> int:
    """Return how much tax is due again because a refund that succeeded has failed."""
    planned = await issue.plan_debit(session, f"refund:{refund_id}")
    return planned.tax if planned else 0


async def take_back_credit(session: AsyncSession, refund_id: UUID, now: dt.datetime) -> None:
    """Issue the debit note of a refund that succeeded and then failed."""
    source = f"refund:{refund_id}"
    await issue.take_back_credit(session, f"refund_failed:{refund_id}", source, now)
