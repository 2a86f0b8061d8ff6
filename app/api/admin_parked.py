"""What was tried and given up: messages from people, and other due work, listed and tried again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin_access import MessageReader, MessageRetrier
from app.api.admin_lists import exported
from app.api.csv_export import CSV_ANSWER, AsCsv
from app.api.deps import Now, PageQuery, Read, Route, Rt, Write
from app.api.parameters import InboxId, SubjectId
from app.api.parked import WORKS
from app.api.problems import problems
from app.attempts.models import WorkAttempt
from app.attempts.tries import start_anew
from app.attempts.work import Kind
from app.audit.log import record
from app.core.errors import Conflict, NotFound
from app.core.paging import Keyset, PageRequest
from app.core.schema import Answer, Instant, Page
from app.db import wake_loops
from app.messaging.models import InboxItem, WebhookState

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)

_INBOX = Keyset("admin_inbox", [InboxItem.id])
_PARKED = Keyset("admin_parked", [WorkAttempt.parked_at, WorkAttempt.kind, WorkAttempt.subject_id])


class InboxRow(Answer):
    """A message that somebody sent; who that is and what it says is not shown."""

    id: UUID = Field(description="Its id (UUIDv7).")
    conversation_id: UUID = Field(description="Id of the conversation it belongs to.")
    channel: str = Field(description="How it came: `whatsapp`.")
    state: WebhookState = Field(description="Where the message stands.")
    attempts: int = Field(description="How many times it was tried.")
    lost: int = Field(description="How many of those ended with the process that made them.")
    error: str | None = Field(description="Why it was not handled; null where it was.")
    sent_at: Instant = Field(description="When it was sent (UTC), by the platform's clock.")
    received_at: Instant = Field(description="When it came (UTC).")
    due_at: Instant = Field(description="When it is tried next, while it waits (UTC).")
    handled_at: Instant | None = Field(description="When it was handled (UTC); null before.")


class ParkedRow(Answer):
    """Due work that was tried and given up."""

    kind: Kind = Field(description="Which work.")
    subject_id: UUID = Field(
        description="Id of what it is about: the job of a `wave` or `job_end`, the match of an "
        "`offer_expiry` or `reminder`, the refund, the payment of a `payment_check`, the worker of an "
        "`erasure`."
    )
    attempts: int = Field(description="How many times it was tried.")
    lost: int = Field(description="How many of those ended with the process that made them.")
    error: str | None = Field(description="The kind of the last error.")
    parked_at: Instant | None = Field(
        description="Since when it waits for an administrator (UTC); null once it is tried again."
    )


class InboxItemNotDead(Conflict):
    """Only a message that was given up is tried again by hand."""

    code = "inbox_item_not_dead"
    detail = "This message was not given up, or nothing of it is kept any more."


class WorkNotParked(Conflict):
    """Only work that was given up is tried again by hand."""

    code = "work_not_parked"
    detail = "This work was not given up; it will be tried again by itself."


@router.get("/inbox", response_model=Page[InboxRow], responses=CSV_ANSWER)
async def list_inbox(
    session: Read,
    actor: MessageReader,
    rt: Rt,
    now: Now,
    page: PageQuery,
    as_csv: AsCsv,
    state: Annotated[WebhookState | None, Query(description="Only those in this state.")] = None,
) -> Page[InboxRow] | Response:
    """List the messages that people sent, newest first; `state=dead` are those that need somebody."""
    query = select(InboxItem)
    if state is not None:
        query = query.where(InboxItem.state == state)

    async def page_of(wanted: PageRequest, reader: AsyncSession) -> Page[InboxRow]:
        rows = (await reader.scalars(_INBOX.apply(query, wanted, rt.keyring))).all()
        cursor = _INBOX.next_cursor([(row.id,) for row in rows], wanted, rt.keyring)
        return Page(items=[_inbox_row(row) for row in rows[: wanted.limit]], next_cursor=cursor)

    if as_csv:
        return await exported(rt, actor, now, "inbox", InboxRow, page_of)
    return await page_of(page, session)


def _inbox_row(item: InboxItem) -> InboxRow:
    return InboxRow(
        id=item.id,
        conversation_id=item.person_id,
        channel=item.channel,
        state=WebhookState(item.state),
        attempts=item.attempts,
        lost=item.lost,
        error=item.error,
        sent_at=item.sent_at,
        received_at=item.received_at,
        due_at=item.due_at,
        handled_at=item.handled_at,
    )


@router.post("/inbox/{item_id}/retry", responses=problems(NotFound, InboxItemNotDead))
async def retry_inbox_item(
    item_id: InboxId, session: Write, actor: MessageRetrier, now: Now
) -> InboxRow:
    """Handle a message again that was given up, as one that comes late: it overrules no newer one."""
    item = await session.get(InboxItem, item_id, with_for_update=True)
    if item is None:
        raise NotFound
    if item.state != WebhookState.DEAD or not item.body_sealed:
        raise InboxItemNotDead
    start_anew(item, now)
    item.state = WebhookState.WAITING
    wake_loops(session, "inbox")
    record(
        session,
        actor=actor,
        action="inbox.retry",
        target_type="inbox",
        target_id=item_id,
        now=now,
    )
    await session.flush()
    return _inbox_row(item)


@router.get("/parked", response_model=Page[ParkedRow], responses=CSV_ANSWER)
async def list_parked(
    session: Read,
    actor: MessageReader,
    rt: Rt,
    now: Now,
    page: PageQuery,
    as_csv: AsCsv,
    kind: Annotated[Kind | None, Query(description="Only this work.")] = None,
) -> Page[ParkedRow] | Response:
    """List due work that was tried and given up, what was given up last first.

    Messages and webhooks have lists of their own: `inbox`, `messages` and `webhooks`, each with
    `state=dead`.
    """
    query = select(WorkAttempt).where(WorkAttempt.parked_at.is_not(None))
    if kind is not None:
        query = query.where(WorkAttempt.kind == kind)

    async def page_of(wanted: PageRequest, reader: AsyncSession) -> Page[ParkedRow]:
        rows = (await reader.scalars(_PARKED.apply(query, wanted, rt.keyring))).all()
        keys = [(row.parked_at, row.kind, row.subject_id) for row in rows]
        cursor = _PARKED.next_cursor(keys, wanted, rt.keyring)
        items = [ParkedRow.model_validate(row) for row in rows[: wanted.limit]]
        return Page(items=items, next_cursor=cursor)

    if as_csv:
        return await exported(rt, actor, now, "parked", ParkedRow, page_of)
    return await page_of(page, session)


@router.post("/parked/{kind}/{subject_id}/retry", responses=problems(NotFound, WorkNotParked))
async def retry_parked(
    kind: Annotated[str, Path(description="Which work: a `kind` of the list.")],
    subject_id: SubjectId,
    session: Write,
    actor: MessageRetrier,
    now: Now,
) -> ParkedRow:
    """Try work again that was given up, as if for the first time."""
    row = await session.get(WorkAttempt, (kind, subject_id), with_for_update=True)
    if row is None:
        raise NotFound
    if row.parked_at is None:
        raise WorkNotParked
    start_anew(row, now)
    row.parked_at = None
    wake_loops(session, WORKS[Kind(kind)].loop)
    record(
        session,
        actor=actor,
        action="work.retry",
        target_type=kind,
        target_id=subject_id,
        now=now,
    )
    await session.flush()
    return ParkedRow.model_validate(row)
