"""The card that an employer agreed to have kept at the payment provider: shown and removed, never stored here.

The provider's page asks for the consent; `card_charge` charges it by a tap. What is shown of the newest is noted, so
that the chat can offer it without asking (`kept_card`).
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import select

from app.database.session import Database
from app.database.statements import insert_of, is_postgresql
from app.employers.models import Employer
from app.identity.models import User, UserStatus
from app.payments.models import KeptCard
from app.payments.provider import (
    PaymentProvider,
    PaymentsUnavailable,
    ProviderHasNot,
    ProviderRefused,
    SavedCard,
)


async def list_cards(
    database: Database, provider: PaymentProvider | None, employer_id: UUID, now: dt.datetime
) -> list[SavedCard]:
    """Return the cards kept for an employer, newest first; the provider is asked outside any transaction.

    Raises `PaymentsUnavailable`.
    """
    async with database.read() as session:
        query = (
            select(Employer.provider_customer_id, KeptCard.brand, KeptCard.last4)
            .outerjoin(KeptCard, KeptCard.employer_id == Employer.id)
            .where(Employer.id == employer_id)
        )
        known = (await session.execute(query)).one_or_none()
    if provider is None or known is None or known.provider_customer_id is None:
        return []
    try:
        cards = await provider.cards_of(known.provider_customer_id)
    except ProviderHasNot:
        cards = []
    except ProviderRefused as refusal:
        raise PaymentsUnavailable from refusal
    shown = (cards[0].brand[:32], cards[0].last4[:8]) if cards else (None, None)
    if shown != (known.brand, known.last4):
        await _note(database, employer_id, shown, now)
    return cards


async def remove_cards(
    database: Database, provider: PaymentProvider | None, employer_id: UUID, now: dt.datetime
) -> None:
    """Remove every card kept for an employer; asked again, nothing is left to do. Raises `PaymentsUnavailable`."""
    for card in await list_cards(database, provider, employer_id, now):
        if provider is None:
            return
        try:
            await provider.forget_card(card.id)
        except ProviderRefused as refusal:
            raise PaymentsUnavailable from refusal
    await _note(database, employer_id, (None, None), now)


async def _note(
    database: Database,
    employer_id: UUID,
    shown: tuple[str | None, str | None],
    now: dt.datetime,
) -> None:
    """Note brand and last digits of the newest card, or that there is none; of a company that is erased nothing."""
    async with database.begin() as session:
        company = (
            select(Employer.id)
            .join(User, User.id == Employer.id)
            .where(Employer.id == employer_id, User.status != UserStatus.ERASED)
            .with_for_update(of=Employer, key_share=True)
        )
        if await session.scalar(company) is None:
            return
        noted = {"brand": shown[0], "last4": shown[1], "updated_at": now}
        new = insert_of(KeptCard, postgresql=is_postgresql(session)).values(
            employer_id=employer_id, **noted
        )
        await session.execute(new.on_conflict_do_update(index_elements=["employer_id"], set_=noted))
