"""How an employer reads the name of a worker who has accepted, before the contact is theirs.

Who was only asked has no name: see `queries`.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.masking import mask_name
from app.identity.models import User
from app.identity.users import display_name


def shown_name(name: str) -> str:
    """First name and initial; digits and addresses hidden in the name are masked first."""
    return display_name(mask_name(name))


async def shown_name_of(session: AsyncSession, worker_id: UUID) -> str:
    """The shown name of this worker."""
    return shown_name(await session.scalar(select(User.name).where(User.id == worker_id)) or "")
