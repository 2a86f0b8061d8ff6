"""Money that was given back into the balance, and that a bank then took from us as well.

A bank that decides for the cardholder takes all of the charge. What of it was in the balance already is taken out of
there again, as far as there is any; the rest is a loss, and an open item for a person. While a bank decides nothing
is bought and nothing is paid back, so that what is left stays there.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.payments import ledger, open_items, rules
from app.payments.models import Dispute, Payment, Refund
from app.payments.open_items import ItemKind
from app.payments.rules import RefundStatus, RefundTo

_TAKEN: Final = "dispute_from_balance"
_WON: Final = "dispute_to_balance"


async def take(
    session: AsyncSession,
    payments: Sequence[Payment],
    shares: Sequence[int],
    dispute: Dispute,
    times: int,
    now: dt.datetime,
) -> None:
    """Take out of the balance what a bank took of these payments (`shares`) although it had been given back.

    `times` says how often the dispute was decided the other way before.
    """
    for payment, share in zip(payments, shares, strict=True):
        twice = await _given_twice(session, payment, share)
        if not twice:
            continue
        there = await ledger.lock_balance(session, payment.employer_id, payment.currency)
        taken = min(max(there, 0), twice)
        booked = await ledger.book(
            session,
            _key(_TAKEN, payment, dispute, times),
            rules.out_of_balance(taken, payment.employer_id),
            currency=payment.currency,
            payment_id=payment.id,
            now=now,
            occurred_at=dispute.changed_at,
            provider=None,
            provider_ref=dispute.provider_id,
        )
        if booked and taken < twice:
            await open_items.add(
                session,
                ItemKind.REFUND_LOST_TOO,
                _item(payment, dispute),
                now,
                payment_id=payment.id,
                money=Money(twice - taken, payment.currency),
                details={
                    "employer_id": str(payment.employer_id),
                    "given_back": twice,
                    "provider_id": dispute.provider_id,
                },
            )


async def put_back(
    session: AsyncSession,
    payments: Sequence[Payment],
    dispute: Dispute,
    times: int,
    now: dt.datetime,
) -> None:
    """Give back into the balance what `take` took, because the bank has decided for us after all."""
    for payment in payments:
        await ledger.book_opposite(
            session,
            _key(_TAKEN, payment, dispute, times),
            _key(_WON, payment, dispute, times),
            now=now,
            occurred_at=dispute.changed_at,
        )
        await open_items.close_key(session, _item(payment, dispute), "the money came back", now)


async def _given_twice(session: AsyncSession, payment: Payment, share: int) -> int:
    """Return how much of a payment is in the balance and was taken by the bank as well, in minor units."""
    to_balance = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment.id,
        Refund.status == RefundStatus.SUCCEEDED,
        Refund.refund_to == RefundTo.BALANCE,
    )
    given = int(await session.scalar(to_balance) or 0)
    kept = payment.amount - payment.refunded_amount
    return min(given, max(share - kept, 0))


def _key(kind: str, payment: Payment, dispute: Dispute, times: int) -> str:
    return f"{kind}:{dispute.id}:{payment.id}:{times}"


def _item(payment: Payment, dispute: Dispute) -> str:
    return f"refund_lost_too:{dispute.id}:{payment.id}"
