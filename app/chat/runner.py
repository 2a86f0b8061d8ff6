"""Handles one message of one person: loads the context, takes the dialogue's turn, performs its effects.

`MessageHandler` is the inbox's handler for WhatsApp. Effects, state and replies are written in the
transaction that also marks the message as handled.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.effect_context import EffectContext
from app.chat.effects import perform
from app.chat.forecast_line import with_forecast
from app.chat.load_context import load_context
from app.core.languages import DEFAULT_LANGUAGE
from app.core.metrics import INTERPRETER_PROPOSALS, NOT_OURS
from app.core.settings import Settings
from app.dialogue import router
from app.dialogue.burst import Reading, answers_unread, misses_unread, one_answer, one_miss
from app.dialogue.interpretation import propose, question_about
from app.dialogue.state import State
from app.dialogue.turn import Incoming, Reply, Turn
from app.employers import phones
from app.messaging.contacts import identify
from app.messaging.inbound import Inbound, InboundKind, Parsed
from app.messaging.inbox import bursts, model_readings
from app.messaging.inbox.model_readings import AskModelFirst, ModelDesk
from app.messaging.models import ChatPerson
from app.messaging.outbox import enqueue
from app.providers.whatsapp.webhook import parse
from app.texts import catalogue
from app.texts.joining import join
from app.workers import profile


@dataclass(frozen=True)
class MessageHandler:
    """Parses WhatsApp's webhooks and handles their messages."""

    base_url: str
    country: str
    """ISO 3166: where somebody lives until they say where."""
    form_id: str = ""
    """The platform's id of the form for weekly hours; "" where there is none."""
    currency: str = "INR"
    """ISO 4217: the currency of pay."""
    numbers: frozenset[str] = frozenset()
    """The platform's ids of our numbers, whose messages are handled; empty: those of every number."""
    desk: ModelDesk | None = None
    """The language model; None where there is none."""

    def parse(self, body: bytes) -> Parsed:
        """Return everything in a webhook. Never raises."""
        parsed = parse(body, self.numbers)
        for kind, count in parsed.not_ours.items():
            NOT_OURS.labels(kind).inc(count)
        return parsed

    async def handle(
        self, session: AsyncSession, person: ChatPerson, inbound: Inbound, now: dt.datetime
    ) -> None:
        """Handle one message. Raises `AskModelFirst` before anything is done."""
        reading = await self._read(session, person, inbound, now, (), desk=self.desk)
        if reading is not None:
            await _reply(session, person, inbound, reading.replies, now)

    async def handle_burst(
        self,
        session: AsyncSession,
        person: ChatPerson,
        inbounds: Sequence[Inbound],
        now: dt.datetime,
    ) -> None:
        """Handle several texts in order, and answer them with one message."""
        readings: list[Reading] = []
        for inbound in inbounds:
            reading = await self._read(session, person, inbound, now, readings)
            if reading is None:
                continue
            readings.append(reading)
            if reading.ended:
                break  # what they wrote after it is deleted with the rest
        if readings:
            await _reply(session, person, inbounds[-1], one_answer(readings), now)

    async def _read(
        self,
        session: AsyncSession,
        person: ChatPerson,
        inbound: Inbound,
        now: dt.datetime,
        readings: Sequence[Reading],
        desk: ModelDesk | None = None,
    ) -> Reading | None:
        """Take the turn that follows from a message, and perform its effects; None where nobody is answered.

        `readings` are those of the burst so far. `desk` is the language model that reads what the rules don't;
        a burst is answered at once, without it.
        """
        if inbound.kind is InboundKind.MOVED:
            before = person.phone_index
            await identify.follow_move(session, person, inbound, now)
            now_at = person.phone_index
            if inbound.moved_to_phone is not None and now_at not in {None, before}:
                await phones.revoke_proof(session, now_at, now=now)
            if inbound.moved_to_phone is not None and before not in {None, now_at}:
                await phones.move_to_phone(session, before, inbound.moved_to_phone, now=now)
            return None
        if inbound.kind is InboundKind.PREFERENCE:
            identify.record_marketing_choice(person, inbound, now)
            return None
        if inbound.kind is InboundKind.CALL or await bursts.is_answered(session, person, inbound):
            return None
        account = await profile.find_worker(session, person.user_id)
        if account is None:
            await identify.link_account(session, person, now)
            account = await profile.find_worker(session, person.user_id)
        context = await load_context(
            session,
            person,
            account,
            inbound,
            now,
            base_url=self.base_url,
            country=self.country,
            form_id=self.form_id,
            currency=self.currency,
        )
        began = one_miss(readings, State.from_json(person.state or {}))
        turn = router.handle_message(began, inbound, context)
        if desk is not None:
            turn = await _with_model(session, person, Incoming(inbound, began, context), turn, desk)
        if answers_unread(readings, turn):
            return None
        if misses_unread(readings, Reading(began, turn, turn.replies)):
            person.state = replace(turn.state, misses=began.misses).as_json()
            return None
        effects = EffectContext(session, person, now, self.base_url, self.country, inbound.sent_at)
        if account is not None:
            effects.user, effects.time_zone = account[0], account[1].time_zone
        performed = all([await perform(effects, effect) for effect in turn.effects])
        replies = [*effects.replies, *(turn.replies if performed else ())]
        state = _state_after(turn, effects, performed=performed)
        if effects.erased:
            # Nothing of this person is kept, not even by what is still in memory here.
            await session.flush()
            session.expunge(person)
            person.user_id = None
        else:
            person.state = state.as_json()
            if inbound.kind not in router.SILENT_KINDS:
                # A silent message makes no older one late.
                person.last_message_at = max(
                    person.last_message_at or inbound.sent_at, inbound.sent_at
                )
            if router.stops_or_starts(inbound):
                person.stop_told_at = max(person.stop_told_at or inbound.sent_at, inbound.sent_at)
            person.updated_at = now
        replies = await with_forecast(session, replies, state, context)
        return Reading(began, turn, replies, ended=effects.erased)


