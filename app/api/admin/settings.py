"""The policy: the numbers that administrators change while the system runs."""

import datetime as dt
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.api.admin.access import SettingsChanger, SettingsReader
from app.api.http.dependencies import Now, Read, Route, Rt, Write
from app.attempts.work import Kind, try_all_anew
from app.catalogue import places, skills
from app.core.errors import FieldError, Invalid
from app.core.money import Money
from app.core.schema import RequestModel
from app.database.wakeups import wake_loops
from app.identity.actor import Actor
from app.payments.provider_currencies import ProviderCurrencies
from app.policy import policy
from app.policy.policy import (
    BalancePolicy,
    Coupon,
    CouponCode,
    DeadlinePolicy,
    FreeLeads,
    LeadPrices,
    LimitPolicy,
    MatchingPolicy,
    MessagePrices,
    Policy,
    SellerPolicy,
    WavePolicy,
)
from app.runtime import Runtime
from app.taxes import pack

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


CHANGE: Final = "policy.change"


class PolicyChanges(RequestModel):
    """What to change; a section, or a field of one, that is left out stays as it is."""

    lead_prices: LeadPrices | None = Field(
        default=None, description="What a lead costs; left out, as it is."
    )
    free_leads: FreeLeads | None = Field(
        default=None, description="How many leads a company gets for nothing; left out, as it is."
    )
    coupons: dict[CouponCode, Coupon] | None = Field(
        default=None,
        description="All coupons by their code; left out, as they are.",
        max_length=100,
        examples=[{"WELCOME": {"percent": 50}}],
    )
    matching: MatchingPolicy | None = Field(
        default=None, description="Who can be offered a job; left out, as it is."
    )
    waves: WavePolicy | None = Field(
        default=None,
        description="How offers go out; left out, as it is.",
        examples=[{"interval_minutes": 45}],
    )
    deadlines: DeadlinePolicy | None = Field(
        default=None, description="How long people have; left out, as it is."
    )
    limits: LimitPolicy | None = Field(
        default=None, description="How much an account may do; left out, as it is."
    )
    balance: BalancePolicy | None = Field(
        default=None, description="How employers may pay in advance."
    )
    seller: SellerPolicy | None = Field(
        default=None, description="Who sells, and which tax prices include; left out, as it is."
    )
    message_prices: MessagePrices | None = Field(
        default=None, description="What messages cost us; left out, as it is."
    )


@router.get("/settings")
async def get_settings(session: Read, _actor: SettingsReader) -> Policy:
    """Return the numbers that shape the market: prices, weights, waves, deadlines, limits."""
    return await policy.current(session)


def _check_categories(body: PolicyChanges) -> None:
    """Refuse a price that no job could ever have; those from before stay as they are."""
    if body.lead_prices is None:
        return
    priced = {f"by_category.{one}": one for one in body.lead_prices.by_category}
    for city, prices in body.lead_prices.by_city.items():
        priced |= {f"by_city.{city}.by_category.{one}": one for one in prices.by_category}
    message = "There is no such category; see the catalogue."
    wrong = [
        FieldError(f"lead_prices.{field}", message)
        for field, category in priced.items()
        if category not in skills.CATEGORIES
    ]
    for city in body.lead_prices.by_city:
        known = places.by_city(city)
        if known is None or known.name != city:
            meant = f"; {known.name} is meant" if known else ""
            wrong.append(
                FieldError(
                    f"lead_prices.by_city.{city}", f"There is no such city in the catalogue{meant}."
                )
            )
    if wrong:
        raise Invalid(wrong)


