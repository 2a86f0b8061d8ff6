"""A worker registers, and proves the phone by the first code.

The answer never tells whether a phone is known: an unknown one gets a pending account and a code, a
pending one is overwritten by what it says now, and a known one gets a sign-in code and keeps its
profile.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Executable, delete, false, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.catalogue import skills as skill_catalogue
from app.core.errors import Conflict, FieldError, Invalid
from app.core.geo import Point, on_grid
from app.core.ids import new_id
from app.core.languages import Language
from app.database.session import keyring
from app.database.statements import insert_of, is_postgresql, table
from app.identity import codes, users
from app.identity.codes import Challenge, CodeRules
from app.identity.models import Consent, Role, User, UserStatus
from app.messaging.outbox import enqueue
from app.workers.models import Worker

CONSENT_PURPOSE: Final = "job_offers"
CONSENT_VERSION: Final = "2026-11"
"""Version of the wording a worker agrees to; a new wording gets a new one."""

DEFAULT_TRAVEL_KM: Final = 10.0


class UnknownPlace(Invalid):
    """Where somebody says they live is in no catalogue, and free text is nothing that others may read."""

    code = "unknown_place"
    detail = "There is no such place; see /api/catalogue/places."

    def __init__(self) -> None:
        super().__init__([FieldError("city", "There is no such place; see the catalogue.")])


class NotRegistered(Conflict):
    """Nobody has agreed to anything yet: there is no account to sign in to."""

    code = "code_unregistered"
    detail = "Finish registering first."


class PhoneMissing(Conflict):
    """The account has no phone to sign in with."""

    code = "code_needs_phone"
    detail = "Share your phone number first."


class ChatCodesExhausted(Conflict):
    """Somebody asked for enough codes in the chat for now."""

    code = "codes_enough"
    detail = "Use the newest code, or ask again in an hour."


@dataclass(frozen=True, kw_only=True)
class NewWorker:
    """What somebody says about themselves when they register; `channel` is where they agreed."""

    name: str
    phone: str
    language: Language = Language.ENGLISH
    city: str | None = None
    location: Point | None = None
    skills: Sequence[str] = ()
    experience_years: int = 0
    max_distance_km: float = DEFAULT_TRAVEL_KM
    channel: str = "api"


async def register(
    session: AsyncSession,
    new: NewWorker,
    rules: CodeRules,
    country: str,
    *,
    now: dt.datetime,
    address: str | None = None,
) -> dt.datetime:
    """Register a worker and send the code that proves the phone; return when the code expires.

    `country` (ISO 3166) is where a worker lives who says neither city nor location. Raises `Invalid`
    for unknown skills and for phones codes may not go to, `UnknownPlace` and `CodesExhausted`.
    """
    codes.check_phone(new.phone, rules)
    check_skills(new.skills)
    if new.city is not None:
        city_of(new.city)  # of a known phone, too: the answer must not tell it
    claimed = await _claim_phone(session, new, now)
    await _rename(session, claimed.user_id, new, now)
    if claimed.status == UserStatus.PENDING:
        await _write_profile(session, claimed.user_id, new, country, now)
        _add_consent(session, claimed.user_id, new, now)
        await session.flush()
    else:
        await _spend_equal_time(session, claimed.user_id, country, new)
    known = _Recipient(claimed.user_id, claimed.language)
    return await _send_code(session, new.phone, known, rules, now, address)


async def register_proven(
    session: AsyncSession, new: NewWorker, country: str, *, now: dt.datetime
) -> UUID:
    """Register a worker whose phone is proven already, by the message they sent from it.

    Somebody known keeps their profile. A pending one becomes active, and is what they say now: what was
    said before, consent included, anybody may have said who typed the number. Returns the worker's id.
    Raises `Invalid` for unknown skills.
    """
    check_skills(new.skills)
    claimed = await _claim_phone(session, new, now)
    user_id = claimed.user_id
    if claimed.status != UserStatus.PENDING:
        return user_id
    if not claimed.is_new:
        await _rename(session, user_id, new, now)
        await session.execute(delete(Consent).where(Consent.user_id == user_id))
    await _write_profile(session, user_id, new, country, now)
    _add_consent(session, user_id, new, now)
    await users.prove_phone(session, user_id, now=now)
    return user_id


async def request_code(
    session: AsyncSession,
    phone: str,
    rules: CodeRules,
    *,
    now: dt.datetime,
    address: str | None = None,
) -> dt.datetime:
    """Send a sign-in code to a known phone (E.164); return when a code asked for now expires.

    `address` is the network address that asks.

    An unknown phone costs nothing and looks the same. Raises `Invalid` for phones codes may not go to
    and `CodesExhausted`.
    """
    codes.check_phone(phone, rules)
    user = await users.find_by_phone(session, phone)
    known = _Recipient(user.id, user.language) if user is not None else None
    return await _send_code(session, phone, known, rules, now, address)


async def _send_code(
    session: AsyncSession,
    phone: str,
    known: "_Recipient | None",
    rules: CodeRules,
    now: dt.datetime,
    address: str | None,
) -> dt.datetime:
    subject = users.index_of_phone(keyring(session), phone)
    challenge = await codes.issue(
        session, subject, rules, now=now, known=known is not None, address=address
    )
    await _deliver_code(session, challenge, phone, known, now)
    return challenge.expires_at


async def send_code_in_chat(
    session: AsyncSession, user_id: UUID, language: str, *, now: dt.datetime
) -> None:
    """Send a sign-in code to a worker who writes to us and asks for one.

    It goes to the phone the account signs in with. What others asked for in this phone's name counts for
    nothing here. Raises `NotFound`, `NotRegistered`, `PhoneMissing` and `ChatCodesExhausted`.
    """
    user = await users.get_user(session, user_id)
    phone = users.phone_of(session, user)
    agreed = select(Consent.id).where(Consent.user_id == user_id, Consent.withdrawn_at.is_(None))
    if await session.scalar(agreed.limit(1)) is None:
        raise NotRegistered
    if phone is None:
        raise PhoneMissing
    subject = users.index_of_phone(keyring(session), phone)
    challenge = await codes.issue_in_chat(session, subject, now=now)
    if challenge is None:
        raise ChatCodesExhausted
    await _deliver_code(session, challenge, phone, _Recipient(user_id, language), now)


async def _deliver_code(
    session: AsyncSession,
    challenge: Challenge,
    phone: str,
    known: "_Recipient | None",
    now: dt.datetime,
) -> None:
    """Send the code; to nobody known a decoy, which takes as long."""
    await enqueue.send_code(
        session,
        phone=phone,
        user_id=known.user_id if known is not None else None,
        decoy=known is None,
        code=challenge.code,
        language=known.language if known is not None else Language.ENGLISH,
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


def city_of(name: str) -> str:
    """Return the catalogue's name of a place that a worker names. Raises `UnknownPlace`."""
    place = places.city_named(name)
    if place is None:
        raise UnknownPlace
    return place.name