def _state_after(turn: Turn, effects: EffectContext, *, performed: bool) -> State:
    """Return the state to keep, with what the effects decided."""
    state = turn.state if performed else turn.if_refused or turn.state
    if performed and effects.persona:
        state = replace(state, persona=effects.persona)
    return state if effects.draft is None else replace(state, draft=effects.draft)


async def _with_model(
    session: AsyncSession, person: ChatPerson, message: Incoming, turn: Turn, desk: ModelDesk
) -> Turn:
    """Return the turn with what the model read, where the message was not understood.

    Raises `AskModelFirst` the first time, unless there is no use in asking.
    """
    question = question_about(message, turn)
    if question is None:
        return turn
    about = (person.channel, message.inbound.message_id)
    if (found := await model_readings.find(session, *about)) is None:
        followed = await model_readings.is_followed(session, *about)
        if followed or not desk.may_ask(message.context.now):
            return turn
        raise AskModelFirst(question)
    answer = await model_readings.take(session, found)
    proposed = propose(message, turn, answer.question, answer.fields)
    INTERPRETER_PROPOSALS.labels("none" if proposed is turn else "proposed").inc()
    return proposed


def handler(settings: Settings, desk: ModelDesk | None = None) -> MessageHandler:
    """Return the handler with this installation's settings, and its language model."""
    return MessageHandler(
        settings.base_url,
        settings.default_country,
        settings.availability_flow,
        settings.default_currency,
        settings.whatsapp_numbers,
        desk,
    )


async def _reply(
    session: AsyncSession,
    person: ChatPerson,
    inbound: Inbound,
    replies: Sequence[Reply],
    now: dt.datetime,
) -> None:
    language = person.language or DEFAULT_LANGUAGE
    outgoing = [
        catalogue.render_chat(
            language,
            reply.text,
            reply.params,
            buttons=reply.buttons,
            rows=reply.rows,
            form=reply.form,
            now=now,
        )
        for reply in replies
    ]
    essential = any(reply.essential for reply in replies)
    for number, part in enumerate(join(outgoing)):
        key = f"{inbound.message_id}:{number}"
        await enqueue.reply(session, person, part, key=key, now=now, essential=essential)
