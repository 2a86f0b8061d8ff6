"""Production keeps no contact and no balance that test money bought."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unavailable
from app.payments.models import Order, Payment, PaymentAttempt, Unlock
from app.payments.rules import AttemptStatus, OrderKind


class TestMoneyKept(Unavailable):
    """Test keys sold something in this database: it is none for production."""

    code = "test_money_kept"
    detail = "This database has contacts or balances that were paid with test money."
    __test__ = False
    """No test of pytest's."""


async def require_no_test_money(session: AsyncSession) -> None:
    """Raise `TestMoneyKept` if a contact was unlocked, or a balance topped up, by a payment that was not live.

    Whoever had test keys for a while holds contacts for nothing, and test money would buy more.
    """
    leads = (
        select(func.count())
        .select_from(Unlock)
        .join(Payment, Payment.id == Unlock.payment_id)
        .where(Payment.livemode.is_(False))
    )
    top_ups = (
        select(func.count())
        .select_from(PaymentAttempt)
        .join(Order, Order.id == PaymentAttempt.order_id)
        .where(
            Order.kind == OrderKind.TOP_UP,
            PaymentAttempt.status == AttemptStatus.PAID,
            PaymentAttempt.failure_code.is_(None),
            PaymentAttempt.livemode.is_(False),
        )
    )
    contacts = await session.scalar(leads) or 0
    balances = await session.scalar(top_ups) or 0
    if contacts or balances:
        raise TestMoneyKept(
            f"Test money bought {contacts} contacts and {balances} top-ups in the database of DATABASE_URL "
            "(rows with livemode false): production needs a database of its own. Give it an empty one, or ask the "
            "employers to pay and remove those rows."
        )
