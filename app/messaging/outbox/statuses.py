"""Applies the platform's statuses to our messages: only forward, in whatever order they come."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.logging import logger
from app.core.metrics import ALERTS, NOT_OURS
from app.database.session import keyring
from app.database.wakeups import wake_loops
from app.messaging.inbound import StatusUpdate
from app.messaging.models import ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import template_quota, templates
from app.messaging.outbox.channel_health import (
    apply_backoff,
    note_unknown_refusal,
    recover_on_status,
)
from app.messaging.outbox.enqueue import OPEN, REPLIES, SECRET_KINDS, without_form
from app.messaging.rules import Outcome, Refusal, decide_retry, moves_forward

_ARRIVED: Final = frozenset({OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ})
_RECEIVED: Final = frozenset({OutboxState.DELIVERED, OutboxState.READ})
_STATUSES: Final = frozenset({"accepted", "sent", "delivered", "read", "failed"})


async def apply(session: AsyncSession, updates: Sequence[StatusUpdate], now: dt.datetime) -> int:
    """Apply statuses; return how many messages changed.

    A status finds its message by our own id, which also settles a send whose answer was lost, else by the
    platform's. A status of an unknown message is only logged.
    """
    known = [
        update
        for update in updates
        if update.status in _STATUSES and (update.ours or update.number_id)
    ]
    rows = await _rows(session, known)
    changed = 0
    sent: dict[str, dt.datetime] = {}
    for status in sorted(known, key=lambda each: each.at):
        row = _row_of(rows, status)
        if not _by_its_number(row, status):
            NOT_OURS.labels("statuses").inc()
            continue
        if row is None:
            logger().info("status_of_unknown_message", state=status.status)
            continue
        update = _with_its_own_name(rows, row, status)
        if update.status == OutboxState.SENT:
            sent[row.channel] = update.at
        if update.status == "failed":
            changed += await _fail(session, row, update, now)
        else:
            changed += _advance(session, row, update, now)
    for channel, at in sent.items():
        await recover_on_status(session, channel, at, now)
    return changed


async def _rows(
    session: AsyncSession, updates: Sequence[StatusUpdate]
) -> dict[UUID | str, OutboxMessage]:
    ids = [found for update in updates if (found := _uuid(update.message_id)) is not None]
    provider_ids = [update.provider_id for update in updates if update.provider_id]
    if not ids and not provider_ids:
        return {}
    query = (
        select(OutboxMessage)
        .where(or_(OutboxMessage.id.in_(ids), OutboxMessage.provider_id.in_(provider_ids)))
        # The same order everywhere prevents deadlocks.
        .order_by(OutboxMessage.id)
        .with_for_update()
    )
    rows: dict[UUID | str, OutboxMessage] = {}
    for row in await session.scalars(query):
        rows[row.id] = row
        if row.provider_id is not None:
            rows[row.provider_id] = row
    return rows


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _row_of(rows: dict[UUID | str, OutboxMessage], update: StatusUpdate) -> OutboxMessage | None:
    own = _uuid(update.message_id)
    found = rows.get(own) if own is not None else None
    if found is None and update.provider_id:
        found = rows.get(update.provider_id)
    return found


def _by_its_number(row: OutboxMessage | None, update: StatusUpdate) -> bool:
    """Whether a status is of the number that its message was sent from, even if we use another one now.

    Older messages have no number; for those it must be one of ours.
    """
    if row is None or row.number_id is None or update.number_id is None:
        return update.ours
    return row.number_id == update.number_id


def _with_its_own_name(
    rows: dict[UUID | str, OutboxMessage], row: OutboxMessage, update: StatusUpdate
) -> StatusUpdate:
    """Return the status without the platform's id where another message has that id."""
    if not update.provider_id or rows.setdefault(update.provider_id, row) is row:
        return update
    logger().error("provider_ids_not_unique", count=1)
    return replace(update, provider_id=None)


def _of_an_earlier_try(row: OutboxMessage, update: StatusUpdate) -> bool:
    """Whether this is about a send that failed before; an open message keeps the id of that send."""
    return (
        row.state in OPEN
        and update.provider_id is not None
        and (update.provider_id == row.provider_id)
    )


