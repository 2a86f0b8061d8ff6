"""Back-off after wrong passwords, codes and second factors.

A try is counted under a lock before it is judged, so that concurrent tries can't exceed the limit. Two counts
guard a password: tries at the account from one address, and tries from all addresses without a recent
sign-in. So strangers slow down strangers, not the owner at a known address. An owner at a new address resets
the password by mail, which makes the address known. Tries at accounts that don't exist count the same.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import TooMany
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.session import keyring
from app.database.statements import insert_of, is_postgresql, table
from app.identity.models import SignInTries


@dataclass(frozen=True)
class Backoff:
    """After `free` tries the wait is `first`, and doubles up to `longest`."""

    free: int
    first: dt.timedelta
    longest: dt.timedelta

    def after(self, failures: int) -> dt.timedelta | None:
        """Return the wait after so many failures, or None."""
        if failures < self.free:
            return None
        doubled: dt.timedelta = self.first * 2 ** min(failures - self.free, 20)
        return min(doubled, self.longest)


PER_ADDRESS: Final = Backoff(10, dt.timedelta(seconds=30), dt.timedelta(hours=1))
"""For one account from one address."""
UNKNOWN_ADDRESSES: Final = Backoff(20, dt.timedelta(seconds=30), dt.timedelta(hours=1))
"""For one account from all unknown addresses together; then about 40 tries a day."""
SECOND_FACTOR: Final = Backoff(5, dt.timedelta(seconds=30), dt.timedelta(hours=1))
"""For the second factor, behind the password: about 40 tries a day, of 10⁶ codes."""

KNOWN_FOR: Final = dt.timedelta(days=90)
"""How long an address stays known after a sign-in: as long as a session lasts."""
COUNT_TIMEOUT_SECONDS: Final = 1.0
"""How long counting a try waits for SQLite's writer; with the sign-in's own wait the answer takes at most
five seconds. A try that was not counted is not judged."""
FORGOTTEN_AFTER: Final = dt.timedelta(days=2)
"""Older failures no longer count."""


def account_key(keys: Keyring, role: str, email: str) -> str:
    """Return the key of tries at an account that signs in by e-mail."""
    return keys.index(f"{role}:{email}", "sign-in")


def _address_key(keys: Keyring, subject: str, address: str) -> str:
    return keys.index(f"{subject}:{address}", "sign-in-from")


async def count_attempt(
    session: AsyncSession, subject: str, address: str, *, now: dt.datetime
) -> None:
    """Count a try at `subject`, an account or phone, from an address. Raises `TooMany` during a wait."""
    own = _address_key(keyring(session), subject, address)
    rows = await _lock(session, [own, subject], now)
    waits = [(own, PER_ADDRESS)]
    good_at = rows[own].good_at
    if good_at is None or now - good_at > KNOWN_FOR:
        waits.append((subject, UNKNOWN_ADDRESSES))
    for key, rule in waits:
        _require_no_wait(rows[key], rule, now)
    for key, rule in waits:
        failures = await _count_one(session, rows[key], rule, now)
        if key == subject and failures >= rule.free and failures % rule.free == 0:
            _alert("password_guessing", failures)


async def record_success(
    session: AsyncSession, subject: str, address: str, *, now: dt.datetime
) -> None:
    """Reset the counts after a sign-in; the address is known from now on."""
    own = _address_key(keyring(session), subject, address)
    await _make(session, [own], now)
    tries = table(SignInTries)
    clean = {"failures": 0, "waits_until": None, "updated_at": now}
    await session.execute(update(tries).where(tries.c.key == own).values(good_at=now, **clean))
    await session.execute(update(tries).where(tries.c.key == subject).values(**clean))


async def require_no_wait(
    session: AsyncSession, subject: str, address: str, *, now: dt.datetime
) -> None:
    """Raise `TooMany` during a wait of `subject` at this address, without counting a try."""
    own = _address_key(keyring(session), subject, address)
    row: SignInTries | None = await session.scalar(
        select(SignInTries).where(SignInTries.key == own)
    )
    if row is not None:
        _require_no_wait(row, PER_ADDRESS, now)


async def record_failure(
    session: AsyncSession, subject: str, address: str, *, now: dt.datetime
) -> None:
    """Count a wrong code from this address."""
    own = _address_key(keyring(session), subject, address)
    rows = await _lock(session, [own], now)
    await _count_one(session, rows[own], PER_ADDRESS, now)


async def count_second_factor(
    session: AsyncSession, subject: str, *, now: dt.datetime, user_id: UUID | None
) -> bool:
    """Count a try at a second factor; False during a wait.

    The wait is not reported: that would tell that the password was right. `user_id` is None for a
    stand-in, which only takes as long.
    """
    key = keyring(session).index(subject, "second-factor")
    rows = await _lock(session, [key], now)
    waiting = _seconds_left(rows[key], SECOND_FACTOR, now) > 0
    failures = rows[key].failures
    if not waiting:
        failures = await _count_one(session, rows[key], SECOND_FACTOR, now)
        if user_id is not None and failures >= SECOND_FACTOR.free:
            _alert("second_factor_guessing", failures, user_id)
    return not waiting


async def reset_second_factor(session: AsyncSession, subject: str) -> None:
    """Reset the tries at a second factor: it was right, or the password changed."""
    key = keyring(session).index(subject, "second-factor")
    await session.execute(delete(SignInTries).where(SignInTries.key == key))


async def purge(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` outdated counts; return how many."""
    old = select(SignInTries.key).where(
        SignInTries.updated_at < now - FORGOTTEN_AFTER,
        SignInTries.good_at.is_(None) | (SignInTries.updated_at < now - KNOWN_FOR),
    )
    gone = delete(SignInTries).where(SignInTries.key.in_(old.limit(limit)))
    return len((await session.scalars(gone.returning(SignInTries.key))).all())


async def _make(session: AsyncSession, keys: list[str], now: dt.datetime) -> None:
    statement = insert_of(SignInTries, postgresql=is_postgresql(session)).on_conflict_do_nothing()
    made = [{"key": key, "failures": 0, "updated_at": now} for key in sorted(keys)]
    await session.execute(statement, made)


async def _lock(session: AsyncSession, keys: list[str], now: dt.datetime) -> dict[str, SignInTries]:
    """Return these counts, locked in one order."""
    await _make(session, keys, now)
    query = (
        select(SignInTries)
        .where(SignInTries.key.in_(keys))
        .order_by(SignInTries.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.key: row for row in await session.scalars(query)}


def _seconds_left(row: SignInTries, rule: Backoff, now: dt.datetime) -> float:
    if row.waits_until is None:
        return 0
    # A clock that was ahead for a moment must not lengthen a wait.
    return (min(row.waits_until, now + rule.longest) - now).total_seconds()


def _require_no_wait(row: SignInTries, rule: Backoff, now: dt.datetime) -> None:
    left = _seconds_left(row, rule, now)
    if left > 0:
        raise TooMany(int(left) + 1)


async def _count_one(
    session: AsyncSession, row: SignInTries, rule: Backoff, now: dt.datetime
) -> int:
    failures = 1 if now - row.updated_at > FORGOTTEN_AFTER else row.failures + 1
    wait = rule.after(failures)
    tries = table(SignInTries)
    await session.execute(
        update(tries)
        .where(tries.c.key == row.key)
        .values(failures=failures, waits_until=now + wait if wait else None, updated_at=now)
    )
    return failures


def _alert(kind: str, failures: int, user_id: UUID | None = None) -> None:
    ALERTS.labels(kind).inc()
    fields = {"user_id": str(user_id)} if user_id else {}
    logger().warning(kind, count=failures, **fields)
