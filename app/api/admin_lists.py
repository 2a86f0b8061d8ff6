"""What the administrators' lists share: their search, their files, and the reason of an action."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.csv_export import export
from app.audit.log import record
from app.core.errors import Invalid
from app.core.paging import PageRequest
from app.core.schema import Answer, Page, clean_text
from app.db import Database
from app.identity.actor import Actor
from app.runtime import Runtime

Search = Annotated[
    str | None,
    Query(min_length=1, max_length=120, description="Only those in which these words are found."),
]
City = Annotated[
    str | None, Query(min_length=1, max_length=120, description="Only those in this city, by name.")
]


def needs_reason(action: str, reason: str | None) -> None:
    """Raise `Invalid` unless what takes something away says why."""
    if action in {"suspend", "restrict", "cancel", "decline"} and reason is None:
        raise Invalid.field("reason", f"say why you {action} it")


def like(text: str) -> str:
    """Return the LIKE pattern that finds `text` anywhere, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that `column` contains `text`, whatever the case.

    The database lowers both: were one of them lowered here, "É" would differ from itself in SQLite.
    """
    found: ColumnElement[bool] = func.lower(column).like(func.lower(like(text)), escape="\\")
    return found


def equals(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that `column` is `text`, whatever the case."""
    same: ColumnElement[bool] = func.lower(column) == func.lower(text)
    return same


def cleaned(text: str | None, field: str) -> str | None:
    """Return what is searched for, trimmed, or None. Raises `Invalid` for what no text contains."""
    if text is None:
        return None
    try:
        return clean_text(text) or None
    except ValueError as error:
        raise Invalid.field(field, str(error)) from None


async def exported[Item: Answer](
    rt: Runtime,
    actor: Actor,
    now: dt.datetime,
    name: str,
    item: type[Item],
    page_of: Callable[[PageRequest, AsyncSession], Awaitable[Page[Item]]],
) -> Response:
    """Return a list as CSV, and note who took it: a list in a file is out of our hands."""
    async with rt.database.begin() as session:
        record(
            session,
            actor=actor,
            action="list.export",
            target_type="list",
            target_id=name,
            now=now,
        )

    async def own_page(wanted: PageRequest) -> Page[Item]:
        return await _apart(rt.database, wanted, page_of)

    return await export(name, item, own_page)


async def _apart[Item: Answer](
    database: Database,
    wanted: PageRequest,
    page_of: Callable[[PageRequest, AsyncSession], Awaitable[Page[Item]]],
) -> Page[Item]:
    """Read one page in a transaction of its own: the request's is over when the file is sent."""
    async with database.read() as session:
        return await page_of(wanted, session)
