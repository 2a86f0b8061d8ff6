"""Writes messages into the outbox, in the transaction of the event they are about; `delivery` sends them.

A message is data: a kind of the catalogue and its parameters. Its text is composed when it is sent, because only
then it is known which form is allowed.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, and_, bindparam, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.core.logging import logger
from app.core.phones import is_special
from app.database.session import keyring
from app.database.statements import (
    NewRows,
    insert_of,
    is_postgresql,
    rows_changed,
    write_together,
)
from app.database.wakeups import wake_loops
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.users import EMAIL
from app.messaging.models import ADDRESS, PARAMS, Channel, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox.notice import Notice, Recipient
from app.messaging.rules import Refusal
from app.messaging.team_notices import TEAM_NOTICES
from app.texts.message import Outgoing

REPLY = "reply"
HUMAN_REPLY = "human_reply"
REPLIES = frozenset({REPLY, HUMAN_REPLY})
"""Kinds of chat replies, of the bot and of our team; the parameters are the whole message."""
_LINKS: Final = frozenset({"password_reset", "email_link", "team_invitation", "admin_invitation"})
SECRET_KINDS = _LINKS | {"sign_in_code", "phone_code"}
"""Kinds whose parameters open an account; they are deleted as soon as possible."""
BY_SMS = frozenset({"sign_in_code", "job_offer"})
"""Kinds that go by SMS to people whom WhatsApp can't reach."""
OPEN = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)
"""States of a message that is still to be sent, or may have to be."""
QUIET: Final = "quiet hours"
"""The `error` of a message that waits for the end of quiet hours; later messages overtake it."""
_BY_EMAIL = _LINKS | {"phone_code"}
"""Kinds about an e-mail account, which go to that address."""
_KEY_CHARACTERS = 160
_MAY_BLAME_THE_FORM = frozenset({Refusal.FORM, Refusal.PERMANENT, Refusal.UNRECOGNISED})


@dataclass(frozen=True, slots=True)
class _Address:
    channel: Channel
    sealed: bytes
    index: str


async def notify(
    session: AsyncSession,
    user_id: UUID,
    kind: str,
    params: Mapping[str, Any],
    *,
    key: str,
    now: dt.datetime,
    subject_id: UUID | None = None,
    expires_at: dt.datetime | None = None,
    to_mailbox: bool = False,
) -> None:
    """Write a `Notice` to one user; a user whom no channel reaches is skipped."""
    notice = Notice(user_id, kind, params, key, subject_id, expires_at, to_mailbox)
    await notify_many(session, [notice], now)


async def notify_many(
    session: AsyncSession,
    notices: Sequence[Notice],
    now: dt.datetime,
    *,
    known: Mapping[UUID, Recipient] | None = None,
) -> None:
    """Write notices to many users, and to the teams of companies, with one query and one INSERT.

    Workers and employers with a phone get WhatsApp, others and administrators e-mail, erased users nothing. `known`
    are all of them, if the caller has asked for the `recipients` before.
    """
    if not notices:
        return
    keys = keyring(session)
    if known is None:
        teams_of = {notice.user_id for notice in notices if notice.kind in TEAM_NOTICES}
        known = await recipients(session, {notice.user_id for notice in notices}, teams_of)
    teams: dict[UUID | None, list[Recipient]] = {}
    for user in known.values():
        teams.setdefault(user.company_id, []).append(user)
    rows = []
    for notice in notices:
        own = known.get(notice.user_id)
        members = teams.get(notice.user_id, []) if notice.kind in TEAM_NOTICES else []
        accounts = [] if own is None else [own]
        accounts += [member for member in members if member is not own]
        reached: set[str] = set()
        for user in accounts:
            if not notice.is_for(user):
                continue
            address = _address(user, notice, keys)
            if address is None or address.index in reached:
                continue
            reached.add(address.index)
            rows.append(_notice_row(notice, user, address, keys, now))
    await _insert(session, rows)


def _notice_row(
    notice: Notice,
    user: Recipient,
    recipient: _Address,
    keys: Keyring,
    now: dt.datetime,
) -> dict[str, Any]:
    return _row(
        recipient,
        now,
        key=_key(notice.kind, notice.key, user.id.hex),
        user_id=user.id,
        kind=notice.kind,
        language=user.language,
        params_sealed=keys.seal_json(notice.params_for(user.id), PARAMS),
        subject_id=notice.subject_id,
        expires_at=notice.expires_at,
        essential=notice.kind in SECRET_KINDS,
        urgent=notice.urgent,
    )


