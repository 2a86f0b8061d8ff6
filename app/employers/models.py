"""Tables of employers. An employer's id is their user's id."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.types import Base


class Employer(Base):
    """A company that posts jobs; contact name, e-mail (NULL: none), phone and status are the user's."""

    __tablename__ = "employers"
    __table_args__ = (Index("uq_employers_opened_by_phone", "opened_by_phone_index", unique=True),)

    id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    company_name: Mapped[str] = mapped_column(String(120), index=True)
    address: Mapped[str | None] = mapped_column(String(200))
    """Not sealed, from before 0022; `app.privacy.sealing` empties it."""
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    city: Mapped[str | None] = mapped_column(String(120), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    tax_id: Mapped[str | None] = mapped_column(String(64))
    verified_at: Mapped[dt.datetime | None]
    """When an administrator checked this company."""
    proven_phone_index: Mapped[str | None] = mapped_column(String(64))
    """Blind index of the phone that was proven; it may act in the chat while the account names it."""
    opened_by_phone_index: Mapped[str | None] = mapped_column(String(64))
    """Blind index of the phone that opened this account by writing a job; a phone opens one at most.

    NULL for accounts that were registered with an e-mail address, and once the phone is somebody else's.
    """
    provider_customer_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The payment provider's customer for this employer."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class SharedIdentifier(Base):
    """An identifier of an employer that another account may share, as a keyed hash."""

    __tablename__ = "account_marks"
    __table_args__ = (Index("ix_account_marks_mark", "kind", "mark"),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """phone, mailbox, company, address or tax_id."""
    mark: Mapped[str] = mapped_column(String(64))


class FreeLead(Base):
    """A lead that a company had for nothing, under one of the identifiers that have it once.

    It stays when the account is erased, so that the same person does not begin again.
    """

    __tablename__ = "free_leads"
    __table_args__ = (
        UniqueConstraint("payment_id", "kind"),
        Index("ix_free_leads_mark", "kind", "mark"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    """account, phone, mailbox or tax_id."""
    mark: Mapped[str] = mapped_column(String(64))
    """The keyed hash of the identifier; of an account, its id."""
    payment_id: Mapped[UUID]
    """The payment of nothing that it unlocked."""
    used_at: Mapped[dt.datetime]
    returned_at: Mapped[dt.datetime | None]
    """When the lead proved bad, so that the company may have another."""


class BlockByEmployer(Base):
    """An employer's block of a worker."""

    __tablename__ = "employer_blocks"

    employer_id: Mapped[UUID] = mapped_column(
        ForeignKey("employers.id", ondelete="CASCADE"), primary_key=True
    )
    worker_id: Mapped[UUID] = mapped_column(
        ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    match_id: Mapped[UUID]
    """The match by which the employer knows the worker, whose id is not shown."""
    created_at: Mapped[dt.datetime]