def _advance(
    session: AsyncSession, row: OutboxMessage, update: StatusUpdate, now: dt.datetime
) -> int:
    if update.category:
        row.cost_category = update.category
    if not moves_forward(row.state, update.status):
        return 0
    if update.status not in _RECEIVED and _of_an_earlier_try(row, update):
        return 0
    if row.state in OPEN:
        wake_loops(session, "outbox")  # later messages to this person have waited
    row.state, row.updated_at = update.status, now
    row.provider_id = update.provider_id or row.provider_id
    row.sent_at = row.sent_at or update.at
    row.lease_until = row.error = row.error_code = None
    if row.kind in SECRET_KINDS and row.state in _ARRIVED:
        row.params_sealed = b""
    return 1


async def _fail(
    session: AsyncSession, row: OutboxMessage, update: StatusUpdate, now: dt.datetime
) -> int:
    """Apply the failure of a send that had been accepted; retry where that may help."""
    if not _failed_just_now(row, update):
        return 0
    refusal = update.refusal or Refusal.PERMANENT
    plainer = without_form(row.kind, refusal, row.params_sealed, keyring(session))
    if plainer is not None:
        row.params_sealed, refusal = plainer, Refusal.FORM
    decision = decide_retry(
        refusal,
        attempts=row.attempts,
        free_form=row.form != "template" and row.kind not in REPLIES,
        jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        worth_later=template_quota.worth_later(row.kind, row.expires_at, now),
    )
    # Without a code it is the person's failure; only an unknown code may be the account's.
    suspicious = decision.suspicious and update.code is not None
    row.error_code, row.updated_at = update.code, now
    row.error = update.refusal.value if update.refusal else "failed"
    row.provider_id = update.provider_id or row.provider_id
    if decision.window_closed:
        await _close_window(session, row, now)
    if update.refusal is not None:
        await templates.apply_refusal(session, update.refusal, row, update.code, now)
    if decision.outcome is Outcome.DEFERRED:
        row.state, row.due_at, row.lease_until = OutboxState.WAITING, now + decision.after, None
        row.held_why = template_quota.DEFERRED_AFTER[refusal]
        row.attempts -= not decision.uses_attempt
    elif decision.outcome is not Outcome.RETRY:
        row.state, row.lease_until = OutboxState.FAILED, None
        if row.kind in SECRET_KINDS and not suspicious:
            row.params_sealed = b""
    elif row.state != OutboxState.SENDING:
        row.state, row.due_at, row.lease_until = OutboxState.WAITING, now + decision.after, None
        row.attempts -= not decision.uses_attempt
    # While it is `sending` the answer is still to come, and `record_results` makes it due.
    wake_loops(session, "outbox")
    why = f"{row.error} {update.code}"
    if suspicious:
        await session.flush()
        index = row.recipient_index
        await note_unknown_refusal(session, row.channel, row.id, index, why, now, by_status=True)
    await apply_backoff(session, row.channel, decision, why, now, by_status=True)
    if decision.alert:
        ALERTS.labels(f"message_{row.error}").inc()
        logger().error(
            "message_failed", message_id=str(row.id), kind=row.kind, error_code=update.code
        )
    return 1


def _failed_just_now(row: OutboxMessage, update: StatusUpdate) -> bool:
    """Whether a failure is of the last send; an earlier or repeated one changes nothing."""
    if row.state in {OutboxState.SENDING, OutboxState.UNKNOWN}:
        return not _of_an_earlier_try(row, update)
    if row.state in {OutboxState.ACCEPTED, OutboxState.SENT}:
        return row.provider_id is None or update.provider_id in (None, row.provider_id)
    return False


async def _close_window(session: AsyncSession, row: OutboxMessage, now: dt.datetime) -> None:
    matches: list[Any] = [ChatPerson.phone_index == row.recipient_index]
    if row.person_id is not None:
        matches.append(ChatPerson.id == row.person_id)
    if row.user_id is not None:
        matches.append(ChatPerson.user_id == row.user_id)
    query = select(ChatPerson).where(ChatPerson.channel == row.channel, or_(*matches))
    for person in await session.scalars(query.order_by(ChatPerson.id).with_for_update()):
        person.last_inbound_at, person.updated_at = None, now
