"""Records the results of a batch of sends in one transaction, or each in its own where that fails."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Boolean, String, Table, and_, bindparam, case, func, null, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import Database, keyring
from app.database.statements import rows_changed
from app.database.types import UtcDateTime
from app.database.wakeups import wake_loops
from app.messaging.channel import SendResult, TransportError
from app.messaging.contacts import identify
from app.messaging.models import (
    ADDRESS,
    ChannelState,
    ChatPerson,
    OutboxMessage,
    OutboxState,
)
from app.messaging.outbox import template_quota
from app.messaging.outbox.channel_health import (
    apply_backoff,
    note_unknown_refusal,
    recover_on_accept,
)
from app.messaging.outbox.claim import ClaimedMessage
from app.messaging.outbox.enqueue import OPEN, REPLIES, SECRET_KINDS, without_form
from app.messaging.outbox.rate_limiter import SlotUse, release
from app.messaging.outbox.templates import apply_refusal
from app.messaging.rules import Outcome, Refusal, decide_retry

_ERROR_CHARACTERS: Final = 300


class _DuplicateProviderIdError(Exception):
    """The platform gave two messages the same id."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """The result of one send."""

    claimed: ClaimedMessage
    result: SendResult | TransportError | None
    """None where it missed its slot and was not sent."""
    category: str | None = None
    slot_use: SlotUse | None = None
    """None where the channel has no rate or nothing was sent."""


async def record_all(database: Database, outcomes: Sequence[SendOutcome], clock: Clock) -> None:
    """Record a batch at once, or each result by itself where that fails.

    So no message is sent again because the row of another can't be written.
    """
    try:
        async with database.begin() as session:
            await _record(session, outcomes, clock())
        return
    except _DuplicateProviderIdError:
        # Without the platform's ids: its statuses echo our own, which still find the messages.
        logger().error("provider_ids_not_unique", count=len(outcomes))
        outcomes = [_without_provider_id(outcome) for outcome in outcomes]
    except Exception as error:  # noqa: BLE001 - each is recorded by itself below
        logger().error("batch_not_recorded", count=len(outcomes), exc_info=error)
    for outcome in outcomes:
        try:
            async with database.begin() as session:
                await _record(session, [outcome], clock())
        except Exception as error:  # noqa: BLE001 - the others are recorded all the same
            logger().error(
                "message_not_recorded", message_id=str(outcome.claimed.id), exc_info=error
            )
            await _park(database, outcome, error, clock())


async def _park(
    database: Database, outcome: SendOutcome, error: Exception, now: dt.datetime
) -> None:
    """Record only that a message was sent, or that it is dead.

    Where even that fails, the lease runs out, and a status settles the send.
    """
    claimed, result = outcome.claimed, outcome.result
    taken = isinstance(result, SendResult)
    values: dict[str, Any] = {
        "state": OutboxState.ACCEPTED if taken else OutboxState.DEAD,
        "error": None if taken else f"not recorded: {type(error).__name__}"[:_ERROR_CHARACTERS],
        "lease_until": None,
        "updated_at": now,
    }
    try:
        async with database.begin() as session:
            await session.execute(
                update(OutboxMessage)
                .where(
                    OutboxMessage.id == claimed.id,
                    OutboxMessage.state == OutboxState.SENDING,
                    OutboxMessage.lease_until == claimed.lease_until,
                )
                .values(values)
                .execution_options(synchronize_session=False)
            )
    except Exception as again:  # noqa: BLE001 - see above
        logger().error("message_not_parked", message_id=str(claimed.id), exc_info=again)
        return
    if not taken:
        ALERTS.labels("message_dead").inc()


def _without_provider_id(outcome: SendOutcome) -> SendOutcome:
    """Return the outcome without the platform's id."""
    if not isinstance(outcome.result, SendResult):
        return outcome
    return replace(outcome, result=replace(outcome.result, provider_id=None))


