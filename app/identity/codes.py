"""One-time codes that prove a phone: six digits, five minutes, five tries, once.

A code's hash is keyed and bound to its challenge: neither a stolen table nor another challenge's row helps a
guesser. Tries are counted per challenge before the code is compared. The network address that asked for a
code has five tries, all other addresses together have five more: a stranger's guesses don't use up the
owner's. A guesser can win ten tries at each of a phone's six codes an hour, 60 in 10⁶, and from one address
three codes of five tries, 15 in 10⁶.

A code asked for in the chat is sent to whoever holds the phone. It counts neither against the day's limit
nor against codes that strangers asked for. No address is known there, so all addresses share its tries.

An unknown phone gets a challenge whose code is never sent: the work and the time are the same.
"""

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid, Unavailable
from app.core.ids import new_id
from app.core.phones import check_mobile, country_of
from app.database.session import keyring
from app.database.statements import table
from app.identity.models import OneTimeCode

DIGITS: Final = 6
LIFETIME: Final = dt.timedelta(minutes=5)
MAIL_LIFETIME: Final = dt.timedelta(minutes=15)
"""Mail may take minutes."""
MAX_TRIES: Final = 5
CHAT_CODES_PER_HOUR: Final = 5
"""Codes that one person may ask for in the chat."""
CHAT_TRIES: Final = 50
"""One address has ten guesses a minute: using these up within a code's lifetime takes a dozen addresses."""
KEPT: Final = dt.timedelta(days=2)
"""How long expired challenges are kept; the daily count needs one day."""

_SENT = "sign_in"
_DECOY = "decoy"
_MAILED = "mailed"
_CHAT = "written"
_ALL = (_SENT, _DECOY, _MAILED, _CHAT)

_SENT_SINCE: Final = select(func.count()).where(
    OneTimeCode.purpose == _SENT, OneTimeCode.created_at > bindparam("since")
)
_OPEN: Final = (
    select(
        OneTimeCode.id,
        OneTimeCode.code_hash,
        OneTimeCode.purpose,
        OneTimeCode.asked_from,
        OneTimeCode.tries,
        OneTimeCode.strange_tries,
    )
    .where(
        OneTimeCode.subject == bindparam("subject"),
        OneTimeCode.purpose.in_(_ALL),
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > bindparam("now"),
        or_(
            OneTimeCode.tries < MAX_TRIES,
            OneTimeCode.strange_tries < MAX_TRIES,
            and_(OneTimeCode.purpose == _CHAT, OneTimeCode.strange_tries < CHAT_TRIES),
        ),
    )
    .order_by(OneTimeCode.id)
    # Racing guesses lock in one order, and each sees the last one's count.
    .with_for_update()
)
_SPEND: Final = (
    update(table(OneTimeCode))
    .where(OneTimeCode.id.in_(bindparam("ids", expanding=True)))
    .values(used_at=bindparam("now"))
)


class CodesExhausted(Unavailable):
    """The day's codes are spent: somebody may be running up our bill."""

    code = "codes_unavailable"
    detail = "No more codes can be sent today. Write code to us on WhatsApp, or try again tomorrow."


class ChatCodesExhausted(Conflict):
    """Somebody asked for enough codes in the chat for now."""

    code = "codes_enough"
    detail = "Use the newest code, or ask again in an hour."


@dataclass(frozen=True)
class CodeRules:
    """An installation's limits: codes in 24 hours, and countries (empty: all)."""

    per_day: int
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Challenge:
    """A challenge's id, and the code to send."""

    id: UUID
    code: str
    expires_at: dt.datetime


class CodeRecipient(NamedTuple):
    """The owner of a phone that a code goes to, and their language."""

    user_id: UUID
    language: str


def check_phone(phone: str, rules: CodeRules) -> None:
    """Raise `PhoneNotSupported` or `Invalid` unless codes may go to this kind of phone and country."""
    check_mobile(phone)
    if rules.countries and country_of(phone) not in rules.countries:
        raise Invalid.field("phone", "We can't send codes to phones of this country yet.")


async def issue(
    session: AsyncSession,
    subject: str,
    rules: CodeRules,
    *,
    now: dt.datetime,
    known: bool,
    address: str | None = None,
) -> Challenge:
    """Start a challenge for `subject`, a phone's blind index, asked for by a network address.

    The code for a phone that is not `known` must not be sent. Raises `CodesExhausted`.
    """
    sent = await session.scalar(_SENT_SINCE, {"since": now - dt.timedelta(days=1)})
    if (sent or 0) >= rules.per_day:
        raise CodesExhausted
    return await _start(session, subject, _SENT if known else _DECOY, now, LIFETIME, address)


