"""Which of the accounts with the role employer is a company's own, and which are its team's."""

from sqlalchemy import ColumnElement, or_, select

from app.employers.models import Employer
from app.identity.models import Role, User


def stands_for_itself() -> ColumnElement[bool]:
    """Return the condition that an account stands for itself: whoever is no employer, and of employers the company.

    The account with which a member of its team signs in has no status of its own, and is no company.
    """
    company = select(Employer.id).where(Employer.id == User.id).correlate(User).exists()
    return or_(User.role != Role.EMPLOYER, company)
