"""The leads behind the payment link of an order, and how its payment goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.database.session import keyring
from app.identity.actor import Actor
from app.identity.models import User
from app.jobs.models import Job
from app.offers.links import order_of
from app.offers.mark_unlocked import list_for_sale
from app.offers.models import JobMatch
from app.offers.worker_names import shown_name
from app.payments.contacts import contacts_of
from app.payments.linked_lead import employer_of
from app.payments.models import Order, Payment
from app.payments.rules import OPEN, PAYABLE, OrderKind, PaymentStatus


@dataclass(frozen=True)
class LinkedOrder:
    """An order, its employer, and its leads as they are now."""

    order: Order
    user: User
    match_ids: Sequence[UUID]
    """All its leads."""
    to_pay: Sequence[UUID]
    """Those that are for sale and not bought yet."""
    all_bought: bool
    params: dict[str, Any]
    """What the page's texts name; count, list and price are of those that are still to be paid, if any."""

    @property
    def actor(self) -> Actor:
        """The employer. Raises `NotFound` for one who is suspended or erased."""
        return employer_of(self.user, self.order.bought_by)

    @property
    def page(self) -> str:
        """Which page of the catalogue says where it stands."""
        if self.order.kind == OrderKind.TOP_UP:
            if self.order.status in PAYABLE:
                return "top_up_offered"
            if self.order.status in OPEN:
                return "top_up_open"
            is_paid = self.order.status == PaymentStatus.SUCCEEDED
            return "top_up_paid" if is_paid else "top_up_over"
        if self.all_bought:
            return "leads_bought"
        if self.order.status in {PaymentStatus.PROCESSING, PaymentStatus.SUCCEEDED}:
            return "leads_paid"
        if not self.to_pay:
            return "leads_gone"
        return "leads_not_paid" if self.order.status == PaymentStatus.FAILED else "leads_offered"

    @property
    def may_be_paid(self) -> bool:
        """Whether the page may just have been paid: the provider's word is still on its way."""
        return self.order.status in OPEN


async def get_linked_order(session: AsyncSession, token: str) -> LinkedOrder:
    """Return the order of a link. Raises `NotFound`."""
    query = (
        select(Order, User)
        .join(User, User.id == Order.employer_id)
        .where(Order.id == order_of(keyring(session), token))
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    order, user = row
    of_leads = (
        select(JobMatch.id, JobMatch.price_amount, User.name, Job.title)
        .join(Payment, Payment.match_id == JobMatch.id)
        .join(User, User.id == JobMatch.worker_id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(Payment.order_id == order.id)
        .order_by(Payment.id)
    )
    leads = (await session.execute(of_leads)).all()
    ids = [lead.id for lead in leads]
    bought = await contacts_of(session, order.employer_id, ids)
    for_sale = await list_for_sale(session, [each for each in ids if each not in bought])
    shown = [lead for lead in leads if lead.id in for_sale] or leads
    names = [f"{shown_name(lead.name) or '…'} ({lead.title})" for lead in shown]
    params = {
        "count": len(shown),
        "list": ", ".join(names),
        "price": {"amount": sum(lead.price_amount for lead in shown), "currency": order.currency},
    }
    to_pay = [each for each in ids if each in for_sale]
    if order.kind == OrderKind.TOP_UP:
        params = {
            "price": {"amount": order.credits or 0, "currency": order.currency},
            "pays": {"amount": order.total, "currency": order.currency},
        }
    return LinkedOrder(order, user, ids, to_pay, len(bought) == len(ids), params)
