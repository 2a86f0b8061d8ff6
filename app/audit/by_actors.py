"""The log of several people, newest first, read from the index of each one's rows."""

from collections.abc import Collection, Sequence
from itertools import batched
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog
from app.core.crypto import Keyring
from app.core.paging import Keyset, PageRequest

_LOG: Final = Keyset("team_log", [AdminActionLog.number])
_AT_ONCE: Final = 100
"""Parts of one UNION; SQLite takes 500."""


async def list_by_actors(
    session: AsyncSession, actor_ids: Collection[UUID], page: PageRequest, keyring: Keyring
) -> tuple[Sequence[AdminActionLog], str | None]:
    """Return a page of what these people did, newest first, and the cursor of the next. Raises `Invalid`.

    Of each person as many rows are read as the page may have, so a page costs the same however much they did.
    """
    if not actor_ids:
        return [], None
    query = rows_by_actors(actor_ids, page, keyring)
    rows, cursor = await _LOG.fetch(session, query, page, keyring)
    return [entry for (entry,) in rows], cursor


def rows_by_actors(
    actor_ids: Collection[UUID], page: PageRequest, keyring: Keyring
) -> Select[AdminActionLog]:
    """Select the rows from which the page is taken. Raises `Invalid` for a foreign cursor."""
    parts = [_newest_of(actor_id, page, keyring) for actor_id in sorted(actor_ids)]
    unions = [select(union_all(*some).subquery().c.number) for some in batched(parts, _AT_ONCE)]
    numbers = unions[0] if len(unions) == 1 else select(union_all(*unions).subquery().c.number)
    return select(AdminActionLog).where(AdminActionLog.number.in_(numbers))


def _newest_of(actor_id: UUID, page: PageRequest, keyring: Keyring) -> Select[int]:
    own = select(AdminActionLog.number).where(AdminActionLog.actor_id == actor_id)
    newest = _LOG.apply(own, page, keyring).subquery()
    return select(newest.c.number)
