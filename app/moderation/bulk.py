"""One action on many accounts or jobs: stored first, then done item by item in the background.

Each item is a transaction of its own, with the permission, refusals and log entry of the single action. Its tries are
counted before it begins (`app.attempts`), so that a process that dies loses nothing and does nothing twice.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.attempts.work import Kind, Work, do_due
from app.core.clocks import Clock
from app.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable
from app.core.ids import new_id
from app.database.due import Due
from app.database.session import Database, keyring, savepoint
from app.database.statements import is_one_of, rows_changed, table
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.permissions import Permission, may
from app.identity.rules import AdminRole
from app.identity.sessions import SessionStore
from app.jobs import lifecycle
from app.jobs.rules import JobAction
from app.moderation.accounts import MODERATED, ModerationAction, moderate_account
from app.moderation.models import BulkAction, BulkItem
from app.offers import closing

LOOP: Final = "bulk"
MOST_ITEMS: Final = 500
AT_ONCE: Final = 25
"""Items of one round; each is a transaction of its own, so that none waits for the locks of another."""
_REASON: Final = "bulk reason"


class Target(StrEnum):
    """What a bulk action is about; `accounts` are workers and employers."""

    WORKERS = "workers"
    EMPLOYERS = "employers"
    ACCOUNTS = "accounts"
    JOBS = "jobs"


class Verb(StrEnum):
    """What can be done to many at once; approving a text can't, because nobody would have read it."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTRICT = "restrict"
    VERIFY = "verify"
    SIGN_OUT = "sign_out"
    CANCEL = "cancel"
    REOPEN = "reopen"


_OF_JOBS: Final = frozenset({Verb.CANCEL, Verb.REOPEN})
ROLES: Final = {
    Target.WORKERS: frozenset({Role.WORKER}),
    Target.EMPLOYERS: frozenset({Role.EMPLOYER}),
    Target.ACCOUNTS: MODERATED,
}
"""Whose accounts a target means."""


