"""Sending what is due: claim in one transaction, send outside any, record in another.

A claimed message is leased: if this process dies, the lease runs out and the message is treated like
one whose answer was lost. Any number of processes may send at once; they share each channel's pace
through its row of `channel_states`.
"""

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Boolean, String, Table, and_, bindparam, case, func, null, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import Conflict, NotFound
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.db import Database, UtcDateTime, keyring, wake_loops
from app.messaging import outside, texts
from app.messaging.channels import (
    Address,
    Channel,
    Channels,
    Outgoing,
    SendResult,
    TransportError,
)
from app.messaging.claiming import LONGEST_SEND, MESSAGES_DUE, Claimed, claim
from app.messaging.holding import hold, taken_again
from app.messaging.models import Channel as ChannelName
from app.messaging.models import ChannelState, ChatPerson, OutboxMessage, OutboxState
from app.messaging.notices import free, learn
from app.messaging.outbox import ADDRESS, OPEN, PARAMS, REPLIES, SECRET_KINDS, without_form
from app.messaging.pace import AHEAD, LATEST, Trip, give_back
from app.messaging.rules import FINAL, Fate, Refusal, decide

CONCURRENT_SENDS: Final = 128
_NOT_BEFORE: Final = 0.001
"""A timer may ring a fraction of a millisecond early, which is before the turn."""
_ERROR_CHARACTERS: Final = 300

type Clock = Callable[[], dt.datetime]


class MessageNotRetryable(Conflict):
    """Only a message that was given up, or waits for its template, can be sent again."""

    code = "message_not_retryable"
    detail = "This message was not given up and waits for no template, or what it said is no longer kept."


class _NamesNotUniqueError(Exception):
    """The platform's ids of what was sent are another message's too."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    claimed: Claimed
    result: SendResult | TransportError | None
    """None: it missed its turn, and nothing was sent."""
    category: str | None = None
    trip: Trip | None = None
    """None where there is no pace, or nothing was sent."""


async def send_due(database: Database, channels: Channels, clock: Clock, limit: int) -> int:
    """Send up to `limit` messages that are due; return how many were dealt with."""
    if not await MESSAGES_DUE.finds(database, clock()):
        return 0
    async with database.begin() as session:
        claimed, settled = await claim(session, channels, clock(), limit)
    if claimed:
        outcomes = await _send(claimed, channels.senders, database.keyring, clock)
        try:
            async with database.begin() as session:
                await _record(session, outcomes, clock())
        except _NamesNotUniqueError:
            # A platform that gives two messages one name must not make us send a whole batch again: our
            # own ids, which it echoes, still find them.
            logger().error("provider_ids_not_unique", count=len(outcomes))
            async with database.begin() as session:
                await _record(session, [_unnamed(outcome) for outcome in outcomes], clock())
    return len(claimed) + settled


def _unnamed(outcome: _Outcome) -> _Outcome:
    """Return the outcome without the platform's id."""
    if not isinstance(outcome.result, SendResult):
        return outcome
    return replace(outcome, result=replace(outcome.result, provider_id=None))


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────


