"""The documents of money that moved: an invoice for each capture, a credit note for each refund.

Called in the transaction that books it, after the booking: a number is locked until its end.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.invoices import issue
from app.invoices.documents import DocumentLine
from app.payments.models import Payment
from app.payments.quotes import kept_quote


async def invoice_captures(
    session: AsyncSession,
    payments: Sequence[Payment],
    now: dt.datetime,
    titles: Mapping[UUID, str],
    *,
    attempt_id: UUID | None = None,
) -> None:
    """Issue the one invoice of payments that were captured together: by an attempt, or (None) out of the balance.

    Money that was captured before and is taken for a price now has its invoice by this, too. `titles` are those of
    the jobs, by match. It is called once for them: a second invoice is refused by its unique source.
    """
    lines = [_line(payment, titles) for payment in payments]
    first = payments[0]
    alone = len(payments) == 1
    source = f"payment:{first.id}" if alone else f"attempt:{attempt_id or first.id}"
    await issue.issue(session, source, first.employer_id, lines, now, order_id=first.order_id)


def _line(payment: Payment, titles: Mapping[UUID, str]) -> DocumentLine:
    what = f"Contact of one worker: {titles[payment.match_id]}"
    return DocumentLine(payment.id, what, kept_quote(payment))


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
