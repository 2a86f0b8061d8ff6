"""Tables of invoices."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.database.statements import table
from app.database.types import Base, JsonType


class InvoiceSeries(Base):
    """The numbers of one seller, tax year and kind of document.

    Its row is locked by whoever takes the next number, until that transaction ends: a number that is taken is
    on a document, or nobody has taken it.
    """

    __tablename__ = "invoice_series"

    seller: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The seller's tax number; its name while it has none."""
    year: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)


class Invoice(Base):
    """One document, as it was issued: the database refuses to change or delete it."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("seller", "year", "kind", "sequence"),
        Index("ix_invoices_employer_id_id", "employer_id", "id"),
        Index("ix_invoices_number", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(64), unique=True)
    """What it is issued for: `payment:…`, `order:…`, `refund:…`; one document each."""
    kind: Mapped[str] = mapped_column(String(16))
    seller: Mapped[str] = mapped_column(String(200))
    year: Mapped[str] = mapped_column(String(8))
    sequence: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str] = mapped_column(String(16))
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    """The invoice that a credit or debit note is about."""
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JsonType)
    """All that the document says (`app.invoices.documents`), but for the buyer's address."""
    buyer_address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[dt.datetime]


class InvoiceLine(Base):
    """One payment on a document."""

    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), index=True)
    total: Mapped[int] = mapped_column(BigInteger)


_REFUSAL: Final = "an invoice is never changed"
_TABLES: Final = ("invoices", "invoice_lines")

PROTECTION: Final = {
    "sqlite": tuple(
        f"CREATE TRIGGER {name}_no_{verb} BEFORE {verb.upper()} ON {name}"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for name in _TABLES
        for verb in ("update", "delete")
    ),
    "postgresql": (
        f"""CREATE FUNCTION invoices_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
        *(
            f"""CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}
            FOR EACH STATEMENT EXECUTE FUNCTION invoices_refuse()"""
            for name in _TABLES
        ),
    ),
}
"""Statements by which the database refuses changes, by dialect; the migration runs them too."""

# SQLite makes a trigger only on a table that is there.
table(InvoiceLine).add_is_dependent_on(table(Invoice))
for _dialect, _statements in PROTECTION.items():
    for _statement in _statements:
        event.listen(
            table(InvoiceLine),
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
