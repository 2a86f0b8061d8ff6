"""The card that an employer agreed to have kept at the payment provider: shown and removed, never stored here.

The provider's page asks for the consent; `card_charge` charges it by a tap.
"""

from uuid import UUID

from sqlalchemy import select

from app.database.session import Database
from app.employers.models import Employer
from app.payments.provider import (
    PaymentProvider,
    PaymentsUnavailable,
    ProviderHasNot,
    ProviderRefused,
    SavedCard,
)


async def list_cards(
    database: Database, provider: PaymentProvider | None, employer_id: UUID
) -> list[SavedCard]:
    """Return the cards kept for an employer, newest first; the provider is asked outside any transaction.

    Raises `PaymentsUnavailable`.
    """
    async with database.read() as session:
        query = select(Employer.provider_customer_id).where(Employer.id == employer_id)
        customer_id = await session.scalar(query)
    if provider is None or customer_id is None:
        return []
    try:
        return await provider.cards_of(customer_id)
    except ProviderHasNot:
        return []
    except ProviderRefused as refusal:
        raise PaymentsUnavailable from refusal


async def remove_cards(
    database: Database, provider: PaymentProvider | None, employer_id: UUID
) -> None:
    """Remove every card kept for an employer; asked again, nothing is left to do. Raises `PaymentsUnavailable`."""
    for card in await list_cards(database, provider, employer_id):
        if provider is None:
            return
        try:
            await provider.forget_card(card.id)
        except ProviderRefused as refusal:
            raise PaymentsUnavailable from refusal
