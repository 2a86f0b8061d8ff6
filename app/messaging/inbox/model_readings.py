"""Messages that wait some seconds for a language model, which is asked outside every transaction.

A handler that does not understand a message raises `AskModelFirst`: its transaction is undone, and the message is
set back to be due `WAIT` later, with its question (`request`). The loop `interpret` asks the model, stores the
answer and makes the message due (`ask_due`). The second time the handler finds the answer (`take`), or none.

Whatever is lost in between, the message is due after `WAIT` and is handled as if there were no model. Its next
messages wait behind it, as they do behind any message.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.attempts import tries
from app.core.clocks import Clock
from app.core.logging import logger
from app.core.metrics import ALERTS, INTERPRETER_CALLS
from app.database.due import Due
from app.database.session import Database, keyring
from app.database.statements import insert_if_absent, rows_changed, table
from app.database.wakeups import wake_loops
from app.messaging.models import READING, InboxItem, ModelDay, ModelReading, WebhookState
from app.nlu.interpreter import Interpreter, OpenQuestion

LOOP: Final = "interpret"
WAIT: Final = dt.timedelta(seconds=4)
"""How long a message waits: the model's 3 s, and what it takes to store the answer."""
AT_ONCE: Final = 16
"""Calls of one process at a time."""


class AskModelFirst(Exception):
    """A handler does not understand a message, and did nothing: the model is to be asked first."""

    def __init__(self, question: OpenQuestion) -> None:
        super().__init__("the language model is to be asked first")
        self.question = question


@dataclass
class ModelDesk:
    """The language model with what it may be asked in a day."""

    interpreter: Interpreter
    calls_per_day: int
    used_up_on: dt.date | None = field(default=None, init=False)
    """The day, in UTC, whose budget is used up, as far as this process knows."""

    def may_ask(self, now: dt.datetime) -> bool:
        """Whether there is any use in letting a message wait."""
        return self.used_up_on != now.date() and not self.interpreter.is_resting()


class AnsweredQuestion(NamedTuple):
    """What the model was asked about a message, and the fields of its answer; None where there is none."""

    question: OpenQuestion
    fields: Mapping[str, Any] | None


# ── A message waits ──────────────────────────────────────────────────────────────────────────────

_NEWER: Final = aliased(InboxItem)
_IS_FOLLOWED: Final = (
    select(_NEWER.id)
    .where(
        _NEWER.person_id == InboxItem.person_id,
        _NEWER.state == WebhookState.WAITING,
        _NEWER.id != InboxItem.id,
    )
    .exists()
)


async def find(session: AsyncSession, channel: str, message_id: str) -> ModelReading | None:
    """Return what the model was asked about a message; None if it was not."""
    return await session.scalar(
        select(ModelReading)
        .join(InboxItem, InboxItem.id == ModelReading.item_id)
        .where(InboxItem.channel == channel, InboxItem.message_id == message_id)
    )


async def is_followed(session: AsyncSession, channel: str, message_id: str) -> bool:
    """Whether the person wrote more since: nothing waits then."""
    followed = select(InboxItem.id).where(
        InboxItem.channel == channel, InboxItem.message_id == message_id, _IS_FOLLOWED
    )
    return await session.scalar(followed) is not None


async def take(session: AsyncSession, reading: ModelReading) -> AnsweredQuestion:
    """Return what was asked and answered about a message that is handled now, and forget it."""
    keys = keyring(session)
    question = OpenQuestion.from_json(keys.open_json(reading.question_sealed, READING))
    sealed = reading.fields_sealed
    fields = None if sealed is None else keys.open_json(sealed, READING)
    await session.execute(delete(ModelReading).where(ModelReading.item_id == reading.item_id))
    return AnsweredQuestion(question, fields)


async def request(
    session: AsyncSession, item_id: UUID, question: OpenQuestion, now: dt.datetime
) -> None:
    """Let a message wait for the model's answer; its try was not made."""
    item = await session.get(InboxItem, item_id, with_for_update=True)
    if item is None or item.state != WebhookState.WAITING:
        return  # the person was erased meanwhile
    tries.release(item)
    row = {
        "item_id": item_id,
        "question_sealed": keyring(session).seal_json(question.as_json(), READING),
        "asked_at": now,
    }
    if await insert_if_absent(session, ModelReading, row):
        item.due_at = now + WAIT
        wake_loops(session, LOOP)
    else:
        wake_loops(session, "inbox")


