"""Conversations as administrators read, take over and answer them.

No phone is shown, neither in the list nor in the messages; what people wrote is data, never markup.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import ConversationReader, Converser
from app.api.admin.lists import Listing, ListSpec, equal, whether
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Once, PageQuery, Read, Route, Rt, Write
from app.api.http.parameters import ConversationId, ListedUser
from app.api.http.problems import problems
from app.core.errors import NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, LongProse, Page, RequestModel, ResponseModel
from app.identity.models import Role
from app.messaging.conversations import handoff, queries
from app.messaging.conversations.handoff import (
    ConversationHeld,
    ConversationNotHeld,
    PersonStopped,
    WindowClosed,
)
from app.messaging.conversations.queries import Speaker
from app.messaging.models import ChatPerson, HandoffReason, OutboxState
from app.messaging.rules import WINDOW

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class ConversationState(StrEnum):
    """Who speaks with this person."""

    BOT = "bot"
    WAITING = "waiting"
    HELD = "held"


class Conversation(ResponseModel):
    """One person on a chat channel, and who speaks with them."""

    id: UUID = Field(description="Id of the conversation.")
    channel: str = Field(description="How it travels: `whatsapp`, `email` or `sms`.")
    state: ConversationState = Field(
        description="Who speaks with this person: `bot`, `waiting` (for a human) or `held` (by one)."
    )
    why: HandoffReason | None = Field(description="Why the bot keeps quiet; null while it speaks.")
    waiting_since: Instant | None = Field(description="Since when the bot keeps quiet.")
    held_by: UUID | None = Field(description="The administrator who answers.")
    held_until: Instant | None = Field(description="Until then, unless they do something more.")
    user_id: UUID | None = Field(description="Id of the account; null for somebody without one.")
    role: Role | None = Field(description="Role of the account; null for somebody without one.")
    name: str | None = Field(description="Name of the person; null when not told.")
    language: str | None = Field(
        description="Language of the conversation; null before one was chosen."
    )
    last_message_at: Instant | None = Field(description="When they last wrote.")
    written_since: int = Field(description="How much they wrote since the bot keeps quiet.")
    free_text_until: Instant | None = Field(
        description="Until then WhatsApp takes a human's words; null when that is over."
    )
    stopped: bool = Field(description="They wrote STOP: nothing may be sent.")


class ConversationLine(ResponseModel):
    """One thing that was said; `text` is null where it is not kept (any more)."""

    id: UUID = Field(description="Id of the message.")
    at: Instant = Field(description="When it was said (UTC).")
    speaker: Speaker = Field(description="Who said it.")
    kind: str = Field(description="What it is: a text, a button, a notice of some kind.")
    text: str | None = Field(description="What was said; null where it is not kept.")
    state: OutboxState | None = Field(description="Where a message of ours stands.")


class ReplyRequest(RequestModel):
    """What to write to a person."""

    text: LongProse = Field(
        description="What to write, 1 to 4,000 characters.",
        examples=["Hello, this is Meera of the team. How can I help?"],
    )


class ReplyAnswer(ResponseModel):
    """A reply on its way; how it fares is seen among the conversation's messages."""

    message_id: UUID = Field(description="Id of the message that is on its way.")


async def _listed(
    session: AsyncSession, rows: Sequence[Any], now: dt.datetime
) -> list[Conversation]:
    people: list[ChatPerson] = [row[0] for row in rows]
    who = await queries.list_names(session, people)
    written = await queries.count_written_since_pause(session, {person.id for person in people})
    return [_row(person, who[person.id], written.get(person.id, 0), now) for person in people]


def _row(
    person: ChatPerson, who: queries.ContactName, written: int, now: dt.datetime
) -> Conversation:
    held_by = handoff.holder(person, now)
    state = ConversationState.BOT
    if person.paused_at is not None:
        state = ConversationState.WAITING if held_by is None else ConversationState.HELD
    window_ends = person.last_inbound_at + WINDOW if person.last_inbound_at else None
    return Conversation.from_rows(
        who,
        person,
        state=state,
        why=person.paused_why or None,
        waiting_since=person.paused_at,
        held_by=held_by,
        held_until=person.held_at + handoff.TAKEOVER_LASTS if held_by and person.held_at else None,
        written_since=written,
        free_text_until=window_ends if window_ends and now < window_ends else None,
        stopped=person.stopped_at is not None,
    )


