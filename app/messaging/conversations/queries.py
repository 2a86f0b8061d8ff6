"""Reads of conversations for our team: who waits for a human, and what was written.

No phone is shown: contacts in any text are masked, codes are left out.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.database.session import keyring
from app.identity.models import Role, User, UserStatus
from app.masking.mask import mask
from app.messaging.conversations import handoff
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import (
    ITEM,
    PARAMS,
    ChatPerson,
    HandoffReason,
    InboxItem,
    OutboxMessage,
    OutboxState,
)
from app.messaging.outbox import delivery, enqueue

_WORDS: Final = frozenset({InboundKind.TEXT, InboundKind.TAP, InboundKind.MEDIA})
"""Kinds with a text to show: the words, the title tapped, the kind of media."""

FIRST: Final = 0
"""The urgency of calls for help; that of others is greater."""


class Speaker(StrEnum):
    """Who says something."""

    PERSON = "person"
    BOT = "bot"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `text` is None where it is not kept."""

    id: UUID
    at: dt.datetime
    speaker: Speaker
    kind: str
    text: str | None
    state: OutboxState | None = None
    """The state of our message."""


@dataclass(frozen=True, slots=True)
class ContactName:
    """A person as our team may know them."""

    name: str | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """How many people wait for a human, or have one."""

    waiting: int
    held: int
    oldest_seconds: int
    safety: int
    """How many of those who wait call for help, because of abuse or danger."""


def is_reachable() -> ColumnElement[bool]:
    """Return the condition that a person can be written to, which an erased one can't."""
    return or_(ChatPerson.phone_index.is_not(None), ChatPerson.platform_user_id.is_not(None))


def is_waiting(now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a person wants a human and has none."""
    held = and_(ChatPerson.held_by.is_not(None), ChatPerson.held_at > now - handoff.TAKEOVER_LASTS)
    return and_(ChatPerson.paused_at.is_not(None), ~func.coalesce(held, False))


def urgency() -> ColumnElement[int]:
    """Return the order of people: calls for help go first."""
    return case((ChatPerson.paused_why == HandoffReason.SAFETY, FIRST), else_=FIRST + 1)


async def count_waiting(session: AsyncSession, now: dt.datetime) -> WaitingCounts:
    """Count who waits for a human."""
    paused = ChatPerson.paused_at.is_not(None)
    everybody = select(func.count()).select_from(ChatPerson).where(paused)
    calling = func.count().filter(urgency() == FIRST)
    alone = select(func.count(), func.min(ChatPerson.paused_at), calling).where(is_waiting(now))
    count, oldest, safety = (await session.execute(alone)).one()
    in_all = await session.scalar(everybody) or 0
    seconds = int((now - oldest).total_seconds()) if oldest is not None else 0
    return WaitingCounts(count, in_all - count, max(0, seconds), safety)


async def list_names(
    session: AsyncSession, people: Sequence[ChatPerson]
) -> Mapping[UUID, ContactName]:
    """Return names and roles; a person without an account may be an employer's phone."""
    ids = {person.user_id for person in people if person.user_id}
    phones = {person.phone_index for person in people if not person.user_id and person.phone_index}
    employers = and_(User.role == Role.EMPLOYER, User.phone_index.in_(phones))
    query = select(User).where(or_(User.id.in_(ids), employers), User.status != UserStatus.ERASED)
    users = (await session.scalars(query)).all()
    by_id = {user.id: user for user in users}
    by_phone = {user.phone_index: user for user in users}
    found = {}
    for person in people:
        key: Any = person.user_id or person.phone_index
        user = by_id.get(key) if person.user_id else by_phone.get(key)
        found[person.id] = (
            ContactName(mask(user.name), Role(user.role)) if user else ContactName(None, None)
        )
    return found


async def count_written_since_pause(
    session: AsyncSession, people: Collection[UUID]
) -> Mapping[UUID, int]:
    """Return how many messages each of these wrote since a human was wanted."""
    query = (
        select(InboxItem.person_id, func.count())
        .join(ChatPerson, ChatPerson.id == InboxItem.person_id)
        .where(ChatPerson.id.in_(people), InboxItem.received_at > ChatPerson.paused_at)
        .group_by(InboxItem.person_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


def ids_of_lines(session: AsyncSession, person: ChatPerson) -> Subquery:
    """Select `id` and `ours` of all messages; ids sort by time."""
    received = select(InboxItem.id.label("id"), literal(False).label("ours")).where(
        InboxItem.person_id == person.id
    )
    ours: list[ColumnElement[bool]] = [
        OutboxMessage.recipient_index.in_(enqueue.addresses_of(person, keyring(session)))
    ]
    if person.user_id is not None:
        ours.append(OutboxMessage.user_id == person.user_id)
    sent = select(OutboxMessage.id, literal(True)).where(
        or_(*ours), OutboxMessage.channel == person.channel
    )
    return union_all(received, sent).subquery()


async def list_lines(session: AsyncSession, ids: Sequence[tuple[UUID, bool]]) -> list[Line]:
    """Return these lines in their order; `ids` pairs each id with whether it is ours."""
    found: dict[UUID, Line] = {}
    keys = keyring(session)
    received = select(InboxItem).where(InboxItem.id.in_([id_ for id_, ours in ids if not ours]))
    for item in await session.scalars(received):
        found[item.id] = _theirs(item, keys)
    sent = select(OutboxMessage).where(OutboxMessage.id.in_([id_ for id_, ours in ids if ours]))
    for message in await session.scalars(sent):
        found[message.id] = _ours(message, keys)
    return [found[id_] for id_, _ in ids]


async def list_written_by(
    session: AsyncSession, user_id: UUID, phones: Collection[str] = ()
) -> list[Line]:
    """Return what a user wrote in their chats and is still kept, oldest first.

    `phones` are the indexes of phones that are proven to be theirs, where the chat links no account.
    """
    query: Select[InboxItem] = (
        select(InboxItem)
        .join(ChatPerson, ChatPerson.id == InboxItem.person_id)
        .where(
            or_(
                ChatPerson.user_id == user_id,
                and_(
                    ChatPerson.user_id.is_(None),
                    or_(
                        ChatPerson.phone_index.in_(phones), ChatPerson.other_phone_index.in_(phones)
                    ),
                ),
            ),
            InboxItem.body_sealed != b"",
        )
        .order_by(InboxItem.sent_at, InboxItem.id)
    )
    keys = keyring(session)
    return [_theirs(item, keys, masked=False) for item in await session.scalars(query)]


def _theirs(item: InboxItem, keys: Keyring, *, masked: bool = True) -> Line:
    if not item.body_sealed:
        return Line(item.id, item.sent_at, Speaker.PERSON, "forgotten", None)
    inbound = Inbound.from_json(keys.open_json(item.body_sealed, ITEM))
    words = inbound.text if inbound.kind in _WORDS else None
    text = mask(words) if words and masked else words
    return Line(item.id, item.sent_at, Speaker.PERSON, inbound.kind, text)


def _ours(message: OutboxMessage, keys: Keyring) -> Line:
    speaker = Speaker.TEAM if message.kind == enqueue.HUMAN_REPLY else Speaker.BOT
    text = None
    if message.params_sealed and message.kind not in enqueue.SECRET_KINDS:
        params = keys.open_json(message.params_sealed, PARAMS)
        try:
            text = mask(
                delivery.compose(
                    message.kind, message.language, params, message.subject_id, message.created_at
                ).text
            )
        except KeyError:
            # Written by an older version, whose text had other parameters.
            text = None
    state = OutboxState(message.state)
    return Line(message.id, message.created_at, speaker, message.kind, text, state)
