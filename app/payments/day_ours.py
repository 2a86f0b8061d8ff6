"""What our books have of a provider's movements: read for a page of them, or for a day."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CompoundSelect, and_, exists, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.payments import charges, dispute_books
from app.payments.models import (
    Dispute,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentAttempt,
    Refund,
)
from app.payments.provider import Movement, MovementKind
from app.payments.rules import AccountType, DisputeStatus, RefundStatus

_CAPTURE: Final = "capture"
_OF_DISPUTES: Final = (
    *(dispute_books.WITHDRAWN, dispute_books.RETURNED),
    *("dispute_lost", "dispute_won", "dispute_reinstated"),
)
"""Kinds of our transactions that moved cash for a dispute; the last three only for versions before."""
_TAKEN: Final = (_CAPTURE, "top_up")
"""Kinds of our transactions that are one to the provider: a payer's money came."""
_ROWS: Final = 1_000
"""Of ours that are read at once."""

type Sums = Mapping[str, Mapping[str, int]]
"""What was booked on the provider's cash, by the provider's id and kind of transaction."""


@dataclass(frozen=True)
class OursFound:
    """Our rows for a page of movements; each question is answered by a sentence, or None where all agrees."""

    booked: Sums
    currencies: Mapping[str, str]
    refunds: Mapping[str, Sequence[Sequence[Refund]]]
    """By the provider's id of the refund and of the payment: one refund there may be several of ours, its parts."""
    disputes: Mapping[str, Dispute]
    dispute_fees: Mapping[str, int]
    """What was booked for each of the provider's movements about disputes, by its id; of others the day's sum is."""

    def of_capture(self, movement: Movement) -> str | None:
        """A payment was taken: it is booked with that amount."""
        cash = self.booked.get(movement.ref, {})
        booked = [cash[kind] for kind in _TAKEN if kind in cash]
        if not booked:
            return "We have not booked this payment."
        ours = Money(sum(booked), self.currencies[movement.ref])
        return _compared(ours, movement.amount)

    def of_refund(self, movement: Movement) -> str | None:
        """Money went back, or came back: our refund says so, and the ledger what its status says."""
        failed = movement.kind is MovementKind.REFUND_FAILED
        known = self.refunds.get(movement.ref, ())
        if failed:
            known = [
                parts for parts in known if all(p.status == RefundStatus.FAILED for p in parts)
            ]
        if not known:
            return "We have no such refund." if not failed else "Our refund has not failed."
        parts = next((each for each in known if _together(each) == movement.amount), known[0])
        if _together(parts) != movement.amount:
            return _compared(_together(parts), movement.amount)
        for refund in parts:
            cash = self.booked.get(refund.provider_id or "", {})
            net = cash.get("refund", 0) + cash.get("refund_failed", 0)
            owed = -refund.amount if refund.status == RefundStatus.SUCCEEDED else 0
            if net != owed:
                return f"Our refund is {refund.status}, and {-net} is booked."
        return None

    def of_dispute(self, movement: Movement) -> str | None:
        """A provider took money for a bank, or gave it back: our dispute knows, and it is booked."""
        dispute = self.disputes.get(movement.ref)
        if dispute is None:
            return "We have no such dispute."
        cash = self.booked.get(movement.ref, {})
        net = sum(cash.get(kind, 0) for kind in _OF_DISPUTES)
        if movement.kind is MovementKind.DISPUTE_REVERSED and dispute.status == DisputeStatus.LOST:
            return "The bank gave the money back, and our dispute is lost."
        # Before the bank decides, what was taken is away; until it is given back, so it is after.
        owed = 0 if dispute.status == DisputeStatus.WON else -dispute.amount
        if movement.kind is MovementKind.DISPUTE_REVERSED:
            owed = 0
        if net != owed:
            return f"Our dispute is {dispute.status}, and {-net} is booked."
        fee = self.dispute_fees.get(movement.id, 0)
        if fee not in {0, movement.fee.amount}:
            return f"A fee of {fee} is booked, and the provider kept {movement.fee.amount}."
        ours = Money(dispute.amount, dispute.currency)
        return _compared(ours, movement.amount)


