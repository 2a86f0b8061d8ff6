"""Several payment providers at once: one sells, and each is asked about what it has made."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.money import Money
from app.payments.provider import (
    Books,
    Checkout,
    CheckoutRequest,
    DisputeChanged,
    Movement,
    PaymentProvider,
    PaymentsMisconfigured,
    PaymentsNotConfigured,
    ProviderRefund,
    SavedCard,
)
from app.payments.provider_currencies import ProviderCurrencies


@dataclass(frozen=True)
class ChosenProviders:
    """A `PaymentProvider` that opens pages at the selected one, and asks the others about their own objects.

    Whose an object is, is seen by its id: every provider's begin in their own way.
    """

    name: str
    """The one that is selected, whether or not its key is configured."""
    currencies: ProviderCurrencies
    configured: Mapping[str, PaymentProvider]

    @property
    def _seller(self) -> PaymentProvider:
        seller = self.configured.get(self.name)
        if seller is None:
            raise PaymentsNotConfigured
        return seller

    def of(self, id_: str) -> PaymentProvider:
        """Return whose id this is. Raises `PaymentsMisconfigured` where that one's key is gone."""
        for provider in self.configured.values():
            if provider.owns(id_):
                return provider
        raise PaymentsMisconfigured

    @property
    def livemode(self) -> bool:
        """Whether sales move real money; production refuses keys of both kinds, so all are alike."""
        return any(provider.livemode for provider in self.configured.values())

    @property
    def keeps_customers(self) -> bool:
        """Whether the one that sells does."""
        return self._seller.keeps_customers

    def owns(self, id_: str) -> bool:
        """Whether any of them does."""
        return any(provider.owns(id_) for provider in self.configured.values())

    async def close(self) -> None:
        """Close the connections to all."""
        for provider in self.configured.values():
            await provider.close()

    async def create_customer(self, employer_id: str, company_name: str, key: str) -> str:
        """Create the customer where we sell. Raises `PaymentsNotConfigured` too."""
        return await self._seller.create_customer(employer_id, company_name, key)

    async def forget_customer(self, customer_id: str) -> None:
        """Have it deleted by whose customer it is."""
        await self.of(customer_id).forget_customer(customer_id)

    async def cards_of(self, customer_id: str) -> list[SavedCard]:
        """Ask whose customer it is."""
        return await self.of(customer_id).cards_of(customer_id)

    async def forget_card(self, card_id: str) -> None:
        """Have it removed by whose card it is."""
        await self.of(card_id).forget_card(card_id)

    def may_charge_card(self, price: Money) -> bool:
        """Whether the one that sells may."""
        return self._seller.may_charge_card(price)

    async def charge_card(self, request: CheckoutRequest, key: str) -> Checkout:
        """Charge the card where it is kept."""
        return await self.of(request.card_id or "").charge_card(request, key)

    async def charge_of(self, request: CheckoutRequest) -> Checkout | None:
        """Ask where the card is kept."""
        return await self.of(request.card_id or "").charge_of(request)

    async def create_checkout(self, request: CheckoutRequest, key: str) -> Checkout:
        """Open a page where we sell. Raises `PaymentsNotConfigured` too."""
        return await self._seller.create_checkout(request, key)

    async def checkout(self, session_id: str) -> Checkout:
        """Ask whose page it is."""
        return await self.of(session_id).checkout(session_id)

    async def expire_checkout(self, session_id: str) -> None:
        """Have it closed by whose page it is."""
        await self.of(session_id).expire_checkout(session_id)

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        """Give money back where it was paid."""
        return await self.of(intent_id).refund(intent_id, amount, refund_id, key)

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """Ask where it was paid."""
        return await self.of(intent_id).refunds_of(intent_id)

    async def disputes_of(self, intent_id: str) -> list[DisputeChanged]:
        """Ask where it was paid."""
        return await self.of(intent_id).disputes_of(intent_id)

    @property
    def books(self) -> Books:
        """How days are counted where we sell."""
        return self._seller.books

    def movements(self, day: dt.date) -> AsyncIterator[Sequence[Movement]]:
        """Return what moved where we sell. Each of `configured` has books of its own."""
        return self._seller.movements(day)
