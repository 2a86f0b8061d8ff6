"""Currencies and amounts as each payment provider counts them, both ways."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import CURRENCIES, Money, exponent
from app.core.settings import ConfigurationError, Settings
from app.main import create_app
from app.payments.provider_currencies import AmountNotTaken, ProviderCurrencies
from app.providers.razorpay.currencies import RAZORPAY_CURRENCIES
from app.providers.stripe.currencies import STRIPE_CURRENCIES
from tests.support.app_harness import World
from tests.support.assertions import ok, refused

ALL = [STRIPE_CURRENCIES, RAZORPAY_CURRENCIES]
EVERY = pytest.mark.parametrize("currencies", ALL, ids=lambda each: each.provider)


@pytest.mark.parametrize(
    ("money", "number"),
    [
        (Money(4_900, "INR"), 4_900),
        (Money(500, "JPY"), 500),
        (Money(500, "ISK"), 50_000),
        (Money(5_000, "UGX"), 500_000),
        (Money(50_000, "MGA"), 500),
        (Money(5_120, "KWD"), 5_120),
    ],
)
def test_stripe_counts_as_its_list_says(money: Money, number: int) -> None:
    assert STRIPE_CURRENCIES.to_provider(money) == number
    assert STRIPE_CURRENCIES.from_provider(number, money.currency.lower()) == money


@pytest.mark.parametrize(
    ("money", "number"),
    [
        (Money(4_900, "INR"), 4_900),
        (Money(500, "JPY"), 500),
        (Money(500, "ISK"), 500),
        (Money(5_000, "UGX"), 5_000),
        (Money(50_000, "MGA"), 50_000),
        (Money(295_990, "KWD"), 295_990),
    ],
)
def test_razorpay_counts_as_its_table_says(money: Money, number: int) -> None:
    assert RAZORPAY_CURRENCIES.to_provider(money) == number
    assert RAZORPAY_CURRENCIES.from_provider(number, money.currency) == money


@pytest.mark.parametrize(
    ("money", "says"),
    [
        (Money(5_124, "KWD"), "multiples of 10 minor units"),
        (Money(50_001, "MGA"), "multiples of 100 minor units"),
        (Money(100, "IRR"), "Stripe takes no payments in IRR."),
    ],
)
def test_what_stripe_has_no_number_for_is_refused_and_never_rounded(
    money: Money, says: str
) -> None:
    with pytest.raises(AmountNotTaken) as refusal:
        STRIPE_CURRENCIES.to_provider(money)
    assert says in refusal.value.sentence


@EVERY
def test_every_currency_is_one_of_ours(currencies: ProviderCurrencies) -> None:
    assert set(currencies.decimals) <= CURRENCIES
    assert set(currencies.steps) <= set(currencies.decimals)


@EVERY
@given(data=st.data())
def test_there_and_back_is_the_same_money(
    currencies: ProviderCurrencies, data: st.DataObject
) -> None:
    code = data.draw(st.sampled_from(sorted(currencies.decimals)))
    money = Money(data.draw(st.integers(1, 10**9)), code)
    try:
        number = currencies.to_provider(money)
    except AmountNotTaken:
        return
    assert currencies.from_provider(number, code) == money
    assert number * 10 ** exponent(code) == money.amount * 10 ** currencies.decimals[code]


def test_a_fraction_of_our_smallest_amount_is_no_money() -> None:
    with pytest.raises(ValueError, match="fraction"):
        STRIPE_CURRENCIES.from_provider(550, "isk")
    with pytest.raises(ValueError, match="ISO 4217"):
        STRIPE_CURRENCIES.from_provider(550, "zzz")


def test_a_server_does_not_start_with_a_currency_that_its_provider_lacks() -> None:
    for provider in ("stripe", "razorpay"):
        settings = Settings(
            _env_file=None, environment="test", default_currency="IRR", payment_provider=provider
        )
        says = f"DEFAULT_CURRENCY can't be IRR: {provider.title()} takes no payments in IRR."
        with pytest.raises(ConfigurationError, match=says):
            create_app(settings, loops=False)


def fields(answer: httpx.Response) -> dict[str, str]:
    """The fields that were refused, each with its sentence."""
    return {each["field"]: each["message"] for each in refused(answer, 422, "invalid")["errors"]}


def test_an_administrator_sets_only_prices_that_the_provider_can_charge(
    shared_world: World,
) -> None:
    admin, path = shared_world.admin(), "/api/admin/settings"
    before = ok(admin.get(path))["lead_prices"]
    wrong = {"currency": "IRR"}
    assert fields(admin.put(path, {"lead_prices": wrong})) == {
        "lead_prices.currency": "Stripe takes no payments in IRR."
    }
    uneven = {"currency": "KWD", "default": 5_124, "by_category": {"events": 5_120}}
    assert set(fields(admin.put(path, {"lead_prices": uneven}))) == {"lead_prices.default"}
    assert ok(admin.get(path))["lead_prices"] == before
    packs = ok(admin.get(path))["balance"]
    uneven_pack = {"packs": [{"id": "odd", "pays": 5_124, "credits": 5_125}]}
    kwd = {"currency": "KWD", "default": 5_120}
    pays = fields(admin.put(path, {"lead_prices": kwd, "balance": uneven_pack}))
    assert set(pays) == {"balance.packs.0.pays"}
    ok(admin.put(path, {"balance": uneven_pack}))
    assert set(fields(admin.put(path, {"lead_prices": kwd}))) == {"balance.packs.0.pays"}
    ok(admin.put(path, {"balance": packs}))
    ok(admin.put(path, {"lead_prices": kwd}))
    assert set(fields(admin.put(path, {"balance": uneven_pack}))) == {"balance.packs.0.pays"}
    ok(admin.put(path, {"lead_prices": before}))
