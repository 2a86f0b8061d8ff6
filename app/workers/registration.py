"""Registering workers, and sending them sign-in codes; the first code proves the phone.

No answer tells whether a phone is known. An unknown phone gets a pending account, a pending account is
overwritten, and any other account keeps its profile; each is sent a code.
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
from app.identity.codes import Challenge, ChatCodesExhausted, CodeRecipient, CodeRules
from app.identity.models import Consent, Role, User, UserStatus
from app.messaging.outbox import enqueue
from app.workers.models import Worker

CONSENT_PURPOSE: Final = "job_offers"
CONSENT_VERSION: Final = "2026-11"
"""Version of the wording that workers agree to."""
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


@dataclass(frozen=True, kw_only=True)
class NewWorker:
    """A registration; `channel` is where the consent was given."""

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

    `country` (ISO 3166) is the default where neither city nor location is given. Raises `Invalid` for
    unknown skills and refused phones, `UnknownPlace` and `CodesExhausted`.
    """
    codes.check_phone(new.phone, rules)
    check_skills(new.skills)
    if new.city is not None:
        city_of(new.city)  # also for a known phone, so that the answer is the same
    account = await _claim_phone(session, new, now)
    await _rename(session, account.user_id, new, now)
    if account.status == UserStatus.PENDING:
        await _write_profile(session, account.user_id, new, country, now)
        add_consent(session, account.user_id, new.language, new.channel, now=now)
        await session.flush()
    else:
        await _spend_equal_time(session, account.user_id, country, new)
    recipient = CodeRecipient(account.user_id, account.language)
    return await _send_code(session, new.phone, recipient, rules, now, address)


async def register_proven(
    session: AsyncSession, new: NewWorker, country: str, *, now: dt.datetime
) -> UUID:
    """Register a worker whose message proves the phone; return the worker's id.

    A pending account becomes active. Its former profile and consent are replaced, because anybody may have
    typed the number. Other accounts keep their profile. Raises `Invalid` for unknown skills.
    """
    check_skills(new.skills)
    account = await _claim_phone(session, new, now)
    user_id = account.user_id
    if account.status != UserStatus.PENDING:
        return user_id
    if not account.is_new:
        await _rename(session, user_id, new, now)
        await session.execute(delete(Consent).where(Consent.user_id == user_id))
    await _write_profile(session, user_id, new, country, now)
    add_consent(session, user_id, new.language, new.channel, now=now)
    await users.prove_phone(session, user_id, now=now)
    return user_id


async def request_code(
    session: AsyncSession,
    phone: str,
    rules: CodeRules,
    *,
    now: dt.datetime,
    address: str | None = None,
    company: CodeRecipient | None = None,
) -> dt.datetime:
    """Send a sign-in code to a phone (E.164); return when it expires. An unknown phone is sent nothing.

    `address` is the network address that asks; `company` gets the code of a phone that is no worker's.
    Raises `Invalid` for refused phones and `CodesExhausted`.
    """
    codes.check_phone(phone, rules)
    user = await users.find_by_phone(session, phone)
    recipient = CodeRecipient(user.id, user.language) if user is not None else company
    return await _send_code(session, phone, recipient, rules, now, address)


async def _send_code(
    session: AsyncSession,
    phone: str,
    recipient: CodeRecipient | None,
    rules: CodeRules,
    now: dt.datetime,
    address: str | None,
) -> dt.datetime:
    subject = users.index_of_phone(keyring(session), phone)
    challenge = await codes.issue(
        session, subject, rules, now=now, known=recipient is not None, address=address
    )
    await _deliver_code(session, challenge, phone, recipient, now)
    return challenge.expires_at


async def send_code_in_chat(
    session: AsyncSession, user_id: UUID, language: str, *, now: dt.datetime
) -> None:
    """Send a sign-in code, asked for in the chat, to the phone the worker signs in with.

    Codes that strangers asked for by this phone don't count against it. Raises `NotFound`,
    `NotRegistered`, `PhoneMissing` and `ChatCodesExhausted`.
    """
    user = await users.get_user(session, user_id)
    phone = users.phone_of(session, user)
    consent = select(Consent.id).where(Consent.user_id == user_id, Consent.withdrawn_at.is_(None))
    if await session.scalar(consent.limit(1)) is None:
        raise NotRegistered
    if phone is None:
        raise PhoneMissing
    subject = users.index_of_phone(keyring(session), phone)
    challenge = await codes.issue_in_chat(session, subject, now=now)
    if challenge is None:
        raise ChatCodesExhausted
    await _deliver_code(session, challenge, phone, CodeRecipient(user_id, language), now)


