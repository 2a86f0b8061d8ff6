"""What payments keep of somebody who has erased their account: that money moved, and no words about them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import log
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.payments.models import LeadReport, OpenItem, Order, Payment, Refund


async def forget_words(session: AsyncSession, worker_ids: Collection[UUID]) -> None:
    """Empty what employers and administrators wrote about these workers' leads and their payments."""
    matches = select(JobMatch.id).where(JobMatch.worker_id.in_(worker_ids))
    payments = select(Payment.id).where(Payment.match_id.in_(matches))
    about = [*await session.scalars(payments)]
    about += await _forget(session, LeadReport.match_id.in_(matches), about)
    await log.erase_words(session, list(map(str, about)))


async def forget_words_of(session: AsyncSession, employer_id: UUID) -> list[UUID]:
    """Empty what this employer and administrators wrote about their leads and payments.

    Returns what else of theirs the log has words about: their jobs, orders, payments, reports and refunds.
    """
    about: list[UUID] = []
    for table in (Job, Order, Payment):
        about += await session.scalars(select(table.id).where(table.employer_id == employer_id))
    return about + await _forget(session, LeadReport.employer_id == employer_id, about)


async def _forget(
    session: AsyncSession, reports: ColumnElement[bool], about: Sequence[UUID]
) -> list[UUID]:
    """Empty the words of these reports, and of refunds and open items about these payments; return their ids."""
    found: list[UUID] = []
    for table, which in (
        (LeadReport, reports),
        (Refund, or_(Refund.payment_id.in_(about), Refund.order_id.in_(about))),
        (OpenItem, OpenItem.payment_id.in_(about)),
    ):
        found += await session.scalars(select(table.id).where(which))
        await session.execute(
            update(table)
            .where(which)
            .values(reason="")
            .execution_options(synchronize_session=False)
        )
    return found
