"""Second factors: set-up, check at sign-in, replacement and loss.

Set-up has two steps: the secret is shown once, and is used after a code of it came back. Ten recovery codes
are shown then, each good once. Who lost phone and codes is let in by an owner, who removes the factor
(`python -m app second-factor --reset`, or the API); the next sign-in leads to set-up.
"""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Forbidden, Invalid
from app.core.ids import new_id
from app.database.session import keyring
from app.database.statements import table
from app.identity import sign_in_throttle, totp, users
from app.identity.models import OneTimeCode, User

RECOVERY_CODES: Final = 10
_RECOVERY: Final = "recovery"
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that are not mistaken for one another."""
_HALF_CHARACTERS: Final = 5
_KEPT: Final = dt.timedelta(days=3_650)


class SecondFactorRequired(Forbidden):
    """An administrator without a second factor can set one up, and nothing else."""

    code = "second_factor_required"
    detail = "Set up a second factor first: POST /api/auth/second-factor."


class NothingToConfirm(Conflict):
    """No secret was shown, or another one since."""

    code = "second_factor_not_begun"
    detail = "Begin to set up the second factor first."


class WrongSecondFactor(Invalid):
    """Not a code of the secret, or one that was used before."""

    code = "wrong_second_factor"


@dataclass(frozen=True)
class Enrolment:
    """A secret to put into an authenticator app; shown once."""

    secret: str
    url: str


async def verify(
    session: AsyncSession, user: User | None, stand_in: str, code: str | None, *, now: dt.datetime
) -> bool:
    """Use up `code`, of the app or a recovery code; return whether it is right for `user`.

    True for a user without a factor. For None (a wrong password) the same statements run on `stand_in`, so
    that timing doesn't tell whether the password was right.
    """
    if user is not None and user.totp_sealed is None:
        return True
    sealed = user.totp_sealed if user is not None else None
    secret = keyring(session).open(sealed, totp.CONTEXT) if sealed else totp.NOBODYS
    subject = str(user.id) if user is not None else stand_in
    user_id = user.id if user is not None else None
    may_try = await sign_in_throttle.count_second_factor(session, subject, now=now, user_id=user_id)
    typed = (code or "").strip()
    step = totp.matching_step(secret, typed, now, user.totp_step if user is not None else None)
    if not may_try or user is None:
        step = None
    owner_id = user_id if user_id is not None and may_try else new_id()
    if step is None:
        good = await _use_recovery_code(session, owner_id, typed, now)
    else:
        good = await _use_step(session, owner_id, step)
    if good:
        await sign_in_throttle.reset_second_factor(session, subject)
    return good


async def _use_step(session: AsyncSession, user_id: UUID, step: int) -> bool:
    """Use a time step up; return whether it was unused. In a race one gets True."""
    users_ = table(User)
    unused = or_(users_.c.totp_step.is_(None), users_.c.totp_step < step)
    used = (
        update(users_)
        .where(users_.c.id == user_id, unused)
        .values(totp_step=step)
        .returning(users_.c.id)
    )
    return await session.scalar(used) is not None


async def _use_recovery_code(
    session: AsyncSession, user_id: UUID, typed: str, now: dt.datetime
) -> bool:
    codes = table(OneTimeCode)
    used = (
        update(codes)
        .where(
            codes.c.subject == str(user_id),
            codes.c.purpose == _RECOVERY,
            codes.c.code_hash == _hash(session, user_id, typed),
            codes.c.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(codes.c.id)
    )
    return await session.scalar(used) is not None


def _hash(session: AsyncSession, user_id: UUID, typed: str) -> str:
    plain = "".join(c for c in typed.upper() if c in _ALPHABET)
    return keyring(session).index(f"{user_id}:{plain}", "recovery-code")


async def start_setup(
    session: AsyncSession, user_id: UUID, code: str | None, *, now: dt.datetime
) -> Enrolment:
    """Return a new secret, which replaces the factor once it is confirmed.

    `code` is one of the current factor, if there is one. Raises `WrongSecondFactor`.
    """
    user = await users.get_user(session, user_id)
    if not await verify(session, user, str(user_id), code, now=now):
        raise WrongSecondFactor.field("totp", "Give a code of the app that is set up now.")
    secret = totp.new_secret()
    user.totp_pending_sealed = keyring(session).seal(secret, totp.CONTEXT)
    user.updated_at = now
    return Enrolment(secret, totp.setup_url(secret, users.email_of(session, user) or user.name))


async def confirm_setup(
    session: AsyncSession, user_id: UUID, code: str, *, now: dt.datetime
) -> list[str]:
    """Make the shown secret the factor; return its recovery codes, which are shown once.

    Raises `NothingToConfirm` and `WrongSecondFactor`.
    """
    user = await session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    if user.totp_pending_sealed is None:
        raise NothingToConfirm
    secret = keyring(session).open(user.totp_pending_sealed, totp.CONTEXT)
    step = totp.matching_step(secret, code, now, after=None)
    if step is None:
        raise WrongSecondFactor.field("code", "This is not the code the app shows now.")
    user.totp_sealed, user.totp_pending_sealed = user.totp_pending_sealed, None
    user.totp_step = step
    user.updated_at = now
    return await _new_recovery_codes(session, user_id, now)


async def _new_recovery_codes(session: AsyncSession, user_id: UUID, now: dt.datetime) -> list[str]:
    await _revoke_recovery_codes(session, user_id, now)
    made = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        OneTimeCode(
            subject=str(user_id),
            purpose=_RECOVERY,
            code_hash=_hash(session, user_id, code),
            created_at=now,
            expires_at=now + _KEPT,
        )
        for code in made
    )
    await session.flush()
    return made


def _recovery_code() -> str:
    halves = ("".join(secrets.choice(_ALPHABET) for _ in range(_HALF_CHARACTERS)) for _ in range(2))
    return "-".join(halves)


async def _revoke_recovery_codes(session: AsyncSession, user_id: UUID, now: dt.datetime) -> None:
    unused = and_(
        OneTimeCode.subject == str(user_id),
        OneTimeCode.purpose == _RECOVERY,
        OneTimeCode.used_at.is_(None),
    )
    await session.execute(
        update(OneTimeCode)
        .where(unused)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


async def count_recovery_codes(session: AsyncSession, user_id: UUID) -> int:
    """Return how many unused recovery codes a user has."""
    query = select(func.count()).where(
        OneTimeCode.subject == str(user_id),
        OneTimeCode.purpose == _RECOVERY,
        OneTimeCode.used_at.is_(None),
    )
    return await session.scalar(query) or 0


async def set_secret(
    session: AsyncSession, user_id: UUID, secret: str, *, now: dt.datetime
) -> None:
    """Set an account's factor to `secret` (see `totp.new_secret`). Raises `NotFound` and `Invalid`."""
    if not totp.is_secret(secret):
        raise Invalid.field("secret", "Use a Base32 secret of at least 128 bits.")
    user = await users.get_user(session, user_id)
    user.totp_sealed = keyring(session).seal(secret, totp.CONTEXT)
    user.totp_pending_sealed = None
    user.totp_step = None
    user.updated_at = now
    await sign_in_throttle.reset_second_factor(session, str(user_id))


async def remove(session: AsyncSession, user_id: UUID, *, now: dt.datetime) -> None:
    """Remove the factor and its recovery codes; the account's tokens die. Raises `NotFound`."""
    user = await users.get_user(session, user_id)
    user.totp_sealed = user.totp_pending_sealed = user.totp_step = None
    user.version += 1
    user.updated_at = now
    await _revoke_recovery_codes(session, user_id, now)
    await sign_in_throttle.reset_second_factor(session, str(user_id))
