"""Quiet hours of members of a company's team: what their company is told at night, they read in the morning.

They are those of whoever chose no others, where the company is. The company's own account keeps none: it may need
to know at once that somebody took back a shift of the morning.
"""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.employers.models import Employer
from app.employers.time_zone import time_zone_of
from app.identity.models import TeamMember, User
from app.messaging.models import Channel, ChatPerson
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO, QuietPeriod

_MEMBERS: Final = (
    select(
        TeamMember.user_id,
        TeamMember.joined_at,
        Employer.city,
        Employer.latitude,
        Employer.longitude,
        select(func.max(ChatPerson.last_inbound_at))
        .where(
            ChatPerson.channel == Channel.WHATSAPP.value,
            ChatPerson.phone_index == User.phone_index,
        )
        .scalar_subquery()
        .label("wrote_at"),
    )
    .join(User, User.id == TeamMember.user_id)
    .join(Employer, Employer.id == TeamMember.employer_id)
    .where(
        TeamMember.user_id.in_(bindparam("ids", expanding=True)),
        TeamMember.user_id != TeamMember.employer_id,
        TeamMember.left_at.is_(None),
    )
)


async def find_quiet_hours(
    session: AsyncSession, ids: Collection[UUID]
) -> Mapping[UUID, QuietPeriod]:
    """Return the quiet hours of those among `ids` who are in a company's team and did not open it.

    Joining, writing and tapping are signs of life (`QuietPeriod.active_at`).
    """
    if not ids:
        return {}
    return {
        row.user_id: QuietPeriod(
            QUIET_FROM,
            QUIET_TO,
            time_zone_of(
                row.city,
                None if row.latitude is None else (row.latitude, row.longitude),
            ),
            max((at for at in (row.joined_at, row.wrote_at) if at is not None), default=None),
        )
        for row in await session.execute(_MEMBERS, {"ids": list(ids)})
    }
