"""What was given up and is tried again by hand: found, made due, and noted in the log."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.attempts.models import Tried
from app.attempts.tries import start_anew
from app.core.errors import NotFound
from app.database.wakeups import wake_loops
from app.identity.actor import Actor


async def find_locked[Row](session: AsyncSession, model: type[Row], key: Any) -> Row:
    """Return the row with this primary key, locked until the transaction ends. Raises `NotFound`."""
    row = await session.get(model, key, with_for_update=True)
    if row is None:
        raise NotFound
    return row


async def try_again(
    session: AsyncSession,
    row: Tried,
    actor: Actor,
    target: tuple[str, UUID],
    now: dt.datetime,
    *loops: str,
    action: str | None = None,
) -> None:
    """Make a row due as if it had never been tried, wake the loops that do it, and note who asked.

    `target` is what the log calls it, with its id; `action` is noted where it is not `<target>.retry`.
    The caller has checked that the row was given up, and has set its state.
    """
    start_anew(row, now)
    wake_loops(session, *loops)
    await note_retry(session, actor, target, now, action=action)


async def note_retry(
    session: AsyncSession,
    actor: Actor,
    target: tuple[str, UUID],
    now: dt.datetime,
    *,
    action: str | None = None,
) -> None:
    """Note in the log that `actor` had something tried again, and write what was changed."""
    kind, target_id = target
    audit.record(session, action or f"{kind}.retry", target_id, actor, now, target_type=kind)
    await session.flush()