async def _record(session: AsyncSession, outcomes: Sequence[SendOutcome], now: dt.datetime) -> None:
    """Record each result; a status that came before it stays."""
    # The same order everywhere prevents deadlocks.
    outcomes = sorted(outcomes, key=lambda each: each.claimed.id)
    accepted = [(each, each.result) for each in outcomes if isinstance(each.result, SendResult)]
    channels = {outcome.claimed.channel for outcome, _ in accepted}
    if accepted:
        rows = [
            _accepted_values(outcome.claimed, result, outcome.category) | {"now_": now}
            for outcome, result in accepted
        ]
        try:  # first: if it fails, nothing else is done yet
            await session.execute(_ACCEPT, rows)
        except IntegrityError as error:
            raise _DuplicateProviderIdError from error
        await recover_on_accept(session, channels, now)
        if any(outcome.claimed.attempts > 1 for outcome in outcomes):
            wake_loops(session, "outbox")  # later messages to this person have waited
    for outcome, result in accepted:
        if result.known_as is not None:
            await _record_number_form(session, outcome.claimed, result.known_as, now)
    if missed := [outcome.claimed for outcome in outcomes if outcome.result is None]:
        await _requeue_missed(session, missed, now)
    for outcome in outcomes:
        if isinstance(outcome.result, TransportError):
            # Others that were accepted meanwhile show that it is not the account.
            alone = outcome.claimed.channel not in channels
            await _record_refused(session, outcome.claimed, outcome.result, now, alone=alone)
    slot_uses: dict[str, list[SlotUse]] = {}
    for outcome in outcomes:
        if outcome.slot_use is not None:
            slot_uses.setdefault(outcome.claimed.channel, []).append(outcome.slot_use)
    # Messages first, then the channel: the order of a status that backs the channel off.
    for channel, uses in sorted(slot_uses.items()):
        state = await session.get(ChannelState, channel, with_for_update=True)
        if state is not None:
            state.turns = release(state.turns or (), uses)


async def _record_number_form(
    session: AsyncSession, message: ClaimedMessage, as_phone: str, now: dt.datetime
) -> None:
    phone = keyring(session).open(message.recipient_sealed, ADDRESS)
    if phone.startswith("+") and phone != as_phone:
        await identify.record_number_form(session, message.channel, phone, as_phone, now)


async def _requeue_missed(
    session: AsyncSession, missed: Sequence[ClaimedMessage], now: dt.datetime
) -> None:
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
            due_at=case((OutboxMessage.created_at < now, OutboxMessage.created_at), else_=now),
            attempts=OutboxMessage.attempts - 1,
            template_at=_TEMPLATE_AT_UNSENT,
            lease_until=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    wake_loops(session, "outbox")


