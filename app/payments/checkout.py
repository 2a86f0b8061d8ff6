"""Open the provider's page on which an order is paid.

The request is kept with its key before it is sent. Whoever repeats it (after a lost answer, in a process with another
PUBLIC_URL) sends the very same, for a provider refuses a key that comes with another request.
"""

import asyncio
import datetime as dt
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import case, select, update

from app.core.logging import logger
from app.core.money import Money
from app.database.session import Database
from app.employers.models import Employer
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.payments import orders, rules
from app.payments import provider as providers
from app.payments.models import Order, Payment, PaymentAttempt
from app.payments.provider import (
    CardOutcomeUnknown,
    CardRefused,
    Checkout,
    CheckoutRequest,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderBroke,
    ProviderHasNot,
    ProviderRefused,
    SavedCard,
)
from app.payments.purchase import page_ends
from app.payments.rules import AttemptStatus
from app.payments.settle import settle

CHARGE_SETTLES = dt.timedelta(minutes=2)
"""For how long a charge whose answer was lost may still come to be: until then that none is found proves nothing."""
LOOK_ONCE_MORE = dt.timedelta(minutes=10)
"""When a charge that was given up is looked for the last time."""

_opening: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Paying:
    """An order and the attempt to have it paid; `attempt` is None once nothing is to be paid any more."""

    order: Order
    attempt: PaymentAttempt | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be paid."""
        return self.order.status in rules.OPEN

    @property
    def is_payable(self) -> bool:
        """Whether there is anything to pay: not while the money is on its way."""
        return self.order.status in rules.PAYABLE

    @property
    def url(self) -> str | None:
        """The page on which to pay."""
        return self.attempt.checkout_url if self.attempt is not None and self.is_payable else None


async def open_page(
    database: Database,
    provider: PaymentProvider | None,
    order_id: UUID,
    return_url: str,
    now: dt.datetime,
) -> Paying:
    """Return the order with its page, opened at the provider if it is not yet.

    Clicks that come together get the same page. Raises `PaymentsNotConfigured`,
    `PaymentsUnavailable`, `CardOutcomeUnknown` while a charge that was begun may still come to be, or `PaymentRefused`
    where another try ends the same.
    """
    if provider is None:
        raise providers.PaymentsNotConfigured
    lock = _opening.setdefault(order_id, asyncio.Lock())
    async with lock:
        paying = await read(database, order_id)
        attempt = paying.attempt
        if attempt is None or attempt.checkout_url is not None or not paying.is_open:
            return paying
        if (asked := _card_request(attempt)) is not None:
            # The answer about a card was lost. Nobody is charged for looking; a page comes after it.
            charged = await provider.charge_of(asked)
            if charged is not None:
                return await _settled(database, provider, order_id, charged, now)
            if now < attempt.updated_at + CHARGE_SETTLES:
                raise CardOutcomeUnknown
            lost: ProviderRefused | None = ProviderRefused("charge_lost")
        elif attempt.request is not None and attempt.provider != provider.name:
            # Another one was selected since: it knows neither the key nor the customer.
            lost = ProviderRefused("provider_changed")
        else:
            lost = None
        if lost is not None:
            await _next_attempt(database, paying.order, attempt, lost, now)
            paying = await read(database, order_id)
            attempt = paying.attempt
            if attempt is None:
                return paying
        try:
            request = await _kept_request(
                database, provider, paying.order, attempt, return_url, now
            )
            if request.card_id is not None:
                raise CardOutcomeUnknown  # another process charges the card under this key now
            checkout = await provider.create_checkout(request, attempt.idempotency_key)
        except ProviderRefused as refusal:
            logger().warning("checkout_refused", order_id=str(order_id), code=refusal.code)
            await _next_attempt(database, paying.order, attempt, refusal, now)
            if isinstance(refusal, ProviderHasNot | ProviderBroke):
                raise PaymentsUnavailable from refusal
            raise providers.PaymentRefused from refusal
        await _note_page(database, order_id, attempt.id, checkout, now)
        return await read(database, order_id)


async def charge(
    database: Database,
    provider: PaymentProvider,
    order_id: UUID,
    card: SavedCard,
    return_url: str,
    now: dt.datetime,
) -> Paying | None:
    """Charge the order to a kept card, and unlock; None where a page is open for it already, or was asked for.

    The same attempt again charges nothing twice: it is the same request, under the same key. Raises `CardRefused`
    (another attempt has begun), `ProviderBroke` or `PaymentsUnavailable` (unknown: to be asked again), `PaymentRefused`.
    """
    async with _opening.setdefault(order_id, asyncio.Lock()):
        paying = await read(database, order_id)
        attempt = paying.attempt
        if attempt is None or not paying.is_open:
            return paying
        if attempt.session_id is not None:
            return None
        try:
            request = await _kept_request(
                database, provider, paying.order, attempt, return_url, now, card.id
            )
            if request.card_id is None or attempt.provider != provider.name:
                return None
            charged = await provider.charge_card(request, attempt.idempotency_key)
        except ProviderBroke:
            raise
        except ProviderRefused as refusal:
            await _next_attempt(database, paying.order, attempt, refusal, now)
            if isinstance(refusal, CardRefused):
                raise
            if isinstance(refusal, ProviderHasNot):
                raise PaymentsUnavailable from refusal
            raise providers.PaymentRefused from refusal
        return await _settled(database, provider, order_id, charged, now)


async def _settled(
    database: Database,
    provider: PaymentProvider,
    order_id: UUID,
    charged: Checkout,
    now: dt.datetime,
) -> Paying:
    """Settle what the provider has charged, and return the order as it is then."""
    async with database.begin() as session:
        await settle(session, charged, now, livemode=provider.livemode)
    return await read(database, order_id)


def _card_request(attempt: PaymentAttempt) -> CheckoutRequest | None:
    """Return the attempt's request to charge a card, whose outcome is not known; None where it has made none."""
    if attempt.request is None or attempt.session_id is not None:
        return None
    request = request_of(attempt.request)
    return None if request.card_id is None else request


