"""What answers must be, and what always holds: the invariants, and the money."""

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from app.audit import log
from app.database.session import Database
from app.invariants import examine
from app.invoices.models import Invoice
from app.invoices.numbering import InvoiceKind
from app.jobs.models import Job, JobStatus
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments import rules
from app.payments.models import Dispute, LedgerAccount, LedgerEntry, Payment, Refund, Unlock
from tests.support.factories import NOW

if TYPE_CHECKING:
    from tests.support.app_harness import World


def ok(response: httpx.Response, status: int = 200) -> Any:
    """Return the JSON of an answer that must have this status."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


def refused(response: httpx.Response, status: int, code: str) -> Any:
    """Return the problem of an answer that must be this refusal."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code, problem
    return problem


async def check_invariants(database: Database) -> None:
    """What holds after every race: every invariant there is, and no open offer of a closed job."""
    assert [each for each in await examine(database, NOW) if each.broken] == []
    async with database.read() as session:
        for job in await session.scalars(select(Job)):
            mine = select(func.count()).select_from(JobMatch).where(JobMatch.job_id == job.id)
            if job.status != JobStatus.PUBLISHED:
                # Only what is past its deadline may still be marked open, until somebody notes it.
                still_open = mine.where(JobMatch.status == OfferStatus.OFFERED)
                assert (
                    await session.scalar(still_open.where(JobMatch.respond_by > job.closed_at)) == 0
                )


def check_money(world: "World") -> None:
    """What always holds: the ledger balances and equals what was captured less what went back, a
    lead is paid at most once, and no contact is held without a captured payment.
    """
    world.in_session(_check_money)


async def balances_of(session: Any) -> dict[tuple[str, str], int]:
    """The balance of each type of account and currency, in minor units."""
    query = (
        select(LedgerAccount.type, LedgerAccount.currency, func.sum(LedgerEntry.amount))
        .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.type, LedgerAccount.currency)
    )
    return {(row[0], row[1]): int(row[2]) for row in await session.execute(query)}


_SIGNS = {InvoiceKind.INVOICE: 1, InvoiceKind.CREDIT_NOTE: -1, InvoiceKind.DEBIT_NOTE: 1}


async def _check_money(session: Any) -> None:
    sums = select(LedgerEntry.transaction_id, func.sum(LedgerEntry.amount))
    for transaction_id, total in await session.execute(sums.group_by(LedgerEntry.transaction_id)):
        assert total == 0, transaction_id
    payments = list(await session.scalars(select(Payment)))
    captured = [payment for payment in payments if payment.status in rules.CAPTURED]
    assert all(payment.paid_at for payment in captured)
    refunds = list(await session.scalars(select(Refund)))
    invoices = list(await session.scalars(select(Invoice)))
    given_back = Counter[UUID]()
    for refund in refunds:
        given_back[refund.payment_id] += refund.amount if refund.status == "succeeded" else 0
    for payment in payments:
        assert 0 <= payment.refunded_amount <= payment.amount
        assert payment.refunded_amount == given_back[payment.id]
    balances = await balances_of(session)
    for currency in {payment.currency for payment in captured}:
        kept = sum(p.amount - p.refunded_amount for p in captured if p.currency == currency)
        tax = balances.get((rules.TAX, currency), 0)
        assert balances.get((rules.REVENUE, currency), 0) + tax == -kept
        invoiced = [one for one in invoices if one.currency == currency]
        assert tax == -sum(_SIGNS[one.kind] * one.tax for one in invoiced)
        lost = balances.get((rules.DISPUTED, currency), 0)
        suspense = balances.get((rules.SUSPENSE, currency), 0)
        owed = -balances.get((rules.AccountType.EMPLOYER_BALANCE, currency), 0)
        bonus = balances.get((rules.AccountType.BALANCE_BONUSES, currency), 0)
        on_its_way = -balances.get((rules.AccountType.PAY_BACKS, currency), 0)
        held = balances.get((rules.HELD, currency), 0)
        fees = balances.get((rules.AccountType.PROVIDER_FEES, currency), 0)
        cash = kept - lost - suspense + owed + on_its_way - bonus - held - fees
        assert balances.get((rules.CASH, currency), 0) == cash
    by_id = {payment.id: payment for payment in captured}
    unlocked: set[UUID] = set()
    for unlock in await session.scalars(select(Unlock)):
        assert by_id[unlock.payment_id].match_id == unlock.match_id
        unlocked.add(unlock.payment_id)
    going_back = {refund.payment_id for refund in refunds if refund.status != "failed"}
    taken_back = select(Dispute.payment_id).where(Dispute.status == "lost")
    going_back |= set(await session.scalars(taken_back))
    assert by_id.keys() <= unlocked | going_back
    _, broken = await log.verify(session)
    assert broken is None
