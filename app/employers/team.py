"""A company's team: its members, whom to invite, what each may, and who is out.

A member signs in under an account of their own and acts for the company, whose id is the account that opened it.
Who is invited by e-mail sets a password by a link; who is invited by phone signs in by a code that comes to it.
Somebody always stays who may do everything: the last owner who has joined.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.money import Money
from app.core.phones import check_company_phone
from app.database.session import keyring
from app.database.statements import insert_if_absent
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity import codes, password_reset, users
from app.identity.actor import Actor
from app.identity.admins import LastOwner
from app.identity.codes import CodeRules
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.rules import TeamRole
from app.messaging.account_links import send_invitation_link
from app.messaging.outbox import enqueue

MOST_MEMBERS: Final = 50
"""Who has not left; a company larger than this asks our team."""


_LEFT_NAME: Final = "left-name"
"""The context of the sealed name of who was removed."""


class MemberNotFound(NotFound):
    """There is no such member in the team."""

    code = "member_not_found"
    detail = "There is no such member in your team."


class AlreadyInTeam(Conflict):
    """The address or phone is that of somebody who has joined."""

    code = "already_in_team"
    detail = "This address or phone is in your team already."
    remedy = "Change the member that there is."


class TeamFull(Conflict):
    """The team has as many members as it may."""

    code = "team_full"
    detail = (
        f"A team has at most {MOST_MEMBERS} members. Remove somebody first, or contact support."
    )


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member with the account they sign in with."""

    user: User
    employer_id: UUID
    role: TeamRole
    monthly_limit: Money | None = None
    invited_at: dt.datetime
    joined_at: dt.datetime | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """Somebody to be invited: one of `email` (from `parse_email`) and `phone` (E.164) is given."""

    name: str
    role: TeamRole
    email: str | None = None
    phone: str | None = None
    monthly_limit: Money | None = None


class RightsEdit(TypedDict, total=False):
    """Changes to what a member may do and spend; a missing field keeps its value, None is no limit."""

    role: TeamRole
    monthly_limit: Money | None


@dataclass(frozen=True, kw_only=True)
class InvitationRules:
    """Where the mailed link leads, and which codes may be sent."""

    base_url: str
    codes: CodeRules


async def list_members(session: AsyncSession, employer_id: UUID) -> list[Member]:
    """Return who is in the team now, who opened the company first; invited ones among them."""
    query = (
        select(TeamMember, User)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.employer_id == employer_id, TeamMember.left_at.is_(None))
        .order_by(User.id)
    )
    found = [_member(session, row[1], row[0]) for row in await session.execute(query)]
    if all(member.user.id != employer_id for member in found):
        opener = await _opener(session, employer_id)
        if opener is not None:
            found.insert(0, opener)
    return sorted(found, key=lambda member: (member.user.id != employer_id, member.user.id))


async def _opener(session: AsyncSession, employer_id: UUID) -> Member | None:
    """Return who opened the company where no row says so yet; None where they have left."""
    known = select(TeamMember.user_id).where(TeamMember.user_id == employer_id)
    if await session.scalar(known) is not None:
        return None
    user = await users.get_user(session, employer_id)
    return Member(
        user=user,
        employer_id=employer_id,
        role=TeamRole.OWNER,
        invited_at=user.created_at,
        joined_at=user.created_at,
        email=users.email_of(session, user),
        phone=users.phone_of(session, user),
    )


def _member(session: AsyncSession, user: User, row: TeamMember) -> Member:
    limit = None
    if row.monthly_limit is not None and row.limit_currency is not None:
        limit = Money(row.monthly_limit, row.limit_currency)
    return Member(
        user=user,
        employer_id=row.employer_id,
        role=TeamRole(row.role),
        monthly_limit=limit,
        invited_at=row.invited_at,
        joined_at=row.joined_at,
        email=users.email_of(session, user),
        phone=users.phone_of(session, user),
    )


async def names_of(session: AsyncSession, employer_id: UUID) -> dict[UUID, str]:
    """Return the names of all who are or were in the team, by account; "" for who had theirs erased."""
    query = (
        select(User.id, User.name, TeamMember.left_at, TeamMember.left_name_sealed)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.employer_id == employer_id)
    )
    keys = keyring(session)
    names = {
        row.id: row.name
        if row.left_at is None
        else keys.reveal(row.left_name_sealed, _LEFT_NAME, None) or ""
        for row in await session.execute(query)
    }
    if employer_id not in names:
        names[employer_id] = (await users.get_user(session, employer_id)).name
    return names


async def company_name(session: AsyncSession, employer_id: UUID) -> str:
    """Return the name of the company."""
    query = select(Employer.company_name).where(Employer.id == employer_id)
    return (await session.scalars(query)).one()