def _together(parts: Sequence[Refund]) -> Money:
    return Money(sum(part.amount for part in parts), parts[0].currency)


def _compared(ours: Money, theirs: Money) -> str | None:
    if ours == theirs:
        return None
    return f"We have {ours.amount} {ours.currency}, the provider {theirs.amount} {theirs.currency}."


async def find_ours(session: AsyncSession, page: Sequence[Movement]) -> OursFound:
    """Return what we have of these movements."""
    refs = {movement.ref for movement in page}
    back = {m.ref for m in page if m.kind in {MovementKind.REFUND, MovementKind.REFUND_FAILED}}
    taken = {m.ref for m in page if m.kind in {MovementKind.DISPUTE, MovementKind.DISPUTE_REVERSED}}
    refunds = await _refunds(session, back) if back else {}
    disputes: dict[str, Dispute] = {}
    if taken:
        rows = await session.scalars(select(Dispute).where(Dispute.provider_id.in_(taken)))
        disputes = {row.provider_id: row for row in rows}
    parts = (part for wholes in refunds.values() for whole in wholes for part in whole)
    named = refs | {part.provider_id for part in parts if part.provider_id}
    booked, currencies = await _booked(session, named)
    about_disputes = {movement.id for movement in page if movement.ref in taken}
    fees = await _dispute_fees(session, about_disputes) if about_disputes else {}
    return OursFound(booked, currencies, refunds, disputes, fees)


async def _dispute_fees(session: AsyncSession, movement_ids: set[str]) -> dict[str, int]:
    """Return the fees of these movements that were booked by themselves, by the movement's id."""
    keys = {f"{dispute_books.FEE}:{each}": each for each in movement_ids}
    query = (
        select(LedgerTransaction.event_key, LedgerEntry.amount)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(
            LedgerTransaction.event_key.in_(keys),
            LedgerAccount.type == AccountType.PROVIDER_FEES.value,
        )
    )
    return {keys[key]: int(amount) for key, amount in await session.execute(query)}


async def _refunds(session: AsyncSession, back: set[str]) -> dict[str, list[list[Refund]]]:
    """Return what the provider gave back, each with all its parts, by its id and by that of its payment.

    A refund there may give back several leads of an order; only its first part has the provider's own id.
    """
    named = select(Refund.payment_id).where(Refund.provider_id.in_(back))
    paid_by: CompoundSelect[Any] = union(
        select(PaymentAttempt.id).where(PaymentAttempt.intent_id.in_(back)),
        select(Payment.captured_by).where(Payment.id.in_(named), Payment.captured_by.is_not(None)),
    )
    together: CompoundSelect[Any] = union(
        select(Payment.id).where(Payment.captured_by.in_(paid_by)),
        select(Payment.id).where(Payment.intent_id.in_(back)),
        named,
    )
    of_leads = (
        select(Refund, func.coalesce(PaymentAttempt.intent_id, Payment.intent_id))
        .join(Payment, Payment.id == Refund.payment_id)
        .outerjoin(PaymentAttempt, PaymentAttempt.id == Payment.captured_by)
        .where(Refund.payment_id.in_(together), Refund.provider_id.is_not(None))
        .order_by(Refund.id)
    )
    of_top_ups = (
        select(Refund, PaymentAttempt.intent_id)
        .join(PaymentAttempt, PaymentAttempt.order_id == Refund.order_id)
        .where(
            Refund.provider_id.is_not(None),
            or_(Refund.provider_id.in_(back), PaymentAttempt.intent_id.in_(back)),
        )
        .order_by(Refund.id)
    )
    wholes: dict[tuple[str, str], list[Refund]] = {}
    for query in (of_leads, of_top_ups):
        for refund, intent_id in await session.execute(query):
            whole = charges.whole_of(refund.provider_id or "")
            wholes.setdefault((whole, intent_id or ""), []).append(refund)
    refunds: dict[str, list[list[Refund]]] = {}
    for names, parts in wholes.items():
        for name in back.intersection(names):
            refunds.setdefault(name, []).append(parts)
    return refunds