_DECOY_DIGITS: Final = 12
"""As many as most phone numbers have."""


async def send_code(
    session: AsyncSession,
    *,
    code: str,
    language: str,
    key: str,
    now: dt.datetime,
    expires_at: dt.datetime,
    phone: str | None = None,
    email: str | None = None,
    user_id: UUID | None = None,
    decoy: bool = False,
) -> None:
    """Send a one-time code to a phone (E.164, by WhatsApp) or an e-mail address.

    It is sent even after STOP, never after `expires_at`. A `decoy` takes as long and is never sent; it holds
    neither the phone nor the code.
    """
    keys = keyring(session)
    if decoy:
        phone, code = f"+{'0' * _DECOY_DIGITS}", "0" * len(code)
    if phone is not None:
        recipient = _Address(
            Channel.WHATSAPP, keys.seal(phone, ADDRESS), keys.index(phone, "phone")
        )
    elif email is not None:
        recipient = _to_email(keys, email)
    else:
        raise ValueError("a code goes to a phone or to an e-mail address")
    minutes = max(1, round((expires_at - now).total_seconds() / 60))
    row = _row(
        recipient,
        now,
        # The challenge goes to one recipient, whose index must not outlast them in a key.
        key=_key("sign_in_code", key, recipient.channel),
        user_id=user_id,
        kind="sign_in_code",
        language=language,
        params_sealed=keys.seal_json({"code": code, "minutes": minutes}, PARAMS),
        expires_at=expires_at,
        essential=True,
    )
    row["error"] = "nobody's phone" if decoy else None
    if decoy:
        row["state"] = OutboxState.SUPPRESSED
    await _insert(session, [row])


async def reply(
    session: AsyncSession,
    person: ChatPerson,
    outgoing: Outgoing,
    *,
    key: str,
    now: dt.datetime,
    essential: bool = False,
    kind: str = REPLY,
    expires_at: dt.datetime | None = None,
) -> UUID:
    """Reply to a person in the chat; return the message's id.

    `key` is the inbound message's id plus the index of this reply. `essential` replies are sent even after STOP,
    such as its confirmation. A reply that could not be sent for a day is dropped.
    """
    params = outgoing.as_json()
    expires_at = expires_at or now + dt.timedelta(hours=23)
    return await _to_chat(
        session, person, kind, params, key=key, now=now, expires_at=expires_at, essential=essential
    )


async def tell_person(
    session: AsyncSession, person: ChatPerson, kind: str, *, key: str, now: dt.datetime
) -> None:
    """Send a person in the chat, with or without an account, a notice without parameters."""
    expires_at = now + dt.timedelta(hours=23)
    await _to_chat(session, person, kind, {}, key=key, now=now, expires_at=expires_at)


async def _to_chat(
    session: AsyncSession,
    person: ChatPerson,
    kind: str,
    params: Mapping[str, Any],
    *,
    key: str,
    now: dt.datetime,
    expires_at: dt.datetime,
    essential: bool = False,
) -> UUID:
    keys = keyring(session)
    row = _row(
        _to_person(person, keys),
        now,
        key=_key(kind, key, person.id.hex),
        user_id=person.user_id,
        person_id=person.id,
        kind=kind,
        language=person.language or "en",
        params_sealed=keys.seal_json(params, PARAMS),
        expires_at=expires_at,
        essential=essential,
    )
    await _insert(session, [row])
    message_id: UUID = row["id"]
    return message_id


def addresses_of(person: ChatPerson, keys: Keyring) -> list[str]:
    """Return the indexes of messages to this person."""
    found = [person.phone_index] if person.phone_index else []
    if person.platform_user_id:
        found.append(keys.index(person.platform_user_id, "chat"))
    return found


