"""Recording, reading and verifying the audit log.

Rows are written as the last step of the transaction they describe: both commit or neither does. Each row's
keyed hash covers its content and the previous hash, so `verify` finds a row that was altered, removed or
inserted. An exported head (`heads`) shows that newer rows were cut off. The head row's lock orders the
writers; it is the last lock of every transaction, so it can't be part of a deadlock.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AdminActionLog, AuditHead, AuditWords
from app.core.crypto import Keyring, SealBroken
from app.core.ids import new_id
from app.database.session import before_commit, keyring
from app.database.statements import NewRows, insert_if_absent, table, write_together

GENESIS = "0" * 64
_PLAIN, KEYED = 1, 2
"""Versions of rows: the hash is plain SHA-256, or keyed."""
SEALED = "audit.keyed"
"""Action of the row after which no row of version 1 is valid."""
CHANGEOVER = dt.timedelta(hours=1)
"""How long after that row a process of the previous release may still write rows of version 1."""
_CONTEXT = "audit"
_WORDS: Final = "audit words"
_REFERENCE: Final = "words:"
"""Prefix of a `reason` that refers to `AuditWords`."""
_TARGET_TYPES: Final = {"offer": "match", "lead": "match", "report": "match", "dispute": "payment"}
"""Target types by the first part of an action's name; of the others they are equal."""
_ONLY_ROW = 1
_BATCH = 1_000
_FEW: Final = 4
"""As many rows go into one statement with the head; more of them go into one of their own."""
_NEW_ROWS: Final = insert(table(AdminActionLog))
_NEW_WORDS: Final = insert(table(AuditWords))
_MOVE_HEAD: Final = (
    update(table(AuditHead))
    .where(AuditHead.id == _ONLY_ROW)
    .values(number=bindparam("new_number"), hash=bindparam("new_hash"))
)


class _Actor(Protocol):
    """The part of `identity.actor.Actor` that is logged; identity may import the log, not the reverse."""

    @property
    def user_id(self) -> UUID: ...

    @property
    def role(self) -> StrEnum: ...


def record(
    session: AsyncSession,
    action: str,
    target_id: UUID | str,
    actor: _Actor | None,
    now: dt.datetime,
    *,
    reason: str | None = None,
    code: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    target_type: str | None = None,
) -> None:
    """Log that `actor` (None: the system) did `action`; the row is written as this transaction commits.

    `reason` is what a person wrote; it is stored apart and can be erased (`erase_words`). `code` is the
    program's own reason; it is never erased. `before` and `after` hold the JSON values that changed, never
    a phone, e-mail, token or text of a person. `target_type` is given where `action` does not begin with it.
    """
    session.info.setdefault("audit", []).append(
        {
            "id": new_id(),
            "at": now,
            "actor_id": actor.user_id if actor else None,
            "actor_role": actor.role.value if actor else "system",
            "action": action,
            "target_type": target_type or _target_type(action),
            "target_id": str(target_id),
            "reason": code,
            "words": reason,
            "before": dict(before) if before is not None else None,
            "after": dict(after) if after is not None else None,
        }
    )
    before_commit(session, "audit", _write)


async def record_once(
    session: AsyncSession,
    action: str,
    target_id: UUID,
    now: dt.datetime,
    *,
    after: Mapping[str, Any],
) -> bool:
    """Log what the system found, unless the same row exists or waits; return whether it is new."""
    entry = (action, str(target_id), dict(after))
    pending = session.info.get("audit", [])
    if any((row["action"], row["target_id"], row["after"]) == entry for row in pending):
        return False
    query = select(AdminActionLog.after).where(
        AdminActionLog.target_type == _target_type(action),
        AdminActionLog.target_id == str(target_id),
        AdminActionLog.action == action,
    )
    if dict(after) in list(await session.scalars(query)):
        return False
    record(session, action, target_id, None, now, after=after)
    return True


def _target_type(action: str) -> str:
    prefix = action.partition(".")[0]
    return _TARGET_TYPES.get(prefix, prefix)


async def _write(session: AsyncSession) -> None:
    rows: list[dict[str, Any]] = session.info.pop("audit", [])
    keys = keyring(session)
    number, previous = await _lock_head(session)
    words = []
    for row in rows:
        number += 1
        if (text := row.pop("words")) is not None:
            row["reason"] = _words_reference(keys, row["id"], text)
            words.append({"entry_id": row["id"], "words_sealed": keys.seal(text, _WORDS)})
        row |= {"number": number, "previous_hash": previous}
        row |= {"version": KEYED, "key_id": keys.mac_key_id}
        previous = entry_hash(row, keys)
        row["hash"] = previous
    if len(rows) > _FEW:
        await session.execute(_NEW_ROWS, rows[_FEW:])
    if len(words) > _FEW:
        await session.execute(_NEW_WORDS, words[_FEW:])
    await write_together(
        session,
        NewRows(_NEW_ROWS, rows[:_FEW]),
        NewRows(_NEW_WORDS, words[:_FEW]),
        then=_MOVE_HEAD,
        values={"new_number": number, "new_hash": previous},
    )


def _words_reference(keys: Keyring, entry_id: UUID, text: str) -> str:
    """Return the keyed hash that a row's `reason` holds in place of a person's words."""
    return _REFERENCE + keys.index(f"{entry_id}:{text}", _WORDS)


async def reasons_of(
    session: AsyncSession, rows: Collection[AdminActionLog]
) -> dict[UUID, str | None]:
    """Return the reason of each of these rows; None where there is none, or it was erased."""
    keys = keyring(session)
    referring = {row.id for row in rows if (row.reason or "").startswith(_REFERENCE)}
    query = select(AuditWords.entry_id, AuditWords.words_sealed)
    found = await session.execute(query.where(AuditWords.entry_id.in_(referring)))
    words = {entry_id: keys.open(sealed, _WORDS) for entry_id, sealed in found if sealed}
    return {row.id: words.get(row.id) if row.id in referring else row.reason for row in rows}


async def erase_words(
    session: AsyncSession, targets: Collection[str], actor_id: UUID | None = None
) -> None:
    """Erase people's words in rows about these targets or by `actor_id`; the rows and their chain stay."""
    about: ColumnElement[bool] = AdminActionLog.target_id.in_(targets)
    if actor_id is not None:
        about = or_(about, AdminActionLog.actor_id == actor_id)
    await session.execute(
        update(AuditWords)
        .where(AuditWords.entry_id.in_(select(AdminActionLog.id).where(about)))
        .values(words_sealed=b"")
        .execution_options(synchronize_session=False)
    )


_HEAD: Final = (
    select(table(AuditHead).c.number, table(AuditHead).c.hash)
    .where(table(AuditHead).c.id == _ONLY_ROW)
    .with_for_update()
)


async def _lock_head(session: AsyncSession) -> tuple[int, str]:
    row = (await session.execute(_HEAD)).one_or_none()
    if row is None:
        first = {"id": _ONLY_ROW, "number": 0, "hash": GENESIS}
        await insert_if_absent(session, AuditHead, first)
        row = (await session.execute(_HEAD)).one()
    return row.number, row.hash


async def start_keying(session: AsyncSession, *, now: dt.datetime) -> int | None:
    """Start to key a log that has only rows of version 1; return their number, None if it is keyed.

    After `CHANGEOVER` no new row of version 1 is valid.
    """
    number, _ = await _lock_head(session)
    keyed = select(AdminActionLog.number).where(AdminActionLog.version == KEYED).limit(1)
    if number == 0 or await session.scalar(keyed) is not None:
        return None
    record(session, SEALED, "log", None, now, after={"unkeyed_rows": number})
    return number


async def needs_keying(session: AsyncSession) -> bool:
    """Whether the log has rows and none of them is keyed."""
    any_row = select(AdminActionLog.number).limit(1)
    keyed = any_row.where(AdminActionLog.version == KEYED)
    return await session.scalar(any_row) is not None and await session.scalar(keyed) is None


def entry_hash(row: Mapping[str, Any], keys: Keyring) -> str:
    """Return the hash (hex, 256 bits) of a row's content and `previous_hash`; "" if its key is unknown."""
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
    if row["version"] == _PLAIN:
        return hashlib.sha256(_plain(content).encode()).hexdigest()
    key_id = str(row["key_id"])
    return keys.mac(_plain([*content, row["version"], key_id]), _CONTEXT, key_id) or ""


def _plain(content: list[Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical(value: Any) -> Any:
    """Return a JSON value with whole numbers as integers: a database may return -0.0 as 0, or 1e22 as digits."""
    if isinstance(value, dict):
        return {name: _canonical(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _content(row: AdminActionLog) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in AdminActionLog.__table__.columns}


async def verify(session: AsyncSession) -> tuple[int, int | None]:
    """Check the whole chain; return how many rows are good and the first bad row's number, or None."""
    chain, size = _Chain(keyring(session)), _BATCH
    while True:
        number = AdminActionLog.number
        query = select(AdminActionLog).where(number > chain.good).order_by(number).limit(size)
        try:
            rows = [_content(row) for row in await session.scalars(query)]
            words = await _words_between(session, chain.good, size)
            for row in rows:
                if not chain.takes(row) or not chain.proves(row, words.get(row["id"])):
                    return chain.good, chain.good + 1
        except (ValueError, TypeError, AttributeError):
            # A value in these rows is no time, id or JSON any more: read them one by one to find the row.
            if size == 1:
                return chain.good, chain.good + 1
            size = 1
            continue
        if len(rows) < size:
            break
    if chain.good and not chain.keyed:
        # Only a keyed row proves those before it: anybody could have written these.
        return 0, 1
    head = (await session.execute(select(AuditHead.number, AuditHead.hash))).one_or_none()
    expected = (head.number, head.hash) if head else (0, GENESIS)
    return chain.good, None if expected == (chain.good, chain.hash) else chain.good + 1


async def _words_between(session: AsyncSession, after: int, size: int) -> dict[UUID, bytes]:
    query = (
        select(AuditWords.entry_id, AuditWords.words_sealed)
        .join(AdminActionLog, AdminActionLog.id == AuditWords.entry_id)
        .where(AdminActionLog.number > after, AdminActionLog.number <= after + size)
    )
    return {row.entry_id: row.words_sealed for row in await session.execute(query)}


class _Chain:
    """The chain, as far as it was checked."""

    def __init__(self, keys: Keyring) -> None:
        self.good = 0
        self.hash = GENESIS
        self.keyed = False
        self._plain_until: dt.datetime | None = None
        self._keys = keys

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether `row` is the unaltered next one; if so, move on to it."""
        chained = row["number"] == self.good + 1 and row["previous_hash"] == self.hash
        if not chained or not hmac.compare_digest(entry_hash(row, self._keys), row["hash"]):
            return False
        if row["version"] == KEYED:
            if not self.keyed and not self._starts_keying(row):
                return False
            self.keyed = True
        elif self.keyed and not self._is_of_changeover(row):
            return False
        self.hash, self.good = row["hash"], row["number"]
        return True

    def proves(self, row: Mapping[str, Any], sealed: bytes | None) -> bool:
        """Whether the stored words of `row`, unless erased, are the original ones."""
        if not sealed or row["version"] != KEYED:
            return True
        try:
            text = self._keys.open(sealed, _WORDS)
        except SealBroken:
            return False
        expected = _words_reference(self._keys, row["id"], text)
        return hmac.compare_digest(expected, row["reason"] or "")

    def _starts_keying(self, row: Mapping[str, Any]) -> bool:
        """Whether the first keyed row is the log's first, or counts the rows before it."""
        if self.good == 0:
            return True
        self._plain_until = row["at"] + CHANGEOVER
        return bool(row["action"] == SEALED and row["after"] == {"unkeyed_rows": self.good})

    def _is_of_changeover(self, row: Mapping[str, Any]) -> bool:
        return self._plain_until is not None and bool(row["at"] <= self._plain_until)
