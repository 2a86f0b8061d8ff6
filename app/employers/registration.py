"""Registering employers: by e-mail address and password, or by the phone from which they write a job."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict
from app.core.geo import Point
from app.core.ids import new_id
from app.core.phones import check_company_phone
from app.database.session import keyring, savepoint
from app.employers import phones, shared_identifiers
from app.employers.models import Employer
from app.identity import codes, users
from app.identity.actor import Actor
from app.identity.codes import CodeRules
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.rules import TeamRole
from app.messaging.outbox import enqueue


class PhoneHasCompany(Conflict):
    """The phone has opened a company already, or acts for one."""

    code = "phone_has_company"
    detail = "This phone has a company already: its jobs are posted for that one."


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
    session.add_all([employer, _owner(user, now)])
    await session.flush()
    await shared_identifiers.refresh(session, user, employer)
    return user, employer


def _owner(user: User, now: dt.datetime) -> TeamMember:
    """Return the place in the team of who opens a company."""
    return TeamMember(
        user_id=user.id,
        employer_id=user.id,
        role=TeamRole.OWNER,
        invited_at=now,
        joined_at=now,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatCompany:
    """A company as its owner names it in the chat; `city` is that of the first job."""

    company_name: str
    contact_name: str
    language: str
    city: str | None = None


async def send_sign_up_code(
    session: AsyncSession,
    phone: str,
    rules: CodeRules,
    language: str,
    *,
    now: dt.datetime,
    address: str | None = None,
) -> None:
    """Send a code to the phone (E.164) from which somebody wants to open a company on a page.

    Raises `PhoneNotSupported`, `Invalid` for other refused phones, and `CodesExhausted`.
    """
    check_company_phone(phone)
    codes.check_phone(phone, rules)
    index = users.index_of_phone(keyring(session), phone)
    challenge = await codes.issue(session, index, rules, now=now, known=True, address=address)
    await enqueue.send_code(
        session,
        phone=phone,
        code=challenge.code,
        language=language,
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


async def open_by_phone(
    session: AsyncSession, phone: str, new: ChatCompany, *, now: dt.datetime
) -> tuple[User, Employer]:
    """Create the account of a company whose owner writes from `phone` (E.164), or typed the code that came there.

    It has neither e-mail address nor password: its owner signs in by a code. Raises `PhoneNotSupported`,
    and `PhoneHasCompany` where the phone acts for a company already, also in a race.
    """
    check_company_phone(phone)
    keys = keyring(session)
    index = users.index_of_phone(keys, phone)
    if any(account.proven for account in await phones.list_accounts(session, index)):
        raise PhoneHasCompany
    user = User(
        id=new_id(),
        role=Role.EMPLOYER,
        status=UserStatus.ACTIVE,
        name=new.contact_name,
        language=new.language,
        phone_sealed=users.seal_phone(keys, phone),
        phone_index=index,
        created_at=now,
        updated_at=now,
    )
    employer = Employer(
        id=user.id,
        company_name=new.company_name,
        city=new.city,
        proven_phone_index=index,
        opened_by_phone_index=index,
        created_at=now,
        updated_at=now,
    )
    try:
        # The unique index decides a race of two processes.
        async with savepoint(session):
            session.add(user)
            await session.flush()
            session.add_all([employer, _owner(user, now)])
            await session.flush()
    except IntegrityError as error:
        raise PhoneHasCompany from error
    await shared_identifiers.refresh(session, user, employer)
    actor = Actor(user.id, Role.EMPLOYER, UserStatus.ACTIVE, user.name)
    audit.record(session, "employer.open_by_phone", user.id, actor, now)
    return user, employer