def without_form(kind: str, refusal: Refusal, params: bytes, keys: Keyring) -> bytes | None:
    """Return a refused reply's parameters without its form; None where no form can be the cause.

    A form may be blocked, throttled or gone; the list beside it asks the same.
    """
    if kind != REPLY or refusal not in _MAY_BLAME_THE_FORM or not params:
        return None
    try:
        message = keys.open_json(params, PARAMS)
    except Exception as error:  # noqa: BLE001 - then there is no form to leave out
        logger().error("params_unreadable", exc_info=error)
        return None
    if not message.pop("form", None):
        return None
    return keys.seal_json(message, PARAMS)


async def also_by_sms(session: AsyncSession, message_id: UUID, now: dt.datetime) -> None:
    """Send a message again by SMS, once, if its kind is one of `BY_SMS`.

    Only where a gateway is configured, and not to premium numbers.
    """
    if not session.info.get("sms"):
        return
    failed = await session.get_one(OutboxMessage, message_id)
    if failed.channel != Channel.WHATSAPP or failed.kind not in BY_SMS:
        return
    keys = keyring(session)
    phone = keys.open(failed.recipient_sealed, ADDRESS)
    if not phone.startswith("+") or is_special(phone):
        return
    row = _row(
        _Address(Channel.SMS, failed.recipient_sealed, failed.recipient_index),
        now,
        key=f"sms:{message_id}",
        user_id=failed.user_id,
        kind=failed.kind,
        language=failed.language,
        params_sealed=failed.params_sealed,
        subject_id=failed.subject_id,
        expires_at=failed.expires_at,
        essential=failed.essential,
    )
    await _insert(session, [row])


async def suppress(
    session: AsyncSession,
    subject_ids: Collection[UUID],
    now: dt.datetime,
    kinds: Collection[str] | None = None,
) -> int:
    """Suppress waiting messages about these subjects (of these kinds); return how many."""
    if not subject_ids:
        return 0
    which = [OutboxMessage.subject_id.in_(list(subject_ids))]
    if kinds is not None:
        which.append(OutboxMessage.kind.in_(list(kinds)))
    return await _suppress(session, which, "no longer true", now)


async def suppress_user(session: AsyncSession, user_id: UUID, now: dt.datetime) -> int:
    """Suppress all waiting messages to a user (erasure, suspension); return how many."""
    return await _suppress(session, [OutboxMessage.user_id == user_id], "account closed", now)


async def suppress_people(
    session: AsyncSession, person_ids: Collection[UUID], now: dt.datetime
) -> int:
    """Suppress all that waits for these people of the chat (erasure); return how many."""
    return await _suppress(
        session, [OutboxMessage.person_id.in_(person_ids)], "account closed", now
    )


async def _suppress(
    session: AsyncSession, which: Sequence[ColumnElement[bool]], why: str, now: dt.datetime
) -> int:
    kept = (
        update(OutboxMessage)
        .where(*which, OutboxMessage.state == OutboxState.WAITING)
        .values(state=OutboxState.SUPPRESSED, error=why, updated_at=now)
    )
    # A message under way can't be recalled, but it is not retried.
    on_its_way = (
        update(OutboxMessage)
        .where(*which, OutboxMessage.state.in_((OutboxState.SENDING, OutboxState.UNKNOWN)))
        .values(expires_at=now)
    )
    await session.execute(on_its_way.execution_options(synchronize_session=False))
    return await rows_changed(session, kept.execution_options(synchronize_session=False))


_COLUMNS: Final = (
    User.id,
    User.role,
    User.status,
    User.name,
    User.language,
    User.email,
    User.email_sealed,
    User.phone_sealed,
    User.phone_index,
    User.chat_user_id,
)
_NAMED: Final = User.id.in_(bindparam("ids", expanding=True))
_RECIPIENTS: Final = select(*_COLUMNS, null().label("company_id"), null().label("team_role")).where(
    _NAMED, User.status != UserStatus.ERASED
)
_IN_TEAM: Final = (TeamMember.left_at.is_(None), TeamMember.joined_at.is_not(None))
_RECIPIENTS_WITH_TEAMS: Final = (
    select(
        *_COLUMNS,
        TeamMember.employer_id.label("company_id"),
        TeamMember.role.label("team_role"),
    )
    .outerjoin(TeamMember, and_(TeamMember.user_id == User.id, *_IN_TEAM))
    .where(
        # Together, not as two conditions with OR: each half then uses its index.
        User.id.in_(
            select(User.id)
            .where(_NAMED)
            .union(
                select(TeamMember.user_id).where(
                    TeamMember.employer_id.in_(bindparam("companies", expanding=True)), *_IN_TEAM
                )
            )
        ),
        User.status != UserStatus.ERASED,
    )
    .order_by(User.id)
)