async def _send(
    claimed: Sequence[Claimed],
    senders: Mapping[str, Channel],
    keys: Keyring,
    clock: Clock,
) -> list[_Outcome]:
    """Send side by side, but one after another to one person."""
    by_recipient: dict[str, list[Claimed]] = {}
    for message in claimed:
        by_recipient.setdefault(message.recipient_index, []).append(message)
    at_once = asyncio.Semaphore(CONCURRENT_SENDS)

    async def in_order(messages: Sequence[Claimed]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        for message in messages:
            if message.turn and (early := message.turn.at - clock().timestamp()) > 0:
                await asyncio.sleep(min(early, AHEAD) + _NOT_BEFORE)
            async with at_once:
                # What follows for this person waits too, or it would overtake.
                if _too_late(message, clock()) or any(map(_may_come_later, outcomes)):
                    outcomes.append(_Outcome(message, None))
                    continue
                outcome = await _send_one(message, senders[message.channel], keys, clock())
                if message.turn is not None:
                    trip = Trip(message.turn, clock().timestamp())
                    outcome = replace(outcome, trip=trip)
                outcomes.append(outcome)
        return outcomes

    groups = await asyncio.gather(*(in_order(messages) for messages in by_recipient.values()))
    return [outcome for group in groups for outcome in group]


def _too_late(message: Claimed, now: dt.datetime) -> bool:
    """Whether its turn has passed, or its lease might end while it travels: then another sends it."""
    turn = message.turn
    missed = turn is not None and now.timestamp() > turn.at + LATEST
    return missed or now > message.lease_until - LONGEST_SEND


def _may_come_later(outcome: _Outcome) -> bool:
    if isinstance(outcome.result, TransportError):
        return outcome.result.kind not in FINAL
    return outcome.result is None


async def _send_one(message: Claimed, sender: Channel, keys: Keyring, now: dt.datetime) -> _Outcome:
    try:
        outgoing = compose(
            message.kind,
            message.language,
            keys.open_json(message.params_sealed, PARAMS),
            message.subject_id,
            now,
        )
        address = _address(message, keys)
    except Exception as error:  # noqa: BLE001 - one unsayable message must not hold back the others
        logger().error(
            "message_unsayable", message_id=str(message.id), kind=message.kind, exc_info=error
        )
        return _Outcome(message, TransportError(Refusal.PERMANENT, code="unsayable"))
    category = outgoing.template.category if outgoing.template else None
    if message.free_form:
        outgoing = without_template(outgoing)
        category = "service" if message.channel == ChannelName.WHATSAPP else message.channel
    elif outgoing.template is None:
        return _Outcome(message, TransportError(Refusal.WINDOW_CLOSED, code="no_template"))
    if (problem := outgoing.problem()) is not None:
        logger().error("message_refused", message_id=str(message.id), reason=problem)
        return _Outcome(message, TransportError(Refusal.PERMANENT, code="over_limit"))
    try:
        return _Outcome(message, await sender.send(message.id, address, outgoing), category)
    except TransportError as error:
        return _Outcome(message, error, category)
    except Exception as error:  # noqa: BLE001 - the others' answers must be written down all the same
        logger().error("channel_failed", message_id=str(message.id), exc_info=error)
        return _Outcome(message, TransportError(Refusal.AMBIGUOUS, code=type(error).__name__))


def compose(
    kind: str,
    language: str,
    params: Mapping[str, Any],
    subject_id: UUID | None,
    now: dt.datetime,
) -> Outgoing:
    """Put a message into words. Raises KeyError for a kind or value the catalogue misses."""
    if kind in REPLIES:
        return Outgoing.from_json(dict(params))
    about = {"offer_id": str(subject_id)} if subject_id is not None else {}
    return texts.notice(language, kind, about | dict(params), now)


def without_template(outgoing: Outgoing) -> Outgoing:
    """Return the free form."""
    return replace(outgoing, template=None)


def _address(message: Claimed, keys: Keyring) -> Address:
    value = keys.open(message.recipient_sealed, ADDRESS)
    if message.channel == ChannelName.EMAIL:
        return Address(email=value)
    return Address(phone=value) if value.startswith("+") else Address(platform_id=value)


# ── Recording ────────────────────────────────────────────────────────────────────────────────────


async def _record(session: AsyncSession, outcomes: Sequence[_Outcome], now: dt.datetime) -> None:
    """Write down what became of each; a status that was quicker than we are is left alone."""
    # In one order everywhere, so that two processes never wait for each other.
    outcomes = sorted(outcomes, key=lambda each: each.claimed.id)
    taken = [
        _taken(outcome.claimed, outcome.result, outcome.category)
        for outcome in outcomes
        if isinstance(outcome.result, SendResult)
    ]
    if taken:
        try:  # first, because then nothing is done yet that would be done twice
            await session.execute(_TAKEN, [{**row, "now_": now} for row in taken])
        except IntegrityError as error:
            raise _NamesNotUniqueError from error
        channels = {
            outcome.claimed.channel
            for outcome in outcomes
            if isinstance(outcome.result, SendResult)
        }
        await taken_again(session, channels, now)
        if any(outcome.claimed.attempts > 1 for outcome in outcomes):
            wake_loops(session, "outbox")  # what comes next to this person has waited for this
    if missed := [outcome.claimed for outcome in outcomes if outcome.result is None]:
        await _give_back(session, missed, now)
    for outcome in outcomes:
        if isinstance(outcome.result, TransportError):
            await _record_refused(session, outcome.claimed, outcome.result, now)
    if trips := [outcome.trip for outcome in outcomes if outcome.trip is not None]:
        # Messages first, then the channel: the order of a status that holds the channel back.
        state = await session.get(ChannelState, ChannelName.WHATSAPP, with_for_update=True)
        if state is not None:
            state.turns = give_back(state.turns or (), trips)


async def _give_back(session: AsyncSession, missed: Sequence[Claimed], now: dt.datetime) -> None:
    await session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_([message.id for message in missed]),
            OutboxMessage.state == OutboxState.SENDING,
            OutboxMessage.lease_until.in_({message.lease_until for message in missed}),
        )
        .values(
            state=OutboxState.WAITING,
            # Back in the order in which they were written.
            due_at=OutboxMessage.created_at,
            attempts=OutboxMessage.attempts - 1,
            template_at=_NOTHING_WENT,
            lease_until=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    wake_loops(session, "outbox")


_NOTHING_WENT: Final = case(
    (OutboxMessage.unanswered == 0, null()), else_=OutboxMessage.template_at
)
"""When a message last set off, now that it did not: an earlier try may still have arrived."""
_OUTBOX: Final = cast(Table, OutboxMessage.__table__)
_PROVIDER_ID: Final = bindparam("provider_id_", type_=String)
# Written out, because a list of values can't be sent many times over.
_IS_OPEN: Final = or_(*(_OUTBOX.c.state == state.value for state in OPEN))
_FAILED_SINCE: Final = and_(_IS_OPEN, _OUTBOX.c.provider_id == _PROVIDER_ID)
"""The platform's word that this very send failed was quicker than its answer that it took it."""
_KEEPS_ERROR: Final = or_(_FAILED_SINCE, _OUTBOX.c.state == OutboxState.FAILED.value)
_TAKEN: Final = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("id_"))
    .values(
        provider_id=case(
            (or_(_IS_OPEN, _OUTBOX.c.provider_id.is_(None)), _PROVIDER_ID),
            else_=_OUTBOX.c.provider_id,
        ),
        state=case(
            (_FAILED_SINCE, OutboxState.WAITING.value),
            (_IS_OPEN, bindparam("state_")),
            else_=_OUTBOX.c.state,
        ),
        due_at=case(
            (
                and_(_FAILED_SINCE, _OUTBOX.c.held_why.is_(None)),
                bindparam("now_", type_=UtcDateTime),
            ),
            else_=_OUTBOX.c.due_at,
        ),
        cost_category=bindparam("category_"),
        units=bindparam("units_"),
        sent_at=func.coalesce(_OUTBOX.c.sent_at, bindparam("now_", type_=UtcDateTime)),
        params_sealed=case(
            (bindparam("forget_", type_=Boolean), b""), else_=_OUTBOX.c.params_sealed
        ),
        lease_until=None,
        error=case((_KEEPS_ERROR, _OUTBOX.c.error), else_=None),
        error_code=case((_KEEPS_ERROR, _OUTBOX.c.error_code), else_=None),
        updated_at=bindparam("now_", type_=UtcDateTime),
    )
)
"""One statement for a whole batch: sending is only as quick as its bookkeeping."""


