"""How a payment moves, and what its parts must agree on. Pure.

    pending ◀─▶ requires_action ─▶ processing ─▶ succeeded ─▶ partially_refunded ─▶ refunded
       └───────────────┴──────────────┴──▶ failed | expired | cancelled

A late success overrides failed, expired and cancelled: the money was taken. A refund that fails goes back to succeeded.

What a lead costs is `lead_price` of `app.policy.policy`, by category and city, fixed when the offer is made
(`app.offers.create`). Who may buy is decided in `purchase` and `unlock_limits`, and which bad leads are paid back in
`lead_guarantee`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from app.core.money import Money
from app.core.transitions import ActionRule, StateTable, Transition


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_REVIEW = "in_review"
    """Something else was paid than was asked: the money waits in suspense."""


class OrderKind(StrEnum):
    """What an order buys."""

    LEADS = "leads"
    TOP_UP = "top_up"
    """Money in advance, for the employer's balance."""


class PayWith(StrEnum):
    """How an order is paid."""

    PAGE = "page"
    """On a page of the payment provider."""
    BALANCE = "balance"
    """With what the employer has paid in advance."""
    FREE = "free"
    """Nothing is to be paid: the first leads of a company can be free (`app.employers.free_leads`)."""

    CARD = "card"
    """With the card that was kept with consent, in one tap; never stored: the order is one of a page, which follows
    where the card can't be charged without it."""


OWNER_CONFIRMS: Final = frozenset({"INR"})
"""Currencies in which the law wants a card's owner to confirm each payment.

The Reserve Bank of India (rules on recurring card payments of 21 August 2019) wants that, and a notice a day before where
they don't: https://docs.stripe.com/india-recurring-payments
"""

type ChosenPayWith = Literal[PayWith.PAGE, PayWith.BALANCE, PayWith.CARD]
"""How an employer may ask to pay."""


class AttemptStatus(StrEnum):
    """Where one attempt to have an order paid stands."""

    OPEN = "open"
    PAID = "paid"
    REFUSED = "refused"
    """The provider would open no page; the next attempt takes another key."""
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Given up by us: its page is closed at the provider."""


class RefundStatus(StrEnum):
    """Where a refund stands.

        proposed ─▶ waiting ─▶ requested ─▶ pending ─▶ succeeded | failed
           └───────────┴─▶ cancelled

    A proposed one waits for a second administrator. A requested one goes back to waiting while a dispute of its
    payment is open: the bank may take the money itself.
    """

    PROPOSED = "proposed"
    REQUESTED = "requested"
    WAITING = "waiting"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RefundTo(StrEnum):
    """Where money that is given back goes."""

    SOURCE = "source"
    """To what it was paid with."""
    BALANCE = "balance"
    """Into the employer's balance, at once."""


class ReportReason(StrEnum):
    """What is wrong with a lead."""

    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    WRONG_PERSON = "wrong_person"
    OTHER = "other"


class ReportStatus(StrEnum):
    """Where a report of a bad lead stands: a `checking` one waits for the worker, an open one for an administrator."""

    CHECKING = "checking"
    OPEN = "open"
    REFUNDED = "refunded"
    DECLINED = "declined"


class DisputeStatus(StrEnum):
    """Where a dispute stands: an inquiry may become one, and a bank may decide it anew."""

    INQUIRY = "inquiry"
    """A question of the bank's, which has no effect."""
    OPENED = "opened"
    WON = "won"
    LOST = "lost"


DECIDED: Final = frozenset({DisputeStatus.WON, DisputeStatus.LOST})
"""The bank has said whose the money is."""


class PaymentAction(StrEnum):
    """What can happen to a payment."""

    REQUIRE_ACTION = "require_action"
    TRY_AGAIN = "try_again"
    """What the bank wanted was not done; the page takes another try."""
    PROCESS = "process"
    SUCCEED = "succeed"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"
    CLOSE = "close"
    """Its page is closed, unless money is on its way already."""


OPEN: Final = frozenset(
    {PaymentStatus.PENDING, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING}
)
"""Still undecided."""

CAPTURED: Final = frozenset(
    {PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}
)
"""The money was taken, whether or not some of it went back."""

MISMATCH: Final = "mismatch"
"""Failure code of a payment whose terms at the provider differ from ours, and of the money that was taken for it."""

REFUNDABLE: Final = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED})

_UNPAID = frozenset(PaymentStatus) - CAPTURED - {PaymentStatus.IN_REVIEW}

PAYABLE: Final = frozenset({PaymentStatus.PENDING, PaymentStatus.REQUIRES_ACTION})
"""Its page can still be paid; later the money is on its way, and there is nothing to pay."""


def _rule(
    sources: frozenset[PaymentStatus], target: PaymentStatus
) -> ActionRule[PaymentStatus, None]:
    return ActionRule((Transition(sources, target),))


