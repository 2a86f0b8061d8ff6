"""The name of a worker who accepted, as the employer sees it before buying the contact (else none)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.person_names import UNNAMED, letters_of
from app.identity.models import User
from app.identity.users import display_name
from app.masking.mask import mask_name


def shown_name(name: str) -> str:
    """Return first name and initial, of letters only; without any, a word that stands for the name.

    Digits, addresses and networks' names are left out. What stands between may hide one from the mask or
    make it ("Insta 9 asha", "asha@upi"), so a word is shown that stays with it and without it.
    """
    bare = letters_of(mask_name(letters_of(name))).split()
    seen = " ".join(word for word in letters_of(mask_name(name)).split() if word in bare)
    return display_name(seen if letters_of(mask_name(seen)) == seen else "") or UNNAMED


async def shown_name_of(session: AsyncSession, worker_id: UUID) -> str:
    """The shown name of this worker."""
    return shown_name(await session.scalar(select(User.name).where(User.id == worker_id)) or "")
