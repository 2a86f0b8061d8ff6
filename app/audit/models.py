"""Tables of the audit log."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, Index, LargeBinary, SmallInteger, String, event
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, JsonType


class AdminActionLog(Base):
    """One action, chained to the previous row by a keyed hash; `number` has no gaps."""

    __tablename__ = "admin_action_log"
    __table_args__ = (
        Index("ix_admin_action_log_target", "target_type", "target_id"),
        Index("ix_admin_action_log_at", "at"),
        Index("ix_admin_action_log_actor_number", "actor_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    at: Mapped[dt.datetime]
    actor_id: Mapped[UUID | None]
    """The user who acted; None is the system."""
    actor_role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64), index=True)
    target_type: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(500))
    """The program's reason, or (`words:…`) the keyed hash of a person's words in `AuditWords`."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """1: SHA-256. 2: HMAC-SHA256 with the key `key_id`."""
    key_id: Mapped[str | None] = mapped_column(String(8))


class AuditWords(Base):
    """A person's words about one row of the log, stored apart so that they can be erased."""

    __tablename__ = "audit_words"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    """No foreign key: checking the log for removed rows must not depend on this table."""
    words_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Empty once erased."""


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
"""Statements by which the database refuses changes of the log, by dialect; the migration runs them too."""

for _dialect, _statements in PROTECTION.items():
    for _statement in _statements:
        event.listen(
            AdminActionLog.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


class AuditHead(Base):
    """The end of the chain: one row, updated under its lock, so that two writers can't fork the chain."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
