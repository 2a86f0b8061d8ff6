"""The ledger: double entry, integer minor units; what was booked once can't be booked again."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.statements import insert_of, is_postgresql
from app.payments.models import LedgerEntry
from app.payments.rules import Posting


class Unbalanced(ValueError):
    """The sides of a booking do not sum to zero: a fault of ours, never of a user."""


async def book(
    session: AsyncSession,
    event_key: str,
    postings: Sequence[Posting],
    *,
    currency: str,
    payment_id: UUID,
    now: dt.datetime,
) -> None:
    """Book the sides of one event; a second booking of the same `event_key` changes nothing.

    Raises `Unbalanced` unless they sum to zero.
    """
    if sum(posting.amount for posting in postings) != 0:
        raise Unbalanced(event_key)
    transaction_id = new_id()
    rows = [
        {
            "id": new_id(),
            "transaction_id": transaction_id,
            "event_key": event_key,
            "account": posting.account,
            "amount": posting.amount,
            "currency": currency,
            "payment_id": payment_id,
            "at": now,
        }
        for posting in postings
    ]
    statement = insert_of(LedgerEntry, postgresql=is_postgresql(session)).values(rows)
    await session.execute(statement.on_conflict_do_nothing())