TABLE: Final = StateTable[PaymentAction, PaymentStatus, None](
    {
        PaymentAction.REQUIRE_ACTION: _rule(
            frozenset({PaymentStatus.PENDING}), PaymentStatus.REQUIRES_ACTION
        ),
        PaymentAction.TRY_AGAIN: _rule(
            frozenset({PaymentStatus.REQUIRES_ACTION}), PaymentStatus.PENDING
        ),
        PaymentAction.PROCESS: _rule(PAYABLE, PaymentStatus.PROCESSING),
        PaymentAction.SUCCEED: _rule(_UNPAID, PaymentStatus.SUCCEEDED),
        PaymentAction.FAIL: _rule(OPEN, PaymentStatus.FAILED),
        PaymentAction.EXPIRE: _rule(PAYABLE, PaymentStatus.EXPIRED),
        PaymentAction.CANCEL: _rule(OPEN, PaymentStatus.CANCELLED),
        PaymentAction.CLOSE: _rule(PAYABLE, PaymentStatus.CANCELLED),
    }
)
"""The provider says what happened; a transition that the status does not allow changes nothing."""


ATTEMPT_AFTER: Final[Mapping[PaymentStatus, AttemptStatus]] = {
    PaymentStatus.SUCCEEDED: AttemptStatus.PAID,
    PaymentStatus.FAILED: AttemptStatus.FAILED,
    PaymentStatus.EXPIRED: AttemptStatus.EXPIRED,
    PaymentStatus.CANCELLED: AttemptStatus.CANCELLED,
}
"""What becomes of an order's open attempt when the order moves there."""

MOST_LEADS: Final = 20
"""Leads in one order."""


