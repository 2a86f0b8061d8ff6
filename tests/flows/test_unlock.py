"""Buying a lead: who may, at what price, and that it costs once."""

from typing import Any

import pytest

from tests.flows import payments_world as money
from tests.flows.payments_world import Lead, at_once, fault, lead, pages_of
from tests.flows.world import World, ok, refused


@pytest.fixture
def world(world_of_file: World) -> World:
    """One Partimer for the file: every test brings its own people."""
    return world_of_file


@pytest.fixture(autouse=True)
def money_is_right(world_of_file: World) -> Any:
    yield
    money.check_money(world_of_file)


def test_a_paid_lead_is_the_employer_s_for_good(world: World) -> None:
    mine = lead(world)
    assert mine.shown["contact"] is None
    page = mine.begin()
    assert page["status"] == "pending"
    assert page["price"] == {"amount": 4_900, "currency": "INR"}
    assert page["checkout_url"].rsplit("/", 1)[-1].startswith("cs_")
    assert set(page) == {"status", "payment_id", "checkout_url", "expires_at", "price"}
    world.pay(page["checkout_url"])
    phone = mine.worker.phone
    contact = {
        "name": "Asha Kulkarni",
        "phone": phone,
        "whatsapp_url": f"https://wa.me/{str(phone).removeprefix('+')}",
    }
    assert mine.shown["contact"] == contact
    answer = ok(mine.unlock())
    assert (answer["status"], answer["contact"]) == ("unlocked", contact)
    assert answer["payment"]["id"] == page["payment_id"]
    assert answer["payment"]["status"] == "succeeded"
    assert len(pages_of(world, mine.id)) == 1
