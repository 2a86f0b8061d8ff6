"""What a lead costs an employer, net and taxes: computed until the purchase begins, and fixed from then on."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.employers import free_leads
from app.employers.models import Employer
from app.employers.tax_place import place_of
from app.payments.models import Order, Payment
from app.payments.rules import CAPTURED, OPEN
from app.policy import policy
from app.taxes import pack
from app.taxes.pack import BuyerFacts
from app.taxes.quote import Quote, untaxed


async def prices_now(
    session: AsyncSession, employer_id: UUID, prices: Sequence[Money]
) -> list[Money]:
    """Return what leads of these prices cost now, each bought by itself: nothing, if one may still be free."""
    free = await free_leads.left(session, employer_id) > 0
    return [replace(price, amount=0) if free else price for price in prices]


async def quote(session: AsyncSession, employer_id: UUID, price: Money) -> Quote:
    """Return net and taxes of `price` for this employer, by the seller and the buyer of this moment."""
    return (await quote_each(session, employer_id, [price]))[0]


async def quote_each(
    session: AsyncSession, employer_id: UUID, prices: Sequence[Money]
) -> list[Quote]:
    """Return net and taxes of each price, as `quote` does."""
    seller = (await policy.current(session)).seller
    if seller.tax_pack == pack.NONE:
        return [untaxed(price) for price in prices]
    employer = await session.get_one(Employer, employer_id)
    buyer = buyer_facts(employer.tax_id, employer.city)
    return [pack.quote(seller.tax_pack, seller.facts, buyer, price) for price in prices]


def buyer_facts(tax_id: str | None, city: str | None) -> BuyerFacts:
    """Return what taxes depend on, of a company with this tax number in this city."""
    place = place_of(city)
    if place is None:
        return BuyerFacts(tax_id, region=city)  # some write their state
    return BuyerFacts(tax_id, place.country, place.state)


def kept_quote(payment: Payment | Order) -> Quote:
    """Return the quote that was fixed when the purchase began; before there were any, the price alone."""
    return Quote.from_json(payment.quote) if payment.quote else untaxed(payment.price)


async def kept_quotes(
    session: AsyncSession, employer_id: UUID, match_ids: Collection[UUID]
) -> dict[UUID, Quote]:
    """Return, by match, the quotes of purchases that began and did not fail."""
    query = (
        select(Payment)
        .where(
            Payment.employer_id == employer_id,
            Payment.match_id.in_(match_ids),
            Payment.status.in_(OPEN | CAPTURED),
        )
        .order_by(Payment.id.desc())
    )
    return {payment.match_id: kept_quote(payment) for payment in await session.scalars(query)}