@router.get("/conversations", response_model=Page[Conversation], responses=CSV_ANSWER)
async def list_conversations(
    asked: Listing,
    actor: ConversationReader,
    waiting: Annotated[
        bool | None,
        Query(
            description="true: who wants a human and has none; first who calls for help (`safety`), "
            "then the longest waiting."
        ),
    ] = None,
    user_id: ListedUser = None,
) -> Page[Conversation] | Response:
    """List who talks with us, newest first; `waiting=true` are those who want a human."""
    spec = _WAITING if waiting else _ALL
    return await spec.answer(actor, asked, waiting=waiting, user_id=user_id)


def _waiting_key(person: ChatPerson) -> tuple[int, dt.datetime | None, UUID]:
    calls = person.paused_why == HandoffReason.SAFETY
    return queries.FIRST + (not calls), person.paused_at, person.id


_ALL = ListSpec(
    "conversations",
    Conversation,
    select(ChatPerson).where(queries.is_reachable()),
    Keyset("conversations", [ChatPerson.id]),
    {
        "waiting": lambda wanted, asked: whether(queries.is_waiting(asked.now))(wanted, asked),
        "user_id": equal(ChatPerson.user_id),
    },
    _listed,
)
_WAITING = replace(
    _ALL,
    keyset=Keyset(
        "waiting_conversations",
        [queries.urgency(), ChatPerson.paused_at, ChatPerson.id],
        descending=False,
    ),
    key_of=_waiting_key,
)


async def _find(session: AsyncSession, conversation_id: UUID) -> ChatPerson:
    query = select(ChatPerson).where(ChatPerson.id == conversation_id, queries.is_reachable())
    person: ChatPerson | None = await session.scalar(query)
    if person is None:
        raise NotFound
    return person


async def _shown(session: AsyncSession, person: ChatPerson, now: dt.datetime) -> Conversation:
    (row,) = await _listed(session, [(person,)], now)
    return row


@router.get("/conversations/{conversation_id}", responses=problems(NotFound))
async def get_conversation(
    conversation_id: ConversationId, session: Read, _actor: ConversationReader, now: Now
) -> Conversation:
    """Look at one conversation: who it is, and who speaks with them."""
    return await _shown(session, await _find(session, conversation_id), now)


@router.get("/conversations/{conversation_id}/messages", responses=problems(NotFound))
async def list_conversation_messages(
    conversation_id: ConversationId,
    session: Read,
    _actor: ConversationReader,
    rt: Rt,
    page: PageQuery,
) -> Page[ConversationLine]:
    """Read what was said, newest first. What a person wrote is kept for 7 days, and while they wait
    for a human for 30 at most; what we sent for 90.
    """
    ids = queries.ids_of_lines(session, await _find(session, conversation_id))
    keyset = Keyset(f"conversation:{conversation_id}", [ids.c.id])
    query = select(ids.c.id, ids.c.ours)
    rows, cursor = await keyset.fetch(session, query, page, rt.keyring, lambda line_id: [line_id])
    found = await queries.list_lines(session, [(r.id, r.ours) for r in rows])
    return Page[ConversationLine].from_rows(items=found, next_cursor=cursor)


@router.post(
    "/conversations/{conversation_id}/take", responses=problems(NotFound, ConversationHeld)
)
async def take_conversation(
    conversation_id: ConversationId, session: Write, actor: Converser, now: Now
) -> Conversation:
    """Take a conversation over: the bot keeps quiet, and the person is told that somebody is there.

    It is yours for two hours after whatever you do in it; meanwhile nobody else can take it.
    """
    return await _shown(session, await handoff.take_over(session, conversation_id, actor, now), now)


@router.post(
    "/conversations/{conversation_id}/reply",
    status_code=status.HTTP_201_CREATED,
    responses=problems(
        NotFound, ConversationHeld, ConversationNotHeld, PersonStopped, WindowClosed
    ),
)
async def reply_to_conversation(
    conversation_id: ConversationId,
    body: ReplyRequest,
    session: Write,
    actor: Converser,
    now: Now,
    _once: Once,
) -> ReplyAnswer:
    """Write to a person whose conversation you hold, within 24 hours of their last message."""
    return ReplyAnswer(
        message_id=await handoff.reply(session, conversation_id, body.text, actor, now)
    )


@router.post(
    "/conversations/{conversation_id}/hand-back",
    responses=problems(NotFound, ConversationHeld, ConversationNotHeld),
)
async def hand_back_conversation(
    conversation_id: ConversationId, session: Write, actor: Converser, now: Now
) -> Conversation:
    """Hand a conversation back to the bot, which tells the person that it is there again."""
    person = await handoff.hand_back(session, conversation_id, actor, now)
    return await _shown(session, person, now)