async def _booked(
    session: AsyncSession, refs: set[str]
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Return the sums on the provider's cash; a payment from before ids were booked is found by its own."""
    booked: dict[str, dict[str, int]] = {}
    currencies: dict[str, str] = {}

    async def read(ref: object, *conditions: object) -> None:
        query = (
            select(ref, LedgerTransaction.kind, LedgerEntry.currency, func.sum(LedgerEntry.amount))  # type: ignore[call-overload]
            .select_from(LedgerTransaction)
            .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .join(Payment, Payment.id == LedgerTransaction.payment_id, isouter=True)
            .where(LedgerAccount.type == AccountType.PROVIDER_CASH.value, *conditions)
            .group_by(ref, LedgerTransaction.kind, LedgerEntry.currency)
        )
        for name, kind, currency, amount in await session.execute(query):
            booked.setdefault(name, {})[kind] = int(amount)
            currencies[name] = currency

    await read(LedgerTransaction.provider_ref, LedgerTransaction.provider_ref.in_(refs))
    if rest := refs - booked.keys():
        await read(
            Payment.intent_id,
            Payment.intent_id.in_(rest),
            LedgerTransaction.kind == _CAPTURE,
            LedgerTransaction.provider_ref.is_(None),
        )
    return booked, currencies


async def list_ours(
    session: AsyncSession, provider: str, start: dt.datetime, end: dt.datetime
) -> AsyncIterator[tuple[str, str, Money]]:
    """Yield kind, provider's id and money of each capture and refund of ours between two instants.

    A top-up is a capture, too. What is one to the provider may come in parts, each under the provider's id.
    """
    ref = func.coalesce(LedgerTransaction.provider_ref, Payment.intent_id)
    at, id_ = LedgerTransaction.occurred_at, LedgerTransaction.id
    captures = (
        select(at, id_, ref, LedgerEntry.amount, LedgerEntry.currency)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .join(Payment, Payment.id == LedgerTransaction.payment_id, isouter=True)
        .where(
            at < end,
            LedgerTransaction.kind.in_(_TAKEN),
            LedgerTransaction.provider == provider,
            LedgerAccount.type == AccountType.PROVIDER_CASH.value,
            ref.is_not(None),
        )
        .order_by(at, id_)
        .limit(_ROWS)
    )
    after = at >= start
    while rows := (await session.execute(captures.where(after))).all():
        for _, _, name, amount, currency in rows:
            yield _CAPTURE, name, Money(int(amount), currency)
        after = or_(at > rows[-1][0], and_(at == rows[-1][0], id_ > rows[-1][1]))
    refunds = (
        select(Refund)
        .where(
            Refund.created_at < end,
            Refund.provider_id.is_not(None),
            Refund.status.in_([RefundStatus.SUCCEEDED, RefundStatus.PENDING]),
            or_(
                exists().where(
                    LedgerTransaction.payment_id == Refund.payment_id,
                    LedgerTransaction.kind == _CAPTURE,
                    LedgerTransaction.provider == provider,
                ),
                exists().where(
                    PaymentAttempt.order_id == Refund.order_id, PaymentAttempt.provider == provider
                ),
            ),
        )
        .order_by(Refund.created_at, Refund.id)
        .limit(_ROWS)
    )
    later = Refund.created_at >= start
    while found := (await session.scalars(refunds.where(later))).all():
        for refund in found:
            yield "refund", charges.whole_of(refund.provider_id or ""), refund.money
        last = found[-1]
        later = or_(
            Refund.created_at > last.created_at,
            and_(Refund.created_at == last.created_at, Refund.id > last.id),
        )