async def find_charge(provider: PaymentProvider, attempt: PaymentAttempt) -> Checkout | None:
    """Ask what became of an attempt without a page: what was charged to a card, None for nothing."""
    request = _card_request(attempt)
    return None if request is None else await provider.charge_of(request)


async def read(database: Database, order_id: UUID) -> Paying:
    """Return an order and its open attempt as they are now."""
    async with database.read() as session:
        order = (await session.scalars(select(Order).where(Order.id == order_id))).one()
        return Paying(order, await orders.open_attempt(session, order_id))


async def _note_page(
    database: Database, order_id: UUID, attempt_id: UUID, checkout: Checkout, now: dt.datetime
) -> None:
    page: dict[str, Any] = {
        "checkout_url": checkout.url,
        "livemode": checkout.livemode,
        "expires_at": checkout.expires_at,
        "updated_at": now,
    }
    is_open = PaymentAttempt.status == AttemptStatus.OPEN
    async with database.begin() as session:
        await orders.lock(session, order_id)
        await session.execute(
            update(PaymentAttempt)
            .where(PaymentAttempt.id == attempt_id, PaymentAttempt.session_id.is_(None))
            # Given up while the page was being opened: it is closed again.
            .values(
                **page,
                session_id=checkout.session_id,
                check_at=case((is_open, PaymentAttempt.check_at), else_=now),
            )
            .execution_options(synchronize_session=False)
        )
        mine = update(Payment).where(Payment.order_id == order_id)
        await session.execute(mine.values(page).execution_options(synchronize_session=False))
        alone = mine.where(Payment.id == order_id, Payment.session_id.is_(None))
        await session.execute(
            alone.values(session_id=checkout.session_id).execution_options(
                synchronize_session=False
            )
        )


async def _kept_request(
    database: Database,
    provider: PaymentProvider,
    order: Order,
    attempt: PaymentAttempt,
    return_url: str,
    now: dt.datetime,
    card_id: str | None = None,
) -> CheckoutRequest:
    """Return what the provider is asked under this attempt's key, as it was first kept.

    `card_id` is the kept card to charge, of an attempt that has asked for nothing yet.
    """
    if attempt.request is not None:
        return request_of(attempt.request)
    customer_id = await _customer(database, provider, order, attempt.number)
    made = await _request(database, order, attempt, customer_id, return_url)
    made = replace(made, card_id=card_id)
    async with database.begin() as session:
        await session.execute(
            update(PaymentAttempt)
            .where(PaymentAttempt.id == attempt.id, PaymentAttempt.request.is_(None))
            .values(request=_as_json(made), provider=provider.name, updated_at=now)
            .execution_options(synchronize_session=False)
        )
        query = select(PaymentAttempt.request).where(PaymentAttempt.id == attempt.id)
        return request_of((await session.scalars(query)).one() or _as_json(made))


