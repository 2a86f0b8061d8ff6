"""Where a payment stands on its way, as the employer sees it, and what a refusal says to do."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from app.offers.links import payment_link
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, lead
from tests.support.provider_faults import checkout_pages, stripe_fault


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    yield world_of_file
    leads.check_at_rest(world_of_file)


def bank(world: World, mine: Lead, outcome: str) -> None:
    """Let the bank answer about the payment of a lead."""
    [page] = checkout_pages(world, mine.id)
    path = f"/sandbox/stripe/_control/payment_intents/{page['payment_intent']}"
    ok(world.http.post(path, json={"outcome": outcome}))
    world.settle()


def test_a_bank_that_wants_the_payer_to_confirm_is_shown(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "require_action")
    shown = mine.payment
    assert (shown["status"], shown["checkout_url"]) == ("requires_action", page["checkout_url"])
    assert mine.begin()["payment_id"] == page["payment_id"]
    bank(world, mine, "decline")
    assert (mine.payment["status"], mine.payment["failure_code"]) == (
        "pending",
        "authentication_required",
    )
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone
    assert mine.payment["status"] == "succeeded"


@pytest.mark.parametrize("outcome", ["pay", "decline"])
def test_there_is_nothing_to_pay_while_the_money_is_on_its_way(world: World, outcome: str) -> None:
    mine = lead(world)
    link = urlsplit(payment_link(world.runtime.keyring, world.url, UUID(mine.id))).path
    page = mine.begin()
    world.pay(page["checkout_url"], "process")
    assert (mine.payment["status"], mine.payment["checkout_url"]) == ("processing", None)
    again = ok(mine.unlock(), 202)
    assert (again["payment_id"], again["checkout_url"]) == (page["payment_id"], None)
    assert "confirmed" in world.http.get(link).text
    answer = world.http.post(link)
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == link
    bank(world, mine, outcome)
    if outcome == "pay":
        assert mine.phone_shown() == mine.worker.phone
    else:
        assert mine.payment["status"] in {"failed", "processing", "pending"}
        assert mine.contact() is None


def test_a_top_up_has_no_page_either_while_the_money_is_on_its_way(world: World) -> None:
    employer = world.employer(verified=True)
    top_up = "/api/employers/balance/top-ups", {"pack": "small"}
    page = ok(employer.post(*top_up), 202)
    world.pay(page["checkout_url"], "process")
    again = ok(employer.post(*top_up), 202)
    assert (again["order_id"], again["checkout_url"]) == (page["order_id"], None)
    order = ok(employer.get(f"/api/employers/orders/{page['order_id']}"))
    assert (order["status"], order["checkout_url"]) == ("processing", None)


@pytest.mark.parametrize("code", ["amount_too_small", "currency_not_supported"])
def test_a_refusal_that_stays_one_says_what_to_do(world: World, code: str) -> None:
    mine = lead(world)
    ok(mine.unlock(), 202)  # the customer is made
    other = lead(world, mine.employer)
    stripe_fault(world, "error", code=code)
    problem: dict[str, Any] = refused(other.unlock(), 409, "payment_refused")
    assert "support" in problem["detail"]
    assert "Try again" not in problem["detail"]
    assert other.payment["status"] == "pending"
    other.buy()