def _check_prices(changed: Policy, currencies: ProviderCurrencies) -> None:
    """Refuse a currency, or a price or pack in it, that the payment provider can't charge."""
    prices = changed.lead_prices
    if sentence := currencies.problem(prices.currency):
        raise Invalid([FieldError("lead_prices.currency", sentence)])
    named = {"lead_prices.default": prices.default}
    by_category = {f"by_category.{one}": price for one, price in prices.by_category.items()}
    for city, here in prices.by_city.items():
        by_category |= {
            f"by_city.{city}.by_category.{one}": price for one, price in here.by_category.items()
        }
        if here.default is not None:
            by_category[f"by_city.{city}.default"] = here.default
    named |= {f"lead_prices.{field}": price for field, price in by_category.items()}
    for place, pack_ in enumerate(changed.balance.packs):
        named[f"balance.packs.{place}.pays"] = pack_.pays
    found = {
        field: currencies.price_problem(Money(price, prices.currency))
        for field, price in named.items()
    }
    if wrong := [FieldError(field, why) for field, why in found.items() if why]:
        raise Invalid(wrong)


def _with_checked_seller(changed: Policy) -> Policy:
    """Return the policy with the seller's tax number as it is written.

    Raises `Invalid` where prices shall include tax and something that an invoice then needs is missing or wrong.
    """
    seller = changed.seller
    if seller.tax_pack == pack.NONE:
        return changed
    missing = [
        FieldError(f"seller.{name}", "is needed where prices include tax")
        for name in ("address", "tax_id")
        if getattr(seller, name) is None
    ]
    if missing or seller.tax_id is None:
        raise Invalid(missing)
    try:
        tax_id = pack.get_pack(seller.tax_pack).checked_tax_id(seller.tax_id)
    except ValueError as error:
        raise Invalid.field("seller.tax_id", str(error)) from None
    return changed.model_copy(update={"seller": seller.model_copy(update={"tax_id": tax_id})})


@router.put("/settings")
async def update_settings(
    body: PolicyChanges, session: Write, actor: SettingsChanger, now: Now, rt: Rt
) -> Policy:
    """Change the policy; what is left out stays, what was offered keeps its price and deadline."""
    return await put_in_force(session, body, actor, rt, now)


async def put_in_force(
    session: AsyncSession,
    body: PolicyChanges,
    actor: Actor,
    rt: Runtime,
    now: dt.datetime,
    *,
    code: str | None = None,
) -> Policy:
    """Check changes, put them in force and log them with the program's reason `code`. Raises `Invalid`."""
    before = await policy.lock_to_change(session, now=now)
    after = checked(before, body, rt)
    await policy.replace(session, after, now=now)
    # Waves that failed by the policy before are tried by this one.
    await session.execute(try_all_anew(Kind.WAVE))
    wake_loops(session, "waves")
    was, is_now = before.model_dump(mode="json"), after.model_dump(mode="json")
    touched = [name for name in is_now if was[name] != is_now[name]]
    audit.record(
        session,
        CHANGE,
        "policy",
        actor,
        now,
        code=code,
        before={name: was[name] for name in touched},
        after={name: is_now[name] for name in touched},
    )
    return after


def checked(before: Policy, body: PolicyChanges, rt: Runtime) -> Policy:
    """Return the policy that changes would make. Raises `Invalid` for one that could not be kept."""
    after = _with_checked_seller(_changed(before, body))
    if sum(after.matching.weights.model_dump().values()) <= 0:
        raise Invalid([FieldError("matching.weights", "at least one weight must be above zero")])
    _check_categories(body)
    sells = body.lead_prices is not None or body.balance is not None
    if sells and rt.payments is not None:
        _check_prices(after, rt.payments.currencies)
    return after


def _changed[Part: BaseModel](part: Part, sent: BaseModel) -> Part:
    """Return `part` with what was sent in its place, section by section, field by field.

    A section that is null is left out; a field that is null is emptied, where it may be.
    """
    values = {}
    for name in sent.model_fields_set:
        value, now = getattr(sent, name), getattr(part, name)
        if value is not None or not isinstance(sent, PolicyChanges):
            values[name] = _changed(now, value) if isinstance(value, BaseModel) else value
    return part.model_copy(update=values)
