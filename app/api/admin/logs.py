"""The audit log, as administrators read and export it."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import LogReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Read, Route
from app.audit import heads
from app.audit.log import reasons_of
from app.audit.models import AdminActionLog
from app.core.errors import Invalid
from app.core.paging import Keyset
from app.core.schema import Instant, Page, ResponseModel

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)

SYSTEM = "system"


def _word(description: str) -> Any:
    """Return what is asked of a word that the log is searched by."""
    return Query(min_length=1, max_length=64, description=description)


class LogRow(ResponseModel):
    """One thing that was done; `hash` chains it to the one before."""

    id: UUID = Field(description="Its id (UUIDv7).")
    at: Instant = Field(description="When it was done (UTC).")
    actor: str = Field(description="Id of who did it, or `system`.")
    actor_role: str = Field(description="Role of who did it.")
    action: str = Field(description="What was done, such as `worker.suspend`.")
    target_type: str = Field(description="What it was done to, such as `worker`.")
    target_id: str = Field(description="Id of what it was done to.")
    reason: str | None = Field(description="Why; null where no reason was needed.")
    before: dict[str, Any] | None = Field(
        description="What changed, as it was; null where nothing did."
    )
    after: dict[str, Any] | None = Field(
        description="What changed, as it is now; null where nothing did."
    )
    hash: str = Field(description="Keyed hash of this entry and the one before, in hexadecimal.")


@router.get("/logs", response_model=Page[LogRow], responses=CSV_ANSWER)
async def list_logs(
    asked: Listing,
    actor_in: LogReader,
    actor: Annotated[str | None, _word("Only what this account did: its id, or `system`.")] = None,
    action: Annotated[str | None, _word("Only this action, such as `worker.suspend`.")] = None,
    target_type: Annotated[
        str | None, _word("Only what was done to this kind of thing, such as `worker`.")
    ] = None,
    target_id: Annotated[str | None, _word("Only what was done to the thing with this id.")] = None,
    from_: Annotated[
        dt.datetime | None,
        Query(description="From this instant on (RFC 3339, with a zone).", alias="from"),
    ] = None,
    to: Annotated[
        dt.datetime | None, Query(description="Before this instant (RFC 3339, with a zone).")
    ] = None,
) -> Page[LogRow] | Response:
    """List what was done, newest first; `from` is included, `to` is not."""
    where = _actor_is(actor)
    if from_ is not None:
        where.append(AdminActionLog.at >= _aware(from_, "from"))
    if to is not None:
        where.append(AdminActionLog.at < _aware(to, "to"))
    return await _LOGS.answer(
        actor_in, asked, *where, action=action, target_type=target_type, target_id=target_id
    )


def _actor_is(actor: str | None) -> list[ColumnElement[bool]]:
    if actor is None:
        return []
    if actor == SYSTEM:
        return [AdminActionLog.actor_id.is_(None)]
    try:
        return [AdminActionLog.actor_id == UUID(actor)]
    except ValueError:
        raise Invalid.field("actor", 'must be the id of a user, or "system"') from None


def _aware(instant: dt.datetime, field: str) -> dt.datetime:
    if instant.tzinfo is None:
        raise Invalid.field(field, "must say its zone, such as 2026-11-22T09:30:00Z")
    if not 2000 <= instant.year <= 2199:
        raise Invalid.field(field, "must lie between the years 2000 and 2199")
    return instant


async def _log_rows(session: AsyncSession, rows: Sequence[Any], _now: dt.datetime) -> list[LogRow]:
    entries: list[AdminActionLog] = [row[0] for row in rows]
    reasons = await reasons_of(session, entries)
    return [
        LogRow.from_rows(entry, actor=str(entry.actor_id or SYSTEM), reason=reasons[entry.id])
        for entry in entries
    ]


_LOGS = ListSpec(
    "logs",
    LogRow,
    select(AdminActionLog),
    Keyset("admin_logs", [AdminActionLog.number]),
    {
        "action": equal(AdminActionLog.action),
        "target_type": equal(AdminActionLog.target_type),
        "target_id": equal(AdminActionLog.target_id),
    },
    _log_rows,
    sorts={"at": None},
)


class LogHead(ResponseModel):
    """The end of the log: kept elsewhere, it tells a log that was cut off or written anew."""

    head: str = Field(description="`NUMBER:HASH`, as `python -m app verify-log --head` reads it.")
    number: int = Field(description="How many rows the log has.")
    at: Instant | None = Field(description="When the last row was written (UTC); null of none.")


@router.get("/logs/head")
async def get_log_head(session: Read, _actor: LogReader) -> LogHead:
    """Return the head of the log, to be kept where the database's owner can't reach."""
    head = await heads.current(session)
    return LogHead(head=str(head), number=head.number, at=head.at)
