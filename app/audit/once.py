"""Noting what is met again and again, but is news only once."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import log
from app.audit.models import AdminActionLog


async def record_once(
    session: AsyncSession,
    *,
    action: str,
    target_type: str,
    target_id: UUID,
    after: Mapping[str, Any],
    now: dt.datetime,
) -> bool:
    """Note what the system found, unless the very same was noted before; whether it is new."""
    said = (action, str(target_id), dict(after))
    pending = session.info.get("audit", [])
    if any((row["action"], row["target_id"], row["after"]) == said for row in pending):
        return False
    query = select(AdminActionLog.after).where(
        AdminActionLog.target_type == target_type,
        AdminActionLog.target_id == str(target_id),
        AdminActionLog.action == action,
    )
    if dict(after) in list(await session.scalars(query)):
        return False
    log.record(
        session,
        actor=None,
        action=action,
        target_type=target_type,
        target_id=target_id,
        now=now,
        after=after,
    )
    return True
