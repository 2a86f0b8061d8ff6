"""What payments need of a payment provider, in our own words; `app.providers` speaks its wire format."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol
from uuid import UUID

from app.core.errors import Conflict, Unavailable
from app.core.money import Money
from app.payments.rules import DisputeStatus

if TYPE_CHECKING:
    from app.payments.provider_currencies import ProviderCurrencies

PROVIDER: Final = "stripe"
"""The one provider whose events are handled and booked (`PaymentEvents.name`)."""


class PaymentsNotConfigured(Unavailable):
    """No payment provider is configured, so no lead can be sold."""

    code = "payments_not_configured"
    detail = "Payments are not set up on this server; nothing was charged."
    remedy = "Set the secrets of the payment provider; .env.example names them."


class PaymentsUnavailable(Unavailable):
    """The provider did not answer; whether it acted is unknown, so the same key is tried again."""

    code = "payments_unavailable"
    detail = (
        "The payment provider does not answer right now; nothing was charged. Try again shortly."
    )


class CardOutcomeUnknown(PaymentsUnavailable):
    """Whether the card was charged is not known yet."""

    code = "card_outcome_unknown"
    detail = (
        "The payment provider does not answer. Whether your card was charged is being found out; "
        "the contact comes by itself if it was, and nothing is charged twice."
    )
    remedy = "Send the same request again after as many seconds as the header Retry-After says."


class PaymentRefused(Conflict):
    """The provider refuses the payment itself, so that the same payment is refused again."""

    code = "payment_refused"
    detail = (
        "The payment provider refuses this payment; nothing was charged, and another try ends the same. "
        "Write to support: the price or currency may have to be changed."
    )
    remedy = "Look at the log for `checkout_refused`: its `code` is the provider's word for why."


class PaymentsMisconfigured(PaymentsUnavailable):
    """The provider takes our key for wrong: nothing happened, and nothing is known of what was asked about.

    The same call with the same key is made again once somebody has set the key right.
    """


class ProviderRefused(Exception):
    """The provider understood and refused; `code` is its stable word for why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ProviderHasNot(ProviderRefused):
    """The provider knows no such object: only this tells that a page or a customer is not there."""


class ProviderBroke(ProviderRefused):
    """The provider failed at work: it may have acted, and the same key only gives this failure again."""


class ProviderDisputes(ProviderRefused):
    """The payment is disputed, so nothing of it can be given back; the refund's own key is used up."""


class CardRefused(ProviderRefused):
    """A kept card can't be charged as it is: its bank declines, or wants its owner (`AUTHENTICATION`). Nothing was charged."""

    AUTHENTICATION: ClassVar = "authentication_required"


class CheckoutState(StrEnum):
    """State of a payment page."""

    OPEN = "open"
    PAID = "paid"
    PROCESSING = "processing"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Checkout:
    """A payment page as the provider reports it, with all that has to match our row."""

    session_id: str
    url: str | None
    state: CheckoutState
    expires_at: dt.datetime
    paid: Money
    livemode: bool
    payment_id: str | None
    """Our own id, as we put it into the metadata."""
    intent_id: str | None
    is_of_card: bool = False
    """Whether a kept card was charged, without a page."""


@dataclass(frozen=True)
class CheckoutRequest:
    """What a payment page shows and charges."""

    payment_id: str
    match_id: str
    employer_id: str
    customer_id: str | None
    """The provider's, where it keeps them (`keeps_customers`)."""
    price: Money
    description: str
    return_url: str
    expires_at: dt.datetime
    card_id: str | None = None
    """The kept card to be charged in place of a page; None for a page."""


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card that a payer agreed to have kept, as the provider shows it."""

    id: str
    """The provider's."""
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class RefundState(StrEnum):
    """State of a refund at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class ProviderRefund:
    """A refund as the provider reports it."""

    provider_id: str
    state: RefundState
    amount: Money
    failure_code: str | None = None
    refund_id: str | None = None
    """Our own id, as we put it into the metadata; None for one made by hand at the provider."""

    @property
    def our_id(self) -> UUID | None:
        """The id of our row; None where there is none, or no id of ours."""
        try:
            return UUID(self.refund_id) if self.refund_id else None
        except ValueError:
            return None


@dataclass(frozen=True)
class CheckoutChanged:
    """A payment page, or the payment made on it, moved."""

    checkout: Checkout


@dataclass(frozen=True)
class AttemptFailed:
    """A card was declined. The page may stay open for another try; `final` says that it does not."""

    payment_id: str
    code: str
    final: bool


@dataclass(frozen=True)
class ActionRequired:
    """The bank wants the payer to confirm; the page stays open for that."""

    payment_id: str


@dataclass(frozen=True)
class RefundChanged:
    """A refund moved."""

    refund: ProviderRefund
    intent_id: str


@dataclass(frozen=True, slots=True)
class DisputeMove:
    """Money that the provider took from us because of a dispute, or gave back."""

    id: str
    """The provider's id of the movement, as its books have it."""
    amount: Money
    """In the currency of the sale; negative where it was taken."""
    fee: Money
    """What the provider kept for it, in the currency it settles in; 0 for nothing."""
    at: dt.datetime


@dataclass(frozen=True)
class DisputeChanged:
    """A cardholder's bank asked for money back, or decided."""

    provider_id: str
    intent_id: str
    status: DisputeStatus
    amount: Money
    at: dt.datetime | None = None
    """When the provider told so, by its clock; None where it was asked and says how it stands now."""
    moves: tuple[DisputeMove, ...] | None = None
    """What it has taken and given back so far, oldest first; None where it does not tell."""
    taken: bool | None = None
    """Whether it has the money now, where it tells no moves; None: once the dispute is lost."""