def _taken(message: Claimed, result: SendResult, category: str | None) -> dict[str, Any]:
    # An e-mail server tells no more than that it took the message.
    reached = OutboxState.ACCEPTED if message.channel == ChannelName.WHATSAPP else OutboxState.SENT
    return {
        "id_": message.id,
        "provider_id_": result.provider_id,
        "state_": reached.value,
        "category_": category,
        "units_": result.units,
        "forget_": message.kind in SECRET_KINDS and reached is OutboxState.SENT,
    }


async def _record_refused(
    session: AsyncSession, message: Claimed, error: TransportError, now: dt.datetime
) -> None:
    plainer = without_form(message.kind, error.kind, message.params_sealed, keyring(session))
    if plainer is not None:
        error = TransportError(Refusal.FORM, code=error.code)
    verdict = decide(
        error.kind,
        attempts=message.attempts,
        free_form=message.free_form and message.kind not in REPLIES,
        luck=random.random(),  # noqa: S311 - spreads retries, guards nothing
        retry_after_seconds=error.retry_after_seconds,
        status_seconds=error.status_seconds,
        later_helps=outside.later_helps(message.kind, message.expires_at, now),
    )
    await learn(session, error.kind, message, error.code, now)
    values: dict[str, Any] = {
        "state": _STATE_OF[verdict.fate],
        "due_at": now + verdict.after,
        "lease_until": None,
        "error": error.kind.value[:_ERROR_CHARACTERS],
        "error_code": error.code[:32] if error.code else None,
        "updated_at": now,
    }
    if error.kind not in {Refusal.AMBIGUOUS, Refusal.GATEWAY}:
        values["template_at"] = _NOTHING_WENT
    if plainer is not None:
        values["params_sealed"] = plainer
    if verdict.fate is Fate.HELD:
        values["held_why"] = outside.HELD_AFTER[error.kind]
    if not verdict.uses_attempt:
        values["attempts"] = OutboxMessage.attempts - 1
    if error.kind is Refusal.AMBIGUOUS:
        values["unanswered"] = OutboxMessage.unanswered + 1
    if message.kind in SECRET_KINDS and verdict.fate in {Fate.DEAD, Fate.FAILED}:
        values["params_sealed"] = b""
    await session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.state == OutboxState.SENDING,
            # Not another's, who took it up when our lease had run out.
            OutboxMessage.lease_until == message.lease_until,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if verdict.window_closed and message.person_id is not None:
        await close_window(session, message.person_id, now)
    if verdict.fate is Fate.RETRY:
        wake_loops(session, "outbox")
    await hold(session, message.channel, verdict, f"{error.kind.value} {error.code or ''}", now)
    if verdict.alert:
        ALERTS.labels(f"message_{error.kind.value}").inc()
        logger().error(
            "message_refused",
            message_id=str(message.id),
            kind=message.kind,
            channel=message.channel,
            reason=error.kind.value,
            error_code=error.code,
            attempt=message.attempts,
        )