async def get_member(session: AsyncSession, employer_id: UUID, member_id: UUID) -> Member:
    """Return a member who has not left. Raises `MemberNotFound`."""
    for member in await list_members(session, employer_id):
        if member.user.id == member_id:
            return member
    raise MemberNotFound


async def _lock(session: AsyncSession, employer_id: UUID) -> list[Member]:
    """Lock the company, and return its team, in which whoever opened it has a row.

    Of two owners who act on one another, or two invitations of one address, one comes second and sees it.
    """
    await session.scalar(
        select(Employer.id).where(Employer.id == employer_id).with_for_update(key_share=True)
    )
    opener = await _opener(session, employer_id)
    if opener is not None:
        await insert_if_absent(
            session,
            TeamMember,
            {
                "user_id": employer_id,
                "employer_id": employer_id,
                "role": TeamRole.OWNER,
                "invited_at": opener.invited_at,
                "joined_at": opener.joined_at,
            },
        )
    return await list_members(session, employer_id)


# --- inviting -------------------------------------------------------------------------------------


async def invite(
    session: AsyncSession,
    actor: Actor,
    new: Invitation,
    rules: InvitationRules,
    *,
    address: str | None = None,
    now: dt.datetime,
) -> Member:
    """Invite somebody into the actor's team, or anew who has not joined yet.

    Raises `AlreadyInTeam`, `TeamFull`, `EmailTaken` for another account's address, `PhoneNotSupported`, and
    `CodesExhausted`.
    """
    actor.require_unrestricted()
    if new.phone is not None:
        check_company_phone(new.phone)
        codes.check_phone(new.phone, rules.codes)
    team = await _lock(session, actor.employer_id)
    known = next((member for member in team if _is_invited_as(member, new)), None)
    if known is not None and known.joined_at is not None:
        raise AlreadyInTeam
    if known is None and len(team) >= MOST_MEMBERS:
        raise TeamFull
    user_id = known.user.id if known else await _add(session, actor, new, now)
    if known is not None:
        await _set_rights(session, user_id, new.role, new.monthly_limit)
    audit.record(
        session,
        "team.invite",
        user_id,
        actor,
        now,
        after={"role": new.role.value, **_limit_as_json(new.monthly_limit)},
    )
    await _send(session, actor, user_id, new, rules, address, now)
    return await get_member(session, actor.employer_id, user_id)


def _is_invited_as(member: Member, new: Invitation) -> bool:
    same_email = new.email is not None and member.email == new.email
    return same_email or (new.phone is not None and member.phone == new.phone)


async def _add(session: AsyncSession, actor: Actor, new: Invitation, now: dt.datetime) -> UUID:
    keys = keyring(session)
    inviter = await users.get_user(session, actor.user_id)
    user = User(
        id=new_id(),
        role=Role.EMPLOYER,
        status=UserStatus.ACTIVE,
        name=new.name,
        language=inviter.language,
        phone_sealed=users.seal_phone(keys, new.phone) if new.phone else None,
        phone_index=users.index_of_phone(keys, new.phone) if new.phone else None,
        created_at=now,
        updated_at=now,
    )
    if new.email is not None:
        await users.add_with_email(session, user, new.email)
    else:
        session.add(user)
        await session.flush()
    limit = new.monthly_limit
    session.add(
        TeamMember(
            user_id=user.id,
            employer_id=actor.employer_id,
            role=new.role,
            monthly_limit=limit.amount if limit else None,
            limit_currency=limit.currency if limit else None,
            invited_by=actor.user_id,
            invited_at=now,
        )
    )
    await session.flush()
    return user.id


