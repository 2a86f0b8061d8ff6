"""Entity resolution of chat contacts: found, created, merged and moved, never doubled.

The platform's id is stable, but a message may lack it; the phone may be missing or change. So a person is known by
either, and two rows that prove to be one person are merged.
"""

import datetime as dt
from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.phones import line_of
from app.database.session import changed, keyring
from app.database.statements import insert_if_absent, table
from app.database.wakeups import wake_loops
from app.identity import users
from app.identity.models import Role, User, UserStatus
from app.messaging.contacts import account_merge
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import (
    ADDRESS,
    ChatPerson,
    HandoffReason,
    InboxItem,
    ModelReading,
    OutboxMessage,
    WebhookState,
)

PHONE = "phone"
"""The context of a phone's index, the same as of `users.phone_index`."""

_MARKETING_CHOICES: Final = frozenset({"stop", "resume"})
"""Choices about marketing that change something; `signup` only confirms."""
_NOT_ERASED: Final = User.status != UserStatus.ERASED
"""An account that is being erased gets no phone or id any more."""
_STATUS: Final = select(table(User).c.status).where(table(User).c.id == bindparam("user_id"))
_THEM: Final = (
    select(ChatPerson)
    .where(
        ChatPerson.channel == bindparam("channel"),
        or_(
            ChatPerson.platform_user_id == bindparam("platform_id"),
            ChatPerson.phone_index == bindparam("index"),
            ChatPerson.other_phone_index == bindparam("index"),
        ),
    )
    .order_by(ChatPerson.id)
    .with_for_update()
)
"""People with this id or phone; a value that the message lacks is NULL and finds nobody."""


async def resolve_contact(
    session: AsyncSession, channel: str, inbound: Inbound, now: dt.datetime
) -> ChatPerson:
    """Return the person who sent a message, created on first sight; two that prove to be one are merged.

    If both have proven accounts they stay two, and the sender is the one with the phone.
    """
    keys = keyring(session)
    index = keys.index(inbound.phone_from, PHONE) if inbound.phone_from else None
    found = await _find_or_make(session, channel, inbound, index, now)
    person = found[0]
    if len(found) > 1:
        if not await _unify_accounts(session, found[0], found[1], now):
            return person
        person = await _merge_phone_and_id(session, found[0], found[1], now)
    # A late message does not undo newer changes, and a move names the old phone or id.
    is_current = inbound.kind is not InboundKind.MOVED and (
        person.last_message_at is None or inbound.sent_at >= person.last_message_at
    )
    if inbound.platform_id not in (None, person.platform_user_id) and (
        person.platform_user_id is None or is_current
    ):
        person.platform_user_id = inbound.platform_id
        await _set_account_id(session, person, now)
    in_other_form = index is not None and index == person.other_phone_index
    if (
        inbound.phone_from is not None
        and not in_other_form
        and (
            # After a merge the account may have been the other's and lack the phone.
            len(found) > 1
            if person.phone_index == index
            else person.phone_index is None or (is_current and _is_newest(person, inbound))
        )
    ):
        changes = person.phone_index not in {None, index}
        if await set_phone(session, person, inbound.phone_from, now) and changes:
            person.phone_changed_at = inbound.sent_at
    await link_account(session, person, now)
    return person


async def _find_or_make(
    session: AsyncSession, channel: str, inbound: Inbound, index: str | None, now: dt.datetime
) -> list[ChatPerson]:
    """Return the people with the phone or the id, at most one each, the one with the phone first."""
    keys = keyring(session)
    names = {"channel": channel, "platform_id": inbound.platform_id, "index": index}
    found: list[ChatPerson] = []
    for _ in range(2):
        found = list(await session.scalars(_THEM, names))
        if found:
            break
        # Unique by id and by phone, so several messages at once create one row.
        await insert_if_absent(
            session,
            ChatPerson,
            {
                "id": new_id(),
                "channel": channel,
                "platform_user_id": inbound.platform_id,
                "phone_index": index,
                "phone_sealed": keys.seal(inbound.phone_from, ADDRESS)
                if inbound.phone_from
                else None,
                "state": {},
                "created_at": now,
                "updated_at": now,
            },
        )
    return sorted(found, key=lambda p: index not in {p.phone_index, p.other_phone_index})


