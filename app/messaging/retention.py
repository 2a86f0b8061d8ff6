"""How long messages are kept.

Messages and webhooks are deleted once they are settled and no longer needed: for support, figures, or to recognise
a late duplicate. Each step is a short transaction, and an index finds what is due.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    Text,
    UpdateBase,
    bindparam,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from app.database.session import Database
from app.database.statements import is_one_of, rows_changed, table
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    ModelReading,
    OutboxMessage,
    OutboxState,
    PlatformNotice,
    WebhookEvent,
    WebhookState,
)

SENT_KEPT: Final = dt.timedelta(days=90)
"""Sent messages: for support, the guarantee, figures of a month, and a person's export."""
RECEIVED_KEPT: Final = dt.timedelta(days=30)
"""Received messages and their ids; platforms repeat events for a week at most."""
WORDS_KEPT: Final = dt.timedelta(days=7)
"""The text of received messages, for an administrator who takes over; while a human is wanted it stays,
`RECEIVED_KEPT` at most."""
READINGS_KEPT: Final = dt.timedelta(hours=1)
"""Questions to the language model; they are forgotten with the message, unless it needed none in the end."""
PAUSE_SECONDS: Final = 0.05
"""The pause between two steps, in which others can write."""

_SETTLED: Final = (
    OutboxState.DELIVERED,
    OutboxState.READ,
    OutboxState.SENT,
    OutboxState.ACCEPTED,
    OutboxState.FAILED,
    OutboxState.SUPPRESSED,
)


@dataclass(frozen=True)
class RetentionStep:
    """One kind of deletion: `find` selects ids of rows older than `:since`, and `apply` changes them."""

    name: str
    find: Select[UUID]
    apply: UpdateBase
    kept: dt.timedelta

    def values(self, now: dt.datetime, limit: int) -> dict[str, Any]:
        """Return the parameters of `find`."""
        return {
            "since": now - self.kept,
            "received_since": now - RECEIVED_KEPT,
            "limit": limit,
        }


_LIMIT: Final = bindparam("limit", type_=Integer)


def _old(of: Any, moment: Any, *which: Any) -> Select[UUID]:
    """Select which of the first rows are old; ids grow with time, so if none of these is, none is."""
    first = select(of.id).where(*which).order_by(of.id).limit(_LIMIT)
    return select(of.id).where(of.id.in_(first), moment < bindparam("since"))


def _these(of: Any) -> Any:
    return table(of).c.id.in_(bindparam("ids", expanding=True))


def _sent(state: OutboxState) -> RetentionStep:
    # One step a state, because the index on state and id gives each state in order.
    find = _old(
        OutboxMessage,
        OutboxMessage.updated_at,
        is_one_of(table(OutboxMessage).c.state, [state]),
    )
    return RetentionStep(
        f"outbox {state}", find, delete(OutboxMessage).where(_these(OutboxMessage)), SENT_KEPT
    )


_HANDLED_EVENT: Final = is_one_of(table(WebhookEvent).c.state, [WebhookState.HANDLED])
_NOTED: Final = exists().where(PlatformNotice.webhook_id == WebhookEvent.id)
_EMPTIED: Final = {"body_sealed": b""}
# Literally as in the indexes, or SQLite does not use them.
_HAS_WORDS: Final = text("length(inbox.body_sealed) > 0")
_HAS_NONE: Final = text("length(inbox.body_sealed) = 0")
_DEAD_EVENT: Final = is_one_of(table(WebhookEvent).c.state, [WebhookState.DEAD])
_DEAD_ITEM: Final = is_one_of(table(InboxItem).c.state, [WebhookState.DEAD])
_HANDLED_ITEM: Final = is_one_of(table(InboxItem).c.state, [WebhookState.HANDLED])
_PAUSED: Final = select(ChatPerson.id).where(ChatPerson.paused_at.is_not(None))

# A stranger has no account: what they said of a job, of themselves or their company is kept with the conversation.
_SAID_SOMETHING: Final = cast(ChatPerson.state, Text) != "{}"

