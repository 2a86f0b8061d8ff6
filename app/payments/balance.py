"""An employer's balance: money paid in advance. It is the sum of ledger entries, and never lapses.

Who takes from it locks the account's row first (`ledger.lock_balance`), so that parallel purchases can't take the
same money twice.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.money import Money
from app.core.paging import Keyset, PageRequest
from app.database.session import keyring
from app.employers.models import Employer
from app.identity.actor import Actor
from app.payments import disputes, orders, team_spending
from app.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction, Order, PaymentAttempt
from app.payments.provider import PROVIDER
from app.payments.rules import (
    OPEN,
    AccountType,
    AttemptStatus,
    OrderKind,
    PaymentStatus,
    PayWith,
)
from app.policy import policy
from app.taxes.quote import untaxed

_ENTRIES = Keyset("balance_entries", [LedgerEntry.id])
"""Newest first."""


class BalanceTooLow(Conflict):
    """The balance does not pay all of it."""

    code = "balance_too_low"
    detail = "Your balance does not cover this. Top it up, or pay on the page."
    remedy = "Send it again with pay_with `page`, or top the balance up first."


class PackNotFound(NotFound):
    """There is no such offer to pay in advance."""

    code = "pack_not_found"
    detail = "There is no such pack; choose one of those that the balance lists."


@dataclass(frozen=True, slots=True)
class BalanceEntry:
    """One movement of a balance; a positive amount is credit."""

    id: UUID
    kind: str
    amount: Money
    payment_id: UUID | None
    at: dt.datetime


def entries_of(employer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Return the query of what moved the employer's balances; amounts in minor units."""
    return (
        select(
            LedgerEntry.id,
            LedgerTransaction.kind,
            LedgerEntry.amount,
            LedgerEntry.currency,
            LedgerTransaction.payment_id,
            LedgerTransaction.booked_at,
        )
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerAccount.owner_id == employer_id,
            LedgerAccount.type == AccountType.EMPLOYER_BALANCE.value,
        )
    )


async def list_entries(
    session: AsyncSession, employer_id: UUID, page: PageRequest
) -> tuple[list[BalanceEntry], str | None]:
    """Return a page of what moved the employer's balances, newest first, and the next cursor."""
    query = entries_of(employer_id)
    keys = keyring(session)
    rows = (await session.execute(_ENTRIES.apply(query, page, keys))).all()
    cursor = _ENTRIES.next_cursor([(row.id,) for row in rows], page, keys)
    entries = [
        BalanceEntry(
            row.id, row.kind, Money(-row.amount, row.currency), row.payment_id, row.booked_at
        )
        for row in rows[: page.limit]
    ]
    return entries, cursor


async def begin_top_up(
    session: AsyncSession, actor: Actor, pack_id: str, ends: dt.datetime, now: dt.datetime
) -> Order:
    """Return the one open order of this pack, made if needed; its page takes money until `ends`.

    Raises `AccountRestricted`, `PackNotFound`, `DisputeOpen` or `SpendingLimit`.
    """
    actor.require_unrestricted()
    in_force = await policy.current(session)
    pack = next((each for each in in_force.balance.packs if each.id == pack_id), None)
    if pack is None:
        raise PackNotFound
    await session.scalar(
        select(Employer.id).where(Employer.id == actor.employer_id).with_for_update(key_share=True)
    )
    if await disputes.has_open(session, actor.employer_id):
        raise disputes.DisputeOpen
    price = Money(pack.pays, in_force.lead_prices.currency)
    same = (
        select(Order)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .where(
            Order.employer_id == actor.employer_id,
            Order.kind == OrderKind.TOP_UP,
            Order.status.in_(OPEN),
            Order.total == price.amount,
            Order.credits == pack.credits,
            Order.currency == price.currency,
            PaymentAttempt.status == AttemptStatus.OPEN,
        )
    )
    for order in list(await session.scalars(same.order_by(Order.id.desc()))):
        if not await orders.expire_if_over(session, order, now):
            await team_spending.require_for_page(session, actor, order, now)
            return order
    await team_spending.require_within(session, actor, OrderKind.TOP_UP, price, now)
    order = Order(
        id=new_id(),
        employer_id=actor.employer_id,
        bought_by=actor.user_id,
        kind=OrderKind.TOP_UP,
        status=PaymentStatus.PENDING,
        quote=untaxed(price).as_json(),
        total=price.amount,
        currency=price.currency,
        pay_with=PayWith.PAGE,
        credits=pack.credits,
        created_at=now,
        updated_at=now,
    )
    session.add(order)
    await session.flush()
    session.add(orders.attempt_row(order.id, 1, PROVIDER, ends, now))
    await session.flush()
    return order
