"""A worker registers in the chat: created by their first message, active by their consent."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.languages import Language
from app.database.statements import insert_if_absent
from app.identity import users
from app.identity.models import Role, User, UserStatus
from app.messaging.contacts import identify
from app.messaging.models import ChatPerson
from app.workers.models import Worker
from app.workers.registration import DEFAULT_TRAVEL_KM, NewWorker, add_consent, register_proven


@dataclass(frozen=True, slots=True)
class ChatNewcomer:
    """What a first message shows of a worker."""

    name: str
    language: str
    country: str
    """ISO 3166: where they live until they say where."""


async def create_worker(
    session: AsyncSession, person: ChatPerson, newcomer: ChatNewcomer, *, now: dt.datetime
) -> None:
    """Create a person's pending worker; of several messages handled at once, only one does."""
    if person.user_id is not None:
        return
    user = {
        "id": new_id(),
        "role": Role.WORKER,
        "status": UserStatus.PENDING,
        "name": newcomer.name,
        "language": newcomer.language,
        # Sealed as a user's phone is (`outbox.ADDRESS`), so it can be copied.
        "phone_sealed": person.phone_sealed,
        "phone_index": person.phone_index,
        "chat_user_id": await _unused_chat_id(session, person),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    await insert_if_absent(session, User, user)
    await identify.link_account(session, person, now)
    worker = {
        "id": _linked_worker(person),
        "max_distance_km": DEFAULT_TRAVEL_KM,
        "skills": [],
        "experience_years": 0,
        "bio": "",
        "time_zone": places.main_time_zone(newcomer.country),
        "answered": 0,
        "missed": 0,
        "withdrawn": 0,
        "created_at": now,
        "updated_at": now,
    }
    await insert_if_absent(session, Worker, worker)


def _linked_worker(person: ChatPerson) -> UUID:
    if person.user_id is None:
        raise NotFound
    return person.user_id


async def _unused_chat_id(session: AsyncSession, person: ChatPerson) -> str | None:
    taken = await session.scalar(
        select(User.id).where(User.chat_user_id == person.platform_user_id)
    )
    return person.platform_user_id if taken is None else None


async def give_consent(
    session: AsyncSession,
    worker_id: UUID,
    newcomer: ChatNewcomer,
    channel: str,
    *,
    now: dt.datetime,
) -> None:
    """Record a worker's consent; the message proves the phone and activates them. Raises `NotFound`."""
    user = await users.get_user(session, worker_id)
    phone = users.phone_of(session, user)
    if phone is not None:
        language = Language(newcomer.language)
        new = NewWorker(name=newcomer.name, phone=phone, language=language, channel=channel)
        await register_proven(session, new, newcomer.country, now=now)
    else:
        add_consent(session, user.id, newcomer.language, channel, now=now)
