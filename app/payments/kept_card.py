"""What is known of a company's kept card without asking the provider: whether there is one, and how it is called.

The card itself is at the provider. It is asked after a page was paid, for there the card may have been kept.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, ask_due
from app.core.clocks import Clock
from app.database.due import Due
from app.database.session import Database
from app.database.statements import insert_of, is_postgresql
from app.database.wakeups import wake_loops
from app.payments import saved_card
from app.payments.models import KeptCard
from app.payments.provider import PaymentProvider, PaymentsUnavailable

LOOP: Final = "kept_cards"
AT_ONCE: Final = 4
"""Companies that are asked about side by side."""
LOOKS: Final = Work(
    Kind.CARD_LOOK,
    LOOP,
    KeptCard.employer_id,
    KeptCard.look_at,
    Due(KeptCard.look_at <= bindparam("now")),
)


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A kept card as a person knows it."""

    brand: str
    last4: str

    def __str__(self) -> str:
        return f"{self.brand.title()} ••{self.last4}"


async def find(session: AsyncSession, employer_id: UUID) -> ShownCard | None:
    """Return the card that is known to be kept for the company, the newest; None where none is."""
    query = select(KeptCard.brand, KeptCard.last4).where(KeptCard.employer_id == employer_id)
    row = (await session.execute(query)).one_or_none()
    if row is None or row.brand is None or row.last4 is None:
        return None
    return ShownCard(row.brand, row.last4)


async def look_soon(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    """Have the provider asked whether a card is kept: a page was paid."""
    new = insert_of(KeptCard, postgresql=is_postgresql(session)).values(
        employer_id=employer_id, look_at=now, updated_at=now
    )
    await session.execute(
        new.on_conflict_do_update(index_elements=["employer_id"], set_={"look_at": now})
    )
    wake_loops(session, LOOP)


async def look_due(database: Database, provider: PaymentProvider, clock: Clock, limit: int) -> int:
    """Ask about the companies that are due; return how many were asked about."""

    async def look(employer_id: UUID) -> bool:
        async with database.read() as session:
            of_company = select(KeptCard.look_at).where(KeptCard.employer_id == employer_id)
            asked_for = await session.scalar(of_company)
        try:
            await saved_card.list_cards(database, provider, employer_id, clock())
        except PaymentsUnavailable:
            return False
        async with database.begin() as session:
            await session.execute(
                update(KeptCard)
                # Paid on a page once more meanwhile: it is asked about again.
                .where(KeptCard.employer_id == employer_id, KeptCard.look_at == asked_for)
                .values(look_at=None)
            )
        return True

    return await ask_due(database, clock, limit, LOOKS, look, at_once=AT_ONCE)
