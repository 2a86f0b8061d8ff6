"""Coupons: less to pay, within limits, and never nothing."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.core.money import Money
from app.employers.models import Employer
from app.payments.coupons import LEAST_PRICE, reduced
from app.policy.policy import Coupon
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, at_once, lead, refund
from tests.support.sellers import charge_tax, put_settings


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)
    ok(put_settings(world_of_file, coupons={}, seller={"tax_pack": "none"}))


def offer(world: World, **coupon: Any) -> None:
    ok(put_settings(world, coupons={"WELCOME": coupon}))


def with_coupon(mine: Lead, code: str = "WELCOME") -> Any:
    return mine.unlock({"coupon": code})


PRICES = st.lists(st.integers(LEAST_PRICE, 10**9), min_size=1, max_size=20)


@given(PRICES, st.integers(1, 99))
def test_a_percentage_is_off_each_price_and_something_is_left(
    amounts: list[int], percent: int
) -> None:
    after = reduced(Coupon(percent=percent), [Money(amount, "INR") for amount in amounts])
    for amount, price in zip(amounts, after, strict=True):
        assert price.amount == max(amount - amount * percent // 100, LEAST_PRICE)


@given(PRICES, st.integers(1, 10**9))
def test_an_amount_is_off_the_order_once(amounts: list[int], off: int) -> None:
    after = reduced(Coupon(amount=off), [Money(amount, "INR") for amount in amounts])
    assert all(price.amount >= LEAST_PRICE for price in after)
    most = sum(amounts) - LEAST_PRICE * len(amounts)
    assert sum(amounts) - sum(price.amount for price in after) == min(off, most)


def test_a_coupon_makes_a_lead_cheaper_and_is_in_its_quote_and_invoice(world: World) -> None:
    charge_tax(world)
    offer(world, percent=50)
    mine = lead(world)
    page = ok(with_coupon(mine, "welcome"), 202)
    assert page["price"]["amount"] == page["quote"]["total"]["amount"] == 2_450
    assert mine.shown["quote"] == page["quote"]
    assert [tax["amount"]["amount"] for tax in page["quote"]["taxes"]] == [187, 187]
    world.pay(page["checkout_url"])
    assert ok(mine.unlock())["payment"]["price"]["amount"] == 2_450
    [invoice] = ok(mine.employer.get("/api/employers/invoices"))["items"]
    assert (invoice["total"]["amount"], invoice["net"]["amount"]) == (2_450, 2_076)


def test_a_page_without_the_coupon_gives_way_to_one_with_it(world: World) -> None:
    offer(world, amount=1_000)
    mine = lead(world)
    plain = mine.begin()
    cheaper = ok(with_coupon(mine), 202)
    assert (plain["price"]["amount"], cheaper["price"]["amount"]) == (4_900, 3_900)
    assert cheaper["checkout_url"] != plain["checkout_url"]
    assert ok(with_coupon(mine), 202) == cheaper == mine.begin()
    world.settle()
    assert [one["status"] for one in mine.payments()] == ["cancelled", "pending"]


def test_an_amount_is_off_several_leads_together(world: World) -> None:
    offer(world, amount=6_000)
    employer = world.employer()
    ids = [lead(world, employer).id for _ in range(2)]
    body = {"match_ids": ids, "coupon": "WELCOME"}
    page = ok(employer.post("/api/employers/unlocks", body), 202)
    assert page["price"]["amount"] == 3_800
    world.pay(page["checkout_url"])
    assert len(ok(employer.post("/api/employers/unlocks", {"match_ids": ids}))["items"]) == 2


def rich(world: World) -> Person:
    """An employer with 550 in the balance."""
    employer = world.employer(verified=True)
    pack = {"pack": "small"}
    world.pay(ok(employer.post("/api/employers/balance/top-ups", pack), 202)["checkout_url"])
    return employer


def there(employer: Person) -> int:
    amount: int = ok(employer.get("/api/employers/balance"))["balance"]["amount"]
    return amount


def test_the_balance_pays_what_is_left_and_its_invoice_says_so(world: World) -> None:
    charge_tax(world)
    offer(world, percent=50)
    employer = rich(world)
    mine = lead(world, employer)
    bought = ok(with_coupon(mine))
    assert bought["payment"]["price"]["amount"] == 2_450
    assert there(employer) == 55_000 - 2_450
    [invoice] = ok(employer.get("/api/employers/invoices"))["items"]
    assert (invoice["total"]["amount"], invoice["net"]["amount"]) == (2_450, 2_076)
    ok(refund(world, bought["payment"]["id"]))
    assert there(employer) == 55_000
    refused(with_coupon(lead(world, employer)), 409, "coupon_not_valid")
    assert there(employer) == 55_000


def test_a_balance_covers_what_a_coupon_leaves_to_pay(world: World) -> None:
    employer = rich(world)
    ok(put_settings(world, lead_prices={"default": 60_000, "currency": "INR"}))
    try:
        mine = lead(world, employer)
    finally:
        ok(put_settings(world, lead_prices={"default": 4_900, "currency": "INR"}))
    refused(mine.unlock({"pay_with": "balance"}), 409, "balance_too_low")
    offer(world, amount=4_999)
    refused(mine.unlock({"coupon": "WELCOME", "pay_with": "balance"}), 409, "balance_too_low")
    offer(world, amount=5_000)
    bought = ok(mine.unlock({"coupon": "WELCOME", "pay_with": "balance"}))
    assert bought["payment"]["price"]["amount"] == 55_000
    assert there(employer) == 0


def test_a_page_with_a_coupon_keeps_its_price_though_the_balance_would_pay(world: World) -> None:
    offer(world, percent=50)
    employer = rich(world)
    mine = lead(world, employer)
    page = ok(mine.unlock({"coupon": "WELCOME", "pay_with": "page"}), 202)
    assert page["price"]["amount"] == 2_450
    ok(put_settings(world, coupons={}))
    assert mine.begin() == page == ok(with_coupon(mine), 202)
    refused(mine.unlock({"pay_with": "balance"}), 409, "coupon_not_valid")
    assert (there(employer), mine.payment["status"]) == (55_000, "pending")
    offer(world, percent=50)
    # The use of the page that is given up is the one of the purchase out of the balance.
    bought = ok(mine.unlock({"pay_with": "balance"}))
    assert bought["payment"]["price"]["amount"] == 2_450
    assert there(employer) == 55_000 - 2_450
    world.settle()
    assert [one["status"] for one in mine.payments()] == ["cancelled", "succeeded"]


def test_a_company_uses_a_coupon_as_often_as_the_policy_says(world: World) -> None:
    offer(world, percent=50, per_company=2)
    employer = world.employer()
    first, second, third = (lead(world, employer) for _ in range(3))
    world.pay(ok(with_coupon(first), 202)["checkout_url"])
    ok(with_coupon(second), 202)
    refused(with_coupon(third), 409, "coupon_not_valid")
    # What is given up frees its use.
    assert third.begin()["price"]["amount"] == 4_900
    world.clock.advance(minutes=61)
    again = world.sign_in(str(employer.email), role="employer")
    employer.token = again.token
    world.settle()
    assert second.payment["status"] == "expired"
    assert ok(with_coupon(third), 202)["price"]["amount"] == 2_450


def test_the_last_use_of_all_is_one_company_s(world: World) -> None:
    ok(put_settings(world, coupons={"LASTONE": {"percent": 50, "in_all": 1}}))
    waiting = [lead(world) for _ in range(4)]
    answers = at_once([lambda mine=mine: with_coupon(mine, "LASTONE") for mine in waiting])
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]


def test_the_last_use_out_of_balances_is_one_purchase_s(world: World) -> None:
    ok(put_settings(world, coupons={"PREPAID": {"percent": 50, "in_all": 1}}))
    employers = [rich(world), rich(world)]
    waiting = [lead(world, employer) for employer in employers for _ in range(2)]
    answers = at_once([lambda mine=mine: with_coupon(mine, "PREPAID") for mine in waiting])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert sorted(there(employer) for employer in employers) == [52_550, 55_000]


def test_a_page_that_fails_to_be_paid_gives_the_use_back(world: World) -> None:
    offer(world, percent=50)
    employer = world.employer(verified=True)
    first, second = lead(world, employer), lead(world, employer)
    page = ok(with_coupon(first), 202)
    refused(with_coupon(second), 409, "coupon_not_valid")
    for outcome in ("process", "decline"):
        world.pay(page["checkout_url"], outcome)
    assert first.payment["status"] == "failed"
    assert ok(with_coupon(second), 202)["price"]["amount"] == 2_450
    assert first.begin()["price"]["amount"] == 4_900


def test_two_companies_of_one_proven_phone_share_their_uses(world: World) -> None:
    offer(world, percent=50)
    employers = [world.employer(verified=True) for _ in range(2)]
    prove(world, employers)
    first, second = (lead(world, employer) for employer in employers)
    ok(with_coupon(first), 202)
    refused(with_coupon(second), 409, "coupon_not_valid")


def prove(world: World, employers: list[Person]) -> None:
    """Let these companies have one phone that is proven to be theirs."""

    async def same(session: Any) -> None:
        ids = [UUID(employer.id) for employer in employers]
        own = update(Employer).where(Employer.id.in_(ids))
        await session.execute(own.values(proven_phone_index=f"index of {ids[0]}"[:64]))

    world.in_session(same)


def test_what_is_unknown_or_over_is_refused_and_begins_nothing(world: World) -> None:
    offer(world, percent=50, ends_on=str(world.clock().date() - dt.timedelta(days=1)))
    mine = lead(world)
    refused(with_coupon(mine), 409, "coupon_not_valid")
    refused(with_coupon(mine, "NOSUCHCODE"), 409, "coupon_not_valid")
    for nonsense in ("", "x", "A" * 21, "a b", "<b>", 5):
        assert mine.unlock({"coupon": nonsense}).status_code == 422
    assert mine.payments() == []
    offer(world, percent=50, ends_on=str(world.clock().date()))
    ok(with_coupon(mine), 202)


@pytest.mark.parametrize(
    "coupons",
    [
        {"WELCOME": {}},
        {"WELCOME": {"percent": 50, "amount": 100}},
        {"WELCOME": {"percent": 100}},
        {"WELCOME": {"percent": 0}},
        {"WELCOME": {"amount": 0}},
        {"WELCOME": {"percent": 50, "per_company": 0}},
        {"welcome": {"percent": 50}},
        {"W": {"percent": 50}},
    ],
)
def test_coupons_that_make_no_sense_are_refused(shared_world: World, coupons: Any) -> None:
    refused(put_settings(shared_world, coupons=coupons), 422, "invalid")
