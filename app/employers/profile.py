"""An employer's profile: reading and editing it."""

import datetime as dt
from typing import TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.catalogue import places
from app.core.errors import Conflict, Invalid, NotFound
from app.core.geo import Point
from app.database.session import keyring
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.employers.tax_place import place_of
from app.employers.team import AlreadyInTeam
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import TeamMember, User
from app.taxes.pack import checked_tax_id


class EmployerNotFound(NotFound):
    """There is no such employer."""

    code = "employer_not_found"
    detail = "There is no such employer."


class PhoneNeeded(Conflict):
    """The account has no e-mail address: without its phone nobody could sign in to it."""

    code = "phone_needed"
    detail = (
        "You sign in by this phone. Add an e-mail address first, then the phone can be changed."
    )
    remedy = "Set an e-mail address first."


class EmailSet(Conflict):
    """The account has another e-mail address, which is not changed here."""

    code = "email_set"
    detail = "The account has an e-mail address already. Ask our team to change it."
    remedy = "Leave `email` out."


class EmployerEdit(TypedDict, total=False):
    """Changes to a profile; a missing field keeps its value, None empties it."""

    company_name: str
    contact_name: str
    email: str
    """From `users.parse_email`; for an account that has none, or that nobody signs in to."""
    phone: str | None
    """E.164."""
    address: str | None
    city: str | None
    location: Point | None
    tax_id: str | None


async def get_employer(session: AsyncSession, employer_id: UUID) -> tuple[User, Employer]:
    """Return the employer's account and profile. Raises `EmployerNotFound`."""
    return await _load(session, employer_id, lock=False)


async def edit(
    session: AsyncSession,
    actor: Actor,
    changes: EmployerEdit,
    *,
    home_country: str = places.HOME,
    now: dt.datetime,
) -> tuple[User, Employer]:
    """Change the actor's profile and return it; `home_country` (ISO 3166) is the installation's.

    Raises `EmployerNotFound`, `EmailSet`, `EmailTaken`, `PhoneNeeded`, `AlreadyInTeam`, and `Invalid` for a tax number that its
    country does not know. Another company name or tax number ends the verification, which was of the old ones.
    """
    user, employer = await _load(session, actor.employer_id, lock=True)
    checked = (employer.company_name, employer.tax_id)
    if "contact_name" in changes:
        user.name = changes["contact_name"]
    if "email" in changes and changes["email"] != users.email_of(session, user):
        if users.email_of(session, user) is not None and not await is_nobodys(session, user.id):
            raise EmailSet
        await users.set_email(session, user, changes["email"])
    if "phone" in changes:
        await _set_phone(session, user, employer, changes["phone"])
    if "company_name" in changes:
        employer.company_name = changes["company_name"]
    if "address" in changes:
        address = changes["address"]
        employer.address = None
        employer.address_sealed = (
            keyring(session).seal(address, shared_identifiers.ADDRESS)
            if address is not None
            else None
        )
    if "city" in changes:
        employer.city = changes["city"]
    if "tax_id" in changes and changes["tax_id"] != employer.tax_id:
        place = place_of(employer.city)
        country = place.country if place else home_country
        employer.tax_id = _checked_tax_id(changes["tax_id"], country)
    if "location" in changes:
        point = changes["location"]
        employer.latitude = point.latitude if point else None
        employer.longitude = point.longitude if point else None
    if employer.verified_at is not None and checked != (employer.company_name, employer.tax_id):
        employer.verified_at = None
        audit.record(
            session,
            "employer.unverify",
            employer.id,
            actor,
            now,
            code="company name or tax number changed",
            before={"verified": True},
            after={"verified": False},
        )
    if changes:
        user.updated_at = employer.updated_at = now
        await shared_identifiers.refresh(session, user, employer)
    await session.flush()
    return user, employer


async def _set_phone(
    session: AsyncSession, user: User, employer: Employer, phone: str | None
) -> None:
    keys, now_named = keyring(session), users.phone_of(session, user)
    signs_in_by_it = users.email_of(session, user) is None and phone != now_named
    if signs_in_by_it and not await is_nobodys(session, user.id):
        raise PhoneNeeded
    if phone is not None and phone != now_named:
        await _require_no_members(session, employer.id, users.index_of_phone(keys, phone))
    user.phone_sealed = users.seal_phone(keys, phone) if phone else None
    user.phone_index = users.index_of_phone(keys, phone) if phone else None
    if employer.proven_phone_index != user.phone_index:
        # The old phone is not proven again if it comes back: by then it may be somebody else's.
        employer.proven_phone_index = employer.opened_by_phone_index = None


async def is_nobodys(session: AsyncSession, employer_id: UUID) -> bool:
    """Whether nobody signs in to a company's own account any more, because who opened it has left the team.

    Its mailbox and phone are only for messages then, and an owner may change them.
    """
    left = select(TeamMember.user_id).where(
        TeamMember.user_id == employer_id, TeamMember.left_at.is_not(None)
    )
    return await session.scalar(left) is not None


async def _require_no_members(session: AsyncSession, employer_id: UUID, phone_index: str) -> None:
    """Raise `AlreadyInTeam` if the phone is that of a member of the team, who signs in by it."""
    query = (
        select(User.id)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(
            TeamMember.employer_id == employer_id,
            TeamMember.left_at.is_(None),
            User.id != employer_id,
            User.phone_index == phone_index,
        )
    )
    if await session.scalar(query.limit(1)) is not None:
        raise AlreadyInTeam


def _checked_tax_id(text: str | None, country: str) -> str | None:
    try:
        return checked_tax_id(country, text) if text is not None else None
    except ValueError as error:
        raise Invalid.field("tax_id", str(error)) from None


async def _load(session: AsyncSession, employer_id: UUID, *, lock: bool) -> tuple[User, Employer]:
    query = (
        select(User, Employer)
        .join(Employer, Employer.id == User.id)
        .where(Employer.id == employer_id)
    )
    if lock:
        query = query.with_for_update(of=Employer, key_share=True).execution_options(
            populate_existing=True
        )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise EmployerNotFound
    return row[0], row[1]