def check_skills(slugs: Sequence[str]) -> None:
    """Raise `Invalid`, naming each field, unless the catalogue knows every skill."""
    strangers = set(skill_catalogue.unknown(slugs))
    errors = [
        FieldError(f"skills.{number}", "There is no such skill; see /api/catalogue/skills.")
        for number, slug in enumerate(slugs)
        if slug in strangers
    ]
    if errors:
        raise Invalid(errors)


class _Recipient(NamedTuple):
    """Whose phone it is, and the language they read."""

    user_id: UUID
    language: str


class _WorkerOfPhone(NamedTuple):
    """The worker of a phone."""

    user_id: UUID
    status: str
    language: str
    """Of a pending one, what they say now."""
    is_new: bool


async def _claim_phone(session: AsyncSession, new: NewWorker, now: dt.datetime) -> _WorkerOfPhone:
    """Return the worker of this phone, making a pending one if there is none.

    The unique index decides between two who register the same phone at once.
    """
    keys = keyring(session)
    newcomer = {
        "id": new_id(),
        "role": Role.WORKER,
        "status": UserStatus.PENDING,
        "name": new.name,
        "language": new.language,
        "phone_sealed": users.seal_phone(keys, new.phone),
        "phone_index": users.index_of_phone(keys, new.phone),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    made = await session.scalar(_insert_pending(postgresql=is_postgresql(session)), newcomer)
    # Looked at also where it was made: a phone that is known takes no longer.
    known = (
        select(User.id, User.status, User.language)
        .where(
            User.role == Role.WORKER,
            User.phone_index == users.index_of_phone(keys, new.phone),
        )
        # Held, so that a code used at the same moment can't make it active under our hands.
        .with_for_update()
    )
    row = (await session.execute(known)).one()
    language = new.language if row.status == UserStatus.PENDING else row.language
    return _WorkerOfPhone(row.id, row.status, language, is_new=made is not None)


@cache
def _insert_pending(*, postgresql: bool) -> Executable:
    return (
        insert_of(User, postgresql=postgresql)
        .on_conflict_do_nothing(
            index_elements=["phone_index"],
            index_where=text("role = 'worker' AND phone_index IS NOT NULL"),
        )
        .returning(table(User).c.id)
    )


async def _rename(session: AsyncSession, user_id: UUID, new: NewWorker, now: dt.datetime) -> None:
    """Let a pending worker be called what they say now; nobody else."""
    await session.execute(
        update(User)
        .where(User.id == user_id, User.status == UserStatus.PENDING)
        .values(name=new.name, language=new.language, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def _spend_equal_time(
    session: AsyncSession, user_id: UUID, country: str, new: NewWorker
) -> None:
    """Run what registering a newcomer runs, to no effect: a known phone is not told by its time."""
    _locate(new, country)
    nothing = update(Worker).where(Worker.id == user_id, false()).values(city=Worker.city)
    await session.execute(nothing.execution_options(synchronize_session=False))
    same = update(Consent).where(Consent.user_id == user_id, false())
    same = same.values(channel=Consent.channel)
    await session.execute(same.execution_options(synchronize_session=False))


async def _write_profile(
    session: AsyncSession, user_id: UUID, new: NewWorker, country: str, now: dt.datetime
) -> None:
    """Write what a pending worker says, over what they said before."""
    city, location, zone = _locate(new, country)
    said = {
        "city": city,
        "latitude": location.latitude if location else None,
        "longitude": location.longitude if location else None,
        "max_distance_km": new.max_distance_km,
        "skills": list(dict.fromkeys(new.skills)),
        "experience_years": new.experience_years,
        "time_zone": zone,
        "updated_at": now,
    }
    statement = _upsert_profile(tuple(said), postgresql=is_postgresql(session))
    await session.execute(statement, {"id": user_id, "created_at": now, **said})


@cache
def _upsert_profile(said: tuple[str, ...], *, postgresql: bool) -> Executable:
    made = insert_of(Worker, postgresql=postgresql)
    return made.on_conflict_do_update(
        index_elements=["id"], set_={name: made.excluded[name] for name in said}
    )


def _add_consent(session: AsyncSession, user_id: UUID, new: NewWorker, now: dt.datetime) -> None:
    session.add(
        Consent(
            user_id=user_id,
            purpose=CONSENT_PURPOSE,
            wording_version=CONSENT_VERSION,
            language=new.language,
            channel=new.channel,
            granted_at=now,
        )
    )


def _locate(new: NewWorker, country: str) -> tuple[str | None, Point | None, str]:
    """Return city, location (on the grid) and time zone, each found from the other where one is said."""
    city, location = city_of(new.city) if new.city is not None else None, new.location
    if location is None and city is not None:
        place = places.by_city(city, country) or places.city_named(city)
        location = Point(place.latitude, place.longitude) if place else None
    if location is not None:
        location = on_grid(location)
    if location is not None and city is None:
        nearest = places.nearest_city(location.latitude, location.longitude)
        city = nearest.name if nearest else None
    if location is not None:
        return city, location, places.time_zone_at(location.latitude, location.longitude)
    return city, None, places.main_time_zone(country)