type ProviderEvent = (
    CheckoutChanged | AttemptFailed | ActionRequired | RefundChanged | DisputeChanged
)


class MovementKind(StrEnum):
    """What moved money in our account at the provider."""

    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    """Money of a refund that came back."""
    DISPUTE = "dispute"
    """A bank took money back."""
    DISPUTE_REVERSED = "dispute_reversed"
    FEE = "fee"
    """A fee of its own, such as one for a month."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the provider's own books."""

    id: str
    """The provider's id of the line; a dispute names its own by it (`DisputeMove`)."""
    kind: MovementKind
    ref: str
    """The provider's id of the payment, refund or dispute, as our ledger has it."""
    amount: Money
    """What moved before fees, in the currency of the sale; never negative, the kind says which way."""
    fee: Money
    """What the provider kept of it, taxes on that included, in the currency it settles in."""


@dataclass(frozen=True)
class Books:
    """How a provider's days are counted."""

    zone: dt.tzinfo
    """Whose midnight begins a day."""
    lag_days: int
    """After how many days at most a movement is in the books of a day."""


class SignatureInvalid(Exception):
    """An event was not signed by the provider, or long ago."""


class EventsNotConfigured(Exception):
    """No secret is configured, so no event of the provider can be believed."""


@dataclass(frozen=True)
class SignedEvent:
    """An event that the provider has signed."""

    id: str
    """The provider's id of it, from its body or a header: sent again, it has the same."""
    kind: str
    body: Mapping[str, Any]


class PaymentEvents(Protocol):
    """The webhook of a payment provider."""

    @property
    def name(self) -> str:
        """The provider's name: the last part of the webhook's address, kept with each event."""
        ...

    @property
    def livemode(self) -> bool:
        """Whether our key at this provider moves real money."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> SignedEvent:
        """Return the event in `body`; `headers` are found by small letters.

        `now` counts where the provider signs the time too. Raises `EventsNotConfigured`, `SignatureInvalid`.
        """
        ...

    def stranger(self, event: Mapping[str, Any]) -> str | None:
        """Return why a verified event is none of ours, `livemode` or `account`; None where it may be.

        One secret may sign for several accounts of a platform, and for test and live alike if somebody copied it.
        """
        ...

    def parse(self, event: Mapping[str, Any]) -> ProviderEvent | None:
        """Return a verified event in our own words; None where nothing follows from it.

        Raises KeyError, TypeError or ValueError for an event of a known type without its shape.
        """
        ...


class PaymentProvider(Protocol):
    """A payment provider.

    Every call may raise `ProviderRefused` (nothing happened), `ProviderHasNot` (no such object),
    `ProviderBroke` (unknown: look, or call with a new key), `PaymentsUnavailable` (unknown: call again with
    the same key) or `PaymentsMisconfigured` (nothing happened: as before, once our key is right).
    """

    @property
    def name(self) -> str:
        """The provider's name, by which our rows know it."""
        ...

    @property
    def currencies(self) -> "ProviderCurrencies":
        """What it takes, and how it counts it."""
        ...

    @property
    def livemode(self) -> bool:
        """Whether our key moves real money."""
        ...

    @property
    def keeps_customers(self) -> bool:
        """Whether a page belongs to a customer of the provider's, which has to be made first."""
        ...

    def owns(self, id_: str) -> bool:
        """Whether an id of a page, payment, refund or dispute is of this provider's making."""
        ...

    async def close(self) -> None:
        """Close the connections to the provider; nothing is asked of it afterwards."""

    async def create_customer(self, employer_id: str, company_name: str, key: str) -> str:
        """Create the provider's customer for an employer and return its id."""

    async def forget_customer(self, customer_id: str) -> None:
        """Delete a customer with all that is kept for it. Raises `ProviderHasNot` where it is gone already."""

    async def cards_of(self, customer_id: str) -> list[SavedCard]:
        """Return the cards that were kept with consent for a customer, newest first; one page holds them all."""

    async def forget_card(self, card_id: str) -> None:
        """Remove a kept card: it can't be charged or offered any more."""

    def may_charge_card(self, price: Money) -> bool:
        """Whether a kept card may be charged this price at once, without a page on which its owner confirms it."""
        ...

    async def charge_card(self, request: CheckoutRequest, key: str) -> Checkout:
        """Charge the request's kept card; what is returned was paid, or is being paid. Raises `CardRefused`, too."""

    async def charge_of(self, request: CheckoutRequest) -> Checkout | None:
        """Return what `charge_card` has charged for this request, whose answer was lost; None where it has not."""

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        """Open a payment page."""

    async def checkout(self, session_id: str) -> Checkout:
        """Return the current state of a payment page."""

    async def expire_checkout(self, session_id: str) -> None:
        """Close a payment page, so that it can't be paid any more."""

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        """Give money back; `refund_id` is ours."""

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """Return what was given back of a payment so far."""

    async def disputes_of(self, intent_id: str) -> list[DisputeChanged]:
        """Return what banks have asked back of a payment, as it stands now."""

    @property
    def books(self) -> Books:
        """How its days are counted."""
        ...

    def movements(self, day: dt.date) -> AsyncIterator[Sequence[Movement]]:
        """Return what moved on a day of the provider's books, page by page.

        Raises as all calls do; what was returned before then counts for nothing.
        """
        ...
