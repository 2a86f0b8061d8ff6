"""Tables of identity."""

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base, partial_index
from app.identity.rules import Role, UserStatus

__all__ = [
    "Consent",
    "IdempotencyKey",
    "OneTimeCode",
    "Role",
    "Session",
    "TeamMember",
    "User",
    "UserStatus",
]


class User(Base):
    """One account: how its user signs in and is reached.

    `phone_index` and `email_index` are keyed blind indexes. A phone is unique among workers, who sign in by
    it; an employer's is only for messages. An e-mail address is unique within a role. Names are searched, so
    they are not sealed.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("role", "email"),
        partial_index(
            "uq_users_worker_phone",
            "phone_index",
            unique=True,
            where="role = 'worker' AND phone_index IS NOT NULL",
        ),
        Index("uq_users_role_email_index", "role", "email_index", unique=True),
        Index("ix_users_role_status_id", "role", "status", "id"),
        partial_index(
            "ix_users_unproven",
            "role",
            "status",
            "updated_at",
            where="role = 'worker' AND status = 'pending'",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    admin_role: Mapped[str | None] = mapped_column(String(16))
    """An administrator's `rules.AdminRole`; NULL for other users."""
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
    """Time step of the last authenticator code used; that and older codes are refused."""
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[str | None] = mapped_column(String(64), index=True)
    chat_user_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    """The chat platform's business-scoped id of this person, once known."""
    version: Mapped[int] = mapped_column(default=1)
    """Raised by suspension and password change; access tokens of older versions are refused."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class TeamMember(Base):
    """Somebody who acts for a company, under its own account; the company's id is that of who opened it.

    Who opened a company is its owner, also without a row (companies of before there were teams have one since the
    migration; the version before it makes new ones without). A user is of one company, for good: who left it has
    no other account's address or phone any more.
    """

    __tablename__ = "team_members"
    __table_args__ = (Index("ix_team_members_employer_id", "employer_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str] = mapped_column(String(16))
    """See `rules.TeamRole`."""
    monthly_limit: Mapped[int | None] = mapped_column(BigInteger)
    """What they may spend in a calendar month, in minor units of `limit_currency`; NULL: without a limit."""
    limit_currency: Mapped[str | None] = mapped_column(String(3))
    invited_by: Mapped[UUID | None]
    invited_at: Mapped[dt.datetime]
    joined_at: Mapped[dt.datetime | None]
    """When they first signed in; NULL while the invitation waits."""
    left_at: Mapped[dt.datetime | None]
    """When they were removed, or left."""
    left_name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The name of who was removed, so that the company still reads who did what; NULL for who had it erased."""


class Session(Base):
    """A signed-in device; unused where Redis is configured."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_version: Mapped[int]
    refresh_hash: Mapped[str] = mapped_column(String(64))
    """Hash of the current refresh token."""
    created_at: Mapped[dt.datetime]
    refreshed_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    """Extended by each refresh, up to `ends_at`."""
    ends_at: Mapped[dt.datetime | None]


class OneTimeCode(Base):
    """A code or link that proves a phone or address, or resets a password; only its hash is stored."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        Index("ix_one_time_codes_subject", "subject", "purpose", "created_at"),
        Index("ix_one_time_codes_purpose_created_at", "purpose", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(64))
    """Blind index of the code's phone, or id of the link's user."""
    purpose: Mapped[str] = mapped_column(String(16))
    code_hash: Mapped[str] = mapped_column(String(64))
    asked_from: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of the network address that asked, salted by row."""
    tries: Mapped[int] = mapped_column(default=0)
    """Wrong guesses from that address."""
    strange_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Wrong guesses from all other addresses."""
    used_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class ResetRequest(Base):
    """A requested password reset; whether the account exists is checked later, in the background."""

    __tablename__ = "reset_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]


class SignInTries(Base):
    """Tries at one account's password or second factor, from one address or from all unknown ones."""

    __tablename__ = "sign_in_tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed hash of account and address; it exists whether or not the account does."""
    failures: Mapped[int] = mapped_column(default=0)
    """Failed tries since the last sign-in."""
    waits_until: Mapped[dt.datetime | None]
    """Tries before this are refused."""
    good_at: Mapped[dt.datetime | None]
    """Last sign-in from that address."""
    updated_at: Mapped[dt.datetime] = mapped_column(index=True)


class Consent(Base):
    """A person's consent to one wording, in one language."""

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
    """The first response to a request with an Idempotency-Key, kept for 24 hours."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Keyed hash of method, path and body; another request with the same key is refused."""
    status: Mapped[int | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