# ── The model is asked ───────────────────────────────────────────────────────────────────────────

_READINGS: Final = table(ModelReading).c
READINGS_DUE: Final = Due(_READINGS.taken_at.is_(None), _READINGS.asked_at <= bindparam("now"))
_TAKE: Final = (
    select(ModelReading)
    .where(*READINGS_DUE.conditions)
    .order_by(ModelReading.asked_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
_ITEMS: Final = table(InboxItem).c
_GO_ON: Final = (
    update(table(InboxItem))
    .where(
        _ITEMS.id.in_(bindparam("ids", expanding=True)),
        _ITEMS.state == WebhookState.WAITING,
        _ITEMS.lease_until.is_(None),
        exists().where(_READINGS.item_id == _ITEMS.id),
    )
    .values(due_at=bindparam("at"))
)


async def ask_due(database: Database, clock: Clock, limit: int, desk: ModelDesk | None) -> int:
    """Ask the model about up to `limit` messages that wait; return how many waited."""
    if desk is None or not await READINGS_DUE.any_due(database, clock()):
        return 0
    asked, waited = await _take(database, clock(), min(limit, AT_ONCE), desk)
    await asyncio.gather(*(_ask(database, clock, desk, item_id, one) for item_id, one in asked))
    return waited


async def _take(
    database: Database, now: dt.datetime, limit: int, desk: ModelDesk
) -> tuple[Sequence[tuple[UUID, OpenQuestion]], int]:
    """Take what waits, and count it as calls; what the budget is too small for goes on at once."""
    async with database.begin() as session:
        rows = (await session.scalars(_TAKE, {"now": now, "limit": limit})).all()
        for row in rows:
            row.taken_at = now
        waiting = [row for row in rows if row.asked_at + WAIT > now]
        granted = 0
        if waiting and not desk.interpreter.is_resting():
            granted = await _spend(session, now.date(), len(waiting), desk)
        await session.flush()
        await _go_on(session, [row.item_id for row in waiting[granted:]], now)
        keys = keyring(session)
        asked = [
            (row.item_id, OpenQuestion.from_json(keys.open_json(row.question_sealed, READING)))
            for row in waiting[:granted]
        ]
        return asked, len(rows)


async def _spend(session: AsyncSession, day: dt.date, wanted: int, desk: ModelDesk) -> int:
    """Count calls of a day, at most what is left of its budget; return how many."""
    await insert_if_absent(session, ModelDay, {"day": day, "calls": 0})
    today = await session.get_one(ModelDay, day, with_for_update=True)
    granted = max(0, min(wanted, desk.calls_per_day - today.calls))
    today.calls += granted
    if granted < wanted:
        INTERPRETER_CALLS.labels("over_budget").inc(wanted - granted)
        if desk.used_up_on != day:
            desk.used_up_on = day
            ALERTS.labels("interpreter_budget").inc()
            logger().warning("interpreter_budget_used_up", count=desk.calls_per_day)
    return granted


async def _ask(
    database: Database, clock: Clock, desk: ModelDesk, item_id: UUID, question: OpenQuestion
) -> None:
    """Ask, store the answer, and make the message due; a message that was handled meanwhile stays so."""
    fields = await desk.interpreter.interpret(question)
    async with database.begin() as session:
        # The message before its reading, in the order in which a handled message locks them.
        went_on = await _go_on(session, [item_id], clock())
        if went_on and fields is not None:
            await session.execute(
                update(ModelReading)
                .where(ModelReading.item_id == item_id)
                .values(fields_sealed=keyring(session).seal_json(dict(fields), READING))
            )


async def _go_on(session: AsyncSession, item_ids: Sequence[UUID], now: dt.datetime) -> int:
    """Make messages due that still wait for the model; return how many."""
    if not item_ids:
        return 0
    went_on = await rows_changed(session, _GO_ON, {"ids": list(item_ids), "at": now})
    if went_on:
        wake_loops(session, "inbox")
    return went_on