async def _unify_accounts(
    session: AsyncSession, person: ChatPerson, other: ChatPerson, now: dt.datetime
) -> bool:
    """Leave two people who prove to be one a single account; False, and an alert, if both are proven."""
    own, others = person.user_id, other.user_id
    if own is None or others is None or own == others:
        return True
    in_order = (others, own) if _is_fuller(other, person) else (own, others)
    stays = await account_merge.surviving_account(session, person.channel, *in_order, now)
    if stays is None:
        await account_merge.alert_two_accounts(session, own, others, now)
        return False
    (person if stays == others else other).user_id = None
    return True


async def _merge_phone_and_id(
    session: AsyncSession, phones: ChatPerson, ids: ChatPerson, now: dt.datetime
) -> ChatPerson:
    """Merge the person with the phone and the one with the id into the one with an account."""
    kept, gone = sorted((phones, ids), key=lambda person: person.user_id is None)
    await _absorb(session, kept, gone, now)
    await _set_account_id(session, kept, now)
    return kept


async def _absorb(
    session: AsyncSession, kept: ChatPerson, gone: ChatPerson, now: dt.datetime
) -> None:
    """Move messages, phone, id, state and choices of `gone` to `kept`, and delete `gone`."""
    for rows in (InboxItem, OutboxMessage):
        await session.execute(
            update(rows)
            .where(rows.person_id == gone.id)
            .values(person_id=kept.id)
            .execution_options(synchronize_session=False)
        )
    if _is_fuller(gone, kept):
        kept.state, kept.last_message_at = gone.state, gone.last_message_at
    names = gone.platform_user_id, gone.phone_index, gone.phone_sealed
    other_form = gone.other_phone_index
    gone.platform_user_id = gone.phone_index = gone.phone_sealed = gone.other_phone_index = None
    # The unique columns must be free before the other row takes them.
    await session.flush()
    kept.platform_user_id = kept.platform_user_id or names[0]
    if kept.phone_index is None:
        kept.phone_index, kept.phone_sealed = names[1], names[2]
        kept.other_phone_index = other_form
    kept.user_id = kept.user_id or gone.user_id
    if gone.stop_told_at is not None and _is_later(gone.stop_told_at, kept.stop_told_at):
        kept.stopped_at = gone.stopped_at  # may be None: a START newer than the other's STOP
    elif gone.stop_told_at is None and kept.stop_told_at is None:
        kept.stopped_at = _first(min, kept.stopped_at, gone.stopped_at)
    kept.last_inbound_at = _first(max, kept.last_inbound_at, gone.last_inbound_at)
    kept.pair_free_at = _first(max, kept.pair_free_at, gone.pair_free_at)
    kept.language = kept.language or gone.language
    if gone.marketing_told_at is not None and _is_later(
        gone.marketing_told_at, kept.marketing_told_at
    ):
        kept.no_marketing_at = gone.no_marketing_at
    else:
        kept.no_marketing_at = kept.no_marketing_at or gone.no_marketing_at
    for name in ("phone_changed_at", "stop_told_at", "marketing_told_at"):
        setattr(kept, name, _first(max, getattr(kept, name), getattr(gone, name)))
    if kept.paused_at is None and gone.paused_at is not None:
        kept.paused_at, kept.paused_why = gone.paused_at, gone.paused_why
        kept.held_by, kept.held_at = gone.held_by, gone.held_at
    elif gone.paused_at is not None and gone.paused_why == HandoffReason.SAFETY:
        kept.paused_why = gone.paused_why
    kept.updated_at = now
    wake_loops(session, "inbox")  # the moved messages are due
    await session.delete(gone)
    await session.flush()


def _is_fuller(one: ChatPerson, other: ChatPerson) -> bool:
    """Whether `one` keeps its dialogue: it has an account, or the later message."""
    return _fullness(one) > _fullness(other)


def _fullness(person: ChatPerson) -> tuple[bool, bool, dt.datetime]:
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    return person.user_id is not None, bool(person.state), person.last_message_at or never


def _is_later(one: dt.datetime, other: dt.datetime | None) -> bool:
    return other is None or one > other


