"""Buy leads: check the conditions, and make the order with its payments; `checkout` opens the page.

Nothing here reveals a contact. Only `app.payments.settle`, on a verified event of the provider, writes the
row that does.
"""

import asyncio
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Forbidden
from app.core.ids import new_id
from app.core.money import Money
from app.database.statements import NewRows, gather_writes, table, write_together
from app.employers import free_leads, phones
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import User
from app.offers.job_lock import LockedJob
from app.offers.mark_unlocked import MatchNotFound
from app.offers.rules import MatchNotAccepted
from app.payments import (
    coupons,
    orders,
    quotes,
    rules,
    settle,
    team_spending,
    unlock_limits,
)
from app.payments.balance import BalanceTooLow
from app.payments.buyers import Buyer
from app.payments.disputes import DisputeOpen
from app.payments.models import Order, Payment, Unlock
from app.payments.provider import PROVIDER
from app.payments.purchase_locks import Lead, lock_all, read_leads
from app.payments.rules import OrderKind, PaymentAction, PaymentStatus, PayWith
from app.payments.suspense import PaymentInReview
from app.policy import policy
from app.taxes.quote import together

_turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


def turn_of(employer_id: UUID) -> asyncio.Lock:
    """Return the lock for which an employer's purchases in this process wait, before they take a connection.

    They lock the employer's row anyway. Many clicks that waited for that row, each on a connection, would leave none
    to anybody else, and be refused when the wait for a row is over.
    """
    return _turns.setdefault(employer_id, asyncio.Lock())


_NEW_ORDER: Final = insert(table(Order))
_NEW_PAYMENTS: Final = insert(table(Payment))
LEAST_CHECKOUT = dt.timedelta(minutes=31)
"""A page the provider opens must stay open for half an hour at least (Stripe's rule)."""


class VerificationRequired(Forbidden):
    """An employer nobody has checked yet has bought as many leads as they may."""

    code = "verification_required"
    detail = "Your company has to be verified before it unlocks more leads. Contact support."
    remedy = "Ask support to verify the company."


class EmailUnconfirmed(Forbidden):
    """The policy wants the e-mail address confirmed before this lead."""

    code = "email_unconfirmed"
    detail = "Confirm your e-mail address before you unlock more leads: open the link we sent you."
    remedy = "Open the link in the mailbox, or have it sent again."


class PaymentUnderWay(Conflict):
    """A lead of the set is being paid together with others."""

    code = "payment_under_way"
    detail = "The payment for one of these contacts is being confirmed. Wait for it, or buy the others without it."
    remedy = "Leave out the leads that `errors` names, or ask again once their payment is decided."


class CurrenciesDiffer(Conflict):
    """One page takes one currency."""

    code = "currencies_differ"
    detail = (
        "These contacts are sold in several currencies; buy those of each currency by themselves."
    )
    remedy = "Send one request for each currency."


async def find_unlock(session: AsyncSession, employer_id: UUID, match_id: UUID) -> Unlock | None:
    """Return this employer's unlock of this lead, if there is one."""
    query = select(Unlock).where(Unlock.employer_id == employer_id, Unlock.match_id == match_id)
    unlock: Unlock | None = await session.scalar(query)
    return unlock


