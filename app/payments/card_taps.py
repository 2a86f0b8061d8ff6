"""A tap in the chat on the kept card: noted with its order, and charged right after by a loop of its own.

The message that brings the tap is handled in a transaction, in which no provider is asked. Whoever taps twice has one
order with one tap, and so one charge. Where the card can't be charged, the person gets the link to the page.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work, ask_due
from app.core.clocks import Clock
from app.core.logging import logger
from app.core.money import Money
from app.database.due import Due
from app.database.session import Database, keyring
from app.database.statements import insert_of, is_postgresql
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.messaging.outbox.enqueue import notify
from app.offers.links import order_link
from app.payments import card_charge, checkout, saved_card
from app.payments.card_charge import CardNeedsPage
from app.payments.checkout import Paying
from app.payments.models import CardTap, Order
from app.payments.provider import (
    CardOutcomeUnknown,
    PaymentProvider,
    PaymentRefused,
    PaymentsUnavailable,
)
from app.payments.purchase import begin
from app.payments.rules import PayWith
from app.payments.ways import PriceChanged

LOOP: Final = "card_taps"
AT_ONCE: Final = 8
"""Taps that are paid side by side."""
COUNTS_FOR: Final = dt.timedelta(minutes=10)
"""How long after a tap its card may be charged for the first time; later the person gets the page instead."""
ASK_AGAIN: Final = dt.timedelta(minutes=3)
"""When a tap is taken up again whose outcome is not known: longer than one answer of a provider may take."""
TAPS: Final = Work(
    Kind.CARD_TAP,
    LOOP,
    CardTap.order_id,
    CardTap.due_at,
    Due(CardTap.due_at <= bindparam("now")),
)
_DUE: Final = (
    select(CardTap)
    .where(CardTap.order_id == bindparam("order_id"), *TAPS.due.conditions)
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)


async def tap(
    session: AsyncSession,
    actor: Actor,
    match_ids: Sequence[UUID],
    agreed: int,
    now: dt.datetime,
    *,
    tapped_at: dt.datetime,
) -> Order | None:
    """Begin the order for these leads and have it charged to the kept card; None where nothing is left to pay.

    `agreed` is what the tap named, in minor units; `tapped_at` is when it was sent, from which `COUNTS_FOR` counts. Raises `PriceChanged` where they cost more now, and as `purchase.begin`.
    """
    order = await begin(session, actor, match_ids, now, pay_with=PayWith.PAGE)
    if order is None:
        return None
    if order.total > agreed:
        raise PriceChanged
    new = insert_of(CardTap, postgresql=is_postgresql(session)).values(
        order_id=order.id, due_at=now, tapped_at=tapped_at
    )
    again = {"due_at": func.coalesce(CardTap.due_at, now), "tapped_at": tapped_at}
    await session.execute(new.on_conflict_do_update(index_elements=["order_id"], set_=again))
    wake_loops(session, LOOP)
    return order


async def charge_due(
    database: Database, provider: PaymentProvider, base_url: str, clock: Clock, limit: int
) -> int:
    """Charge what was tapped; return how many taps were taken up."""

    async def charge(order_id: UUID) -> bool:
        return await _charge(database, provider, base_url, order_id, clock)

    return await ask_due(database, clock, limit, TAPS, charge, at_once=AT_ONCE)


async def _charge(
    database: Database, provider: PaymentProvider, base_url: str, order_id: UUID, clock: Clock
) -> bool:
    """Charge one order; False if the provider was not there."""
    async with database.begin() as session:
        now = clock()
        found = await session.scalar(_DUE, {"order_id": order_id, "now": now})
        if found is None:
            return True  # another process does it, or it is done
        found.due_at = now + ASK_AGAIN
        counts = now <= found.tapped_at + COUNTS_FOR
        page = order_link(keyring(session), base_url, order_id)
    try:
        paying = await _pay(database, provider, order_id, page, now, may_charge=counts)
        kind = "card_not_charged" if paying.is_payable else None
    except CardOutcomeUnknown:
        return True
    except PaymentsUnavailable:
        return False
    except PaymentRefused:
        kind = "payment_not_possible"
    async with database.begin() as session:
        await _tell(session, order_id, kind, page, clock())
    return True


async def _pay(
    database: Database,
    provider: PaymentProvider,
    order_id: UUID,
    page: str,
    now: dt.datetime,
    *,
    may_charge: bool,
) -> Paying:
    """Charge the newest card, or open the page: also where none is kept any more, or the tap is too old.

    A card is asked once: after an answer that was lost it is looked for what it has done, and then the page opens.
    """
    paying = await checkout.read(database, order_id)
    if not paying.is_open:
        return paying  # bought otherwise, or given up for a newer wish
    if paying.attempt is not None and paying.attempt.request is not None:
        may_charge = False
    employer_id = paying.order.employer_id
    cards = await saved_card.list_cards(database, provider, employer_id, now) if may_charge else []
    card = cards[0] if cards else None
    try:
        return await card_charge.pay(database, provider, order_id, card, page, now)
    except CardNeedsPage as refusal:
        logger().info("card_tap_needs_page", order_id=str(order_id), code=str(refusal.data["why"]))
        return await checkout.read(database, order_id)


async def _tell(
    session: AsyncSession, order_id: UUID, kind: str | None, page: str, now: dt.datetime
) -> None:
    """Tell who tapped what came of it, once; of a contact that was bought a message of its own tells."""
    done = (
        update(CardTap)
        .where(CardTap.order_id == order_id, CardTap.due_at.is_not(None))
        .values(due_at=None)
        .returning(CardTap.tapped_at)
    )
    tapped_at = await session.scalar(done)
    if tapped_at is None or kind is None:
        return
    order = await session.get_one(Order, order_id)
    price = Money(order.total, order.currency)
    about = {"price": {"amount": price.amount, "currency": price.currency}, "url": page}
    await notify(
        session,
        order.bought_by or order.employer_id,
        kind,
        about if kind == "card_not_charged" else {"price": about["price"]},
        key=f"{order_id}:{tapped_at.isoformat()}",
        now=now,
        subject_id=order_id,
        expires_at=now + dt.timedelta(hours=23),
    )
