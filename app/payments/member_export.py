"""A copy of what is kept about a member of a company's team, whatever their role: theirs alone, not the company's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog
from app.employers import team
from app.employers.team import Member
from app.identity.actor import Actor
from app.jobs.models import Job
from app.payments.models import Order
from app.privacy.account_records import AccountRecords, list_account_records


@dataclass(frozen=True, slots=True)
class MemberExport:
    """Everything kept about a member: who they are, what they did, posted and bought."""

    member: Member
    company_name: str
    actions: Sequence[AdminActionLog]
    jobs: Sequence[Job]
    orders: Sequence[Order]
    records: AccountRecords


async def export_member(session: AsyncSession, actor: Actor) -> MemberExport:
    """Return everything kept about the actor. Raises `MemberNotFound`."""
    me, company = actor.user_id, actor.employer_id
    actions = (
        select(AdminActionLog).where(AdminActionLog.actor_id == me).order_by(AdminActionLog.number)
    )
    posted, bought = Job.posted_by == me, Order.bought_by == me
    if actor.member_id is None:  # what was noted of nobody is of who opened the company
        posted, bought = posted | Job.posted_by.is_(None), bought | Order.bought_by.is_(None)
    jobs = select(Job).where(Job.employer_id == company, posted).order_by(Job.id)
    orders = select(Order).where(Order.employer_id == company, bought).order_by(Order.id)
    return MemberExport(
        member=await team.get_member(session, company, me),
        company_name=await team.company_name(session, company),
        actions=(await session.scalars(actions)).all(),
        jobs=(await session.scalars(jobs)).all(),
        orders=(await session.scalars(orders)).all(),
        records=await list_account_records(session, me),
    )
