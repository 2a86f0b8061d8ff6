"""Coupons: a rule of the price that the policy names by a code, within limits per company, phone and in all.

A coupon never makes a contact free: something is left to pay (`app.employers.free_leads` tells which are free).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.core.money import Money
from app.employers.models import Employer
from app.payments.models import Order
from app.payments.rules import CAPTURED, OPEN, PaymentStatus
from app.policy import policy
from app.policy.policy import Coupon

LEAST_PRICE: Final = 50
"""Minor units left to pay for a lead: as little as a price of the policy may be."""


class CouponNotValid(Conflict):
    """The coupon is unknown, over or used up, or not for this company any more."""

    code = "coupon_not_valid"
    detail = "This coupon can't be used: check the code, or buy without it."
    remedy = "Send the request without `coupon`, or with another."


def reduced(coupon: Coupon, prices: Sequence[Money]) -> list[Money]:
    """Return prices less the coupon: a percentage of each, or an amount taken off one after the other."""
    left, result = coupon.amount or 0, []
    for price in prices:
        most = max(price.amount - LEAST_PRICE, 0)
        off = price.amount * (coupon.percent or 0) // 100 if coupon.percent else left
        off = min(off, most)
        left -= off
        result.append(replace(price, amount=price.amount - off))
    return result


async def price(
    session: AsyncSession, code: str, prices: Sequence[Money], now: dt.datetime
) -> list[Money]:
    """Return what prices are with a coupon. Raises `CouponNotValid`.

    The policy's row is locked from here to the end: nobody else uses the last one meanwhile, or changes it.
    """
    in_force = await policy.lock(session)
    coupon = in_force.coupons.get(code)
    if coupon is None or (coupon.ends_on is not None and now.date() > coupon.ends_on):
        raise CouponNotValid
    if coupon.amount is not None and prices[0].currency != in_force.lead_prices.currency:
        raise CouponNotValid
    return reduced(coupon, prices)


async def require_use_left(session: AsyncSession, employer_id: UUID, code: str) -> None:
    """Check that one more order may use the coupon, whose `price` was asked. Raises `CouponNotValid`.

    Orders that are open or paid count as uses, also those of other companies whose proven phone is the same; one
    that was given up, failed or expired frees its use.
    """
    coupon = (await policy.current(session)).coupons[code]
    mine = select(Employer.proven_phone_index).where(Employer.id == employer_id).scalar_subquery()
    same = or_(
        Order.employer_id == employer_id,
        and_(Employer.proven_phone_index.is_not(None), Employer.proven_phone_index == mine),
    )
    counts = Order.status.in_({*OPEN, *CAPTURED, PaymentStatus.IN_REVIEW})
    used = (
        select(func.count(), func.count().filter(same))
        .select_from(Order)
        .join(Employer, Employer.id == Order.employer_id)
        .where(Order.coupon == code, counts)
    )
    in_all, here = (await session.execute(used)).one()
    if here >= coupon.per_company or (coupon.in_all is not None and in_all >= coupon.in_all):
        raise CouponNotValid