async def begin(
    session: AsyncSession,
    actor: Actor,
    match_ids: Sequence[UUID],
    now: dt.datetime,
    *,
    paced: bool = True,
    pay_with: PayWith | None = None,
    coupon: str | None = None,
) -> Order | None:
    """Return the one open order for exactly these leads, made if needed; None if all of them are bought.

    With `pay_with` balance they are paid out of it here and now, and so they are by default if it covers them all and
    no page is open for exactly these: that one may have been paid already.
    The first of them are unlocked at once where the company may have them for nothing (`free_leads`); the order is for
    the others. With a `coupon` these cost less, and an open order without it is given up. Who names none keeps that of an open
    order for exactly these leads: its page is paid, or by `pay_with` balance another order with the same coupon.

    Leads that are bought already are left out. An open order for other leads that has one of these in it is given
    up, and its page closed: the newest wish counts, and no lead is on two open pages. `paced` is whether rate limits
    are on. Raises `MatchNotFound`, `AccountRestricted`, `MatchNotAccepted`, `PaymentUnderWay`, `PaymentInReview`,
    `CurrenciesDiffer`, `BalanceTooLow`, `CouponNotValid`, `SpendingLimit`, `DisputeOpen`, `EmailUnconfirmed`, `VerificationRequired` or
    `UnlocksTooFast`; a refusal that is about one lead of several names it in `errors`, and nothing is begun.
    """
    leads = await read_leads(session, actor.employer_id, match_ids, with_policy=True)
    if any(match_id not in leads for match_id in match_ids):
        raise MatchNotFound
    wanted = [each for each in match_ids if not leads[each].bought]
    if not wanted:
        return None
    actor.require_unrestricted()
    _one_currency(match_ids, [leads[each] for each in wanted])
    if pay_with is not PayWith.BALANCE and all(leads[each].for_sale for each in wanted):
        # A second click changes nothing, so it locks nothing.
        again = await orders.find_open(session, wanted, now)
        if (
            again is not None
            and again.bought_by == actor.user_id
            and coupon in {None, again.coupon}
        ):
            return again
    gives = await free_leads.left(session, actor.employer_id) > 0
    locked = await lock_all(session, actor, leads, pay_with, settles=gives)
    leads, jobs, standing, buyer = locked.leads, locked.jobs, locked.standing, locked.buyer
    buys = [leads[each] for each in match_ids if not leads[each].bought]
    wanted = [lead.id for lead in buys]
    if not wanted:
        return None
    _refuse(MatchNotAccepted, match_ids, [lead.id for lead in buys if not lead.for_sale])
    same = await _find_same(session, standing, wanted, now)
    if coupon is None and same is not None:
        coupon = same.coupon
    if same is not None and same.coupon == coupon and pay_with is not PayWith.BALANCE:
        await team_spending.require_for_page(session, actor, same, now)
        return same
    await _require_good_standing(session, buyer, locked.employer.verified_at, wanted)
    _refuse(PaymentInReview, match_ids, [lead.id for lead in buys if lead.in_review])
    if paced:
        await unlock_limits.require(session, actor.employer_id, wanted, now)
    for order in standing:
        its = {payment.match_id for payment in await orders.payments_of(session, order.id)}
        if not await orders.move(session, order.id, PaymentAction.CLOSE, now):
            _refuse(PaymentUnderWay, match_ids, its)
    if gives:
        buys = await _take_free(session, actor, buyer, buys, jobs, now)
        if not buys:
            return None
    return await _sell(session, actor, buyer, buys, jobs, now, pay_with=pay_with, coupon=coupon)


async def _sell(
    session: AsyncSession,
    actor: Actor,
    buyer: Buyer,
    buys: Sequence[Lead],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
    *,
    pay_with: PayWith | None,
    coupon: str | None,
) -> Order | None:
    """Return an order for these leads, or None where the balance has paid them.

    Raises `BalanceTooLow`, `CouponNotValid` or `SpendingLimit`. Orders that are given up for this one use its coupon no more.
    """
    prices = [lead.price for lead in buys]
    if coupon is not None:
        prices = await coupons.price(session, coupon, prices, now)
    covered = _is_covered(buyer, prices, pay_with)
    if coupon is not None:
        await coupons.require_use_left(session, buyer.id, coupon)
    by = PayWith.BALANCE if covered else PayWith.PAGE
    if not covered:
        return (await _make_order(session, actor, buyer, buys, prices, now, by, coupon))[0]
    async with gather_writes(session):
        _, payments = await _make_order(session, actor, buyer, buys, prices, now, by, coupon)
        refused = await settle.pay_from_balance(session, buyer, payments, jobs, now)
    await settle.give_back(session, refused, now)
    return None


