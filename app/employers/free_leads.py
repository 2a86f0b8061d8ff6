"""Free leads: the first contacts of a company cost nothing, as many as the policy says (`free_leads`).

A phone, a mailbox and a tax number have them once, whatever accounts they open: each use is kept under their keyed
hashes, which stay when the account is erased. Only a company whose phone is proven, or whom an administrator has
checked, has any: mailboxes are made by the dozen.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.employers import shared_identifiers
from app.employers.models import Employer, FreeLead
from app.identity.models import User
from app.policy import policy

_COUNTED = frozenset({"phone", "mailbox", "tax_id"})
_ACCOUNT = "account"


async def left(session: AsyncSession, employer_id: UUID, *, to_use: bool = False) -> int:
    """Return how many leads this company may have for nothing now.

    `to_use` locks the policy's row until the end of the transaction: accounts of one phone that come together use
    them one after the other.
    """
    free = (await policy.current(session)).free_leads.per_company
    if free == 0:
        return 0
    marks = await _marks(session, employer_id)
    if not marks:
        return 0
    if to_use:
        free = (await policy.lock(session)).free_leads.per_company
    same = [(FreeLead.kind == kind) & (FreeLead.mark == mark) for kind, mark in marks]
    used = (
        select(func.count())
        .where(or_(*same), FreeLead.returned_at.is_(None))
        .group_by(FreeLead.kind, FreeLead.mark)
    )
    return max(0, free - max(await session.scalars(used), default=0))


async def use(session: AsyncSession, employer_id: UUID, payment_id: UUID, now: dt.datetime) -> None:
    """Note that a company has had a lead for nothing; the caller has asked `left` to use it."""
    rows = [
        {"id": new_id(), "kind": kind, "mark": mark, "payment_id": payment_id, "used_at": now}
        for kind, mark in await _marks(session, employer_id)
    ]
    await session.execute(insert(FreeLead), rows)


async def give_back(session: AsyncSession, payment_id: UUID, now: dt.datetime) -> bool:
    """Let a company have another lead in the place of a free one that proved bad; False if it was not free."""
    of_this = update(FreeLead).where(
        FreeLead.payment_id == payment_id, FreeLead.returned_at.is_(None)
    )
    changed = of_this.values(returned_at=now).returning(FreeLead.id)
    return bool((await session.execute(changed)).all())


async def _marks(session: AsyncSession, employer_id: UUID) -> list[tuple[str, str]]:
    """Return the keyed hashes under which a company's uses count; none for one that may have no lead for nothing."""
    query = select(User, Employer).join(Employer, Employer.id == User.id)
    user, employer = (await session.execute(query.where(User.id == employer_id))).one()
    proven = user.phone_index is not None and employer.proven_phone_index == user.phone_index
    if not proven and employer.verified_at is None:
        return []
    marks = shared_identifiers.list_marks(session, user, employer)
    return [(_ACCOUNT, employer_id.hex), *(one for one in marks if one[0] in _COUNTED)]
