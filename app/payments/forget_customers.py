"""Delete the provider's customer of an employer who erased the account: with it go the cards that it keeps.

The tombstone keeps the customer's id until the provider has deleted it, and nothing else.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from app.core.clocks import Clock
from app.core.logging import logger
from app.database.session import Database
from app.employers.models import Employer
from app.identity.models import User, UserStatus
from app.identity.users import ERASED_NAME
from app.payments.provider import (
    PaymentProvider,
    PaymentsUnavailable,
    ProviderHasNot,
    ProviderRefused,
)

_DUE: Final = (
    select(Employer.id, Employer.provider_customer_id)
    .join(User, User.id == Employer.id)
    # The name has an index, the status decides: a living company may be called like that, too.
    .where(
        Employer.company_name == ERASED_NAME,
        Employer.provider_customer_id.is_not(None),
        User.status == UserStatus.ERASED,
    )
    .order_by(Employer.updated_at, Employer.id)
)


async def forget_due(
    database: Database, provider: PaymentProvider, clock: Clock, limit: int
) -> int:
    """Have up to `limit` customers deleted, those first that were not tried for longest; return how many are."""
    async with database.read() as session:
        due = (await session.execute(_DUE.limit(limit))).all()
    deleted = 0
    for employer_id, customer_id in due:
        try:
            await provider.forget_customer(str(customer_id))
        except ProviderHasNot:
            pass  # deleted before, by a process that died or by hand
        except (PaymentsUnavailable, ProviderRefused) as error:
            logger().warning(
                "customer_not_deleted", employer_id=str(employer_id), exc_type=type(error).__name__
            )
            await _note(database, employer_id, customer_id, clock)
            if isinstance(error, PaymentsUnavailable):
                break
            continue
        await _note(database, employer_id, None, clock)
        deleted += 1
    return deleted


async def _note(
    database: Database, employer_id: UUID, customer_id: str | None, clock: Clock
) -> None:
    """Note what is left of a tombstone's customer, and that it was tried now."""
    async with database.begin() as session:
        await session.execute(
            update(Employer)
            .where(Employer.id == employer_id)
            .values(provider_customer_id=customer_id, updated_at=clock())
        )
