"""Sends due messages: claims them in one transaction, sends outside any, records results in another.

A claimed message is leased. If the process dies, the lease runs out, and the message counts as one whose answer
was lost. Processes that send at once share the rate of a channel by its row of `channel_states`.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.crypto import Keyring
from app.core.errors import Conflict, NotFound
from app.core.logging import logger
from app.database.due import DueQuery
from app.database.session import Database
from app.messaging.channel import Address, ChannelRegistry, Sender, TransportError
from app.messaging.models import ADDRESS, PARAMS, OutboxMessage, OutboxState
from app.messaging.outbox import template_quota
from app.messaging.outbox.claim import (
    BACKLOG,
    LONGEST_SEND,
    MESSAGES_DUE,
    NEVER,
    OPENED_WITHIN,
    RUN_WAITS,
    UNOPENED,
    ClaimedMessage,
    claim,
)
from app.messaging.outbox.enqueue import REPLIES
from app.messaging.outbox.rate_limiter import AHEAD, LATEST, SlotUse
from app.messaging.outbox.record_results import SendOutcome, record_all
from app.messaging.outbox.templates import release_template
from app.messaging.rules import FINAL, Refusal
from app.texts import catalogue
from app.texts.message import Outgoing

CONCURRENT_SENDS: Final = 128
_NOT_BEFORE: Final = 0.001
"""A timer may fire a fraction of a millisecond before the slot."""


class MessageNotRetryable(Conflict):
    """Only a message that was given up, or waits for its template, can be sent again."""

    code = "message_not_retryable"
    detail = "This message was not given up and waits for no template, or what it said is no longer kept."


async def send_due(database: Database, channels: ChannelRegistry, clock: Clock, limit: int) -> int:
    """Send up to `limit` due messages; return how many were claimed or settled."""
    if not await _ANY_DUE.any_due(database, clock()):
        return 0
    settled_before = await _settled_before(database, clock())
    async with database.begin() as session:
        claimed, settled = await claim(session, channels, clock(), limit, settled_before)
    if claimed:
        outcomes = await _send(claimed, channels, database.keyring, clock)
        await record_all(database, outcomes, clock)
    return len(claimed) + settled


_ANY_DUE: Final = DueQuery(or_(MESSAGES_DUE.exists, RUN_WAITS))


async def _settled_before(database: Database, now: dt.datetime) -> dt.datetime:
    """Return since when a send that may have arrived must be due to be repeated now.

    A stored webhook that is not unpacked may hold the status that settles it. While there is one, such a send
    waits; while there is a backlog of them, it waits for the backlog to end.
    """
    if not await UNOPENED.any_due(database, now):
        return now
    behind = await BACKLOG.any_due(database, now - OPENED_WITHIN)
    return now - (NEVER if behind else OPENED_WITHIN)


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────


async def _send(
    claimed: Sequence[ClaimedMessage],
    channels: ChannelRegistry,
    keys: Keyring,
    clock: Clock,
) -> list[SendOutcome]:
    """Send concurrently, but one after another to one person."""
    by_recipient: dict[str, list[ClaimedMessage]] = {}
    for message in claimed:
        by_recipient.setdefault(message.recipient_index, []).append(message)
    at_once = asyncio.Semaphore(CONCURRENT_SENDS)

    async def in_order(messages: Sequence[ClaimedMessage]) -> list[SendOutcome]:
        outcomes: list[SendOutcome] = []
        for message in messages:
            if message.slot and (early := message.slot.at - clock().timestamp()) > 0:
                await asyncio.sleep(min(early, AHEAD) + _NOT_BEFORE)
            async with at_once:
                # Later messages to this person wait too, or they would overtake.
                if _too_late(message, clock()) or any(map(_may_come_later, outcomes)):
                    outcomes.append(SendOutcome(message, None))
                    continue
                outcome = await _send_one(
                    message, channels.by_name[message.channel].sender, keys, clock()
                )
                if message.slot is not None:
                    slot_use = SlotUse(message.slot, clock().timestamp())
                    outcome = replace(outcome, slot_use=slot_use)
                outcomes.append(outcome)
        return outcomes

    groups = await asyncio.gather(*(in_order(messages) for messages in by_recipient.values()))
    return [outcome for group in groups for outcome in group]


def _too_late(message: ClaimedMessage, now: dt.datetime) -> bool:
    """Whether its slot has passed, or its lease might end before the send does."""
    slot = message.slot
    missed = slot is not None and now.timestamp() > slot.at + LATEST
    return missed or now > message.lease_until - LONGEST_SEND


def _may_come_later(outcome: SendOutcome) -> bool:
    if isinstance(outcome.result, TransportError):
        return outcome.result.kind not in FINAL
    return outcome.result is None


async def _send_one(
    message: ClaimedMessage, sender: Sender, keys: Keyring, now: dt.datetime
) -> SendOutcome:
    try:
        outgoing = compose(
            message.kind,
            message.language,
            keys.open_json(message.params_sealed, PARAMS),
            message.subject_id,
            now,
        )
        address = _address(message, keys)
    except Exception as error:  # noqa: BLE001 - the others are sent all the same
        logger().error(
            "message_unsayable", message_id=str(message.id), kind=message.kind, exc_info=error
        )
        return SendOutcome(message, TransportError(Refusal.PERMANENT, code="unsayable"))
    if outgoing.template is not None and message.filed_as:
        outgoing = replace(outgoing, template=replace(outgoing.template, filed_as=message.filed_as))
    category = outgoing.template.files_as if outgoing.template else None
    if message.free_form:
        outgoing = replace(outgoing, template=None)
        category = message.policy.free_form_category or message.channel
    elif outgoing.template is None:
        return SendOutcome(message, TransportError(Refusal.WINDOW_CLOSED, code="no_template"))
    if (problem := outgoing.problem()) is not None:
        logger().error("message_refused", message_id=str(message.id), reason=problem)
        return SendOutcome(message, TransportError(Refusal.PERMANENT, code="over_limit"))
    try:
        return SendOutcome(message, await sender.send(message.id, address, outgoing), category)
    except TransportError as error:
        return SendOutcome(message, error, category)
    except Exception as error:  # noqa: BLE001 - the others' results are recorded all the same
        logger().error("channel_failed", message_id=str(message.id), exc_info=error)
        return SendOutcome(message, TransportError(Refusal.AMBIGUOUS, code=type(error).__name__))


def compose(
    kind: str,
    language: str,
    params: Mapping[str, Any],
    subject_id: UUID | None,
    now: dt.datetime,
) -> Outgoing:
    """Return the text of a message. Raises KeyError for a kind or value that the catalogue lacks."""
    if kind in REPLIES:
        return Outgoing.from_json(dict(params))
    about = {"offer_id": str(subject_id)} if subject_id is not None else {}
    return catalogue.render_notice(language, kind, about | dict(params), now)


def _address(message: ClaimedMessage, keys: Keyring) -> Address:
    value = keys.open(message.recipient_sealed, ADDRESS)
    if message.policy.by_email:
        return Address(email=value)
    return Address(phone=value) if value.startswith("+") else Address(platform_id=value)


async def retry(session: AsyncSession, message_id: UUID, now: dt.datetime) -> OutboxMessage:
    """Make a message due that was given up or waits for its template, and release that template.

    Raises `NotFound`, `MessageNotRetryable`.
    """
    row = await session.get(OutboxMessage, message_id, with_for_update=True)
    if row is None:
        raise NotFound
    waits = (
        row.state == OutboxState.WAITING and row.held_why == template_quota.DeferralReason.TEMPLATE
    )
    given_up = row.state in {OutboxState.DEAD, OutboxState.FAILED}
    if not (waits or given_up) or not row.params_sealed:
        raise MessageNotRetryable
    row.state, row.due_at, row.updated_at = OutboxState.WAITING, now, now
    row.attempts = row.unanswered = 0
    row.error = row.error_code = None
    await release_template(session, catalogue.template_name(row.kind), row.language, now)
    return row
