"""Inbound messages and due work that failed for good, listed and tried again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from app.api.admin.access import MessageReader, MessageRetrier
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Route, Write
from app.api.http.parameters import InboxId, InState, SubjectId
from app.api.http.problems import problems
from app.attempts.models import WorkAttempt
from app.attempts.work import Kind
from app.core.errors import Conflict, NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, Page, ResponseModel
from app.messaging.models import InboxItem, WebhookState
from app.moderation.retries import find_locked, try_again
from app.reporting.parked import WORKS

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class InboxRow(ResponseModel):
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


class ParkedRow(ResponseModel):
    """Due work that was tried and given up."""

    kind: Kind = Field(description="Which work.")
    subject_id: UUID = Field(
        description="Id of what it is about: the job of a `wave` or `job_end`, the match of an "
        "`offer_expiry` or `reminder`, the refund (of a `refund_check`, too), the payment of a "
        "`payment_check`, the order of a `card_tap`, the employer of a `card_look`, the dispute of a `dispute_check`, the kept event of an `early_event`, the report of a "
        "`lead_report`, the worker of "
        "an `erasure`, the item of a `bulk_item`."
    )
    attempts: int = Field(description="How many times it was tried.")
    lost: int = Field(description="How many of those ended with the process that made them.")
    error: str | None = Field(description="The kind of the last error.")
    parked_at: Instant | None = Field(
        description="Since when it waits for an administrator (UTC); null once it is tried again."
    )


_INBOX = ListSpec(
    "inbox",
    InboxRow,
    select(InboxItem, InboxItem.person_id.label("conversation_id")),
    Keyset("admin_inbox", [InboxItem.id]),
    {"state": equal(InboxItem.state)},
    sorts={"received_at": None, "attempts": InboxItem.attempts},
)
_PARKED = ListSpec(
    "parked",
    ParkedRow,
    select(WorkAttempt).where(WorkAttempt.parked_at.is_not(None)),
    Keyset("admin_parked", [WorkAttempt.parked_at, WorkAttempt.kind, WorkAttempt.subject_id]),
    {"kind": equal(WorkAttempt.kind)},
    sorts={"parked_at": None},
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
    asked: Listing,
    actor: MessageReader,
    state: InState[WebhookState] = None,
) -> Page[InboxRow] | Response:
    """List the messages that people sent, newest first; `state=dead` are those that need somebody."""
    return await _INBOX.answer(actor, asked, state=state)


@router.post("/inbox/{item_id}/retry", responses=problems(NotFound, InboxItemNotDead))
async def retry_inbox_item(
    item_id: InboxId, session: Write, actor: MessageRetrier, now: Now
) -> InboxRow:
    """Handle a message again that was given up, as one that comes late: it overrules no newer one."""
    item = await find_locked(session, InboxItem, item_id)
    if item.state != WebhookState.DEAD or not item.body_sealed:
        raise InboxItemNotDead
    item.state = WebhookState.WAITING
    await try_again(session, item, actor, ("inbox", item_id), now, "inbox")
    return InboxRow.from_rows(item, conversation_id=item.person_id)


@router.get("/parked", response_model=Page[ParkedRow], responses=CSV_ANSWER)
async def list_parked(
    asked: Listing,
    actor: MessageReader,
    kind: Annotated[Kind | None, Query(description="Only this work.")] = None,
) -> Page[ParkedRow] | Response:
    """List due work that was tried and given up, what was given up last first.

    Messages and webhooks have lists of their own: `inbox`, `messages` and `webhooks`, each with
    `state=dead`.
    """
    return await _PARKED.answer(actor, asked, kind=kind)


@router.post("/parked/{kind}/{subject_id}/retry", responses=problems(NotFound, WorkNotParked))
async def retry_parked(
    kind: Annotated[str, Path(description="Which work: a `kind` of the list.")],
    subject_id: SubjectId,
    session: Write,
    actor: MessageRetrier,
    now: Now,
) -> ParkedRow:
    """Try work again that was given up, as if for the first time."""
    row = await find_locked(session, WorkAttempt, (kind, subject_id))
    if row.parked_at is None:
        raise WorkNotParked
    row.parked_at = None
    target, loop = (kind, subject_id), WORKS[Kind(kind)].loop
    await try_again(session, row, actor, target, now, loop, action="work.retry")
    return ParkedRow.model_validate(row)
