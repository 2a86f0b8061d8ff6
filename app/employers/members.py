"""Which of the accounts with the role employer is a company's own, and which are its team's."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import Employer
from app.identity.models import Role, TeamMember, User


def stands_for_itself() -> ColumnElement[bool]:
    """Return the condition that an account stands for itself: whoever is no employer, and of employers the company.

    The account with which a member of its team signs in has no status of its own, and is no company.
    """
    company = select(Employer.id).where(Employer.id == User.id).correlate(User).exists()
    return or_(User.role != Role.EMPLOYER, company)


async def list_accounts(session: AsyncSession, employer_id: UUID) -> Sequence[UUID]:
    """Return the accounts that act for a company: its own, which comes first, and those of who has not left its team."""
    query = (
        select(TeamMember.user_id)
        .where(
            TeamMember.employer_id == employer_id,
            TeamMember.user_id != employer_id,
            TeamMember.left_at.is_(None),
        )
        .order_by(TeamMember.user_id)
    )
    return [employer_id, *await session.scalars(query)]


def companies_of(who: ColumnElement[bool]) -> CompoundSelect[tuple[UUID]]:
    """Select the accounts that meet `who`, and the companies in whose team one of them is now."""
    own = select(User.id).where(who).correlate(None)
    teams = (
        select(TeamMember.employer_id)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.left_at.is_(None), who)
        .correlate(None)
    )
    # Together, not as two conditions with OR: each half then uses its index.
    return union(own, teams)