class ItemState(StrEnum):
    """What came of one item."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"


class BulkFinished(Conflict):
    """Nothing of it is left to be stopped."""

    code = "bulk_finished"
    detail = "All of it is done already; nothing is left to stop."


class NoLongerPermitted(Forbidden):
    """Who asked for it may not do it any more."""

    code = "no_longer_permitted"
    detail = "The administrator who asked for this may not do it any more."


@dataclass(frozen=True)
class BulkWork:
    """An action, what it is about, and on which ids."""

    action: Verb
    target: Target
    ids: Sequence[UUID]

    @property
    def permission(self) -> Permission:
        """What the single action needs."""
        return permission_for(self.target)


def permission_for(target: Target) -> Permission:
    """Return the permission that the single action on such a thing needs."""
    return Permission.MODERATE_JOBS if target is Target.JOBS else Permission.MODERATE_PEOPLE


def target_of(action: Verb, target: Target | None) -> Target:
    """Return what an action is about; left out, jobs or accounts of either kind, as the action says.

    Raises `Invalid` where the two do not go together.
    """
    if target is None:
        return Target.JOBS if action in _OF_JOBS else Target.ACCOUNTS
    if (action in _OF_JOBS) != (target is Target.JOBS) or (
        action is Verb.RESTRICT and target is Target.WORKERS
    ):
        raise Invalid.field("action", f"{action} can't be done to {target}.")
    return target


async def request(
    session: AsyncSession, plan: BulkWork, actor: Actor, *, reason: str, now: dt.datetime
) -> UUID:
    """Store a bulk action; the loop `bulk` does it. Returns its id."""
    bulk_id = new_id()
    session.add(
        BulkAction(
            id=bulk_id,
            admin_id=actor.user_id,
            action=plan.action,
            target=plan.target,
            reason_sealed=keyring(session).seal(reason, _REASON),
            total=len(plan.ids),
            created_at=now,
        )
    )
    await session.flush()
    rows = [
        {
            "id": new_id(),
            "bulk_id": bulk_id,
            "number": number,
            "target_id": target_id,
            "state": ItemState.WAITING.value,
        }
        for number, target_id in enumerate(plan.ids)
    ]
    await session.execute(insert(BulkItem), rows)
    after = {"action": plan.action, "target": plan.target, "items": len(rows)}
    audit.record(session, "bulk.request", bulk_id, actor, now, reason=reason, after=after)
    wake_loops(session, LOOP)
    return bulk_id


def reason_of(session: AsyncSession, bulk: BulkAction) -> str | None:
    """Return why it is done; None once it is, because then only the log has it."""
    if bulk.reason_sealed is None:
        return None
    return keyring(session).open(bulk.reason_sealed, _REASON)


async def stop(session: AsyncSession, bulk_id: UUID, actor: Actor, *, now: dt.datetime) -> None:
    """Take back what is left of a bulk action; what is done stays done.

    Raises `NotFound` and `BulkFinished`.
    """
    if await session.get(BulkAction, bulk_id) is None:
        raise NotFound
    # Items before the action, as the loop locks them.
    left = (
        update(BulkItem)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.state == ItemState.WAITING)
        .values(state=ItemState.STOPPED, at=now)
        .execution_options(synchronize_session=False)
    )
    stopped = await rows_changed(session, left)
    if not stopped:
        raise BulkFinished
    await session.execute(
        update(BulkAction)
        .where(BulkAction.id == bulk_id)
        .values(stopped_at=now, finished_at=now, reason_sealed=None)
        .execution_options(synchronize_session=False)
    )
    audit.record(session, "bulk.stop", bulk_id, actor, now, after={"stopped": stopped})


# ── In the background ────────────────────────────────────────────────────────────────────────────

_ITEM: Final = table(BulkItem).c
ITEMS_DUE: Final = Due(is_one_of(_ITEM.state, [ItemState.WAITING]))
ITEMS: Final = Work(Kind.BULK_ITEM, LOOP, BulkItem.id, BulkItem.id, ITEMS_DUE)


async def do_bulk(database: Database, sessions: SessionStore, clock: Clock, limit: int) -> int:
    """Do up to `limit` items of bulk actions, each in a transaction of its own; return how many were tried."""

    async def verb(
        session: AsyncSession, now: dt.datetime, _limit: int, item_ids: Sequence[UUID]
    ) -> int:
        for item_id in item_ids:
            await _do_item(session, sessions, item_id, now)
        return len(item_ids)

    tried = 0
    # One at a time: items lock jobs, offers and accounts in an order that only one item keeps.
    while tried < limit and (number := await do_due(database, clock, 1, ITEMS, verb)):
        tried += number
    return tried


async def _do_item(
    session: AsyncSession, sessions: SessionStore, item_id: UUID, now: dt.datetime
) -> None:
    # Locked, so that stopping it and doing it have one winner.
    item = await session.get(BulkItem, item_id, with_for_update=True)
    if item is None or item.state != ItemState.WAITING:
        return
    bulk = await session.get_one(BulkAction, item.bulk_id)
    try:
        async with savepoint(session):
            actor = await _actor(session, bulk)
            await _act(session, sessions, bulk, item.target_id, actor, now)
    except Unavailable:
        raise  # what is down comes back: the item is tried again
    except DomainError as refusal:
        item.state, item.code = ItemState.REFUSED, refusal.reason[:64]
    else:
        item.state = ItemState.DONE
    item.at = now
    await session.flush()
    await _finish(session, bulk.id, now)


async def _actor(session: AsyncSession, bulk: BulkAction) -> Actor:
    """Return who asked for it, as they are now. Raises `NoLongerPermitted`."""
    user = await session.get_one(User, bulk.admin_id, populate_existing=True)
    actor = Actor(
        user.id,
        Role(user.role),
        UserStatus(user.status),
        user.name,
        admin_role=AdminRole(user.admin_role) if user.admin_role else None,
    )
    needed = permission_for(Target(bulk.target))
    if actor.status is not UserStatus.ACTIVE or not may(actor.role, needed, actor.admin_role):
        raise NoLongerPermitted
    return actor


async def _act(
    session: AsyncSession,
    sessions: SessionStore,
    bulk: BulkAction,
    target_id: UUID,
    actor: Actor,
    now: dt.datetime,
) -> None:
    action, target, reason = Verb(bulk.action), Target(bulk.target), reason_of(session, bulk)
    if target is not Target.JOBS:
        await moderate_account(
            session,
            sessions,
            target_id,
            ModerationAction(action),
            actor,
            reason=reason,
            now=now,
            roles=ROLES[target],
        )
    elif action is Verb.CANCEL:
        await closing.close_job(session, target_id, JobAction.CANCEL, actor, now, reason)
    else:
        await lifecycle.reopen(session, target_id, actor, reason=reason, now=now)


async def _finish(session: AsyncSession, bulk_id: UUID, now: dt.datetime) -> None:
    """Note that a bulk action is finished, if nothing of it waits."""
    # Locked first: of two items that end at the same time, the second sees that the first has ended.
    await session.execute(select(BulkAction.id).where(BulkAction.id == bulk_id).with_for_update())
    waiting = exists().where(BulkItem.bulk_id == bulk_id, BulkItem.state == ItemState.WAITING)
    await session.execute(
        update(BulkAction)
        .where(BulkAction.id == bulk_id, BulkAction.finished_at.is_(None), ~waiting)
        .values(finished_at=now, reason_sealed=None)
        .execution_options(synchronize_session=False)
    )