async def _send(
    session: AsyncSession,
    actor: Actor,
    user_id: UUID,
    new: Invitation,
    rules: InvitationRules,
    address: str | None,
    now: dt.datetime,
) -> None:
    user = await users.get_user(session, user_id)
    if new.email is not None:
        company = await session.get_one(Employer, actor.employer_id)
        link = await password_reset.issue_invitation(session, user_id, now=now)
        await send_invitation_link(session, rules.base_url, link, company.company_name, now)
        return
    index = user.phone_index or ""
    challenge = await codes.issue(session, index, rules.codes, now=now, known=True, address=address)
    await enqueue.send_code(
        session,
        phone=new.phone,
        user_id=user_id,
        code=challenge.code,
        language=user.language,
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


# --- changing and removing ------------------------------------------------------------------------


async def change(
    session: AsyncSession,
    actor: Actor,
    member_id: UUID,
    changes: RightsEdit,
    *,
    now: dt.datetime,
) -> Member:
    """Change what a member may do and spend, from their next request on. Raises `MemberNotFound`, `LastOwner`."""
    team = await _lock(session, actor.employer_id)
    member = next((one for one in team if one.user.id == member_id), None)
    if member is None:
        raise MemberNotFound
    # Filled in under the lock: of two changes at once neither takes the other's back.
    role = changes.get("role", member.role)
    monthly_limit = changes.get("monthly_limit", member.monthly_limit)
    if role is not TeamRole.OWNER:
        _require_other_owner(team, member_id)
    await _set_rights(session, member_id, role, monthly_limit)
    audit.record(
        session,
        "team.change",
        member_id,
        actor,
        now,
        before={"role": member.role.value, **_limit_as_json(member.monthly_limit)},
        after={"role": role.value, **_limit_as_json(monthly_limit)},
    )
    return await get_member(session, actor.employer_id, member_id)


def _limit_as_json(limit: Money | None) -> dict[str, object]:
    return {"monthly_limit": limit.amount if limit else None}


async def _set_rights(
    session: AsyncSession, user_id: UUID, role: TeamRole, limit: Money | None
) -> None:
    await session.execute(
        update(TeamMember)
        .where(TeamMember.user_id == user_id)
        .values(
            role=role,
            monthly_limit=limit.amount if limit else None,
            limit_currency=limit.currency if limit else None,
        )
        .execution_options(synchronize_session="fetch")
    )


def _require_other_owner(team: Sequence[Member], member_id: UUID) -> None:
    """Raise `LastOwner` if nobody else of the team has joined and may do everything."""
    if not any(
        member.role is TeamRole.OWNER and member.joined_at is not None
        for member in team
        if member.user.id != member_id
    ):
        raise LastOwner


async def is_last_owner(session: AsyncSession, actor: Actor) -> bool:
    """Whether the company goes with the actor: they are its owner, and no other has joined."""
    if actor.team_role is not TeamRole.OWNER:
        return False
    try:
        _require_other_owner(await list_members(session, actor.employer_id), actor.user_id)
    except LastOwner:
        return True
    return False


async def remove(
    session: AsyncSession,
    actor: Actor,
    member_id: UUID,
    *,
    keeps_name: bool = True,
    now: dt.datetime,
) -> None:
    """Take a member out of the team: nobody can sign in as them from this commit on.

    Their address, phone and password go, so that they can be used again; their name stays with the company for
    who did what, unless they asked for its erasure themselves (`keeps_name`). The caller removes sessions in Redis
    (`SessionStore.end_all`). Raises `MemberNotFound` and `LastOwner`.
    """
    team = await _lock(session, actor.employer_id)
    member = next((one for one in team if one.user.id == member_id), None)
    if member is None:
        raise MemberNotFound
    if member.role is TeamRole.OWNER and member.joined_at is not None:
        _require_other_owner(team, member_id)
    name = keyring(session).seal(member.user.name, _LEFT_NAME) if keeps_name else None
    await session.execute(
        update(TeamMember)
        .where(TeamMember.user_id == member_id)
        .values(left_at=now, left_name_sealed=name)
        .execution_options(synchronize_session="fetch")
    )
    if member_id == actor.employer_id:
        successor = next(
            one
            for one in team
            if one.user.id != member_id and one.role is TeamRole.OWNER and one.joined_at is not None
        )
        await _hand_company_over(session, member.user, successor, now)
    else:
        await users.erase(session, member_id, now=now)
    audit.record(session, "team.remove", member_id, actor, now, before={"role": member.role.value})


async def _hand_company_over(
    session: AsyncSession, opener: User, successor: Member, now: dt.datetime
) -> None:
    """Take the person out of the account under which the company stands: it stays, and its contact is `successor`.

    The company then has no address and no phone of its own; an owner sets them in its profile.
    """
    await users.forget_person(session, opener, now=now)
    await session.execute(
        update(User)
        .where(User.id == opener.id)
        .values(
            name=successor.user.name,
            **users.OF_NOBODY,
            version=User.version + 1,
            updated_at=now,
        )
        .execution_options(synchronize_session="fetch")
    )
    await session.execute(
        update(Employer)
        .where(Employer.id == opener.id)
        .values(proven_phone_index=None, opened_by_phone_index=None, updated_at=now)
        .execution_options(synchronize_session="fetch")
    )
    # The person's phone and mailbox are the company's no more.
    company = await session.get_one(Employer, opener.id)
    await shared_identifiers.refresh(session, opener, company)


async def erase_team(session: AsyncSession, employer_id: UUID, *, now: dt.datetime) -> list[UUID]:
    """Erase every account of a company that is erased but the company's own; return whose sessions end."""
    query = select(TeamMember).where(TeamMember.employer_id == employer_id)
    gone = []
    for row in list(await session.scalars(query)):
        row.left_name_sealed = None
        if row.left_at is None:
            row.left_at = now
            if row.user_id != employer_id:
                gone.append(row.user_id)
    await session.flush()
    for user_id in gone:
        await users.erase(session, user_id, now=now)
    return gone