_TEMPLATE_AT_UNSENT: Final = case(
    (OutboxMessage.unanswered == 0, null()), else_=OutboxMessage.template_at
)
"""`template_at` of a message that was not sent now; an earlier try may still have arrived."""
_OUTBOX: Final = cast(Table, OutboxMessage.__table__)
_PROVIDER_ID: Final = bindparam("provider_id_", type_=String)
# Written out, because executemany can't expand a list.
_IS_OPEN: Final = or_(*(_OUTBOX.c.state == state.value for state in OPEN))
_FAILED_SINCE: Final = and_(_IS_OPEN, _OUTBOX.c.provider_id == _PROVIDER_ID)
"""A status that this send failed came before the answer that accepted it."""
_KEEPS_ERROR: Final = or_(_FAILED_SINCE, _OUTBOX.c.state == OutboxState.FAILED.value)
_ACCEPT: Final = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("id_"))
    .values(
        provider_id=case(
            (or_(_IS_OPEN, _OUTBOX.c.provider_id.is_(None)), _PROVIDER_ID),
            else_=_OUTBOX.c.provider_id,
        ),
        state=case(
            (_FAILED_SINCE, OutboxState.WAITING.value),
            (_IS_OPEN, bindparam("state_", type_=_OUTBOX.c.state.type)),
            else_=_OUTBOX.c.state,
        ),
        due_at=case(
            (
                and_(_FAILED_SINCE, _OUTBOX.c.held_why.is_(None)),
                bindparam("now_", type_=UtcDateTime),
            ),
            else_=_OUTBOX.c.due_at,
        ),
        cost_category=bindparam("category_", type_=_OUTBOX.c.cost_category.type),
        units=bindparam("units_", type_=_OUTBOX.c.units.type),
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
"""One statement for a whole batch, because recording limits the send rate."""


def _accepted_values(
    message: ClaimedMessage, result: SendResult, category: str | None
) -> dict[str, Any]:
    reached = OutboxState.ACCEPTED if message.policy.reports_delivery else OutboxState.SENT
    return {
        "id_": message.id,
        "provider_id_": result.provider_id,
        "state_": reached.value,
        "category_": category,
        "units_": result.units,
        "forget_": message.kind in SECRET_KINDS and reached is OutboxState.SENT,
    }


async def _record_refused(
    session: AsyncSession,
    message: ClaimedMessage,
    error: TransportError,
    now: dt.datetime,
    *,
    alone: bool,
) -> None:
    """Record a refusal and what follows; `alone` says that nothing else was accepted meanwhile."""
    plainer = without_form(message.kind, error.kind, message.params_sealed, keyring(session))
    if plainer is not None:
        error = TransportError(Refusal.FORM, code=error.code)
    decision = decide_retry(
        error.kind,
        attempts=message.attempts,
        free_form=message.free_form and message.kind not in REPLIES,
        jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        retry_after_seconds=error.retry_after_seconds,
        status_seconds=error.status_seconds,
        worth_later=template_quota.worth_later(message.kind, message.expires_at, now),
    )
    await apply_refusal(session, error.kind, message, error.code, now)
    values: dict[str, Any] = {
        "state": _STATE_OF[decision.outcome],
        "due_at": now + decision.after,
        "lease_until": None,
        "error": error.kind.value[:_ERROR_CHARACTERS],
        "error_code": error.code[:32] if error.code else None,
        "updated_at": now,
    }
    if error.kind not in {Refusal.AMBIGUOUS, Refusal.GATEWAY}:
        values["template_at"] = _TEMPLATE_AT_UNSENT
    if plainer is not None:
        values["params_sealed"] = plainer
    if decision.outcome is Outcome.DEFERRED:
        values["held_why"] = template_quota.DEFERRED_AFTER[error.kind]
    if not decision.uses_attempt:
        values["attempts"] = OutboxMessage.attempts - 1
    if error.kind is Refusal.AMBIGUOUS:
        values["unanswered"] = OutboxMessage.unanswered + 1
    suspicious = decision.suspicious and alone
    if (
        message.kind in SECRET_KINDS
        and decision.outcome in {Outcome.DEAD, Outcome.FAILED}
        and not suspicious
    ):
        values["params_sealed"] = b""
    ours = await rows_changed(
        session,
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.state == OutboxState.SENDING,
            # Another process may have leased it after our lease ran out.
            OutboxMessage.lease_until == message.lease_until,
        )
        .values(values)
        .execution_options(synchronize_session=False),
    )
    why = f"{error.kind.value} {error.code or ''}"
    if suspicious and ours:
        index = message.recipient_index
        await note_unknown_refusal(session, message.channel, message.id, index, why, now)
    if decision.window_closed and message.person_id is not None:
        await close_window(session, message.person_id, now)
    if decision.outcome is Outcome.RETRY:
        wake_loops(session, "outbox")
    await apply_backoff(session, message.channel, decision, why, now)
    if decision.alert:
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


_STATE_OF: Final[Mapping[Outcome, OutboxState]] = {
    Outcome.RETRY: OutboxState.WAITING,
    Outcome.DEFERRED: OutboxState.WAITING,
    Outcome.WAIT_FOR_STATUS: OutboxState.UNKNOWN,
    Outcome.FAILED: OutboxState.FAILED,
    Outcome.DEAD: OutboxState.DEAD,
}


async def close_window(session: AsyncSession, person_id: UUID, now: dt.datetime) -> None:
    """Close this person's 24-hour window, as the platform says."""
    await session.execute(
        update(ChatPerson)
        .where(ChatPerson.id == person_id)
        .values(last_inbound_at=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