async def issue_by_email(
    session: AsyncSession, subject: str, per_hour: int, *, now: dt.datetime
) -> Challenge | None:
    """Start a challenge whose code goes by e-mail; None after `per_hour` of them in the last hour."""
    if await _count_in_last_hour(session, subject, _MAILED, now) >= per_hour:
        return None
    return await _start(session, subject, _MAILED, now, MAIL_LIFETIME)


async def issue_in_chat(
    session: AsyncSession, subject: str, *, now: dt.datetime
) -> Challenge | None:
    """Start a challenge for a person who asks from the phone itself; None after the hour's limit.

    The caller handles one message of a person at a time, so the count is exact.
    """
    if await _count_in_last_hour(session, subject, _CHAT, now) >= CHAT_CODES_PER_HOUR:
        return None
    return await _start(session, subject, _CHAT, now, LIFETIME)


async def _count_in_last_hour(
    session: AsyncSession, subject: str, purpose: str, now: dt.datetime
) -> int:
    mine = select(func.count()).where(
        OneTimeCode.subject == subject,
        OneTimeCode.purpose == purpose,
        OneTimeCode.created_at > now - dt.timedelta(hours=1),
    )
    return await session.scalar(mine) or 0


async def _start(
    session: AsyncSession,
    subject: str,
    purpose: str,
    now: dt.datetime,
    lifetime: dt.timedelta,
    address: str | None = None,
) -> Challenge:
    challenge = Challenge(new_id(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", now + lifetime)
    session.add(
        OneTimeCode(
            id=challenge.id,
            subject=subject,
            purpose=purpose,
            code_hash=_hash(session, challenge.id, challenge.code),
            asked_from=_hash_address(session, challenge.id, address),
            created_at=now,
            expires_at=challenge.expires_at,
        )
    )
    await session.flush()
    return challenge


async def redeem(
    session: AsyncSession, subject: str, code: str, *, now: dt.datetime, address: str | None = None
) -> bool:
    """Use up `code`, typed at `address`; return whether it is right for `subject`.

    The code may be that of any open challenge, because messages arrive late; a right one uses up all that
    this address may still try. A wrong one is counted, so the caller's transaction must commit.
    """
    own: list[UUID] = []
    strange: list[UUID] = []
    good = False
    for row in await session.execute(_OPEN, {"subject": subject, "now": now}):
        is_own = row.asked_from == _hash_address(session, row.id, address)
        allowed = CHAT_TRIES if row.purpose == _CHAT else MAX_TRIES
        if (row.tries if is_own else row.strange_tries) >= allowed:
            continue
        (own if is_own else strange).append(row.id)
        good |= hmac.compare_digest(_hash(session, row.id, code), row.code_hash)
    if good:
        await session.execute(_SPEND, {"ids": [*own, *strange], "now": now})
        return True
    for ids, tries in ((own, OneTimeCode.tries), (strange, OneTimeCode.strange_tries)):
        if ids:
            counted = update(OneTimeCode).where(OneTimeCode.id.in_(ids))
            await session.execute(counted.values({tries: tries + 1}))
    return False


async def revoke(session: AsyncSession, subject: str, *, now: dt.datetime) -> None:
    """Invalidate every code sent to `subject`, which belongs to somebody else now."""
    sent = update(table(OneTimeCode)).where(
        OneTimeCode.subject == subject, OneTimeCode.used_at.is_(None)
    )
    await session.execute(sent.values(used_at=now))


async def purge(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` challenges older than `KEPT`; return how many."""
    old = select(OneTimeCode.id).where(OneTimeCode.expires_at < now - KEPT).limit(limit)
    statement = delete(OneTimeCode).where(OneTimeCode.id.in_(old)).returning(OneTimeCode.id)
    return len((await session.scalars(statement)).all())


def _hash(session: AsyncSession, challenge_id: UUID, code: str) -> str:
    return keyring(session).index(f"{challenge_id}:{code}", "code")


def _hash_address(session: AsyncSession, challenge_id: UUID, address: str | None) -> str | None:
    return keyring(session).index(f"{challenge_id}:{address}", "address") if address else None