def _as_json(request: CheckoutRequest) -> dict[str, Any]:
    kept = asdict(request) | {"expires_at": request.expires_at.isoformat()}
    if request.card_id is None:
        # A process of the version before knows no cards.
        del kept["card_id"]
    return kept


def request_of(kept: dict[str, Any]) -> CheckoutRequest:
    """Return a request that was kept with an attempt."""
    return CheckoutRequest(
        **{
            **kept,
            "price": Money(**kept["price"]),
            "expires_at": dt.datetime.fromisoformat(kept["expires_at"]),
        }
    )


async def _customer(
    database: Database, provider: PaymentProvider, order: Order, number: int
) -> str | None:
    if not provider.keeps_customers:
        return None
    async with database.read() as session:
        query = select(Employer).where(Employer.id == order.employer_id)
        employer = (await session.scalars(query)).one()
    if employer.provider_customer_id is not None:
        return employer.provider_customer_id
    made = await provider.create_customer(
        str(employer.id), employer.company_name, f"customer:{employer.id}:{number}"
    )
    async with database.begin() as session:
        await session.execute(
            update(Employer)
            .where(Employer.id == employer.id, Employer.provider_customer_id.is_(None))
            .values(provider_customer_id=made)
        )
    return made


async def _request(
    database: Database,
    order: Order,
    attempt: PaymentAttempt,
    customer_id: str | None,
    return_url: str,
) -> CheckoutRequest:
    async with database.read() as session:
        query = (
            select(JobMatch.id, Job.title)
            .join(Job, Job.id == JobMatch.job_id)
            .join(Payment, Payment.match_id == JobMatch.id)
            .where(Payment.order_id == order.id)
            .order_by(Payment.id)
        )
        leads = (await session.execute(query)).all()
    if attempt.expires_at is None:
        raise PaymentsUnavailable
    return CheckoutRequest(
        payment_id=str(order.id),
        match_id=str(leads[0].id if leads else order.id),
        employer_id=str(order.employer_id),
        customer_id=customer_id,
        price=order.price,
        description=_description([lead.title for lead in leads]) if leads else "Balance",
        return_url=return_url,
        expires_at=attempt.expires_at,
    )


def _description(titles: list[str]) -> str:
    if len(titles) == 1:
        return f"Contact of one worker: {titles[0]}"
    return f"Contacts of {len(titles)} workers: {', '.join(dict.fromkeys(titles))}"[:200]


async def _next_attempt(
    database: Database,
    order: Order,
    attempt: PaymentAttempt,
    refusal: ProviderRefused,
    now: dt.datetime,
) -> None:
    """Begin another attempt with a new key: the provider replays a failure under the old one.

    A customer id that the provider no longer knows is removed, so that a new one is made.
    """
    async with database.begin() as session:
        await orders.lock(session, order.id)
        ended = (
            update(PaymentAttempt)
            .where(
                PaymentAttempt.id == attempt.id,
                PaymentAttempt.status == AttemptStatus.OPEN,
                PaymentAttempt.session_id.is_(None),
            )
            .values(
                status=AttemptStatus.REFUSED,
                failure_code=refusal.code[:64],
                check_at=None if _card_request(attempt) is None else now + LOOK_ONCE_MORE,
                updated_at=now,
            )
            .returning(PaymentAttempt.id)
            .execution_options(synchronize_session=False)
        )
        if (await session.execute(ended)).one_or_none() is not None:
            ends = await page_ends(session, now)
            following = orders.attempt_row(
                order.id, attempt.number + 1, attempt.provider, ends, now
            )
            session.add(following)
            mine = update(Payment).where(Payment.order_id == order.id)
            await session.execute(
                mine.values(
                    attempt=following.number, expires_at=ends, updated_at=now
                ).execution_options(synchronize_session=False)
            )
    if isinstance(refusal, ProviderHasNot):
        # Apart: who buys locks the employer's row before the orders.
        async with database.begin() as session:
            await session.execute(
                update(Employer)
                .where(Employer.id == order.employer_id)
                .values(provider_customer_id=None)
            )