async def recipients(
    session: AsyncSession, ids: Collection[UUID], teams_of: Collection[UUID] = ()
) -> dict[UUID, Recipient]:
    """Return by which addresses these users and the teams of `teams_of` are reached, by id, without erased ones."""
    if not teams_of:
        rows = await session.execute(_RECIPIENTS, {"ids": list(ids)})
    else:
        both = {"ids": list(ids), "companies": list(teams_of)}
        rows = await session.execute(_RECIPIENTS_WITH_TEAMS, both)
    return {row.id: Recipient._make(row) for row in rows}


async def mailboxes_of(
    session: AsyncSession, user_ids: Collection[UUID]
) -> dict[UUID | None, tuple[str, bytes, str]]:
    """Return channel, sealed address and index of the users who have an e-mail address."""
    keys = keyring(session)
    found = await recipients(session, user_ids)
    boxes = {
        user_id: _to_email(keys, email)
        for user_id, user in found.items()
        if (email := keys.reveal(user.email_sealed, EMAIL, user.email))
    }
    return {user_id: (box.channel, box.sealed, box.index) for user_id, box in boxes.items()}


def _address(user: Recipient, notice: Notice, keys: Keyring) -> _Address | None:
    # A member's phone is proven by the code with which they joined.
    to_mailbox = notice.to_mailbox and user.id == notice.user_id
    by_email = to_mailbox or notice.kind in _BY_EMAIL
    if user.role != Role.ADMIN and not by_email:
        if user.phone_sealed is not None and user.phone_index is not None:
            return _Address(Channel.WHATSAPP, user.phone_sealed, user.phone_index)
        if user.chat_user_id is not None:
            return _to_platform_id(keys, user.chat_user_id)
    email = keys.reveal(user.email_sealed, EMAIL, user.email)
    return _to_email(keys, email) if email is not None else None


def _to_person(person: ChatPerson, keys: Keyring) -> _Address:
    if person.phone_sealed is not None and person.phone_index is not None:
        return _Address(Channel.WHATSAPP, person.phone_sealed, person.phone_index)
    if person.platform_user_id is None:
        raise ValueError("a chat person has a phone or a platform id")
    return _to_platform_id(keys, person.platform_user_id)


def _to_platform_id(keys: Keyring, platform_id: str) -> _Address:
    sealed = keys.seal(platform_id, ADDRESS)
    return _Address(Channel.WHATSAPP, sealed, keys.index(platform_id, "chat"))


def _to_email(keys: Keyring, email: str) -> _Address:
    return _Address(Channel.EMAIL, keys.seal(email, ADDRESS), keys.index(email, "email"))


def _key(kind: str, event: str, recipient: str) -> str:
    key = f"{kind}:{event}:{recipient}"
    return key if len(key) <= _KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


def _row(
    recipient: _Address,
    now: dt.datetime,
    *,
    essential: bool = False,
    urgent: bool = False,
    person_id: UUID | None = None,
    subject_id: UUID | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Return a row; `values` are key, user_id, kind, language, params_sealed and expires_at."""
    return values | {
        "id": new_id(),
        "channel": recipient.channel,
        "recipient_sealed": recipient.sealed,
        "recipient_index": recipient.index,
        "person_id": person_id,
        "subject_id": subject_id,
        "essential": essential,
        "priority": 0 if essential or urgent or person_id is not None else 1,
        "state": OutboxState.WAITING,
        "due_at": now,
        "attempts": 0,
        "unanswered": 0,
        "units": 1,
        "created_at": now,
        "updated_at": now,
    }


async def _insert(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    await write_together(session, NewRows(_if_new(postgresql=is_postgresql(session)), rows))
    wake_loops(session, "outbox")


@cache
def _if_new(*, postgresql: bool) -> Insert:
    return insert_of(OutboxMessage, postgresql=postgresql).on_conflict_do_nothing(
        index_elements=["key"]
    )