async def _take_free(
    session: AsyncSession,
    actor: Actor,
    buyer: Buyer,
    buys: list[Lead],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> list[Lead]:
    """Unlock as many of these as the company may have for nothing, the first ones; return the others.

    They are an order of their own, without a provider; what is paid for the others changes nothing about it. The
    caller has locked the jobs.
    """
    free = await free_leads.left(session, buyer.id, to_use=True)
    gifts, others = buys[:free], buys[free:]
    if gifts:
        prices = [replace(lead.price, amount=0) for lead in gifts]
        by = PayWith.FREE
        _, payments = await _make_order(session, actor, buyer, gifts, prices, now, by, None)
        await settle.unlock_free(session, buyer, payments, jobs, now)
    return others


def _is_covered(buyer: Buyer, prices: Sequence[Money], pay_with: PayWith | None) -> bool:
    """Whether the balance, which `begin` has locked, pays all of these prices. Raises `BalanceTooLow`."""
    if pay_with is PayWith.PAGE:
        return False
    covered = buyer.balance >= sum(price.amount for price in prices)
    if not covered and pay_with is PayWith.BALANCE:
        raise BalanceTooLow
    return covered


def _one_currency(match_ids: Sequence[UUID], buys: Sequence[Lead]) -> None:
    """Check that all prices are in one currency. Raises `CurrenciesDiffer`."""
    currencies = [lead.price.currency for lead in buys]
    most = max(set(currencies), key=currencies.count)
    _refuse(CurrenciesDiffer, match_ids, [lead.id for lead in buys if lead.price.currency != most])


def _refuse(refusal: type[Conflict], match_ids: Sequence[UUID], which: Collection[UUID]) -> None:
    """Raise `refusal` if it is about any of these leads; of several leads it names which."""
    if not which:
        return
    if len(match_ids) == 1:
        raise refusal
    named = [
        {"field": f"match_ids.{place}", "message": refusal.detail}
        for place, match_id in enumerate(match_ids)
        if match_id in which
    ]
    raise refusal(errors=named)


async def _require_good_standing(
    session: AsyncSession,
    buyer: Buyer,
    verified_at: dt.datetime | None,
    match_ids: Sequence[UUID],
) -> None:
    """Check that the employer may buy all of these; the caller has locked their row: parallel unlocks count too."""
    if buyer.disputed:
        raise DisputeOpen
    limits = (await policy.current(session)).limits
    most = None if verified_at is not None else limits.unlocks_before_verification
    unconfirmed = limits.unlocks_before_email_confirmed
    if unconfirmed is not None and await _has_confirmed(session, buyer.id):
        unconfirmed = None
    if most is None and unconfirmed is None:
        return
    bought = select(func.count()).where(Unlock.employer_id == buyer.id)
    buying = select(func.count()).where(
        Payment.employer_id == buyer.id,
        Payment.match_id.not_in(match_ids),
        Payment.status.in_(rules.OPEN),
    )
    # In one statement: between two, a purchase that succeeds would be seen by neither.
    both = select(bought.scalar_subquery() + buying.scalar_subquery())
    with_these = (await session.scalar(both) or 0) + len(match_ids)
    if unconfirmed is not None and with_these > unconfirmed:
        raise EmailUnconfirmed
    if most is not None and with_these > most:
        raise VerificationRequired


async def _has_confirmed(session: AsyncSession, employer_id: UUID) -> bool:
    """Whether the address is confirmed; for an account without one, whether its phone is proven."""
    query = select(User.email_verified_at.is_not(None), users.has_email()).where(
        User.id == employer_id
    )
    confirmed, has_email = (await session.execute(query)).one()
    if has_email:
        return bool(confirmed)
    return bool(await phones.is_proven(session, employer_id))


async def _find_same(
    session: AsyncSession, standing: list[Order], wanted: Sequence[UUID], now: dt.datetime
) -> Order | None:
    """Return the order for exactly these leads whose page may still be paid; what is over is ended on the way."""
    for order in list(standing):
        if await orders.expire_if_over(session, order, now):
            standing.remove(order)
            continue
        leads = {payment.match_id for payment in await orders.payments_of(session, order.id)}
        if leads == set(wanted):
            return order
    return None


async def _make_order(
    session: AsyncSession,
    actor: Actor,
    buyer: Buyer,
    buys: Sequence[Lead],
    prices: Sequence[Money],
    now: dt.datetime,
    pay_with: PayWith,
    coupon: str | None,
) -> tuple[Order, list[Payment]]:
    """Add an order with its payments: open with its first attempt, or paid where no page is needed.

    Raises `SpendingLimit`.
    """
    each = await quotes.quote_each(session, actor.employer_id, prices)
    whole = together(each)
    price = Money(whole.total, whole.currency)
    await team_spending.require_within_limit(
        session, actor, buyer.member, OrderKind.LEADS, price, now
    )
    by_page = pay_with is PayWith.PAGE
    status = PaymentStatus.PENDING if by_page else PaymentStatus.SUCCEEDED
    same: dict[str, Any] = {
        "employer_id": actor.employer_id,
        "status": status,
        "currency": whole.currency,
        "created_at": now,
        "updated_at": now,
        "paid_at": None if by_page else now,
    }
    order = same | {
        "id": new_id(),
        "kind": OrderKind.LEADS,
        "coupon": coupon,
        "quote": whole.as_json(),
        "total": whole.total,
        "pay_with": pay_with,
        "bought_by": actor.user_id,
    }
    ends = await page_ends(session, now) if by_page else None
    alone = len(buys) == 1
    payments = [
        same
        | {
            "id": order["id"] if alone else new_id(),
            "order_id": order["id"],
            "match_id": lead.id,
            "amount": quote.total,
            "quote": quote.as_json(),
            "refunded_amount": 0,
            "attempt": 1,
            "expires_at": ends,
        }
        for lead, quote in zip(buys, each, strict=True)
    ]
    await write_together(session, NewRows(_NEW_ORDER, [order]), NewRows(_NEW_PAYMENTS, payments))
    if by_page:
        session.add(orders.attempt_row(order["id"], 1, PROVIDER, ends, now))
        await session.flush()
    return Order(**order), [Payment(**payment) for payment in payments]


async def page_ends(session: AsyncSession, now: dt.datetime) -> dt.datetime:
    """Return until when a page that is opened now takes the payment."""
    minutes = (await policy.current(session)).deadlines.checkout_minutes
    return now + max(dt.timedelta(minutes=minutes), LEAST_CHECKOUT)
