"""What messages leave behind, and for how long.

What was sent and what came in is deleted once it is settled and nobody needs it any more: not for support,
not for a figure, not to know a late duplicate by its key. Each step is a short transaction of its own, and
what is due is found by an index: where nothing is due, it costs a look.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    UpdateBase,
    bindparam,
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
    OutboxMessage,
    OutboxState,
    PlatformNotice,
    WebhookEvent,
    WebhookState,
)

SENT_KEPT: Final = dt.timedelta(days=90)
"""What was sent, for support, the guarantee, figures of a month, and the person's own export."""
RECEIVED_KEPT: Final = dt.timedelta(days=30)
"""What came in, and its key; platforms repeat their events for a week at most."""
WORDS_KEPT: Final = dt.timedelta(days=7)
"""What people wrote, so that whoever takes a conversation over sees what it is about; while a human is
wanted it stays, `RECEIVED_KEPT` at most."""
PAUSE_SECONDS: Final = 0.05
"""Between two steps: whoever else wants to write gets a turn."""

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
    """One kind of what is forgotten: its rows' ids, found by an index, and what is done with them.

    `find` is told `since`, the instant before which rows are old, and `limit`.
    """

    name: str
    find: Select[UUID]
    apply: UpdateBase
    kept: dt.timedelta

    def values(self, now: dt.datetime, limit: int) -> dict[str, Any]:
        """Return what `find` is told at `now`."""
        return {
            "since": now - self.kept,
            "received_since": now - RECEIVED_KEPT,
            "limit": limit,
        }


_LIMIT: Final = bindparam("limit", type_=Integer)


def _old(of: Any, moment: Any, *which: Any) -> Select[UUID]:
    """Return which of the first rows are old: ids grow with time, so where they are not, none is."""
    first = select(of.id).where(*which).order_by(of.id).limit(_LIMIT)
    return select(of.id).where(of.id.in_(first), moment < bindparam("since"))


def _these(of: Any) -> Any:
    return table(of).c.id.in_(bindparam("ids", expanding=True))


def _sent(state: OutboxState) -> RetentionStep:
    # One state each: the index on state and id gives them in order.
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
# As the indexes have it, to the letter: else SQLite does not see that it is the same.
_HAS_WORDS: Final = text("length(inbox.body_sealed) > 0")
_HAS_NONE: Final = text("length(inbox.body_sealed) = 0")
_DEAD_EVENT: Final = is_one_of(table(WebhookEvent).c.state, [WebhookState.DEAD])
_DEAD_ITEM: Final = is_one_of(table(InboxItem).c.state, [WebhookState.DEAD])
_HANDLED_ITEM: Final = is_one_of(table(InboxItem).c.state, [WebhookState.HANDLED])
_PAUSED: Final = select(ChatPerson.id).where(ChatPerson.paused_at.is_not(None))

STEPS: Final = (
    *map(_sent, _SETTLED),
    RetentionStep(
        "webhook events",
        _old(WebhookEvent, WebhookEvent.handled_at, _HANDLED_EVENT, ~_NOTED),
        delete(WebhookEvent).where(_these(WebhookEvent)),
        RECEIVED_KEPT,
    ),
    # What a platform told of our account stays, and with it its event, without the body.
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
    # What was given up stays, for an administrator to see what and why; it can be tried again for as long
    # as its body is kept.
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
    """Do each step once, with at most `limit` rows; return how many rows the largest had."""
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
