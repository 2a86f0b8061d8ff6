"""What was done to one thing, from the audit log; shown on the thing's page to who may read the log."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import logs
from app.api.admin.logs import LogRow
from app.core.paging import PageRequest
from app.identity.permissions import Permission
from app.web.console.desk import Desk, rows_of

_SHOWN = 20


async def history_of(
    desk: Desk, session: AsyncSession, kind: str, target_id: UUID
) -> list[LogRow] | None:
    """Return the newest entries about a thing; None for who may not read the log."""
    if not desk.may(Permission.READ_LOG):
        return None
    asked = desk.asks(session, PageRequest(_SHOWN))
    found = await logs.list_logs(asked, desk.actor, target_type=kind, target_id=str(target_id))
    return list(rows_of(found).items)
