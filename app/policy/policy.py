"""The policy: the market's prices, weights, deadlines and limits, with units and defaults."""

import datetime as dt
from contextlib import suppress
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unavailable
from app.core.metrics import ALERTS
from app.core.money import Money
from app.core.schema import Currency, Day, Line, Name, Slug, whole
from app.database.statements import insert_if_absent, insert_of, is_postgresql
from app.policy.models import PolicyRow
from app.taxes import pack

_ONLY_ROW = 1
_READ = "policy"
"""Where a session keeps the policy that it has read."""

Weight = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Price = Annotated[int, whole(50, 10**9)]
"""Minor units; a card is charged 50 at least."""
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CityPrices(_Part):
    """What one lead of a job in one city costs, in minor units."""

    default: Price | None = Field(
        default=None, description="Minor units for a lead in this city; null: as in other cities."
    )
    by_category: dict[Slug, Price] = Field(
        default_factory=dict,
        max_length=100,
        description="Minor units for a lead in this city, by category of the job.",
    )


class LeadPrices(_Part):
    """What one lead costs, in minor units, taxes included.

    The first that is there counts: category in the city, the city, the category, the default.
    """

    currency: Currency = Field(default="INR", description="Currency, three letters of ISO 4217.")
    default: Price = Field(
        default=4_900, description="Minor units for a lead of any other category."
    )
    by_category: dict[Slug, Price] = Field(
        default_factory=dict,
        max_length=100,
        description="Minor units for a lead, by category of the job.",
    )
    by_city: dict[Name, CityPrices] = Field(
        default_factory=dict,
        max_length=200,
        description="Prices in a city, by its name in the catalogue; they go before those of all cities.",
        examples=[{"Mumbai": {"default": 5_900, "by_category": {"events": 7_900}}}],
    )

    def amount(self, category: str, city: str | None) -> int:
        """Return the price of a lead of a job in `category`, in this city by its name in the catalogue."""
        here = self.by_city.get(city or "", CityPrices())
        in_city = here.by_category.get(category, here.default)
        return in_city or self.by_category.get(category, self.default)


class Coupon(_Part):
    """How much less an order costs with a code: a share of each price, or an amount of the order."""

    percent: Annotated[int, whole(1, 99)] | None = Field(
        default=None, description="Percent off each price; null for an amount."
    )
    amount: Annotated[int, whole(1, 10**9)] | None = Field(
        default=None, description="Minor units off the order; null for a percentage."
    )
    per_company: Annotated[int, whole(1, 1_000)] = Field(
        default=1, description="Orders for which a company, or a proven phone, may use it."
    )
    in_all: Annotated[int, whole(1, 10**6)] | None = Field(
        default=None,
        description="Orders for which it may be used by all together; null: any number.",
    )
    ends_on: Day | None = Field(
        default=None, description="Last day on which it may be used (UTC); null: no last day."
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("set either percent or amount")
        return self


class FreeLeads(_Part):
    """Leads that a company gets for nothing, before it pays for any."""

    per_company: Annotated[int, whole(0, 20)] = Field(
        default=0,
        description="How many a company has, a phone, a mailbox or a tax number, whatever accounts they open; only "
        "with a phone that is proven, or once an administrator has checked the company. 0: none.",
    )


CouponCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,20}$", strict=True)]


