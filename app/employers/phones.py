"""Proving that a phone is an employer's, who may then act from it in the chat, and sign in by a code.

An account may name a stranger's phone, and a phone's holder need not own the account. So a code is mailed to
the account, and must come back from the phone. A company that was opened from the phone itself
(`registration.open_by_phone`) needs no code.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app import audit
from app.core.errors import Conflict
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import keyring
from app.employers.models import Employer
from app.employers.profile import EmployerNotFound
from app.identity import codes, users
from app.identity.actor import Actor
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.permissions import Permission, may
from app.identity.rules import MAY_SIGN_IN, TeamRole
from app.masking.mask import mask_name
from app.messaging.outbox.enqueue import notify, suppress_user

CODES_PER_HOUR: Final = 3
"""The phone's holder causes the mails: they must not flood the mailbox."""


class CodesSent(Conflict):
    """Enough codes were mailed for now."""

    code = "codes_sent"
    detail = (
        "Codes were sent to the account's mailbox already; look there, or try again in an hour."
    )


class WrongCode(Conflict):
    """Not the code, or one that is used or too old."""

    code = "wrong_code"
    detail = "This is not the code we sent, or it is too old."
    keeps_changes = True


MOST_ACCOUNTS: Final = 9
"""As many accounts as fit into a chat list, with a row to spare."""
_SUBJECT: Final = "employer-phone"


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """A company for which a phone may act, or that names it; `proven` if the phone was proven to be its own."""

    id: UUID
    """The company's."""
    user_id: UUID
    """Whose phone it is: of who opened the company, or of a member of its team."""
    company: str
    contact_name: str
    email: str | None
    status: UserStatus
    proven: bool
    city: str | None
    language: str
    team_role: TeamRole = TeamRole.OWNER
    joined: bool = True
    """False for a member who is invited, and has not signed in yet."""

    @property
    def actor(self) -> Actor:
        """Who acts for the company; only of a proven account."""
        return Actor(
            self.user_id,
            Role.EMPLOYER,
            self.status,
            self.contact_name,
            company_id=self.id,
            team_role=self.team_role,
        )

    @property
    def acts_in_chat(self) -> bool:
        """Whether the chat may be about this company: there one writes jobs and buys, which viewers may not."""
        return self.joined and may(Role.EMPLOYER, Permission.POST_JOBS, None, self.team_role)


_COMPANY: Final = aliased(User)
_NAMING: Final = (
    select(
        User.id,
        User.name,
        User.email,
        User.email_sealed,
        User.status,
        User.language,
        Employer.id.label("company_id"),
        Employer.company_name,
        Employer.city,
        Employer.proven_phone_index,
        _COMPANY.status.label("company_status"),
        TeamMember.role.label("team_role"),
        TeamMember.joined_at,
    )
    .outerjoin(TeamMember, TeamMember.user_id == User.id)
    .join(Employer, Employer.id == func.coalesce(TeamMember.employer_id, User.id))
    .join(_COMPANY, _COMPANY.id == Employer.id)
    .where(
        User.role == Role.EMPLOYER,
        User.phone_index == bindparam("phone_index"),
        User.status != UserStatus.ERASED,
        TeamMember.left_at.is_(None),
    )
    .order_by(
        # Of more than are read, those that the phone was proven for.
        case((User.id != Employer.id, 0), else_=1),
        Employer.proven_phone_index.is_(None),
        User.id,
    )
    .limit(MOST_ACCOUNTS)
)


async def list_accounts(session: AsyncSession, phone_index: str | None) -> Sequence[PhoneAccount]:
    """Return the companies that name this phone and may be acted for in the chat, each once, proven ones first."""
    found: dict[UUID, PhoneAccount] = {}
    for account in await list_sign_ins(session, phone_index):
        if account.acts_in_chat:
            found.setdefault(account.id, account)
    return list(found.values())


async def list_sign_ins(session: AsyncSession, phone_index: str | None) -> Sequence[PhoneAccount]:
    """Return every account that names this phone, proven ones first, without erased ones; viewers and invited ones too.

    The phone of a member of a team counts as proven: codes and messages reach nobody but who holds it.
    """
    if phone_index is None:
        return ()
    keys = keyring(session)
    found = []
    for row in await session.execute(_NAMING, {"phone_index": phone_index}):
        of_member = row.company_id != row.id
        own = UserStatus(row.status)
        found.append(
            PhoneAccount(
                id=row.company_id,
                user_id=row.id,
                company=row.company_name,
                contact_name=row.name,
                email=keys.reveal(row.email_sealed, users.EMAIL, row.email),
                status=UserStatus(row.company_status) if own in MAY_SIGN_IN else own,
                proven=of_member or row.proven_phone_index == phone_index,
                city=row.city,
                language=row.language,
                team_role=TeamRole(row.team_role or TeamRole.OWNER),
                joined=not of_member or row.joined_at is not None,
            ),
        )
    return sorted(found, key=lambda account: not account.proven)


async def list_proven(session: AsyncSession, user_ids: Collection[UUID]) -> Sequence[str]:
    """Return the indexes of phones that were proven to be these employers' or members' own; of others none.

    A member's is proven by the code with which they joined.
    """
    query = (
        select(User.phone_index)
        .outerjoin(Employer, Employer.id == User.id)
        .outerjoin(TeamMember, TeamMember.user_id == User.id)
        .where(
            User.id.in_(user_ids),
            User.phone_index.is_not(None),
            or_(
                Employer.proven_phone_index == User.phone_index,
                and_(Employer.id.is_(None), TeamMember.joined_at.is_not(None)),
            ),
        )
        .distinct()
    )
    return [index for index in await session.scalars(query) if index is not None]


