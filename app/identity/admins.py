"""Administrators: roles, suspension and activation; one active owner always stays."""

import datetime as dt
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.rules import MAY_SIGN_IN, AccountAction, AdminRole


class OwnAccount(Conflict):
    """Nobody changes their own rights: another owner does."""

    code = "own_account"
    detail = "You can't do this to your own account; ask another owner."


class LastOwner(Conflict):
    """Somebody has to be able to let others in."""

    code = "last_owner"
    detail = "This is the last active owner: make another one first."


class SameRole(Conflict):
    """The administrator has that role already."""

    code = "same_role"
    detail = "This administrator has that role already."


class NotInvited(Conflict):
    """Only who has set no password yet, and may sign in, is invited again."""

    code = "not_invited"
    detail = "No invitation of theirs waits: they have set a password, or are suspended."


async def get_admin(session: AsyncSession, admin_id: UUID) -> User:
    """Return an administrator. Raises `NotFound`."""
    query = select(User).where(User.id == admin_id, User.role == Role.ADMIN)
    user: User | None = await session.scalar(query.execution_options(populate_existing=True))
    if user is None:
        raise NotFound
    return user


async def lock_owners(session: AsyncSession, actor: Actor, admin_id: UUID) -> None:
    """Lock every active owner, so that of two owners who act on one another one stays.

    Raises `OwnAccount`, `NotFound`, and `LastOwner` for an actor who is an owner no more.
    """
    if actor.user_id == admin_id:
        raise OwnAccount
    owners = (
        select(User.id)
        .where(
            User.role == Role.ADMIN,
            User.admin_role == AdminRole.OWNER,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(User.id)
        .with_for_update()
    )
    found = set(await session.scalars(owners))
    await get_admin(session, admin_id)
    if actor.user_id not in found:
        raise LastOwner


async def change_role(
    session: AsyncSession, actor: Actor, admin_id: UUID, role: AdminRole, *, now: dt.datetime
) -> None:
    """Change an administrator's role; their tokens die.

    Raises `OwnAccount`, `LastOwner`, `NotFound` and `SameRole`.
    """
    await lock_owners(session, actor, admin_id)
    changed = (
        update(User)
        .where(User.id == admin_id, User.admin_role.is_distinct_from(role))
        .values(admin_role=role, version=User.version + 1, updated_at=now)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    if await session.scalar(changed) is None:
        raise SameRole


async def suspend(session: AsyncSession, actor: Actor, admin_id: UUID, *, now: dt.datetime) -> None:
    """Suspend an administrator. Raises `OwnAccount`, `LastOwner`, `NotFound` and `StatusForbids`."""
    await lock_owners(session, actor, admin_id)
    await users.change_status(session, admin_id, AccountAction.SUSPEND, now=now)


async def activate(
    session: AsyncSession, actor: Actor, admin_id: UUID, *, now: dt.datetime
) -> None:
    """Activate a suspended administrator. Raises `OwnAccount`, `NotFound` and `StatusForbids`."""
    await lock_owners(session, actor, admin_id)
    await users.change_status(session, admin_id, AccountAction.ACTIVATE, now=now)


async def require_invited(session: AsyncSession, admin_id: UUID) -> None:
    """Raise `NotInvited` unless an invitation of this administrator waits."""
    admin = await get_admin(session, admin_id)
    if admin.password_hash is not None or admin.status not in MAY_SIGN_IN:
        raise NotInvited
