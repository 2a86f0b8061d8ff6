"""The policy: every number that shapes the market, with its unit and its default, in one place."""

import datetime as dt
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.core.schema import Currency, Slug, whole
from app.policy.models import PolicyRow
from app.sql import insert_of, is_postgresql

_ONLY_ROW = 1

Weight = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Price = Annotated[int, whole(50, 10**9)]
"""A price in minor units; 50 is about the least a card can be charged."""
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LeadPrices(_Part):
    """What one lead costs, in minor units: by job category, else the default."""

    currency: Currency = "INR"
    default: Price = 4_900
    by_category: dict[Slug, Price] = Field(default_factory=dict, max_length=100)


class MatchingWeights(_Part):
    """How much each part counts in the score; only their proportions matter."""

    distance: Weight = 30.0
    availability: Weight = 30.0
    skills: Weight = 20.0
    experience: Weight = 10.0
    reliability: Weight = 10.0

    @model_validator(mode="after")
    def _weigh_something(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("at least one weight must be above zero")
        return self


class MatchingPolicy(_Part):
    """Who can be offered a job."""

    weights: MatchingWeights = MatchingWeights()
    minimum_availability_share: Share = 0.5
    """A worker is free for at least this share of the job's weekly minutes."""


class WavePolicy(_Part):
    """How offers go out."""

    offers_per_open_place: Annotated[int, whole(1, 20)] = 2
    interval_minutes: Annotated[int, whole(1, 10_080)] = 30
    """After this long without an answer, an offer no longer holds back the next wave."""
    choice_factor: Annotated[int, whole(1, 10)] = 2
    """Accepts never exceed positions times this."""


class DeadlinePolicy(_Part):
    """How long people have."""

    respond_within_minutes: Annotated[int, whole(1, 10_080)] = 240
    """To answer an offer, where the job does not say."""
    checkout_minutes: Annotated[int, whole(30, 1_440)] = 60
    """To pay for a lead once the payment page is open (the provider's least is 30)."""
    guarantee_hours: Annotated[int, whole(1, 720)] = 48
    """To report a lead that proved bad, after its unlock."""


class LimitPolicy(_Part):
    """How much an account may do before it is known."""

    unlocks_before_verification: Annotated[int, whole(0, 10_000)] = 10
    unlocks_before_email_confirmed: Annotated[int, whole(0, 10_000)] | None = None
    """None: an employer need never confirm the e-mail address."""
    unlocks_per_hour: Annotated[int, whole(1, 10_000)] = 30
    unlocks_per_day: Annotated[int, whole(1, 100_000)] = 200
    """More than anybody hires for; a fake employer who collects contacts wants more."""
    new_account_days: Annotated[int, whole(0, 365)] = 7
    new_account_unlocks: Annotated[int, whole(1, 10_000)] = 8
    """So many workers' contacts in a day, by an account this new, are shown to administrators."""
    offers_per_worker_per_week: Annotated[int, whole(1, 500)] = 50
    """Where the worker has set no cap of their own."""
    offers_per_worker_per_week_of_one_employer: Annotated[int, whole(1, 500)] = 20
    """Nobody fills somebody's week alone."""


class MessagePrices(_Part):
    """What messages cost us, as the provider's price list says; it is only told, nobody is charged."""

    currency: Currency = "INR"
    per_thousand: dict[Slug, Annotated[int, whole(0, 10**9)]] = Field(
        default_factory=dict, max_length=20
    )
    """Minor units for a thousand messages, by category: service, utility, authentication, marketing, sms.
    By the thousand, because one costs less than a minor unit in places."""
    free_service_a_month: Annotated[int, whole(0, 10**9)] = 1_000
    """Free texts within the window that cost nothing in a calendar month."""


class Policy(_Part):
    """Everything an administrator may set."""

    lead_prices: LeadPrices = LeadPrices()
    matching: MatchingPolicy = MatchingPolicy()
    waves: WavePolicy = WavePolicy()
    deadlines: DeadlinePolicy = DeadlinePolicy()
    limits: LimitPolicy = LimitPolicy()
    message_prices: MessagePrices = MessagePrices()

    def lead_price(self, category: str) -> Money:
        """Return the price of one lead of a job in `category`."""
        amount = self.lead_prices.by_category.get(category, self.lead_prices.default)
        return Money(amount, self.lead_prices.currency)


def default_policy(currency: str) -> Policy:
    """Return the policy of an installation where nothing was changed yet."""
    return Policy(
        lead_prices=LeadPrices(currency=currency), message_prices=MessagePrices(currency=currency)
    )


async def current(session: AsyncSession) -> Policy:
    """Return the policy in force."""
    values = await session.scalar(select(PolicyRow.values).where(PolicyRow.id == _ONLY_ROW))
    if values is None:
        return default_policy(session.info.get("default_currency", "INR"))
    return Policy.model_validate(values)


async def replace(session: AsyncSession, policy: Policy, now: dt.datetime) -> None:
    """Put `policy` in force for whatever happens from this commit on."""
    values = policy.model_dump(mode="json")
    first = {"id": _ONLY_ROW, "values": values, "version": 1, "updated_at": now}
    statement = insert_of(PolicyRow, postgresql=is_postgresql(session)).values(first)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[PolicyRow.id],
            set_={"values": values, "version": PolicyRow.version + 1, "updated_at": now},
        )
    )
