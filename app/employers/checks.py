"""Whether a phone number or mail address is that of a company here; nothing is said about people."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.core.phones import parse_phone
from app.database.session import keyring
from app.employers.models import Employer
from app.identity import users
from app.identity.models import Role, User, UserStatus


class Standing(StrEnum):
    """What anybody may know of a company by its number or address."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    NOT_OURS = "not_ours"


async def find_standing(session: AsyncSession, who: str, country: str) -> Standing:
    """Return how a company stands that has this phone (national numbers are `country`'s) or mail address.

    A phone counts only where it was proven. A worker's is not ours, like any other.
    """
    keys = keyring(session)
    query = select(User.status).join(Employer, Employer.id == User.id)
    if "@" in who:
        try:
            email = users.parse_email(who)
        except Invalid:
            return Standing.NOT_OURS
        query = query.where(users.email_equals(keys, email))
    else:
        try:
            index = users.index_of_phone(keys, parse_phone(who, country))
        except ValueError:
            return Standing.NOT_OURS
        query = query.where(Employer.proven_phone_index == index)
    found = set(await session.scalars(query.where(User.role == Role.EMPLOYER)))
    if UserStatus.ACTIVE in found:
        return Standing.ACTIVE
    if found & {UserStatus.SUSPENDED, UserStatus.RESTRICTED}:
        return Standing.BLOCKED
    return Standing.NOT_OURS
