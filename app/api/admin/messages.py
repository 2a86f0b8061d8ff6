"""Messages, webhooks and the platform's notices, as administrators see and retry them."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from app.api.admin.access import MessageReader, MessageRetrier
from app.api.admin.lists import Listing, ListSpec, equal, whether
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Write
from app.api.http.parameters import InState, MessageId, WebhookId
from app.api.http.problems import problems
from app.core.errors import Conflict, NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, ResponseModel
from app.messaging.models import (
    OutboxMessage,
    OutboxState,
    PlatformNotice,
    WebhookEvent,
    WebhookState,
)
from app.messaging.outbox import costs, delivery
from app.messaging.outbox.delivery import MessageNotRetryable
from app.messaging.outbox.template_quota import DeferralReason
from app.moderation.retries import find_locked, note_retry, try_again
from app.policy import policy

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)

COSTS_SINCE = dt.timedelta(days=30)


class MessageRow(ResponseModel):
    """A message on its way; to whom and what it says is not shown."""

    id: UUID = Field(description="Its id (UUIDv7).")
    kind: str = Field(description="What the message is about.")
    channel: str = Field(description="How it travels: `whatsapp`, `email` or `sms`.")
    state: OutboxState = Field(description="Where the message stands.")
    attempts: int = Field(description="How many times it was tried.")
    error_code: str | None = Field(description="Code of the last error; null when there was none.")
    error: str | None = Field(description="What the last error said; null when there was none.")
    held_why: DeferralReason | None = Field(description="Why it is held back.")
    form: str | None = Field(
        description="How it was sent: free text or the template's name; null before."
    )
    cost_category: str | None = Field(
        description="Category it is charged in; null before it was sent."
    )
    created_at: Instant = Field(description="When it was made (UTC).")
    due_at: Instant = Field(description="When it is to be sent (UTC).")
    sent_at: Instant | None = Field(description="When the provider took it (UTC); null before.")


class CategoryCost(ResponseModel):
    """What one category of messages cost."""

    category: str = Field(
        description="Category of the message: service, utility, authentication, marketing or sms."
    )
    messages: int = Field(description="How many arrived.")
    charged: int = Field(description="How many of them are more than the free allowance.")
    cost: MoneyAnswer = Field(description="What they cost.")


class Costs(ResponseModel):
    """What messages cost."""

    since: Instant = Field(description="From when messages are counted (UTC).")
    items: list[CategoryCost] = Field(description="One entry a category.")
    total: MoneyAnswer = Field(description="The sum of all.")


class WebhookRow(ResponseModel):
    """An event of a provider; its content is not shown."""

    id: UUID = Field(description="Its id (UUIDv7).")
    provider: str = Field(description="Who sent it: `whatsapp`, `stripe` or `razorpay`.")
    kind: str = Field(description="What kind of event it is.")
    state: WebhookState = Field(description="Where the event stands.")
    attempts: int = Field(description="How many times it was tried.")
    set_aside: int = Field(description="How many of its items nobody could read.")
    error: str | None = Field(description="Why it failed, or why items were set aside.")
    received_at: Instant = Field(description="When it came (UTC).")
    handled_at: Instant | None = Field(description="When it was handled (UTC); null before.")


class NoticeRow(ResponseModel):
    """What a platform told about our account, number or templates."""

    id: UUID = Field(description="Its id (UUIDv7).")
    webhook_id: UUID = Field(description="Id of the event that brought it.")
    kind: str = Field(description="What kind of notice it is.")
    about: str = Field(description="The template or number it is about.")
    language: str = Field(description="Language of the template; empty where it is about none.")
    event: str = Field(description="What happened, in the platform's word.")
    detail: str = Field(description="What else the platform said.")
    received_at: Instant = Field(description="When it came (UTC).")


_MESSAGES = ListSpec(
    "messages",
    MessageRow,
    select(OutboxMessage),
    Keyset("admin_messages", [OutboxMessage.id]),
    {"state": equal(OutboxMessage.state)},
    sorts={"created_at": None, "attempts": OutboxMessage.attempts},
)
_WEBHOOKS = ListSpec(
    "webhooks",
    WebhookRow,
    select(WebhookEvent),
    Keyset("admin_webhooks", [WebhookEvent.id]),
    {"state": equal(WebhookEvent.state), "set_aside": whether(WebhookEvent.set_aside > 0)},
    sorts={"received_at": None},
)
_NOTICES = ListSpec(
    "notices",
    NoticeRow,
    select(PlatformNotice),
    Keyset("admin_notices", [PlatformNotice.id]),
    {"kind": equal(PlatformNotice.kind)},
    sorts={"received_at": None},
)


class WebhookNotDead(Conflict):
    """Only what was given up, or not wholly read, is tried again by hand."""

    code = "webhook_not_dead"
    detail = "This event was not given up; it is handled or will be tried again by itself."


@router.get("/messages", response_model=Page[MessageRow], responses=CSV_ANSWER)
async def list_messages(
    asked: Listing,
    actor: MessageReader,
    state: InState[OutboxState] = None,
) -> Page[MessageRow] | Response:
    """List messages, newest first; `state=dead` are those that need somebody."""
    return await _MESSAGES.answer(actor, asked, state=state)


@router.get("/messages/costs")
async def get_message_costs(session: Read, _actor: MessageReader, now: Now) -> Costs:
    """Tell what the messages of the last 30 days cost, by the prices under `settings`."""
    prices = (await policy.current(session)).message_prices
    since = now - COSTS_SINCE
    found = await costs.by_category(session, prices, since, now)
    return Costs(
        since=since,
        items=[CategoryCost.model_validate(each) for each in found],
        total=MoneyAnswer(amount=sum(each.cost.amount for each in found), currency=prices.currency),
    )


@router.post("/messages/{message_id}/retry", responses=problems(NotFound, MessageNotRetryable))
async def retry_message(
    message_id: MessageId, session: Write, actor: MessageRetrier, now: Now
) -> MessageRow:
    """Send a message again that was given up, or that waits for its template."""
    message = await delivery.retry(session, message_id, now)
    await note_retry(session, actor, ("message", message_id), now)
    return MessageRow.model_validate(message)


@router.get("/webhooks", response_model=Page[WebhookRow], responses=CSV_ANSWER)
async def list_webhooks(
    asked: Listing,
    actor: MessageReader,
    state: InState[WebhookState] = None,
    set_aside: Annotated[
        bool | None, Query(description="Only events with items that nobody could read, or without.")
    ] = None,
) -> Page[WebhookRow] | Response:
    """List the providers' events, newest first; `state=dead` are those that need somebody, and
    `set_aside=true` those with items nobody could read.
    """
    return await _WEBHOOKS.answer(actor, asked, state=state, set_aside=set_aside)


@router.post("/webhooks/{webhook_id}/retry", responses=problems(NotFound, WebhookNotDead))
async def retry_webhook(
    webhook_id: WebhookId, session: Write, actor: MessageRetrier, now: Now
) -> WebhookRow:
    """Handle an event again that was given up, or had items set aside; what was done stays done once."""
    event = await find_locked(session, WebhookEvent, webhook_id)
    if not event.body_sealed or (event.state != WebhookState.DEAD and not event.set_aside):
        raise WebhookNotDead
    event.state, event.set_aside = WebhookState.WAITING, 0
    target = ("webhook", webhook_id)
    await try_again(session, event, actor, target, now, "inbox", "payment_events")
    return WebhookRow.model_validate(event)


@router.get("/notices", response_model=Page[NoticeRow], responses=CSV_ANSWER)
async def list_notices(
    asked: Listing,
    actor: MessageReader,
    kind: Annotated[
        str | None, Query(description="Only notices of this kind.", min_length=1, max_length=64)
    ] = None,
) -> Page[NoticeRow] | Response:
    """List what WhatsApp told about our account, number and templates, newest first."""
    return await _NOTICES.answer(actor, asked, kind=kind)