def _first(
    choose: Callable[[list[dt.datetime]], dt.datetime], *instants: dt.datetime | None
) -> dt.datetime | None:
    known = [instant for instant in instants if instant is not None]
    return choose(known) if known else None


async def link_account(session: AsyncSession, person: ChatPerson, now: dt.datetime) -> None:
    """Link a person to their worker's account, if there is one."""
    if person.user_id is not None:
        status = await session.scalar(_STATUS, {"user_id": person.user_id})
        if status != UserStatus.ERASED:
            return
        person.user_id = None
    names = []
    if person.phone_index is not None:
        names.append(User.phone_index == person.phone_index)
    if person.platform_user_id is not None:
        names.append(User.chat_user_id == person.platform_user_id)
    query = (
        select(User)
        .where(User.role == Role.WORKER, _NOT_ERASED, or_(*names))
        .order_by(User.phone_index.is_(None), User.id)
        .limit(1)
    )
    user = await session.scalar(query)
    if user is None:
        return
    person.user_id, person.updated_at = user.id, now
    if user.status != UserStatus.PENDING:
        # The language of an unproven registration is not this person's choice.
        person.language = person.language or user.language
    if user.chat_user_id is None and person.platform_user_id is not None:
        await _set_account_id(session, person, now)


async def _set_account_id(session: AsyncSession, person: ChatPerson, now: dt.datetime) -> None:
    """Set the platform's id on the person's account, unless another account has it."""
    if person.user_id is None or person.platform_user_id is None:
        return
    taken = select(User.id).where(User.chat_user_id == person.platform_user_id)
    if await session.scalar(taken) is not None:
        return
    await session.execute(
        update(User)
        .where(User.id == person.user_id, _NOT_ERASED)
        .values(chat_user_id=person.platform_user_id, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def set_phone(
    session: AsyncSession, person: ChatPerson, phone: str, now: dt.datetime
) -> bool:
    """Set a phone (E.164) that the platform vouches for, on the person and their account.

    This proves the phone of a worker who had consented while it was hidden. Returns False, and changes nothing,
    where the phone is of another proven account (`account_merge.surviving_account`).
    """
    keys = keyring(session)
    index = keys.index(phone, PHONE)
    other = await _find_other(session, person, ChatPerson.phone_index == index)
    owner = await session.scalar(
        select(User.id).where(User.role == Role.WORKER, User.phone_index == index)
    )
    mine = person.user_id
    met = other.user_id if other is not None else None  # `merge` checks this one itself
    if mine is not None and owner is not None and owner not in (mine, met):
        stays = await account_merge.surviving_account(session, person.channel, mine, owner, now)
        if stays is None:
            await account_merge.alert_two_accounts(session, mine, owner, now)
            return False
        person.user_id = stays
    if other is not None and not await merge(session, person, other, now):
        return False
    if person.phone_index != index:
        person.other_phone_index = None
    person.phone_index, person.phone_sealed = index, keys.seal(phone, ADDRESS)
    person.updated_at = now
    if person.user_id is not None:
        await session.execute(
            update(User)
            .where(User.id == person.user_id, _NOT_ERASED)
            .values(phone_index=index, phone_sealed=keys.seal(phone, PHONE), updated_at=now)
            .execution_options(synchronize_session=False)
        )
        changed(session, "worker", person.user_id)
        await _set_account_id(session, person, now)
        if await account_merge.has_consent(session, person.channel, person.user_id):
            await users.prove_phone(session, person.user_id, now=now)
    return True


async def record_number_form(
    session: AsyncSession, channel: str, phone: str, as_phone: str, now: dt.datetime
) -> None:
    """Record that the platform writes this phone in its number's other form (`phones.line_of`).

    Webhooks will name that form. People with either form are merged.
    """
    if phone == as_phone or line_of(phone) != line_of(as_phone):
        return
    keys = keyring(session)
    index, other = keys.index(phone, PHONE), keys.index(as_phone, PHONE)
    query = select(ChatPerson).where(
        ChatPerson.channel == channel,
        or_(
            ChatPerson.phone_index.in_((index, other)),
            ChatPerson.other_phone_index.in_((index, other)),
        ),
    )
    found = list(await session.scalars(query.order_by(ChatPerson.id).with_for_update()))
    if len(found) == 1 and {found[0].phone_index, found[0].other_phone_index} == {index, other}:
        return
    if not found:
        row = {"id": new_id(), "channel": channel, "state": {}, "created_at": now}
        sealed = keys.seal(phone, ADDRESS)
        row |= {"phone_index": index, "phone_sealed": sealed, "other_phone_index": other}
        await insert_if_absent(session, ChatPerson, row | {"updated_at": now})
        return
    person = next((each for each in found if each.phone_index == index), found[0])
    if person.phone_index != index and not await set_phone(session, person, phone, now):
        return
    for each in found:
        if each is not person and not await merge(session, person, each, now):
            return
    person.other_phone_index, person.updated_at = other, now
    await link_account(session, person, now)


async def follow_move(
    session: AsyncSession, person: ChatPerson, inbound: Inbound, now: dt.datetime
) -> None:
    """Apply a change of number or id that the platform reports, unless a newer one is known."""
    if not _is_newest(person, inbound):
        return
    if inbound.moved_to_phone is not None and await set_phone(
        session, person, inbound.moved_to_phone, now
    ):
        person.phone_changed_at = inbound.sent_at
    if inbound.moved_to_id is not None and inbound.moved_to_id != person.platform_user_id:
        await _set_platform_id(session, person, inbound.moved_to_id, now)


def _is_newest(person: ChatPerson, inbound: Inbound) -> bool:
    """Whether no newer change of phone is known."""
    changed_at = person.phone_changed_at
    return changed_at is None or inbound.sent_at >= changed_at


async def _set_platform_id(
    session: AsyncSession, person: ChatPerson, platform_id: str, now: dt.datetime
) -> None:
    other = await _find_other(session, person, ChatPerson.platform_user_id == platform_id)
    if other is not None and not await merge(session, person, other, now):
        return
    person.platform_user_id, person.updated_at = platform_id, now
    await _set_account_id(session, person, now)


async def _find_other(
    session: AsyncSession, person: ChatPerson, named: ColumnElement[bool]
) -> ChatPerson | None:
    query = select(ChatPerson).where(
        ChatPerson.channel == person.channel, named, ChatPerson.id != person.id
    )
    other: ChatPerson | None = await session.scalar(query.with_for_update())
    return other


async def merge(
    session: AsyncSession, person: ChatPerson, other: ChatPerson, now: dt.datetime
) -> bool:
    """Merge `other` into `person`; False where both have proven accounts."""
    if not await _unify_accounts(session, person, other, now):
        return False
    await _absorb(session, person, other, now)
    return True


def record_marketing_choice(person: ChatPerson, inbound: Inbound, now: dt.datetime) -> None:
    """Record a person's choice about marketing, unless a newer one is known; `person` is locked."""
    if inbound.text not in _MARKETING_CHOICES:
        return
    if person.marketing_told_at is not None and inbound.sent_at < person.marketing_told_at:
        return
    person.marketing_told_at = inbound.sent_at
    person.no_marketing_at = inbound.sent_at if inbound.text == "stop" else None
    person.updated_at = now


async def erase_contacts(session: AsyncSession, ids: Collection[UUID], now: dt.datetime) -> None:
    """Erase what these people wrote and how to reach them.

    The rows stay, so that a redelivered message is recognised.
    """
    # The person first, in the lock order of message handling.
    await session.execute(
        update(ChatPerson)
        .where(ChatPerson.id.in_(ids))
        .values(
            user_id=None,
            platform_user_id=None,
            phone_index=None,
            phone_sealed=None,
            other_phone_index=None,
            state={},
            no_marketing_at=None,
            paused_at=None,
            paused_why=None,
            held_by=None,
            held_at=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    theirs = select(InboxItem.id).where(InboxItem.person_id.in_(ids))
    await session.execute(
        update(InboxItem)
        .where(InboxItem.person_id.in_(ids))
        .values(
            body_sealed=b"",
            state=case(
                (InboxItem.state == WebhookState.WAITING, WebhookState.HANDLED.value),
                else_=InboxItem.state,
            ),
            handled_at=func.coalesce(InboxItem.handled_at, now),
        )
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        delete(ModelReading)
        .where(ModelReading.item_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )
