"""Table of the audit log."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, Index, LargeBinary, SmallInteger, String, event
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, JsonType


class AdminActionLog(Base):
    """One thing that was done, chained to the one before it by a keyed hash.

    `number` counts without gaps; a row removed, altered or put in between breaks the chain. Rows of
    version 1 are from before the hash was keyed; the first of version 2 says how many they are.
    """

    __tablename__ = "admin_action_log"
    __table_args__ = (
        Index("ix_admin_action_log_target", "target_type", "target_id"),
        Index("ix_admin_action_log_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    at: Mapped[dt.datetime]
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    """The user who acted; None is the system itself."""
    actor_role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64), index=True)
    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(500))
    """What the program says, or (`words:…`) the keyed hash of what a person said, kept in `AuditWords`."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """How the hash is made: 1 by SHA-256, 2 by HMAC-SHA256 with the key `key_id`."""
    key_id: Mapped[str | None] = mapped_column(String(8))


class AuditWords(Base):
    """What a person said with one row of the log: apart from it, so that erasing somebody reaches it."""

    __tablename__ = "audit_words"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    """No foreign key: what checks the log for removed rows must not depend on this table."""
    words_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Empty once they are forgotten."""


PROTECTION = {
    "sqlite": (
        """CREATE TRIGGER admin_action_log_no_update BEFORE UPDATE ON admin_action_log
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER admin_action_log_no_delete BEFORE DELETE ON admin_action_log
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION admin_action_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER admin_action_log_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_action_log
        FOR EACH STATEMENT EXECUTE FUNCTION admin_action_log_refuse()""",
    ),
}
"""What makes the database itself refuse a change of the log, by dialect; the migration runs it too."""

for _dialect, _statements in PROTECTION.items():
    for _statement in _statements:
        event.listen(
            AdminActionLog.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


class AuditHead(Base):
    """The end of the chain: one row, updated under its lock, so that two writers can't fork it."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