class MatchingWeights(_Part):
    """How much each part counts in the score; only their proportions matter."""

    distance: Weight = Field(default=30.0, description="Weight of how near the worker is.")
    availability: Weight = Field(default=30.0, description="Weight of how well the hours fit.")
    skills: Weight = Field(default=20.0, description="Weight of the skills asked for.")
    experience: Weight = Field(default=10.0, description="Weight of the experience asked for.")
    reliability: Weight = Field(default=10.0, description="Weight of how well offers are answered.")

    @model_validator(mode="after")
    def _weigh_something(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("at least one weight must be above zero")
        return self


class MatchingPolicy(_Part):
    """Who can be offered a job."""

    weights: MatchingWeights = Field(
        default=MatchingWeights(), description="How much each part counts in the score."
    )
    minimum_availability_share: Share = Field(
        default=0.5,
        description="Least share of the job's weekly minutes for which a worker is free, 0 to 1.",
    )


class WavePolicy(_Part):
    """How offers go out."""

    offers_per_open_place: Annotated[int, whole(1, 20)] = Field(
        default=2, description="Offers in a wave for each open place, at most."
    )
    interval_minutes: Annotated[int, whole(1, 10_080)] = Field(
        default=10,
        description="Minutes after which an offer without an answer no longer counts against that number.",
    )
    choice_factor: Annotated[int, whole(1, 10)] = Field(
        default=2, description="Acceptances never exceed positions times this."
    )


class DeadlinePolicy(_Part):
    """How long people have."""

    respond_within_minutes: Annotated[int, whole(1, 10_080)] = Field(
        default=240, description="Minutes to answer an offer, where the job does not say."
    )
    checkout_minutes: Annotated[int, whole(30, 1_440)] = Field(
        default=60,
        description="Minutes to pay for a lead once the payment page is open (the provider's least is 30).",
    )
    guarantee_hours: Annotated[int, whole(1, 720)] = Field(
        default=168,
        description="Hours after its unlock in which a lead that proved bad can be reported.",
    )
    no_answer_after_hours: Annotated[int, whole(0, 720)] = Field(
        default=48,
        description="Hours after the unlock from which it can be reported that nobody answers; at most half of "
        "the guarantee.",
    )
    worker_answers_hours: Annotated[int, whole(1, 72)] = Field(
        default=24,
        description="Hours a worker has to say whether somebody reached them; silence gives the money back.",
    )

    @property
    def no_answer_from(self) -> int:
        """Hours after the unlock from which `no_answer` can be reported: never so late that nobody could."""
        return min(self.no_answer_after_hours, self.guarantee_hours // 2)


class LimitPolicy(_Part):
    """How much an account may do before it is known."""

    unlocks_before_verification: Annotated[int, whole(0, 10_000)] = Field(
        default=10, description="Contacts a company may buy before an administrator has checked it."
    )
    unlocks_before_email_confirmed: Annotated[int, whole(0, 10_000)] | None = Field(
        default=None,
        description="Contacts a company may buy before it confirmed its e-mail address; null: any number.",
    )
    unlocks_per_hour: Annotated[int, whole(1, 10_000)] = Field(
        default=30, description="Contacts a company may buy in an hour."
    )
    unlocks_per_day: Annotated[int, whole(1, 100_000)] = Field(
        default=200,
        description="Contacts a company may buy in 24 hours; a fake employer who collects contacts wants more.",
    )
    new_account_days: Annotated[int, whole(0, 365)] = Field(
        default=7, description="Days for which an account counts as new."
    )
    new_account_unlocks: Annotated[int, whole(1, 10_000)] = Field(
        default=8,
        description="Workers' contacts in 24 hours by a new account that are worth a look.",
    )
    refund_alone_up_to: Annotated[int, whole(0, 2_000_000_000)] | None = Field(
        default=100_000,
        description="Minor units of one payment that an administrator gives back alone; above it another one has to "
        "approve. null: any sum.",
    )
    reports_deciding_themselves_per_month: Annotated[int, whole(0, 10_000)] = Field(
        default=10,
        description="Reports of a company in 30 days that a worker's silence decides; later ones wait for an "
        "administrator.",
    )
    reports_deciding_themselves_share: Share = Field(
        default=0.3,
        description="The same as a share of the leads it bought in 30 days, from the fourth report on, 0 to 1.",
    )
    published_jobs_cancelled_per_day: Annotated[int, whole(1, 1_000)] = Field(
        default=10,
        description="Published jobs a company may cancel in 24 hours before it publishes nothing more; each "
        "tells who lives near it.",
    )
    offers_per_worker_per_week: Annotated[int, whole(1, 500)] = Field(
        default=6,
        description="Offers a worker gets in a week, where they have set no cap of their own.",
    )
    offers_per_worker_per_week_of_one_employer: Annotated[int, whole(1, 500)] = Field(
        default=20, description="Offers a worker gets in a week from one employer."
    )


def _tax_pack(name: str) -> str:
    if name not in pack.names():
        raise ValueError(f"must be one of {', '.join(pack.names())}")
    return name


class SellerPolicy(_Part):
    """Who sells the leads, as invoices name them, and which tax prices include."""

    name: Name = Field(default="Partimer", description="Legal name of the seller.")
    address: Line | None = Field(
        default=None,
        description="Address of the seller, one line; needed once prices include tax.",
        examples=["14 Hill Road, Bandra West, Mumbai 400050"],
    )
    tax_id: Line | None = Field(
        default=None,
        description="Tax number of the seller (GSTIN in India); without one prices include no tax.",
        examples=["27AAPFU0939F1ZV"],
    )
    tax_pack: Annotated[str, AfterValidator(_tax_pack)] = Field(
        default=pack.NONE,
        description="By which country's rules tax is computed: `india`, `vat`, or `none`.",
    )
    rate_basis_points: Annotated[int, whole(0, 10_000)] = Field(
        default=1_800, description="Rate of the tax in hundredths of a percent: 1800 is 18 %."
    )
    service_code: Annotated[
        str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,15}$", strict=True)
    ] = Field(
        default="998519",
        description="What is sold, by the tax office's list (SAC in India; 998519: other services of employment).",
    )

    @property
    def facts(self) -> pack.SellerFacts:
        """What a tax pack has to know."""
        return pack.SellerFacts(self.tax_id, self.rate_basis_points, self.service_code)


class MessagePrices(_Part):
    """What messages cost us, as the provider's price list says; it is only told, nobody is charged."""

    currency: Currency = Field(default="INR", description="Currency, three letters of ISO 4217.")
    per_thousand: dict[Slug, Annotated[int, whole(0, 10**9)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Minor units for a thousand messages, by category: service, utility, authentication, marketing, sms.",
    )
    free_service_a_month: Annotated[int, whole(0, 10**9)] = Field(
        default=1_000,
        description="Free texts within the window that cost nothing in a calendar month.",
    )


class BalancePack(_Part):
    """An offer to pay in advance."""

    id: Slug = Field(description="Its name in requests.", examples=["small"])
    pays: Price = Field(description="Minor units that are paid.", examples=[50_000])
    credits: Price = Field(description="Minor units that the balance grows by.", examples=[55_000])

    @model_validator(mode="after")
    def _never_less(self) -> Self:
        if self.credits < self.pays:
            raise ValueError("credits must not be less than pays")
        return self


class BalancePolicy(_Part):
    """How employers may pay in advance, in the currency of lead prices."""

    packs: list[BalancePack] = Field(
        default=[
            BalancePack(id="small", pays=50_000, credits=55_000),
            BalancePack(id="large", pays=200_000, credits=230_000),
        ],
        max_length=10,
        description="What may be paid in advance, and what one gets for it; each id once.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({pack.id for pack in self.packs}) < len(self.packs):
            raise ValueError("every pack has an id of its own")
        return self


class Policy(_Part):
    """Everything an administrator may set."""

    lead_prices: LeadPrices = Field(default=LeadPrices(), description="What a lead costs.")
    free_leads: FreeLeads = Field(
        default=FreeLeads(), description="How many leads a company gets for nothing."
    )
    coupons: dict[CouponCode, Coupon] = Field(
        default_factory=dict,
        max_length=100,
        description="Coupons by their code: 3 to 20 capital letters and digits.",
        examples=[{"WELCOME": {"percent": 50}}],
    )
    matching: MatchingPolicy = Field(
        default=MatchingPolicy(), description="Who is offered a job, and in which order."
    )
    waves: WavePolicy = Field(default=WavePolicy(), description="How many offers go out, and when.")
    deadlines: DeadlinePolicy = Field(
        default=DeadlinePolicy(), description="How long people have to answer, pay and report."
    )
    limits: LimitPolicy = Field(default=LimitPolicy(), description="How much an account may do.")
    balance: BalancePolicy = Field(
        default=BalancePolicy(), description="How employers may pay in advance."
    )
    seller: SellerPolicy = Field(
        default=SellerPolicy(), description="Who sells, and which tax prices include."
    )
    message_prices: MessagePrices = Field(
        default=MessagePrices(), description="What messages cost us."
    )

    def lead_price(self, category: str, city: str | None) -> Money:
        """Return the price of one lead of a job in `category`, in this city by its name in the catalogue."""
        return Money(self.lead_prices.amount(category, city), self.lead_prices.currency)


class PolicyUnreadable(Unavailable):
    """The stored policy can't be read: an administrator has to set it again."""

    code = "policy_unreadable"
    detail = "The settings of the market can't be read; an administrator has to set them again."


def default_policy(currency: str) -> Policy:
    """Return the policy of a new installation."""
    return Policy(
        lead_prices=LeadPrices(currency=currency), message_prices=MessagePrices(currency=currency)
    )


async def current(session: AsyncSession) -> Policy:
    """Return the policy in force. Raises `PolicyUnreadable` rather than guess a price or limit.

    It is read once in a session: all that a transaction decides, it decides by the same policy. Who must have the
    newest (a use that is the last) asks `lock` before.
    """
    known: Policy | None = session.info.get(_READ)
    if known is None:
        known = session.info[_READ] = await _read(session)
    return known


STORED: Final = select(PolicyRow.values).where(PolicyRow.id == _ONLY_ROW).scalar_subquery()
"""The policy as it is stored: a column with which a query that runs anyway reads it, for `keep`."""


def keep(session: AsyncSession, values: Any) -> None:
    """Take what a query has read as `STORED` for the policy of this session, unless it is known. Raises `PolicyUnreadable`."""
    if _READ not in session.info:
        session.info[_READ] = _parse(session, values)


async def lock(session: AsyncSession) -> Policy:
    """Lock the policy's row until the end of the transaction, and return the policy as it is now."""
    await session.execute(select(PolicyRow.id).with_for_update())
    session.info.pop(_READ, None)
    return await current(session)


async def _read(session: AsyncSession) -> Policy:
    return _parse(session, await _stored(session))


def _parse(session: AsyncSession, values: Any) -> Policy:
    if values is None:
        return default_policy(_currency(session))
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        ALERTS.labels("policy_unreadable").inc()
        raise PolicyUnreadable from error


async def readable(session: AsyncSession) -> Policy:
    """Return the policy in force, with defaults for any section that can't be read.

    An administrator who mends an unreadable policy starts from this.
    """
    try:
        return await current(session)
    except PolicyUnreadable:
        values = await _stored(session)
    kept = default_policy(_currency(session))
    for name in Policy.model_fields:
        if isinstance(values, dict) and name in values:
            with suppress(ValidationError):
                section = getattr(Policy.model_validate({name: values[name]}), name)
                kept = kept.model_copy(update={name: section})
    return kept


async def lock_to_change(session: AsyncSession, *, now: dt.datetime) -> Policy:
    """Lock the policy's row until the end of the transaction, and return what a change starts from (`readable`).

    Of two who change it at once, the second starts from what the first has made of it.
    """
    # A new installation has no row that could be locked.
    first = {"values": default_policy(_currency(session)).model_dump(mode="json"), "version": 1}
    await insert_if_absent(session, PolicyRow, {"id": _ONLY_ROW, **first, "updated_at": now})
    await session.execute(select(PolicyRow.id).with_for_update())
    session.info.pop(_READ, None)
    return await readable(session)


def _currency(session: AsyncSession) -> str:
    currency: str = session.info.get("default_currency", "INR")
    return currency


async def _stored(session: AsyncSession) -> Any:
    return await session.scalar(select(PolicyRow.values).where(PolicyRow.id == _ONLY_ROW))


async def replace(session: AsyncSession, policy: Policy, *, now: dt.datetime) -> None:
    """Put `policy` in force from this commit on."""
    values = policy.model_dump(mode="json")
    session.info.pop(_READ, None)
    first = {"id": _ONLY_ROW, "values": values, "version": 1, "updated_at": now}
    statement = insert_of(PolicyRow, postgresql=is_postgresql(session)).values(first)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[PolicyRow.id],
            set_={"values": values, "version": PolicyRow.version + 1, "updated_at": now},
        )
    )