async def is_proven(session: AsyncSession, employer_id: UUID) -> bool | None:
    """Whether an account's phone was proven; None where it names none."""
    query = (
        select(User.phone_index, Employer.proven_phone_index)
        .join(Employer, Employer.id == User.id)
        .where(User.id == employer_id)
    )
    named, shown = (await session.execute(query)).one()
    return None if named is None else bool(named == shown)


async def send_code(
    session: AsyncSession, employer_id: UUID, phone_index: str, *, now: dt.datetime
) -> None:
    """Mail a code that proves this phone. Raises `CodesSent`, and `EmployerNotFound` for another phone."""
    user = await _get_account(session, employer_id, phone_index)
    phone = users.phone_of(session, user) or ""
    subject = _subject(session, employer_id, phone_index)
    challenge = await codes.issue_by_email(session, subject, CODES_PER_HOUR, now=now)
    if challenge is None:
        raise CodesSent
    await notify(
        session,
        employer_id,
        "phone_code",
        {
            "code": challenge.code,
            "minutes": round(codes.MAIL_LIFETIME.total_seconds() / 60),
            "phone_end": phone[-4:],
        },
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


async def prove(
    session: AsyncSession, employer_id: UUID, phone_index: str, code: str, *, now: dt.datetime
) -> None:
    """Mark the phone as proven by the mailed code, which came from the phone.

    Raises `EmployerNotFound` for another phone, and `WrongCode`, which is counted.
    """
    user = await _get_account(session, employer_id, phone_index)
    if not await codes.redeem(session, _subject(session, employer_id, phone_index), code, now=now):
        raise WrongCode
    await session.execute(
        update(Employer)
        .where(Employer.id == employer_id)
        .values(proven_phone_index=phone_index, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        session,
        "employer.prove_phone",
        employer_id,
        Actor(user.id, Role.EMPLOYER, UserStatus(user.status), user.name),
        now,
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who will call a worker, and from which number (E.164)."""

    name: str
    """The contact's name; contact details in it are masked."""
    phone: str

    def as_param(self) -> dict[str, str]:
        """Return the value of `{caller|caller}` in a text."""
        return {"name": self.name, "phone": self.phone}


async def find_callers(
    session: AsyncSession, employer_ids: Collection[UUID]
) -> Mapping[UUID, Caller]:
    """Return who calls for each of these employers whose phone is proven to be the account's.

    An account may name a stranger's number by a slip: no worker is sent there.
    """
    query = (
        select(User.id, User.name, User.phone_sealed)
        .join(Employer, Employer.id == User.id)
        .where(User.id.in_(employer_ids), Employer.proven_phone_index == User.phone_index)
    )
    callers = {
        user.id: caller_of(session, user.name, user.phone_sealed)
        for user in await session.execute(query)
    }
    return {user_id: caller for user_id, caller in callers.items() if caller is not None}


def caller_of(session: AsyncSession, name: str, phone_sealed: bytes | None) -> Caller | None:
    """Return who calls, of an account whose phone is proven; None where there is no phone any more."""
    if not phone_sealed:
        return None
    return Caller(mask_name(name), keyring(session).open(phone_sealed, users.PHONE))


async def revoke_proof(session: AsyncSession, phone_index: str, *, now: dt.datetime) -> None:
    """Revoke the proof of a phone, because the platform says that somebody moved to its number.

    An account without an e-mail address loses the phone: nobody else may get its messages. Its owner has no
    way in then, so our team is alerted.
    """
    for account in await list_sign_ins(session, phone_index):
        if account.proven and account.email is None:
            await session.execute(
                update(User)
                .where(User.id == account.user_id)
                .values(phone_index=None, phone_sealed=None, updated_at=now)
                .execution_options(synchronize_session=False)
            )
            await suppress_user(session, account.user_id, now)
            ALERTS.labels("employer_lost_phone").inc()
            logger().warning("employer_lost_phone", user_id=str(account.user_id))
            audit.record(session, "employer.lose_phone", account.id, None, now)
    await session.execute(
        update(Employer)
        .where(Employer.proven_phone_index == phone_index)
        .values(proven_phone_index=None, opened_by_phone_index=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def move_to_phone(
    session: AsyncSession, old_index: str, new_phone: str, *, now: dt.datetime
) -> None:
    """Move the accounts proven by a phone to their owner's new number, as the platform reports it."""
    keys = keyring(session)
    new_index = users.index_of_phone(keys, new_phone)
    for account in await list_sign_ins(session, old_index):
        if not account.proven:
            continue
        moved = {"phone_index": new_index, "phone_sealed": users.seal_phone(keys, new_phone)}
        for statement in (
            update(User).where(User.id == account.user_id).values(**moved, updated_at=now),
            update(Employer)
            .where(Employer.id == account.user_id)
            .values(
                proven_phone_index=new_index,
                opened_by_phone_index=case(
                    (Employer.opened_by_phone_index == old_index, new_index), else_=None
                ),
                updated_at=now,
            ),
        ):
            await session.execute(statement.execution_options(synchronize_session=False))


async def _get_account(session: AsyncSession, employer_id: UUID, phone_index: str) -> User:
    query = select(User).where(
        User.id == employer_id,
        User.role == Role.EMPLOYER,
        User.phone_index == phone_index,
        User.status.in_((UserStatus.ACTIVE, UserStatus.RESTRICTED)),
    )
    user: User | None = await session.scalar(query)
    if user is None:
        raise EmployerNotFound
    return user


def _subject(session: AsyncSession, employer_id: UUID, phone_index: str) -> str:
    """Return the subject of a code: this account with this phone."""
    return keyring(session).index(f"{employer_id}:{phone_index}", _SUBJECT)