_STATE_OF: Final[Mapping[Fate, OutboxState]] = {
    Fate.RETRY: OutboxState.WAITING,
    Fate.HELD: OutboxState.WAITING,
    Fate.WAIT_FOR_STATUS: OutboxState.UNKNOWN,
    Fate.FAILED: OutboxState.FAILED,
    Fate.DEAD: OutboxState.DEAD,
}


async def close_window(session: AsyncSession, person_id: UUID, now: dt.datetime) -> None:
    """Note that the platform says this person's 24-hour window is closed."""
    await session.execute(
        update(ChatPerson)
        .where(ChatPerson.id == person_id)
        .values(last_inbound_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def retry(session: AsyncSession, message_id: UUID, now: dt.datetime) -> OutboxMessage:
    """Send a message again that was given up, or at last one that waits for its template.

    If its template was barred, that is taken as mended.

    Raises `NotFound`, `MessageNotRetryable`.
    """
    row = await session.get(OutboxMessage, message_id, with_for_update=True)
    if row is None:
        raise NotFound
    waits = row.state == OutboxState.WAITING and row.held_why == outside.Held.TEMPLATE
    given_up = row.state in {OutboxState.DEAD, OutboxState.FAILED}
    if not (waits or given_up) or not row.params_sealed:
        raise MessageNotRetryable
    row.state, row.due_at, row.updated_at = OutboxState.WAITING, now, now
    row.attempts = row.unanswered = 0
    row.error = row.error_code = None
    await free(session, texts.template_name(row.kind), row.language, now)
    return row
