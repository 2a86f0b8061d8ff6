"""What the lists and pages of workers and employers share: filters, counts, the log of views."""

import datetime as dt
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.api.admin.lists import Filter, ListRequest, contains, equal, same_text, whether
from app.api.http.parameters import InStatus
from app.core.errors import NotFound
from app.core.phones import parse_phone
from app.employers import members
from app.employers.models import Employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.runtime import Runtime
from app.workers.models import Worker

Status = InStatus[UserStatus]


def accounts[Profile: Worker | Employer](profile: type[Profile]) -> Select[User, Profile]:
    """Return the query of accounts with their profiles."""
    return select(User, profile).join(profile, profile.id == User.id)


def account_filters(profile: type[Worker | Employer], *names: Any) -> dict[str, Filter]:
    """Return the filters of a list of accounts; `q` finds by `names`, exact phone or e-mail (of a company's team, too)."""
    named = contains(*names)

    def found(q: str, asked: ListRequest) -> ColumnElement[bool]:
        keys = asked.rt.keyring
        contact = users.email_equals(keys, q.strip().lower())
        with suppress(ValueError):
            phone = parse_phone(q, asked.rt.settings.default_country)
            contact = or_(contact, User.phone_index == users.index_of_phone(keys, phone))
        return or_(named(q, asked), User.id.in_(members.companies_of(contact)))

    return {
        "status": equal(User.status),
        "verified": whether(profile.verified_at.is_not(None)),
        "city": same_text(profile.city),
        "q": found,
    }


async def get_account[Profile: Worker | Employer](
    session: AsyncSession, profile: type[Profile], user_id: UUID
) -> Row[User, Profile]:
    """Return an account and its profile as they are in the database. Raises `NotFound`."""
    query = accounts(profile).where(User.id == user_id)
    row = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def count(session: AsyncSession, *where: ColumnElement[bool]) -> int:
    """Return how many rows meet `where`."""
    return await session.scalar(select(func.count()).where(*where)) or 0


async def log_view(rt: Runtime, actor: Actor, role: Role, user_id: UUID, now: dt.datetime) -> None:
    """Record that an administrator saw a contact, in a transaction of its own: a GET only reads."""
    async with rt.database.begin() as session:
        audit.record(session, f"{role}.view", user_id, actor, now)
