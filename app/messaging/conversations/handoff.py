"""Handoff of a conversation to a human: requested, taken over, answered, handed back.

The bot is silent from the request until the conversation is handed back. One administrator at a time holds a
conversation; the takeover ends some time after their last action.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.languages import DEFAULT_LANGUAGE
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.identity.actor import Actor
from app.messaging.models import ChatPerson, HandoffReason
from app.messaging.outbox import enqueue
from app.messaging.rules import WINDOW, WINDOW_MARGIN, window_open
from app.texts import catalogue
from app.texts.message import Outgoing

TAKEOVER_LASTS: Final = dt.timedelta(hours=2)
"""How long a takeover lasts after the administrator's last action."""
TEAM_JOINED: Final = "human_here"
"""The notice that our team is there; outside the window it asks for an answer."""


_MORE_URGENT: Final = (
    HandoffReason.NOT_UNDERSTOOD,
    HandoffReason.TAKEN,
    HandoffReason.ASKED,
    HandoffReason.SAFETY,
)
"""A later reason replaces an earlier one only if it is further right."""


class ConversationHeld(Conflict):
    """Two voices at once would confuse."""

    code = "conversation_held"
    detail = "Another administrator is answering this person; wait until they hand back or stop answering."


class ConversationNotHeld(Conflict):
    """Whoever answers takes over first, so that the bot and the others keep quiet."""

    code = "conversation_not_held"
    detail = "You are not holding this conversation: take it over first."


class PersonStopped(Conflict):
    """STOP beats every state, also a human's."""

    code = "person_stopped"
    detail = "This person wrote STOP: nothing may be sent until they write START."


class WindowClosed(Conflict):
    """Only a template would be taken now, and a human's words are none."""

    code = "window_closed"
    detail = (
        "They last wrote more than 24 hours ago, so WhatsApp takes no free text. They were asked to "
        "write when you took over: answer as soon as they do, or take over again to ask once more."
    )


def request(person: ChatPerson, why: HandoffReason, now: dt.datetime) -> None:
    """Request a human, and alert our team; `person` is locked.

    A person who waits already keeps their place and the more urgent reason.
    """
    if person.paused_at is None:
        person.paused_at = now
    elif _MORE_URGENT.index(why) <= _MORE_URGENT.index(HandoffReason(person.paused_why or why)):
        return
    person.paused_why, person.updated_at = why, now
    ALERTS.labels("safety" if why is HandoffReason.SAFETY else "human_wanted").inc()
    logger().warning("human_wanted", user_id=str(person.user_id), reason=why.value)


def resume_bot(person: ChatPerson, now: dt.datetime) -> None:
    """End the handoff; `person` is locked."""
    person.paused_at = person.paused_why = person.held_by = person.held_at = None
    person.updated_at = now


def holder(person: ChatPerson, now: dt.datetime) -> UUID | None:
    """Return the administrator who holds the conversation now."""
    if person.held_at is None or person.held_at <= now - TAKEOVER_LASTS:
        return None
    return person.held_by


async def take_over(
    session: AsyncSession, person_id: UUID, actor: Actor, now: dt.datetime
) -> ChatPerson:
    """Take over a conversation: the bot falls silent, and the person is told.

    Taking over again changes nothing, but outside the window asks the person once more to write.
    Raises `NotFound`, `ConversationHeld`.
    """
    person = await _lock_unless_taken(session, person_id, actor, now)
    is_ours = holder(person, now) == actor.user_id
    person.held_by, person.held_at, person.updated_at = actor.user_id, now, now
    if person.paused_at is None:
        person.paused_at, person.paused_why = now, HandoffReason.TAKEN
    can_write = window_open(person.last_inbound_at, now)
    if person.stopped_at is None and not (is_ours and can_write):
        await enqueue.tell_person(session, person, TEAM_JOINED, key=now.isoformat(), now=now)
    if not is_ours:
        audit.record(
            session,
            "conversation.take",
            person_id,
            actor,
            now,
            after={"paused_why": person.paused_why},
        )
    return person


async def reply(
    session: AsyncSession, person_id: UUID, text: str, actor: Actor, now: dt.datetime
) -> UUID:
    """Write to a person as a human; return the message's id.

    Raises `NotFound`, `ConversationNotHeld`, `ConversationHeld`, `PersonStopped`, `WindowClosed`.
    """
    person = await _lock_unless_taken(session, person_id, actor, now)
    if person.held_by != actor.user_id:
        raise ConversationNotHeld
    if person.stopped_at is not None:
        raise PersonStopped
    last = person.last_inbound_at
    if last is None or not window_open(last, now):
        raise WindowClosed
    person.held_at = person.updated_at = now
    message_id = await enqueue.reply(
        session,
        person,
        Outgoing(text),
        key=new_id().hex,
        now=now,
        kind=enqueue.HUMAN_REPLY,
        expires_at=last + WINDOW - WINDOW_MARGIN,
    )
    audit.record(
        session, "conversation.reply", person_id, actor, now, after={"message_id": str(message_id)}
    )
    return message_id


async def hand_back(
    session: AsyncSession, person_id: UUID, actor: Actor, now: dt.datetime
) -> ChatPerson:
    """Hand a conversation back to the bot, and tell the person; handing back twice changes nothing.

    Outside the window the person is not told, because that would cost a template.
    Raises `NotFound`, `ConversationHeld`.
    """
    person = await _lock_unless_taken(session, person_id, actor, now)
    if person.paused_at is None:
        return person
    resume_bot(person, now)
    if person.stopped_at is None and window_open(person.last_inbound_at, now):
        back = catalogue.render_chat(person.language or DEFAULT_LANGUAGE, "handed_back")
        await enqueue.reply(session, person, back, key=f"back:{now.isoformat()}", now=now)
    audit.record(session, "conversation.hand_back", person_id, actor, now)
    return person


async def _lock_unless_taken(
    session: AsyncSession, person_id: UUID, actor: Actor, now: dt.datetime
) -> ChatPerson:
    """Return the person, locked. Raises `NotFound`, `ConversationHeld` if another one holds it."""
    query = (
        select(ChatPerson)
        .where(
            ChatPerson.id == person_id,
            or_(ChatPerson.phone_index.is_not(None), ChatPerson.platform_user_id.is_not(None)),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    person: ChatPerson | None = await session.scalar(query)
    if person is None:
        raise NotFound
    if holder(person, now) not in (None, actor.user_id):
        raise ConversationHeld
    return person
