"""Registering employers, who sign in by e-mail address and password."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import Point
from app.core.ids import new_id
from app.database.session import keyring
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity import users
from app.identity.models import Role, User, UserStatus


@dataclass(frozen=True, kw_only=True)
class NewEmployer:
    """A company's registration; the e-mail address is lower case."""

    company_name: str
    contact_name: str
    email: str
    password_hash: str
    phone: str | None = None
    city: str | None = None
    location: Point | None = None


async def register(
    session: AsyncSession, new: NewEmployer, *, now: dt.datetime
) -> tuple[User, Employer]:
    """Create an employer's account. Raises `EmailTaken`, also in a race."""
    keys = keyring(session)
    user = User(
        id=new_id(),
        role=Role.EMPLOYER,
        status=UserStatus.ACTIVE,
        name=new.contact_name,
        language="en",
        password_hash=new.password_hash,
        phone_sealed=users.seal_phone(keys, new.phone) if new.phone else None,
        phone_index=users.index_of_phone(keys, new.phone) if new.phone else None,
        created_at=now,
        updated_at=now,
    )
    await users.add_with_email(session, user, new.email)
    employer = Employer(
        id=user.id,
        company_name=new.company_name,
        city=new.city,
        latitude=new.location.latitude if new.location else None,
        longitude=new.location.longitude if new.location else None,
        created_at=now,
        updated_at=now,
    )
    session.add(employer)
    await session.flush()
    await shared_identifiers.refresh(session, user, employer)
    return user, employer
