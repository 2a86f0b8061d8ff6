"""What a member of a company's team may spend in a month, and what they spent.

Leads count however they are paid: on a page, out of the balance, several at once, in the chat. What waits for its
payment counts, and what came back counts no more. Paying in advance is counted apart, up to the same limit: the
money is still the company's, and what it buys counts when it is spent. A month is a calendar month of the
installation's country.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.core.errors import Forbidden
from app.core.money import Money
from app.database.statements import table
from app.identity.actor import Actor
from app.identity.models import Role, TeamMember
from app.identity.permissions import Permission, may
from app.identity.rules import TeamRole
from app.payments.models import Order, Payment
from app.payments.rules import CAPTURED, OPEN, OrderKind, PaymentStatus

_COUNTED: Final = frozenset({*OPEN, *CAPTURED, PaymentStatus.IN_REVIEW})


class SpendingLimit(Forbidden):
    """The purchase goes beyond what this member of the team may spend in a month."""

    code = "spending_limit"
    detail = "This goes beyond what you may spend this month. Ask an owner of your company."
    remedy = (
        "Buy less, wait for the next month, or have an owner raise the member's `monthly_limit`."
    )


def month_of(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return when the calendar month of `now` begins and ends, by the installation's country."""
    zone = ZoneInfo(places.main_time_zone(places.HOME))
    first = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first.astimezone(dt.UTC), following.astimezone(dt.UTC)


async def spent_by(
    session: AsyncSession,
    user_ids: Collection[UUID],
    now: dt.datetime,
    kind: OrderKind = OrderKind.LEADS,
) -> Mapping[UUID, Mapping[str, int]]:
    """Return what each of these people spent this month, in minor units by currency."""
    begins, ends = month_of(now)
    amount = func.sum(Payment.amount - Payment.refunded_amount)
    by_payment = Order.kind != OrderKind.TOP_UP
    if kind is OrderKind.TOP_UP:
        amount, by_payment = func.sum(Order.total), Order.kind == OrderKind.TOP_UP
    query = select(Order.bought_by, Order.currency, amount).where(
        Order.bought_by.in_(user_ids),
        Order.created_at >= begins,
        Order.created_at < ends,
        by_payment,
    )
    if kind is OrderKind.TOP_UP:
        query = query.where(Order.status.in_(_COUNTED))
    else:
        query = query.join(Payment, Payment.order_id == Order.id).where(
            Payment.status.in_(_COUNTED)
        )
    spent: dict[UUID, dict[str, int]] = {}
    for user_id, currency, total in await session.execute(
        query.group_by(Order.bought_by, Order.currency)
    ):
        if user_id is not None:
            spent.setdefault(user_id, {})[currency] = int(total or 0)
    return spent


_MEMBER: Final = table(TeamMember).c
MEMBER_COLUMNS: Final = (
    _MEMBER.role.label("team_role"),
    _MEMBER.left_at,
    _MEMBER.monthly_limit,
    _MEMBER.limit_currency,
)
"""What makes a `TeamBuyer`, of a query that joins the row, if there is one, of who buys."""


class TeamBuyer(NamedTuple):
    """What somebody of a team may do and spend."""

    role: TeamRole
    left_at: dt.datetime | None
    monthly_limit: int | None
    limit_currency: str | None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> "TeamBuyer | None":
        """Return the member of a row with `MEMBER_COLUMNS`; None for an account without a part in any team."""
        if row.team_role is None:
            return None
        return cls(TeamRole(row.team_role), row.left_at, row.monthly_limit, row.limit_currency)


async def _find_member(session: AsyncSession, user_id: UUID) -> TeamBuyer | None:
    query = select(*MEMBER_COLUMNS).where(_MEMBER.user_id == user_id)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else TeamBuyer.of(row)


async def require_within(
    session: AsyncSession, actor: Actor, kind: OrderKind, price: Money, now: dt.datetime
) -> None:
    """Read the actor's part in the team, and check it as `require_within_limit` does."""
    member = await _find_member(session, actor.user_id)
    await require_within_limit(session, actor, member, kind, price, now)


async def require_within_limit(
    session: AsyncSession,
    actor: Actor,
    member: TeamBuyer | None,
    kind: OrderKind,
    price: Money,
    now: dt.datetime,
) -> None:
    """Raise `SpendingLimit` where the actor may not buy, or `price` goes beyond what is left of their limit.

    What is free counts towards no limit, but is for who may buy.

    The caller has locked the company's row: of two purchases at once the second sees the first.
    """
    if member is None or (member.left_at is not None and actor.member_id is None):
        return  # a company that stands under the account of who left it is nobody's to limit
    if member.left_at is not None or not may(
        Role.EMPLOYER, Permission.BUY_LEADS, None, member.role
    ):
        raise SpendingLimit  # a link of theirs from before
    if price.amount == 0 or member.monthly_limit is None:
        return
    if member.limit_currency != price.currency:
        raise SpendingLimit  # what it is worth can't be said
    spent = (await spent_by(session, [actor.user_id], now, kind)).get(actor.user_id, {})
    if spent.get(price.currency, 0) + price.amount > member.monthly_limit:
        raise SpendingLimit


def sees_page(actor: Actor, bought_by: UUID | None) -> bool:
    """Whether a list of orders shows the actor the open page of one: whoever opened it, and owners.

    Others get it by asking to buy, where their limit is checked.
    """
    return actor.team_role is TeamRole.OWNER or bought_by == actor.user_id


async def require_for_page(
    session: AsyncSession, actor: Actor, order: Order, now: dt.datetime
) -> None:
    """Raise `SpendingLimit` where a colleague opened the page of this order, and the actor may not pay it."""
    if order.bought_by != actor.user_id:
        price = Money(order.total, order.currency)
        await require_within(session, actor, OrderKind(order.kind), price, now)
