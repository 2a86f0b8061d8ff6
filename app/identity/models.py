"""Tables of identity."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base
from app.identity.rules import Role, UserStatus

__all__ = ["Consent", "IdempotencyKey", "OneTimeCode", "Role", "Session", "User", "UserStatus"]


class User(Base):
    """One account: who signs in, and how they are reached.

    `phone_index` is the keyed blind index of a phone; it is unique among workers, who sign in by
    phone. An employer's phone is only for messages. `email_index` is that of an e-mail address, unique
    within a role. Names stand in clear, because they are searched.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("role", "email"),
        Index(
            "uq_users_worker_phone",
            "phone_index",
            unique=True,
            postgresql_where=text("role = 'worker' AND phone_index IS NOT NULL"),
            sqlite_where=text("role = 'worker' AND phone_index IS NOT NULL"),
        ),
        Index("uq_users_role_email_index", "role", "email_index", unique=True),
        Index("ix_users_role_status_id", "role", "status", "id"),
        Index(
            "ix_users_unproven",
            "role",
            "status",
            "updated_at",
            postgresql_where=text("role = 'worker' AND status = 'pending'"),
            sqlite_where=text("role = 'worker' AND status = 'pending'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    admin_role: Mapped[str | None] = mapped_column(String(16))
    """What an administrator is there for (`rules.AdminRole`); NULL of everybody else."""
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8), default="en")
    email: Mapped[str | None] = mapped_column(String(254))
    """In clear, as versions before 0022 kept it; emptied by `app.privacy.sealing`, and read only until then."""
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_index: Mapped[str | None] = mapped_column(String(64))
    email_verified_at: Mapped[dt.datetime | None]
    """When a link that was sent to the address came back."""
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_pending_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A secret that was shown and not confirmed by a code yet."""
    totp_step: Mapped[int | None]
    """The time step of the last authenticator code used; that code or an older one never again."""
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[str | None] = mapped_column(String(64), index=True)
    chat_user_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    """The platform's business-scoped id of this person, once it is known."""
    version: Mapped[int] = mapped_column(default=1)
    """Raised by suspension and password change; an access token of an older version is dead."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class Session(Base):
    """A signed-in device (where no Redis is configured)."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_version: Mapped[int]
    refresh_hash: Mapped[str] = mapped_column(String(64))
    """Hash of the one refresh token that is good now."""
    created_at: Mapped[dt.datetime]
    refreshed_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    """Unless it is refreshed before; never after `ends_at`."""
    ends_at: Mapped[dt.datetime | None]
    """When it ends however often it is refreshed."""


class OneTimeCode(Base):
    """A code or link sent to prove a phone or an address or to reset a password; only its hash is kept."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        Index("ix_one_time_codes_subject", "subject", "purpose", "created_at"),
        Index("ix_one_time_codes_purpose_created_at", "purpose", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(64))
    """Blind index of the phone the code went to, or the id of the user to whom a link went."""
    purpose: Mapped[str] = mapped_column(String(16))
    code_hash: Mapped[str] = mapped_column(String(64))
    asked_from: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of the network address that asked, of this row only: two rows can't be compared."""
    tries: Mapped[int] = mapped_column(default=0)
    """Wrong guesses from where it was asked for."""
    strange_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Wrong guesses from all other addresses."""
    used_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class ResetRequest(Base):
    """Somebody who forgot a password; whether there is such an account is looked at afterwards."""

    __tablename__ = "reset_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]


class SignInTries(Base):
    """Tries at one account's password or second factor, of one address or of all strange ones."""

    __tablename__ = "sign_in_tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed hash of what is tried and from where; that there is such an account is not told by it."""
    failures: Mapped[int] = mapped_column(default=0)
    """Tries since the last good one."""
    waits_until: Mapped[dt.datetime | None]
    """No try counts before."""
    good_at: Mapped[dt.datetime | None]
    """When somebody last signed in from there."""
    updated_at: Mapped[dt.datetime] = mapped_column(index=True)


class Consent(Base):
    """That a person agreed: to what wording, in which language, when. Never changed, only added."""

    __tablename__ = "consents"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(32))
    wording_version: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(16))
    granted_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]


class IdempotencyKey(Base):
    """The first answer to a request that carried an Idempotency-Key, kept for 24 hours."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Keyed hash of method, path and body: the same key may not mean something else."""
    status: Mapped[int | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
