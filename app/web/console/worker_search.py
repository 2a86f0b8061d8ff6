"""Find the worker whom somebody means, by name, phone, mail address or id."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import workers
from app.api.admin.workers import WorkerRow
from app.core.paging import PageRequest
from app.web.console.desk import Desk, rows_of

_MOST_FOUND = 20


def id_in(text: str) -> UUID | None:
    """Return the id that a text is; None for any other text."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


async def find_workers(desk: Desk, session: AsyncSession, text: str) -> Sequence[WorkerRow]:
    """Return the first workers whom a text names; at most 20."""
    asked = desk.asks(session, PageRequest(_MOST_FOUND))
    listed = await workers.list_workers(asked, desk.actor, None, None, None, text)
    return rows_of(listed).items
