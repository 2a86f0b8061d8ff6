"""What disputes book: money that a provider takes for a bank, gives back, and what a bank keeps for good.

    taken      dispute_withdrawn: disputed funds +49, cash −49     (and its fee: fees +15, cash −15)
    given back dispute_returned:  disputed funds −49, cash +49
    lost       dispute_lost:      losses (suspense, a balance) +49, disputed funds −49
    won again  dispute_won:       the opposite of what was booked as lost

Of money that had been given back into a balance, `app.payments.lost_refunds` takes what is left there.

The money is booked when the provider moves it, the loss when the bank decides: both are told in any order, and each
is booked once. Disputed funds are zero again when both agree. Disputes that a version before has booked as lost had
no disputed funds; they go on as they began.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.payments import ledger, lost_refunds, orders, rules, suspense, top_up_returns
from app.payments.models import Dispute, LedgerAccount, LedgerEntry, LedgerTransaction, Payment
from app.payments.provider import DisputeChanged, DisputeMove
from app.payments.rules import AccountType, DisputeStatus, Posting
from app.payments.top_up_returns import PaidTopUp

WITHDRAWN: Final = "dispute_withdrawn"
RETURNED: Final = "dispute_returned"
FEE: Final = "dispute_fee"
_LOST: Final = "dispute_lost"
_WON: Final = "dispute_won"
_OF_BEFORE: Final = "dispute_reinstated"
"""What versions before booked for `dispute_won`."""

type Paid = PaidTopUp | Sequence[Payment]
"""What the disputed charge paid: a top-up, or leads, of which there is one at least."""


async def book_moves(
    session: AsyncSession,
    paid: Paid,
    dispute: Dispute,
    change: DisputeChanged,
    now: dt.datetime,
    *,
    is_news: bool,
) -> None:
    """Book what the provider has taken and given back so far, each once.

    Where it does not name the movements, only `is_news` counts: an older word would take back what a newer one said.
    """
    if await _sum(session, dispute, AccountType.PROVIDER_CASH, _LOST):
        return  # of a version before: taken when it was lost
    if change.moves is not None and not await _is_booked_by_level(session, dispute):
        for move in change.moves:
            await _book_move(session, paid, dispute, move, now)
        return
    if not is_news:
        return
    taken = change.taken if change.taken is not None else change.status is DisputeStatus.LOST
    if change.moves is not None:
        taken = sum(move.amount.amount for move in change.moves) < 0
    before = -await _sum(session, dispute, AccountType.PROVIDER_CASH, WITHDRAWN, RETURNED)
    if taken == (before > 0):
        return
    kind = WITHDRAWN if taken else RETURNED
    times = await _count(session, dispute, kind)
    amount = dispute.amount if taken else -before
    sides = rules.dispute_withdrawn(amount)
    key, currency, at = f"{kind}:{dispute.id}:{times}", dispute.currency, change.at
    await _book(session, paid, dispute, key, sides, currency, now, at)


async def _book_move(
    session: AsyncSession, paid: Paid, dispute: Dispute, move: DisputeMove, now: dt.datetime
) -> None:
    kind = WITHDRAWN if move.amount.amount < 0 else RETURNED
    sides = rules.dispute_withdrawn(-move.amount.amount)
    currency = move.amount.currency
    await _book(session, paid, dispute, f"{kind}:{move.id}", sides, currency, now, move.at)
    if move.fee.amount:
        sides, currency = rules.fee(move.fee.amount), move.fee.currency
        await _book(session, paid, dispute, f"{FEE}:{move.id}", sides, currency, now, move.at)


async def book_decision(
    session: AsyncSession, paid: Paid, dispute: Dispute, before: str, now: dt.datetime
) -> None:
    """Book what a bank keeps for good, and what it leaves us after all."""
    if DisputeStatus.LOST not in {dispute.status, before}:
        return
    is_lost = dispute.status == DisputeStatus.LOST
    times = await _count(session, dispute, _WON, _OF_BEFORE)
    again = f":{times}" if times else ""
    lost, won = f"{_LOST}:{dispute.id}{again}", f"{_WON}:{dispute.id}{again}"
    at, ref = dispute.changed_at, dispute.provider_id
    if isinstance(paid, PaidTopUp):
        if is_lost:
            await top_up_returns.take(
                session, paid, lost, dispute.money, now, ref=ref, at=at, was_held=True
            )
        else:
            await top_up_returns.put_back(session, paid, lost, won, now, ref, at=at)
        return
    if is_lost:
        shares = rules.shares(dispute.amount, [payment.amount for payment in paid])
        sides = _losses(paid, shares)
        await _book(session, paid, dispute, lost, sides, dispute.currency, now, at)
        await lost_refunds.take(session, paid, shares, dispute, times, now)
    else:
        await ledger.book_opposite(session, lost, won, now=now, occurred_at=at, provider_ref=ref)
        await lost_refunds.put_back(session, paid, dispute, times, now)
    for payment in filter(_suspended, paid):
        await suspense.taken_back(session, payment, now, again=not is_lost)


async def is_unsettled(session: AsyncSession, dispute: Dispute) -> bool:
    """Whether what the provider moved and what the bank decided do not agree yet."""
    kinds = (WITHDRAWN, RETURNED, _LOST, _WON)
    return await _sum(session, dispute, AccountType.DISPUTED_FUNDS, *kinds) != 0


async def _book(
    session: AsyncSession,
    paid: Paid,
    dispute: Dispute,
    event_key: str,
    sides: Sequence[Posting],
    currency: str,
    now: dt.datetime,
    at: dt.datetime | None,
) -> None:
    of_leads = None if isinstance(paid, PaidTopUp) else paid[0]
    await ledger.book(
        session,
        event_key,
        sides,
        currency=currency,
        payment_id=of_leads.id if of_leads else None,
        now=now,
        occurred_at=at,
        provider=(
            paid.attempt.provider
            if isinstance(paid, PaidTopUp)
            else await orders.provider_of(session, paid[0])
        ),
        provider_ref=dispute.provider_id,
    )


def _losses(payments: Sequence[Payment], shares: Sequence[int]) -> list[Posting]:
    """Return the sides of a dispute that was lost: of each payment of the charge its share."""
    lost: list[Posting] = []
    for payment, share in zip(payments, shares, strict=True):
        # Money in suspense is not ours to lose.
        lost += (
            rules.out_of_held(rules.refund(share, rules.SUSPENSE))
            if _suspended(payment)
            else rules.dispute_lost(share)
        )
    return lost


def _suspended(payment: Payment) -> bool:
    return payment.failure_code == rules.MISMATCH


async def _is_booked_by_level(session: AsyncSession, dispute: Dispute) -> bool:
    """Whether money of this dispute was booked when no movements were named."""
    key = f"{WITHDRAWN}:{dispute.id}:0"
    query = select(LedgerTransaction.id).where(LedgerTransaction.event_key == key)
    return await session.scalar(query) is not None


async def _count(session: AsyncSession, dispute: Dispute, *kinds: str) -> int:
    query = select(func.count()).where(
        LedgerTransaction.provider_ref == dispute.provider_id, LedgerTransaction.kind.in_(kinds)
    )
    return int(await session.scalar(query) or 0)


async def _sum(session: AsyncSession, dispute: Dispute, account: AccountType, *kinds: str) -> int:
    """Return what was booked for a dispute on accounts of a type, in minor units of its currency."""
    query = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(
            LedgerTransaction.provider_ref == dispute.provider_id,
            LedgerTransaction.kind.in_(kinds),
            LedgerAccount.type == account.value,
            LedgerEntry.currency == dispute.currency,
        )
    )
    return int(await session.scalar(query) or 0)
