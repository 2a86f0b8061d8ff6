"""What must hold of money: one charge a lead, each unlocked or given back, and the books balance."""

from typing import Final

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.core.invariants import Invariant, always
from app.invoices.models import Invoice, InvoiceLine
from app.invoices.numbering import InvoiceKind
from app.payments.models import (
    Dispute,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    OpenItem,
    Order,
    Payment,
    PaymentAttempt,
    Refund,
    Unlock,
)
from app.payments.rules import (
    CAPTURED,
    OPEN,
    REFUNDABLE,
    AttemptStatus,
    DisputeStatus,
    OrderKind,
    PaymentStatus,
    PayWith,
)

_another: Final = aliased(Payment)
_GOES_BACK: Final = or_(
    exists().where(Refund.payment_id == Payment.id),
    exists().where(Dispute.payment_id == Payment.id, Dispute.status == DisputeStatus.LOST.value),
)
"""Given back by us, or taken back by a bank."""
_BOUGHT_TWICE: Final = exists().where(
    _another.match_id == Payment.match_id,
    _another.id != Payment.id,
    _another.status.in_(REFUNDABLE),
    ~exists().where(Refund.payment_id == _another.id),
)
_SUMS: Final = (
    select(LedgerEntry.transaction_id, func.sum(LedgerEntry.amount).label("total"))
    .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
    .subquery()
)

_INVOICED: Final = (
    select(
        func.coalesce(
            func.sum(
                case(
                    (Invoice.kind == InvoiceKind.CREDIT_NOTE, -InvoiceLine.total),
                    else_=InvoiceLine.total,
                )
            ),
            0,
        )
    )
    .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    .where(InvoiceLine.payment_id == Payment.id)
    .correlate(Payment)
    .scalar_subquery()
)
"""What a payment's documents come to."""

_BALANCES: Final = (
    select(LedgerEntry.account_id, func.sum(LedgerEntry.amount).label("total"))
    .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
    .where(LedgerAccount.type == "employer_balance")
    .group_by(LedgerEntry.account_id)
    .subquery()
)
_SUM_OF_LEADS: Final = (
    select(func.coalesce(func.sum(Payment.amount), 0))
    .where(Payment.order_id == Order.id)
    .scalar_subquery()
)
_ANOTHER_STATUS: Final = exists().where(
    Payment.order_id == Order.id,
    or_(Payment.status.in_(OPEN), Order.status.in_(OPEN)),
    Payment.status != Order.status,
)

INVARIANTS: Final = (
    always(
        "an order's total is the sum of its leads",
        Order,
        Order.total != _SUM_OF_LEADS,
        Order.kind == OrderKind.LEADS.value,
    ),
    Invariant(
        "no balance is below zero",
        select(func.count()).select_from(_BALANCES),
        select(func.count()).select_from(_BALANCES).where(_BALANCES.c.total > 0),
    ),
    always("an open order and its payments stand alike", Order, _ANOTHER_STATUS),
    always(
        "an open order has an attempt that may still be paid",
        Order,
        ~exists().where(
            PaymentAttempt.order_id == Order.id, PaymentAttempt.status == AttemptStatus.OPEN.value
        ),
        Order.status.in_(OPEN),
    ),
    always(
        "a captured payment names the attempt that paid it",
        Payment,
        Payment.captured_by.is_(None),
        Payment.status.in_(CAPTURED),
        exists().where(Order.id == Payment.order_id, Order.pay_with == PayWith.PAGE.value),
    ),
    always(
        "the invoice of a quoted payment, less its credit notes, is what was kept of it",
        Payment,
        Payment.amount - Payment.refunded_amount != _INVOICED,
        Payment.status.in_(CAPTURED),
        Payment.quote.is_not(None),
    ),
    always(
        "no lead is charged twice, unless the money goes back",
        Payment,
        _BOUGHT_TWICE,
        Payment.status.in_(REFUNDABLE),
        ~_GOES_BACK,
    ),
    always(
        "a payment that was captured unlocked its lead, or goes back",
        Payment,
        ~exists().where(Unlock.payment_id == Payment.id),
        Payment.status.in_(REFUNDABLE),
        ~_GOES_BACK,
    ),
    always(
        "a contact is revealed only for a captured payment",
        Unlock,
        ~exists().where(Payment.id == Unlock.payment_id, Payment.status.in_(CAPTURED)),
    ),
    always(
        "a captured payment is in the ledger",
        Payment,
        ~exists().where(
            LedgerTransaction.payment_id == Payment.id, LedgerTransaction.kind == "capture"
        ),
        Payment.status.in_(CAPTURED),
    ),
    always(
        "every entry of the ledger belongs to a transaction and an account",
        LedgerEntry,
        ~exists().where(LedgerTransaction.id == LedgerEntry.transaction_id)
        | ~exists().where(LedgerAccount.id == LedgerEntry.account_id),
    ),
    always(
        "money in review has an open item",
        Payment,
        ~exists().where(OpenItem.payment_id == Payment.id, OpenItem.kind == "suspense")
        & ~_GOES_BACK,
        Payment.status == PaymentStatus.IN_REVIEW,
    ),
    Invariant(
        "the two sides of every booking are equal",
        select(func.count()).select_from(_SUMS),
        select(func.count()).select_from(_SUMS).where(_SUMS.c.total != 0),
    ),
)