async def _deliver_code(
    session: AsyncSession,
    challenge: Challenge,
    phone: str,
    recipient: CodeRecipient | None,
    now: dt.datetime,
) -> None:
    """Send the code; without a recipient send a decoy, which takes as long."""
    await enqueue.send_code(
        session,
        phone=phone,
        user_id=recipient.user_id if recipient is not None else None,
        decoy=recipient is None,
        code=challenge.code,
        language=recipient.language if recipient is not None else Language.ENGLISH,
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


def city_of(name: str) -> str:
    """Return the catalogue's spelling of a place name. Raises `UnknownPlace`."""
    place = places.city_named(name)
    if place is None:
        raise UnknownPlace
    return place.name


def check_skills(slugs: Sequence[str]) -> None:
    """Raise `Invalid`, naming each field, unless the catalogue knows every skill."""
    unknown = set(skill_catalogue.unknown(slugs))
    errors = [
        FieldError(f"skills.{number}", "There is no such skill; see /api/catalogue/skills.")
        for number, slug in enumerate(slugs)
        if slug in unknown
    ]
    if errors:
        raise Invalid(errors)


class _WorkerOfPhone(NamedTuple):
    """The worker of a phone; a pending one's language is that of the registration."""

    user_id: UUID
    status: str
    language: str
    is_new: bool


async def _claim_phone(session: AsyncSession, new: NewWorker, now: dt.datetime) -> _WorkerOfPhone:
    """Lock and return the worker of this phone, creating a pending one if there is none.

    The unique index decides between two registrations of one phone at once. The lock keeps a code from
    activating the account meanwhile.
    """
    keys = keyring(session)
    pending = {
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
    created = await session.scalar(_insert_pending(postgresql=is_postgresql(session)), pending)
    # Read also where it was created, so that a known phone takes no longer.
    query = select(User.id, User.status, User.language).where(
        User.role == Role.WORKER, User.phone_index == pending["phone_index"]
    )
    row = (await session.execute(query.with_for_update())).one()
    language = new.language if row.status == UserStatus.PENDING else row.language
    return _WorkerOfPhone(row.id, row.status, language, is_new=created is not None)


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
    """Change a pending worker's name and language; other accounts stay."""
    await session.execute(
        update(User)
        .where(User.id == user_id, User.status == UserStatus.PENDING)
        .values(name=new.name, language=new.language, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def _spend_equal_time(
    session: AsyncSession, user_id: UUID, country: str, new: NewWorker
) -> None:
    """Run the statements of a new registration without effect, so that timing tells nothing."""
    _locate(new, country)
    profile = update(Worker).where(Worker.id == user_id, false()).values(city=Worker.city)
    consent = update(Consent).where(Consent.user_id == user_id, false())
    for statement in (profile, consent.values(channel=Consent.channel)):
        await session.execute(statement.execution_options(synchronize_session=False))


async def _write_profile(
    session: AsyncSession, user_id: UUID, new: NewWorker, country: str, now: dt.datetime
) -> None:
    """Write a pending worker's profile over an earlier one."""
    city, location, zone = _locate(new, country)
    values = {
        "city": city,
        "latitude": location.latitude if location else None,
        "longitude": location.longitude if location else None,
        "max_distance_km": new.max_distance_km,
        "skills": list(dict.fromkeys(new.skills)),
        "experience_years": new.experience_years,
        "time_zone": zone,
        "updated_at": now,
    }
    statement = _upsert_profile(tuple(values), postgresql=is_postgresql(session))
    await session.execute(statement, {"id": user_id, "created_at": now, **values})


@cache
def _upsert_profile(names: tuple[str, ...], *, postgresql: bool) -> Executable:
    inserted = insert_of(Worker, postgresql=postgresql)
    return inserted.on_conflict_do_update(
        index_elements=["id"], set_={name: inserted.excluded[name] for name in names}
    )


def add_consent(
    session: AsyncSession, user_id: UUID, language: str, channel: str, *, now: dt.datetime
) -> None:
    """Record a worker's consent to today's wording."""
    session.add(
        Consent(
            user_id=user_id,
            purpose=CONSENT_PURPOSE,
            wording_version=CONSENT_VERSION,
            language=language,
            channel=channel,
            granted_at=now,
        )
    )


def _locate(new: NewWorker, country: str) -> tuple[str | None, Point | None, str]:
    """Return city, location (on the grid) and time zone; city and location are derived from each other."""
    city, location = city_of(new.city) if new.city is not None else None, new.location
    if location is None and city is not None:
        place = places.by_city(city, country) or places.city_named(city)
        location = Point(place.latitude, place.longitude) if place else None
    if location is None:
        return city, None, places.main_time_zone(country)
    location = on_grid(location)
    if city is None:
        nearest = places.nearest_city(location.latitude, location.longitude)
        city = nearest.name if nearest else None
    return city, location, places.time_zone_at(location.latitude, location.longitude)
