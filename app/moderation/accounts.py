"""An administrator verifies, suspends, restricts, activates or signs out a worker or an employer."""

import datetime as dt
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, Invalid, NotFound
from app.database.session import changed
from app.database.statements import rows_changed
from app.employers import members
from app.employers.models import Employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.rules import AccountAction
from app.identity.sessions import SessionStore
from app.messaging.outbox.enqueue import notify
from app.offers import closing
from app.workers.models import Worker


class ModerationAction(StrEnum):
    """What an administrator may do to an account; RESTRICT is for employers only."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTRICT = "restrict"
    VERIFY = "verify"
    SIGN_OUT = "sign_out"


MODERATED: Final = frozenset({Role.WORKER, Role.EMPLOYER})
_NEEDS_REASON: Final = frozenset({ModerationAction.SUSPEND, ModerationAction.RESTRICT})


class AlreadyVerified(Conflict):
    """It was checked before."""

    code = "already_verified"
    detail = "This account is verified already."


class AccountErased(Conflict):
    """The account is a tombstone: nothing can be done with it any more."""

    code = "account_erased"
    detail = "This account was erased."


async def moderate_account(
    session: AsyncSession,
    sessions: SessionStore,
    user_id: UUID,
    action: ModerationAction,
    actor: Actor,
    *,
    reason: str | None,
    now: dt.datetime,
    roles: Collection[Role] = MODERATED,
) -> None:
    """Do `action` to an account, tell its person where it is shut or opened again, and record it.

    The sessions of a suspended person end, and those of a suspended company's whole team; the open offers close,
    theirs or those of their jobs. Raises `Invalid` without a needed reason, `StatusForbids`, `NotFound` (also for
    another role than `roles`, and for a member of a team, who stands where the company does), and for a
    verification `AlreadyVerified` and `AccountErased`.
    """
    if reason is None and action in _NEEDS_REASON:
        raise Invalid.field("reason", f"say why you {action} it")
    user = await session.scalar(select(User).where(User.id == user_id, can_be_moderated(roles)))
    if user is None:
        raise NotFound
    role, before = Role(user.role), user.status
    match action:
        case ModerationAction.SUSPEND:
            # First, because jobs and offers are locked before the worker's own rows.
            if role is Role.WORKER:
                await closing.close_for_worker(session, user_id, now)
            else:
                await closing.close_for_employer(session, user_id, actor, now)
            await users.change_status(session, user_id, AccountAction.SUSPEND, now=now)
            team = await members.list_accounts(session, user_id)
            await users.refuse_tokens(session, team[1:], now=now)
            await _end_sessions(session, sessions, team)
            await _tell(session, user_id, "account_suspended", {"reason": reason or ""}, now)
        case ModerationAction.ACTIVATE:
            await users.change_status(session, user_id, AccountAction.ACTIVATE, now=now)
            await _tell(session, user_id, "account_restored", {}, now)
        case ModerationAction.RESTRICT:
            await users.change_status(session, user_id, AccountAction.RESTRICT, now=now)
        case ModerationAction.VERIFY:
            await _verify(session, Worker if role is Role.WORKER else Employer, user_id, now)
        case ModerationAction.SIGN_OUT:
            team = await members.list_accounts(session, user_id)
            await _end_sessions(session, sessions, team)
    after = await session.scalar(select(User.status).where(User.id == user_id))
    verified = action is ModerationAction.VERIFY
    audit.record(
        session,
        f"{role}.{action}",
        user_id,
        actor,
        now,
        reason=reason,
        before={"status": before, **({"verified": False} if verified else {})},
        after={"status": after, **({"verified": True} if verified else {})},
    )


def can_be_moderated(roles: Collection[Role]) -> ColumnElement[bool]:
    """Return the condition that an account is of one of these roles and stands for itself."""
    return and_(User.role.in_(roles), members.stands_for_itself())


async def _end_sessions(
    session: AsyncSession, sessions: SessionStore, user_ids: Sequence[UUID]
) -> None:
    for user_id in user_ids:
        await sessions.end_all(session, user_id)


async def _tell(
    session: AsyncSession, user_id: UUID, kind: str, params: dict[str, str], now: dt.datetime
) -> None:
    await notify(session, user_id, kind, params, key=f"{user_id}:{now.isoformat()}", now=now)


async def _verify(
    session: AsyncSession, table: type[Worker | Employer], user_id: UUID, now: dt.datetime
) -> None:
    erased = select(User.id).where(User.id == user_id, User.status == UserStatus.ERASED)
    if await session.scalar(erased) is not None:
        raise AccountErased
    statement = (
        update(table)
        .where(table.id == user_id, table.verified_at.is_(None))
        .values(verified_at=now, updated_at=now)
    )
    if await rows_changed(session, statement) != 1:
        raise AlreadyVerified
    changed(session, "worker", user_id)
