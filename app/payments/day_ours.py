"""What our books have of a provider's movements: read for a page of them, or for a day."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.payments.models import (
    Dispute,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Refund,
)
from app.payments.provider import Movement, MovementKind
from app.payments.rules import AccountType, RefundStatus

_CAPTURE: Final = "capture"
_ROWS: Final = 1_000
"""Of ours that are read at once."""

type Sums = Mapping[str, Mapping[str, int]]
"""What was booked on the provider's cash, by the provider's id and kind of transaction."""


@dataclass(frozen=True)
class OursFound:
    """Our rows for a page of movements; each question is answered by a sentence, or None where all agrees."""

    booked: Sums
    currencies: Mapping[str, str]
    refunds: Mapping[str, Sequence[Refund]]
    disputes: Mapping[str, Dispute]

    def of_capture(self, movement: Movement) -> str | None:
        """A payment was taken: it is booked with that amount."""
        booked = self.booked.get(movement.ref, {}).get(_CAPTURE)
        if booked is None:
            return "We have not booked this payment."
        ours = Money(booked, self.currencies[movement.ref])
        return _compared(ours, movement.amount)

    def of_refund(self, movement: Movement) -> str | None:
        """Money went back, or came back: our refund says so, and the ledger what its status says."""
        failed = movement.kind is MovementKind.REFUND_FAILED
        known = self.refunds.get(movement.ref, ())
        if failed:
            known = [each for each in known if each.status == RefundStatus.FAILED]
        if not known:
            return "We have no such refund." if not failed else "Our refund has not failed."
        refund = next((each for each in known if each.money == movement.amount), known[0])
        if refund.money != movement.amount:
            return _compared(refund.money, movement.amount)
        cash = self.booked.get(refund.provider_id or "", {})
        net = cash.get("refund", 0) + cash.get("refund_failed", 0)
        owed = -refund.amount if refund.status == RefundStatus.SUCCEEDED else 0
        return None if net == owed else f"Our refund is {refund.status}, and {-net} is booked."

    def of_dispute(self, movement: Movement) -> str | None:
        """A bank took money, or gave it back: our dispute knows, and what it decided is booked."""
        dispute = self.disputes.get(movement.ref)
        if dispute is None:
            return "We have no such dispute."
        cash = self.booked.get(movement.ref, {})
        net = cash.get("dispute_lost", 0) + cash.get("dispute_reinstated", 0)
        owed = -dispute.amount if dispute.status == "lost" else 0
        if net != owed:
            return f"Our dispute is {dispute.status}, and {-net} is booked."
        if movement.kind is MovementKind.DISPUTE_REVERSED and dispute.status == "lost":
            return "The bank gave the money back, and our dispute is lost."
        ours = Money(dispute.amount, dispute.currency)
        return _compared(ours, movement.amount)


def _compared(ours: Money, theirs: Money) -> str | None:
    if ours == theirs:
        return None
    return f"We have {ours.amount} {ours.currency}, the provider {theirs.amount} {theirs.currency}."


async def find_ours(session: AsyncSession, page: Sequence[Movement]) -> OursFound:
    """Return what we have of these movements."""
    refs = {movement.ref for movement in page}
    back = {m.ref for m in page if m.kind in {MovementKind.REFUND, MovementKind.REFUND_FAILED}}
    taken = {m.ref for m in page if m.kind in {MovementKind.DISPUTE, MovementKind.DISPUTE_REVERSED}}
    refunds: dict[str, list[Refund]] = {}
    if back:
        query = (
            select(Refund, Payment.intent_id)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(or_(Refund.provider_id.in_(back), Payment.intent_id.in_(back)))
        )
        for refund, intent_id in await session.execute(query):
            for name in {refund.provider_id or "", intent_id or ""} & back:
                refunds.setdefault(name, []).append(refund)
    disputes: dict[str, Dispute] = {}
    if taken:
        rows = await session.scalars(select(Dispute).where(Dispute.provider_id.in_(taken)))
        disputes = {row.provider_id: row for row in rows}
    named = refs | {r.provider_id for rs in refunds.values() for r in rs if r.provider_id}
    booked, currencies = await _booked(session, named)
    return OursFound(booked, currencies, refunds, disputes)


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
    """Yield kind, provider's id and money of each capture and refund of ours between two instants."""
    ref = func.coalesce(LedgerTransaction.provider_ref, Payment.intent_id)
    at, id_ = LedgerTransaction.occurred_at, LedgerTransaction.id
    captures = (
        select(at, id_, LedgerTransaction.kind, ref, LedgerEntry.amount, LedgerEntry.currency)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .join(Payment, Payment.id == LedgerTransaction.payment_id, isouter=True)
        .where(
            at < end,
            LedgerTransaction.kind == _CAPTURE,
            LedgerTransaction.provider == provider,
            LedgerAccount.type == AccountType.PROVIDER_CASH.value,
            ref.is_not(None),
        )
        .order_by(at, id_)
        .limit(_ROWS)
    )
    after = at >= start
    while rows := (await session.execute(captures.where(after))).all():
        for _, _, kind, name, amount, currency in rows:
            yield kind, name, Money(int(amount), currency)
        after = or_(at > rows[-1][0], and_(at == rows[-1][0], id_ > rows[-1][1]))
    refunds = (
        select(Refund)
        .where(
            Refund.created_at < end,
            Refund.provider_id.is_not(None),
            Refund.status.in_([RefundStatus.SUCCEEDED, RefundStatus.PENDING]),
            exists().where(
                LedgerTransaction.payment_id == Refund.payment_id,
                LedgerTransaction.kind == _CAPTURE,
                LedgerTransaction.provider == provider,
            ),
        )
        .order_by(Refund.created_at, Refund.id)
        .limit(_ROWS)
    )
    later = Refund.created_at >= start
    while found := (await session.scalars(refunds.where(later))).all():
        for refund in found:
            yield "refund", refund.provider_id or "", refund.money
        last = found[-1]
        later = or_(
            Refund.created_at > last.created_at,
            and_(Refund.created_at == last.created_at, Refund.id > last.id),
        )