STEPS: Final = (
    *map(_sent, _SETTLED),
    RetentionStep(
        "readings",
        select(ModelReading.item_id)
        .where(ModelReading.asked_at < bindparam("since"))
        .order_by(ModelReading.asked_at)
        .limit(_LIMIT),
        delete(ModelReading).where(
            table(ModelReading).c.item_id.in_(bindparam("ids", expanding=True))
        ),
        READINGS_KEPT,
    ),
    RetentionStep(
        "webhook events",
        _old(WebhookEvent, WebhookEvent.handled_at, _HANDLED_EVENT, ~_NOTED),
        delete(WebhookEvent).where(_these(WebhookEvent)),
        RECEIVED_KEPT,
    ),
    # Platform events stay, and with them their webhooks, without the body.
    RetentionStep(
        "bodies of notices",
        _old(
            WebhookEvent,
            WebhookEvent.handled_at,
            _HANDLED_EVENT,
            _NOTED,
            func.length(WebhookEvent.body_sealed) > 0,
        ),
        update(WebhookEvent).where(_these(WebhookEvent)).values(_EMPTIED),
        RECEIVED_KEPT,
    ),
    # Parked rows stay for administrators; they can be retried while the body is kept.
    RetentionStep(
        "bodies of dead events",
        _old(
            WebhookEvent,
            WebhookEvent.received_at,
            _DEAD_EVENT,
            func.length(WebhookEvent.body_sealed) > 0,
        ),
        update(WebhookEvent).where(_these(WebhookEvent), _DEAD_EVENT).values(_EMPTIED),
        RECEIVED_KEPT,
    ),
    RetentionStep(
        "words of dead items",
        select(InboxItem.id)
        .where(_DEAD_ITEM, _HAS_WORDS, InboxItem.received_at < bindparam("since"))
        .order_by(InboxItem.received_at)
        .limit(_LIMIT),
        update(InboxItem).where(_these(InboxItem), _DEAD_ITEM).values(_EMPTIED),
        RECEIVED_KEPT,
    ),
    RetentionStep(
        "words",
        select(InboxItem.id)
        .where(
            _HANDLED_ITEM,
            _HAS_WORDS,
            InboxItem.handled_at < bindparam("since"),
            or_(
                InboxItem.handled_at < bindparam("received_since"),
                InboxItem.person_id.not_in(_PAUSED),
            ),
        )
        .order_by(InboxItem.handled_at)
        .limit(_LIMIT),
        update(InboxItem).where(_these(InboxItem)).values(_EMPTIED),
        WORDS_KEPT,
    ),
    RetentionStep(
        "what strangers said",
        select(ChatPerson.id)
        .where(
            ChatPerson.user_id.is_(None),
            ChatPerson.last_inbound_at < bindparam("since"),
            ChatPerson.paused_at.is_(None),
            _SAID_SOMETHING,
        )
        .limit(_LIMIT),
        # Somebody may register at this moment.
        update(ChatPerson)
        .where(_these(ChatPerson), table(ChatPerson).c.user_id.is_(None))
        .values(state={}),
        RECEIVED_KEPT,
    ),
    RetentionStep(
        "inbox",
        select(InboxItem.id)
        .where(
            _HANDLED_ITEM,
            _HAS_NONE,
            InboxItem.handled_at < bindparam("since"),
        )
        .order_by(InboxItem.handled_at)
        .limit(_LIMIT),
        delete(InboxItem).where(_these(InboxItem)),
        RECEIVED_KEPT,
    ),
)


async def forget_due(database: Database, now: dt.datetime, limit: int) -> int:
    """Do each step once, with at most `limit` rows; return the rows of the largest."""
    most = 0
    for step in STEPS:
        async with database.read() as session:
            ids = (await session.scalars(step.find, step.values(now, limit))).all()
        if not ids:
            continue
        async with database.begin() as session:
            await rows_changed(session, step.apply, {"ids": list(ids)})
        most = max(most, len(ids))
        await asyncio.sleep(PAUSE_SECONDS)
    return most
