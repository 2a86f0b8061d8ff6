"""Tables of payments."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import new_id
from app.core.money import Money
from app.database.statements import table
from app.database.types import Base, JsonType, partial_index
from app.payments.ledger_protection import PROTECTION

_OPEN = "status IN ('pending', 'requires_action', 'processing')"


class Order(Base):
    """What an employer buys at once: 1 to 20 leads, one payment each.

    Its total is the sum of its payments. It moves with them, by the same table, and never goes back from `succeeded`:
    refunds are the payments'. An order of one lead has its payment's id.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_employer_id_id", "employer_id", "id"),
        partial_index(
            "ix_orders_bought_by_created_at",
            "bought_by",
            "created_at",
            where="bought_by IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.OrderKind`."""
    status: Mapped[str] = mapped_column(String(24))
    """See `app.payments.rules.PaymentStatus`."""
    coupon: Mapped[str | None] = mapped_column(String(20), index=True)
    """Code of the coupon by which it costs less (`app.payments.coupons`)."""
    quote: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    """Net and taxes of all its payments together; None: from before there were quotes, no tax."""
    total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    pay_with: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.PayWith`."""
    credits: Mapped[int | None] = mapped_column(BigInteger)
    """What a top-up adds to the balance, in minor units; None for an order of leads."""
    bought_by: Mapped[UUID | None]
    """The member of the company's team who began it; None for those of before there were teams."""
    created_at: Mapped[dt.datetime]
    paid_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]

    @property
    def price(self) -> Money:
        """What all of it costs, taxes included."""
        return Money(self.total, self.currency)


class PaymentAttempt(Base):
    """One try at having an order paid on a provider's page, and what came of it; at most one open one an order.

    The request is kept as it was first made: whoever repeats it, in whatever process, repeats exactly that under
    the same key.
    """

    __tablename__ = "payment_attempts"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        partial_index("uq_payment_attempts_open", "order_id", unique=True, where="status = 'open'"),
        partial_index("ix_payment_attempts_check_at", "check_at", where="check_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    number: Mapped[int]
    """1 for the order's first."""
    provider: Mapped[str] = mapped_column(String(32))
    idempotency_key: Mapped[str] = mapped_column(String(160), unique=True)
    request: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    """What the provider is asked (`CheckoutRequest`); None until it is first asked."""
    status: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.AttemptStatus`."""
    session_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    """The provider's page."""
    checkout_url: Mapped[str | None] = mapped_column(String(2_000))
    expires_at: Mapped[dt.datetime | None]
    """Until when the page takes the payment; None where there never was one."""
    check_at: Mapped[dt.datetime | None]
    """When the provider is asked, should no event have come; for an attempt that was given up, when its page is
    closed there. None: nothing to ask any more."""
    failure_code: Mapped[str | None] = mapped_column(String(64))
    livemode: Mapped[bool | None]
    intent_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    """The provider's payment, which refunds and disputes name; None until it was paid."""
    gross: Mapped[int | None] = mapped_column(BigInteger)
    """What was taken, in minor units of the order's currency."""
    captured_at: Mapped[dt.datetime | None]
    """By the provider's clock; by ours where it says nothing."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class KeptCard(Base):
    """What is known of a company's card at the payment provider, so that the chat can offer it without asking there."""

    __tablename__ = "kept_cards"
    __table_args__ = (
        partial_index("ix_kept_cards_look_at", "look_at", where="look_at IS NOT NULL"),
    )

    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"), primary_key=True)
    brand: Mapped[str | None] = mapped_column(String(32))
    """None where no card is kept, or not known yet."""
    last4: Mapped[str | None] = mapped_column(String(8))
    look_at: Mapped[dt.datetime | None]
    """When the provider is asked whether a card is kept; None: nothing has happened since it was."""
    updated_at: Mapped[dt.datetime]


class CardTap(Base):
    """A tap in the chat that has an order charged to the kept card; the loop `card_taps` does it."""

    __tablename__ = "card_taps"
    __table_args__ = (partial_index("ix_card_taps_due_at", "due_at", where="due_at IS NOT NULL"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    due_at: Mapped[dt.datetime | None]
    """When the card is charged, or asked about again; None once the person knows what came of it."""
    tapped_at: Mapped[dt.datetime]


class Payment(Base):
    """One purchase of one lead; at most one open one for an employer and a match.

    Once one succeeded, the `unlocks` row keeps another from being begun. The page it is paid on is its order's
    (`PaymentAttempt`); `attempt`, `session_id`, `intent_id` and `check_at` are of before there were orders. They are
    still written for an order of one lead.
    """

    __tablename__ = "payments"
    __table_args__ = (
        partial_index("uq_payments_open", "employer_id", "match_id", unique=True, where=_OPEN),
        Index("ix_payments_employer_id_id", "employer_id", "id"),
        partial_index("ix_payments_check_at", "check_at", where="check_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), index=True)
    """None only for what the version before orders has made since; `app.payments.orders.adopt` gives it one."""
    captured_by: Mapped[UUID | None] = mapped_column(ForeignKey("payment_attempts.id"), index=True)
    """The attempt that paid it."""
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    match_id: Mapped[UUID] = mapped_column(ForeignKey("job_matches.id"), index=True)
    status: Mapped[str] = mapped_column(String(24))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    refunded_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    quote: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    """Net and taxes, fixed when the purchase began (`app.payments.quotes`).

    None: from before there were quotes, no tax.
    """
    attempt: Mapped[int] = mapped_column(default=1)
    session_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    """The provider's checkout session."""
    intent_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    """The provider's payment intent."""
    checkout_url: Mapped[str | None] = mapped_column(String(2_000))
    livemode: Mapped[bool | None]
    failure_code: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[dt.datetime | None]
    check_at: Mapped[dt.datetime | None]
    """When the provider is asked, should no event have come; for a cancelled payment, when its page
    is closed there. None: nothing to ask any more."""
    created_at: Mapped[dt.datetime]
    paid_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]

    @property
    def price(self) -> Money:
        """What the lead costs, taxes included."""
        return Money(self.amount, self.currency)

    @property
    def refunded(self) -> Money:
        """What was given back so far."""
        return Money(self.refunded_amount, self.currency)


class Unlock(Base):
    """An employer bought a worker's contact, for good: the only thing that reveals it.

    It stays when the worker erases the account, and then reveals nothing any more.
    """

    __tablename__ = "unlocks"
    __table_args__ = (
        UniqueConstraint("employer_id", "match_id"),
        Index("ix_unlocks_worker_id", "worker_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"))
    match_id: Mapped[UUID] = mapped_column(ForeignKey("job_matches.id"), unique=True)
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("workers.id"))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    unlocked_at: Mapped[dt.datetime]


class Refund(Base):
    """Money given back."""

    __tablename__ = "refunds"
    __table_args__ = (
        partial_index("ix_refunds_check_at", "check_at", where="check_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), index=True)
    """The payment that it gives back; None for one of a top-up."""
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), index=True)
    """The top-up that it gives back; None for one of a payment."""
    provider_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.RefundStatus`."""
    refund_to: Mapped[str] = mapped_column(String(8), default="source", server_default="source")
    """See `app.payments.rules.RefundTo`; what was paid out of the balance goes back to it either way."""
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(500))
    requested_by: Mapped[UUID | None]
    """The administrator; None when a rule decided."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    check_at: Mapped[dt.datetime | None]
    """When the provider, who has taken it, is asked should no event have come. None: nothing to ask."""
    failure_code: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]

    @property
    def money(self) -> Money:
        """What is given back."""
        return Money(self.amount, self.currency)

    @property
    def of_payment(self) -> UUID:
        """The payment that it gives back. Raises `LookupError` for a refund of a top-up."""
        if self.payment_id is None:
            raise LookupError(self.id)
        return self.payment_id


class Dispute(Base):
    """A chargeback; while it is open, the employer can buy nothing."""

    __tablename__ = "disputes"
    __table_args__ = (
        partial_index("ix_disputes_check_at", "check_at", where="check_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    provider_id: Mapped[str] = mapped_column(String(160), unique=True)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), index=True)
    """A payment of the disputed charge; the dispute is for all of them, the order's. None where a top-up is disputed."""
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), index=True)
    """The disputed top-up; None where leads are."""
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.DisputeStatus`."""
    changed_at: Mapped[dt.datetime | None]
    """When it came to this status by the provider's clock; None where the provider did not say."""
    check_at: Mapped[dt.datetime | None]
    """When the provider is asked, should no event have come. None: it is decided."""
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]

    @property
    def money(self) -> Money:
        """What the bank asks back."""
        return Money(self.amount, self.currency)


class EarlyEvent(Base):
    """What a provider told of a refund or dispute before we knew the payment; applied when that is captured."""

    __tablename__ = "early_events"
    __table_args__ = (
        UniqueConstraint("intent_id", "object_id", "status"),
        partial_index("ix_early_events_waiting", "received_at", where="applied_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    intent_id: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(16))
    """refund or dispute."""
    object_id: Mapped[str] = mapped_column(String(160))
    """The provider's id of the refund or dispute."""
    status: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]] = mapped_column(JsonType)
    """The provider's word in our own words (`app.payments.early_events`)."""
    received_at: Mapped[dt.datetime]
    reported_at: Mapped[dt.datetime | None]
    """Since when it is an open item, because no payment came."""
    applied_at: Mapped[dt.datetime | None]


class LeadReport(Base):
    """An employer's report of a bad lead."""

    __tablename__ = "lead_reports"
    __table_args__ = (
        UniqueConstraint("match_id"),
        partial_index("ix_lead_reports_decides_by", "decides_by", where="decides_by IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    match_id: Mapped[UUID] = mapped_column(ForeignKey("job_matches.id"))
    employer_id: Mapped[UUID] = mapped_column(ForeignKey("employers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), default="other", server_default="other")
    """See `app.payments.rules.ReportReason`."""
    reason: Mapped[str] = mapped_column(String(500))
    """What the employer writes of it; may be empty."""
    status: Mapped[str] = mapped_column(String(16))
    """See `app.payments.rules.ReportStatus`."""
    refund_to: Mapped[str] = mapped_column(String(8), default="source", server_default="source")
    """Where the employer wants the money; see `app.payments.rules.RefundTo`."""
    decides_by: Mapped[dt.datetime | None]
    """Until when the worker is waited for."""
    decided_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]


class OpenItem(Base):
    """Something about money that a person has to decide or look at."""

    __tablename__ = "open_items"
    __table_args__ = (
        partial_index("ix_open_items_open", "kind", "opened_at", where="closed_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    """See `app.payments.open_items.ItemKind`."""
    key: Mapped[str] = mapped_column(String(200), unique=True)
    """What it is about, such as `suspense:{payment}`: there is one item of each."""
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), index=True)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    details: Mapped[dict[str, Any]] = mapped_column(JsonType)
    """What there is to know, by name; nothing about a person."""
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[UUID | None]
    """The administrator; None while it is open, and where it closed by itself."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(500))
    """Why it was closed, in words."""

    @property
    def money(self) -> Money | None:
        """The money it is about, if it is about any."""
        if self.amount is None or self.currency is None:
            return None
        return Money(self.amount, self.currency)


class LedgerAccount(Base):
    """An account of the ledger. Its id follows from the rest (`ledger.account_id`), so there is one of each.

    Its balance is the sum of its entries, never a column; who takes from an employer's balance locks this row.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("id", "currency"),
        Index("ix_ledger_accounts_owner_id", "owner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(3))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("employers.id"))
    """The employer whose balance it is."""
    provider: Mapped[str | None] = mapped_column(String(32))
    """The payment provider that holds, kept or took the money."""


class LedgerTransaction(Base):
    """One event that moved money; its entries sum to zero in each currency. Only added, never changed."""

    __tablename__ = "ledger_transactions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    """What happened, such as `capture`."""
    event_key: Mapped[str] = mapped_column(String(160), unique=True)
    """What was booked, such as `capture:{payment}`: booking it twice is impossible."""
    occurred_at: Mapped[dt.datetime] = mapped_column(index=True)
    """When it happened by the provider's clock; by ours where the provider says nothing."""
    booked_at: Mapped[dt.datetime]
    provider: Mapped[str | None] = mapped_column(String(32))
    """None where no provider took part."""
    provider_ref: Mapped[str | None] = mapped_column(String(160), index=True)
    """The provider's id of what moved: a charge, a refund, a dispute."""
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), index=True)
    imbalance: Mapped[UUID | None] = mapped_column(
        ForeignKey("ledger_transactions.id", deferrable=True, initially="DEFERRED")
    )
    """Written by SQLite's trigger only: refers to no row while the entries do not sum to zero."""


class LedgerEntry(Base):
    """One side of a ledger transaction. Only added, never changed.

    `event_key`, `account`, `payment_id` and `at` are of before; the transaction and the account say it now.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index("ix_ledger_entries_account_id", "account_id"),
        UniqueConstraint("event_key", "account"),
        ForeignKeyConstraint(
            ["account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    transaction_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[UUID | None]
    amount: Mapped[int] = mapped_column(BigInteger)
    """Minor units; positive debits the account."""
    currency: Mapped[str] = mapped_column(String(3))
    event_key: Mapped[str | None] = mapped_column(String(160))
    account: Mapped[str | None] = mapped_column(String(64))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), index=True)
    at: Mapped[dt.datetime | None]


# SQLite makes a trigger only on a table that is there.
table(LedgerEntry).add_is_dependent_on(table(LedgerTransaction))
for _dialect, _statements in PROTECTION.items():
    for _statement in _statements:
        event.listen(
            table(LedgerEntry),
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
