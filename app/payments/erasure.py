"""What payments keep of a worker who has erased their account: that money moved, and no words about them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import log
from app.offers.models import JobMatch
from app.payments.models import LeadReport, OpenItem, Payment, Refund


async def forget_words(session: AsyncSession, worker_ids: Collection[UUID]) -> None:
    """Empty what employers and administrators wrote about these workers' leads and their payments."""
    matches = select(JobMatch.id).where(JobMatch.worker_id.in_(worker_ids))
    payments = select(Payment.id).where(Payment.match_id.in_(matches))
    about = [*await session.scalars(payments)]
    for table, which in (
        (LeadReport, LeadReport.match_id.in_(matches)),
        (Refund, Refund.payment_id.in_(about)),
        (OpenItem, OpenItem.payment_id.in_(about)),
    ):
        about += await session.scalars(select(table.id).where(which))
        await session.execute(
            update(table)
            .where(which)
            .values(reason="")
            .execution_options(synchronize_session=False)
        )
    await log.erase_words(session, list(map(str, about)))
