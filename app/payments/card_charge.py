"""One tap on a card that was kept with consent: charged without a page where law and bank allow it.

Where they don't, the order's page follows: nothing was charged then. A charge whose answer was lost is found again by
the loop that asks about payments, or by who tries once more, under the same key. No page opens before it is sure that
nothing was charged.
"""

import datetime as dt
from uuid import UUID

from app.core.errors import Conflict, PaymentRequired
from app.core.logging import logger
from app.database.session import Database
from app.payments import checkout, saved_card
from app.payments.checkout import Paying
from app.payments.provider import (
    CardOutcomeUnknown,
    CardRefused,
    PaymentProvider,
    PaymentsMisconfigured,
    PaymentsNotConfigured,
    PaymentsUnavailable,
    ProviderBroke,
    SavedCard,
)
from app.payments.rules import PayWith

LAW = "page_required"
"""Why a card is not charged where the law wants its owner to confirm each payment."""


class NoSavedCard(Conflict):
    """There is no card to charge."""

    code = "no_saved_card"
    detail = "You have no saved card. Pay on the page, and agree there to have the card kept."
    remedy = "Send the request with `pay_with` `page`."


class CardNeedsPage(PaymentRequired):
    """The card can't be charged with one tap; nothing was charged, and the page is open."""

    code = "card_needs_page"
    detail = "Your bank or the law wants you to confirm this payment. Nothing was charged: pay on the page."
    remedy = "Open `checkout_url`. `why` is the bank's word, or `page_required` where the law asks for the page."


def order_by(pay_with: PayWith | None) -> PayWith | None:
    """Return how the order is begun that is to be paid so: that of a card may need its page."""
    return PayWith.PAGE if pay_with is PayWith.CARD else pay_with


async def card_for(
    database: Database,
    provider: PaymentProvider | None,
    employer_id: UUID,
    pay_with: PayWith | None,
    now: dt.datetime,
) -> SavedCard | None:
    """Return the card that pays, the newest; None where no card is to. Raises `NoSavedCard` or `PaymentsUnavailable`."""
    if pay_with is not PayWith.CARD:
        return None
    if provider is None:
        raise PaymentsNotConfigured
    cards = await saved_card.list_cards(database, provider, employer_id, now)
    if not cards:
        raise NoSavedCard
    return cards[0]


async def pay(
    database: Database,
    provider: PaymentProvider | None,
    order_id: UUID,
    card: SavedCard | None,
    return_url: str,
    now: dt.datetime,
) -> Paying:
    """Charge the order to the card, or open its page where there is none, or where the order's page is open already.

    Raises `CardNeedsPage` with the page, `CardOutcomeUnknown`, and as `checkout.open_page`.
    """
    if card is None or provider is None:
        return await checkout.open_page(database, provider, order_id, return_url, now)
    why: str | None = LAW
    if provider.may_charge_card((await checkout.read(database, order_id)).order.price):
        try:
            paying = await checkout.charge(database, provider, order_id, card, return_url, now)
        except PaymentsMisconfigured:
            raise
        except (PaymentsUnavailable, ProviderBroke) as error:
            raise CardOutcomeUnknown from error
        except CardRefused as refusal:
            logger().info("card_not_charged", order_id=str(order_id), code=refusal.code)
            why = refusal.code
        else:
            if paying is not None:
                return paying
            why = None  # a page is open: it may have been paid
    paying = await checkout.open_page(database, provider, order_id, return_url, now)
    if why is None or not paying.is_payable or paying.attempt is None:
        return paying
    ends = paying.attempt.expires_at
    raise CardNeedsPage(
        why=why,
        payment_id=str(order_id),
        checkout_url=paying.url,
        expires_at=None if ends is None else ends.isoformat().replace("+00:00", "Z"),
    )
