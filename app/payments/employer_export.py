"""A copy of everything that is kept about an employer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers import profile
from app.employers.models import Employer
from app.identity.models import User
from app.invoices.models import Invoice
from app.jobs.models import Job, JobTemplate
from app.payments.balance import entries_of
from app.payments.contacts import Bought, list_bought
from app.payments.models import LeadReport, LedgerEntry, Order, Payment
from app.privacy.account_records import AccountRecords, list_account_records

_ALL = 1_000_000
"""More contacts than anybody buys: a copy leaves nothing out."""


@dataclass(frozen=True, slots=True)
class EmployerExport:
    """Everything kept about an employer, and about the account of who asks. Workers are in it only where their contact was bought."""

    user: User
    employer: Employer
    jobs: Sequence[Job]
    templates: Sequence[JobTemplate]
    contacts: Sequence[Bought]
    orders: Sequence[Order]
    payments: Sequence[Payment]
    invoices: Sequence[Invoice]
    balance: Sequence[Row[*tuple[Any, ...]]]
    reports: Sequence[LeadReport]
    records: AccountRecords


async def export_employer(
    session: AsyncSession, employer_id: UUID, user_id: UUID
) -> EmployerExport:
    """Return everything kept about an employer, for one of its owners, whose own the `records` are.

    Raises `EmployerNotFound`.
    """
    user, employer = await profile.get_employer(session, employer_id)

    async def mine(table: Any, owner: Any) -> Sequence[Any]:
        query = select(table).where(owner == employer_id).order_by(table.id)
        return (await session.scalars(query)).all()

    balance = entries_of(employer_id).order_by(LedgerEntry.id)
    return EmployerExport(
        user=user,
        employer=employer,
        jobs=await mine(Job, Job.employer_id),
        templates=await mine(JobTemplate, JobTemplate.employer_id),
        contacts=await list_bought(session, employer_id, _ALL),
        orders=await mine(Order, Order.employer_id),
        payments=await mine(Payment, Payment.employer_id),
        invoices=await mine(Invoice, Invoice.employer_id),
        balance=(await session.execute(balance)).all(),
        reports=await mine(LeadReport, LeadReport.employer_id),
        records=await list_account_records(session, user_id),
    )
