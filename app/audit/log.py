"""Recording, reading and verifying the log of who did what.

Rows are written as the last step of the transaction they describe: both commit or neither does. Each
row's hash covers its content and the hash before it, so that a row altered, removed or put in between
is found by `verify`. The chain's head is one row whose lock orders the writers; because it is always
the last lock a transaction takes, it can't be part of a deadlock.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog, AuditHead
from app.core.ids import new_id
from app.db import before_commit
from app.identity.actor import Actor
from app.sql import insert_if_absent

GENESIS = "0" * 64
_ONLY_ROW = 1
_BATCH = 1_000


def record(
    session: AsyncSession,
    *,
    actor: Actor | None,
    action: str,
    target_type: str,
    target_id: UUID | str,
    now: dt.datetime,
    reason: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note that `actor` (None: the system) did `action`; written when this transaction commits.

    `before` and `after` hold JSON values that changed, never a phone, e-mail, code or token.
    """
    session.info.setdefault("audit", []).append(
        {
            "id": new_id(),
            "at": now,
            "actor_id": actor.user_id if actor else None,
            "actor_role": actor.role.value if actor else "system",
            "action": action,
            "target_type": target_type,
            "target_id": str(target_id),
            "reason": reason,
            "before": dict(before) if before is not None else None,
            "after": dict(after) if after is not None else None,
        }
    )
    before_commit(session, "audit", _write)


async def record_once(
    session: AsyncSession,
    *,
    action: str,
    target_type: str,
    target_id: UUID,
    after: Mapping[str, Any],
    now: dt.datetime,
) -> bool:
    """Note what the system found, unless the very same was noted before; whether it is new."""
    said = (action, str(target_id), dict(after))
    pending = session.info.get("audit", [])
    if any((row["action"], row["target_id"], row["after"]) == said for row in pending):
        return False
    query = select(AdminActionLog.after).where(
        AdminActionLog.target_type == target_type,
        AdminActionLog.target_id == str(target_id),
        AdminActionLog.action == action,
    )
    if dict(after) in list(await session.scalars(query)):
        return False
    record(
        session,
        actor=None,
        action=action,
        target_type=target_type,
        target_id=target_id,
        now=now,
        after=after,
    )
    return True


async def _write(session: AsyncSession) -> None:
    rows: list[dict[str, Any]] = session.info.pop("audit", [])
    number, previous = await _lock_head(session)
    for row in rows:
        number += 1
        row |= {"number": number, "previous_hash": previous}
        row["hash"] = previous = entry_hash(row)
    await session.execute(insert(AdminActionLog), rows)
    await session.execute(
        update(AuditHead).where(AuditHead.id == _ONLY_ROW).values(number=number, hash=previous)
    )


_HEAD: Final = (
    select(AuditHead.number, AuditHead.hash).where(AuditHead.id == _ONLY_ROW).with_for_update()
)


async def _lock_head(session: AsyncSession) -> tuple[int, str]:
    row = (await session.execute(_HEAD)).one_or_none()
    if row is None:
        first = {"id": _ONLY_ROW, "number": 0, "hash": GENESIS}
        await insert_if_absent(session, AuditHead, first)
        row = (await session.execute(_HEAD)).one()
    return row.number, row.hash


def entry_hash(row: Mapping[str, Any]) -> str:
    """Return the hash (hex SHA-256) of a row's content chained to `previous_hash`."""
    content = [
        row["previous_hash"],
        row["number"],
        str(row["id"]),
        row["at"].astimezone(dt.UTC).isoformat(timespec="microseconds"),
        str(row["actor_id"]) if row["actor_id"] else None,
        row["actor_role"],
        row["action"],
        row["target_type"],
        row["target_id"],
        row["reason"],
        _canonical(row["before"]),
        _canonical(row["after"]),
    ]
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Return a JSON value with every whole number as an integer.

    A database may give -0.0 back as 0, or 1e22 as its digits: the same number, and the same hash.
    """
    if isinstance(value, dict):
        return {name: _canonical(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _content(row: AdminActionLog) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in AdminActionLog.__table__.columns}


async def verify(session: AsyncSession) -> tuple[int, int | None]:
    """Check the whole chain; return how many rows are good and the number of the first bad one.

    The second value is None when every row and the head fit.
    """
    previous, good, size = GENESIS, 0, _BATCH
    while True:
        number = AdminActionLog.number
        query = select(AdminActionLog).where(number > good).order_by(number).limit(size)
        try:
            rows = [_content(row) for row in await session.scalars(query)]
            for row in rows:
                chained = row["number"] == good + 1 and row["previous_hash"] == previous
                if not chained or entry_hash(row) != row["hash"]:
                    return good, good + 1
                previous, good = row["hash"], row["number"]
        except (ValueError, TypeError, AttributeError):
            # Something in these rows is no time, id or JSON any more: which row, one by one.
            if size == 1:
                return good, good + 1
            size = 1
            continue
        if len(rows) < size:
            break
    head = (await session.execute(select(AuditHead.number, AuditHead.hash))).one_or_none()
    expected = (head.number, head.hash) if head else (0, GENESIS)
    return good, None if expected == (good, previous) else good + 1
