"""What of a lead's price is tax: shown before the purchase, fixed when it begins."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from app.payments.models import Payment
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.support.sellers import BENGALURU, MUMBAI, SELLER, charge_tax, put_settings


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, whose seller charges GST; money is right after each test."""
    before = ok(world_of_file.admin().get("/api/admin/settings"))
    charge_tax(world_of_file)
    yield world_of_file
    leads.check_at_rest(world_of_file)
    ok(put_settings(world_of_file, seller=before["seller"] | {"tax_pack": "none"}))


def rupees(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "INR"}


def tax(name: str, percent: float, amount: int) -> dict[str, Any]:
    return {"name": name, "rate_percent": percent, "amount": rupees(amount)}


WITHIN = {
    "net": rupees(4_152),
    "taxes": [tax("CGST", 9.0, 374), tax("SGST", 9.0, 374)],
    "total": rupees(4_900),
}
BETWEEN = {"net": rupees(4_153), "taxes": [tax("IGST", 18.0, 747)], "total": rupees(4_900)}
UNTAXED = {"net": rupees(4_900), "taxes": [], "total": rupees(4_900)}


def company(world: World, **profile: Any) -> Person:
    employer = world.employer()
    ok(employer.put("/api/employers/profile", profile))
    return employer


def test_an_installation_without_a_seller_s_tax_number_shows_no_tax(sqlite_world: World) -> None:
    mine = lead(sqlite_world)
    assert mine.shown["quote"] == UNTAXED == mine.begin()["quote"]
    assert mine.payment["quote"] == UNTAXED


@pytest.mark.parametrize(
    ("profile", "quote"),
    [
        ({"tax_id": MUMBAI}, WITHIN),
        ({"tax_id": BENGALURU}, BETWEEN),
        ({"city": "Pune"}, WITHIN),
        ({"city": "Hyderabad"}, BETWEEN),
        ({"city": "Hyderabad", "tax_id": MUMBAI}, WITHIN),
        ({"city": "Nowhere at all"}, WITHIN),
        ({"city": "goa"}, BETWEEN),
        ({"city": "Dubai"}, BETWEEN),
    ],
)
def test_the_quote_follows_the_buyer_s_state(world: World, profile: Any, quote: Any) -> None:
    mine = lead(world, company(world, **profile))
    assert (mine.shown["quote"], mine.shown["price"]) == (quote, rupees(4_900))
    assert mine.begin()["quote"] == quote == mine.payment["quote"]


def test_a_quote_stays_as_it_was_when_the_purchase_began(world: World) -> None:
    employer = company(world, tax_id=BENGALURU)
    mine = lead(world, employer)
    other = lead(world, employer)
    page = mine.begin()
    ok(employer.put("/api/employers/profile", {"tax_id": MUMBAI}))
    ok(put_settings(world, seller={"rate_basis_points": 500}))
    assert mine.begin()["quote"] == BETWEEN == mine.shown["quote"]
    assert [item["rate_percent"] for item in other.shown["quote"]["taxes"]] == [2.5, 2.5]
    world.pay(page["checkout_url"])
    answer = ok(mine.unlock())
    assert answer["payment"]["quote"] == BETWEEN == mine.shown["quote"]
    ok(put_settings(world, seller={"tax_pack": "none"}))
    assert mine.shown["quote"] == BETWEEN


def test_payments_from_before_quotes_are_all_net(world: World) -> None:
    mine, payment_id = leads.bought_lead(world)

    async def forget(session: Any) -> None:
        await session.execute(update(Payment).values(quote=None))

    world.in_session(forget)
    assert mine.shown["quote"] == UNTAXED
    assert ok(mine.employer.get(f"/api/employers/payments/{payment_id}"))["quote"] == UNTAXED


@pytest.mark.parametrize(
    ("seller", "field"),
    [
        ({"tax_pack": "india", "tax_id": None}, "seller.tax_id"),
        ({"tax_pack": "india", "address": None}, "seller.address"),
        ({"tax_id": "27AAPFU0939F1ZX"}, "seller.tax_id"),
        ({"tax_pack": "vat"}, "seller.tax_id"),
        ({"tax_pack": "atlantis"}, "seller.tax_pack"),
        ({"rate_basis_points": 10_001}, "seller.rate_basis_points"),
        ({"rate_basis_points": True}, "seller.rate_basis_points"),
        ({"service_code": "998519<b>"}, "seller.service_code"),
        ({"name": ""}, "seller.name"),
        ({"state": "27"}, "seller.state"),
    ],
)
def test_a_seller_that_no_invoice_could_name_is_refused(
    world: World, seller: Any, field: str
) -> None:
    answer = put_settings(world, seller=seller)
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert ok(world.admin().get("/api/admin/settings"))["seller"] == SELLER


def test_the_seller_s_number_is_kept_as_it_is_written(world: World) -> None:
    after = ok(put_settings(world, seller={"tax_id": " 27 aapfu 0939f 1zv"}))
    assert after["seller"]["tax_id"] == MUMBAI