def shares(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide `amount` in proportion to `parts`, all in minor units; what does not divide goes to the last."""
    whole = sum(parts)
    divided = [amount * part // whole for part in parts]
    divided[-1] += amount - sum(divided)
    return divided


ON_THE_WAY: Final = frozenset(
    {
        RefundStatus.PROPOSED,
        RefundStatus.REQUESTED,
        RefundStatus.WAITING,
        RefundStatus.PENDING,
        RefundStatus.SUCCEEDED,
    }
)
"""Refunds whose money went back, or will."""

DECLINED: Final = "declined"
"""Failure code of a refund that a second administrator declined."""

TAKEN_BY_BANK: Final = "taken_by_bank"
"""Failure code of a refund that nobody had approved yet when a bank took the money."""

NOT_REVIVED: Final = frozenset({DECLINED, TAKEN_BY_BANK})
"""Failure codes of refunds that no second administrator approved: no end of a dispute sends them."""

TO_SEND: Final = frozenset({RefundStatus.REQUESTED, RefundStatus.WAITING})
"""Refunds that the provider has not taken yet."""


def after_refunds(amount: int, refunded: int) -> PaymentStatus:
    """Return the status of a captured payment of `amount` of which `refunded` went back."""
    if refunded <= 0:
        return PaymentStatus.SUCCEEDED
    return PaymentStatus.REFUNDED if refunded >= amount else PaymentStatus.PARTIALLY_REFUNDED


@dataclass(frozen=True)
class PaymentTerms:
    """The terms of a payment, as our row or the provider has them."""

    payment_id: str | None
    price: Money
    livemode: bool


def mismatches(ours: PaymentTerms, theirs: PaymentTerms) -> list[str]:
    """Return which terms of the provider differ from ours; anything but [] unlocks nothing."""
    found = []
    if theirs.payment_id != ours.payment_id:
        found.append("metadata")
    if theirs.price.currency != ours.price.currency:
        found.append("currency")
    elif theirs.price.amount != ours.price.amount:
        found.append("amount")
    if theirs.livemode != ours.livemode:
        found.append("livemode")
    return found


class AccountType(StrEnum):
    """The accounts of the ledger; there is one of each currency, and of each provider or owner where it has any."""

    PROVIDER_CASH = "provider_cash"
    """What a provider holds for us."""
    PROVIDER_FEES = "provider_fees"
    """What a provider kept for its work."""
    LEAD_REVENUE = "lead_revenue"
    TAX_PAYABLE = "tax_payable"
    EMPLOYER_BALANCE = "employer_balance"
    """What we owe an employer: money paid in advance."""
    BALANCE_BONUSES = "balance_bonuses"
    """What was credited to balances beyond what was paid."""
    PAY_BACKS = "pay_backs"
    """Money of balances on its way back to what it was paid with."""
    DISPUTED_FUNDS = "disputed_funds"
    """What a provider has taken for a bank until that decides."""
    DISPUTE_LOSSES = "dispute_losses"
    SUSPENSE = "suspense"
    """Money that was taken and belongs to nothing we know."""


OF_A_PROVIDER: Final = frozenset(
    {
        AccountType.PROVIDER_CASH,
        AccountType.PROVIDER_FEES,
        AccountType.DISPUTED_FUNDS,
        AccountType.SUSPENSE,
    }
)
"""The types of which each provider has an account of its own."""


@dataclass(frozen=True)
class Posting:
    """One side of a booking in minor units; a positive amount debits the account."""

    account: AccountType
    amount: int
    owner_id: UUID | None = None
    """The employer whose balance it is; None for every other type."""


CASH: Final = AccountType.PROVIDER_CASH
REVENUE: Final = AccountType.LEAD_REVENUE
TAX: Final = AccountType.TAX_PAYABLE
DISPUTED: Final = AccountType.DISPUTE_LOSSES
HELD: Final = AccountType.DISPUTED_FUNDS
SUSPENSE: Final = AccountType.SUSPENSE


def capture(amount: int, tax: int = 0) -> Sequence[Posting]:
    """Book a lead that was paid; `tax` of the amount is the tax office's."""
    return (Posting(CASH, amount), Posting(REVENUE, tax - amount), Posting(TAX, -tax))


def refund(amount: int, source: AccountType = REVENUE, *, tax: int = 0) -> Sequence[Posting]:
    """Book money given back, out of revenue or of suspense, and the tax in it."""
    return (Posting(source, amount - tax), Posting(TAX, tax), Posting(CASH, -amount))


def set_aside(amount: int) -> Sequence[Posting]:
    """Book money that does not fit what was asked for."""
    return (Posting(CASH, amount), Posting(SUSPENSE, -amount))


def settle_suspense(amount: int, tax: int = 0) -> Sequence[Posting]:
    """Book money out of suspense as the price of its lead; `tax` of it is the tax office's."""
    return (Posting(SUSPENSE, amount), Posting(REVENUE, tax - amount), Posting(TAX, -tax))


def top_up(amount: int, credited: int, employer_id: UUID) -> Sequence[Posting]:
    """Book money paid in advance, and what is credited beyond it."""
    return (
        Posting(CASH, amount),
        Posting(AccountType.BALANCE_BONUSES, credited - amount),
        Posting(AccountType.EMPLOYER_BALANCE, -credited, employer_id),
    )


def top_up_returned(amount: int, taken: int, employer_id: UUID) -> Sequence[Posting]:
    """Book money of a top-up that went back, `taken` out of the balance.

    What was taken beyond it is the bonus that came with it; what could not be taken is a loss.
    """
    return (
        Posting(AccountType.EMPLOYER_BALANCE, taken, employer_id),
        Posting(AccountType.BALANCE_BONUSES, min(amount - taken, 0)),
        Posting(DISPUTED, max(amount - taken, 0)),
        Posting(CASH, -amount),
    )


def pay_back(amount: int, taken: int, employer_id: UUID) -> Sequence[Posting]:
    """Book money that leaves a balance for its source, and the bonus that it loses with it."""
    return (
        Posting(AccountType.EMPLOYER_BALANCE, taken, employer_id),
        Posting(AccountType.BALANCE_BONUSES, amount - taken),
        Posting(AccountType.PAY_BACKS, -amount),
    )


def paid_back(amount: int) -> Sequence[Posting]:
    """Book that the provider has sent money of a balance back."""
    return (Posting(AccountType.PAY_BACKS, amount), Posting(CASH, -amount))


def by_balance(postings: Sequence[Posting], employer_id: UUID) -> Sequence[Posting]:
    """Book a capture or a refund against the employer's balance in place of the provider's cash."""
    return tuple(
        replace(posting, account=AccountType.EMPLOYER_BALANCE, owner_id=employer_id)
        if posting.account is CASH
        else posting
        for posting in postings
    )


def reversal(postings: Sequence[Posting]) -> Sequence[Posting]:
    """Book the opposite, when something booked turned out not to have happened."""
    return tuple(replace(posting, amount=-posting.amount) for posting in postings)


def dispute_withdrawn(amount: int) -> Sequence[Posting]:
    """Book money that a provider took for a bank; a negative amount was given back."""
    return (Posting(HELD, amount), Posting(CASH, -amount))


def fee(amount: int) -> Sequence[Posting]:
    """Book what a provider kept for its work."""
    return (Posting(AccountType.PROVIDER_FEES, amount), Posting(CASH, -amount))


def dispute_lost(amount: int) -> Sequence[Posting]:
    """Book money that a bank keeps, out of what was taken for it."""
    return (Posting(DISPUTED, amount), Posting(HELD, -amount))


def out_of_balance(amount: int, employer_id: UUID) -> Sequence[Posting]:
    """Book that a balance pays for what a bank keeps: it had been given back into it before."""
    return (
        Posting(AccountType.EMPLOYER_BALANCE, amount, employer_id),
        Posting(DISPUTED, -amount),
    )


def out_of_held(postings: Sequence[Posting]) -> Sequence[Posting]:
    """Book money that goes back out of what was taken for a bank, and not out of the provider's cash."""
    return tuple(
        replace(posting, account=HELD) if posting.account is CASH else posting
        for posting in postings
    )
