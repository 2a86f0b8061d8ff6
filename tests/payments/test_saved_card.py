"""A card that is kept with consent: shown, and removed for good."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.employers.models import Employer
from app.identity.users import ERASED_NAME
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import Lead, lead
from tests.support.provider_faults import stripe_fault, stripe_objects

CARD = "/api/employers/card"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def buy(world: World, *, keep: bool) -> Lead:
    """A lead paid by card on the page, whose box to keep the card is ticked or not."""
    mine = lead(world)
    page = mine.begin()["checkout_url"].rsplit("/", 1)[-1]
    body = {"outcome": "pay", "save_card": keep}
    ok(world.http.post(f"/sandbox/stripe/_control/checkout/{page}", json=body))
    world.settle()
    return mine


def test_a_card_kept_with_consent_is_shown_and_removed(world: World) -> None:
    employer = buy(world, keep=True).employer
    card = ok(employer.get(CARD))["card"]
    assert (card["brand"], card["last4"], set(card)) == (
        "visa",
        "4242",
        {"brand", "last4", "exp_month", "exp_year"},
    )
    ok(employer.delete(CARD), 204)
    assert ok(employer.get(CARD)) == {"card": None}
    ok(employer.delete(CARD), 204)
    assert stripe_objects(world, "payment_method")[0]["customer"] is None


def test_without_consent_no_card_is_kept(world: World) -> None:
    assert ok(buy(world, keep=False).employer.get(CARD)) == {"card": None}


def test_nobody_sees_another_s_card(world: World) -> None:
    buy(world, keep=True)
    other = world.employer(verified=True)
    assert ok(other.get(CARD)) == {"card": None}
    ok(other.delete(CARD), 204)


def test_a_provider_that_is_away_is_told_as_that(world: World) -> None:
    employer = buy(world, keep=True).employer
    stripe_fault(world, "read_http_500", 9)
    assert employer.get(CARD).status_code == 503
    leads.end_faults(world)
    assert ok(employer.get(CARD))["card"]["last4"] == "4242"


def test_an_erased_employer_s_customer_and_card_are_deleted_at_the_provider(world: World) -> None:
    staying = buy(world, keep=True).employer
    employer = buy(world, keep=True).employer
    [card, *_] = stripe_objects(world, "payment_method")
    stripe_fault(world, "http_500", 9)
    ok(employer.delete("/api/employers/account"), 204)
    world.clock.advance(minutes=2)  # the loop looks once a minute
    world.settle()
    assert customers(world)[employer.id] == card["customer"], "it is tried again"
    leads.end_faults(world)
    world.clock.advance(minutes=2)
    world.settle()
    assert customers(world)[employer.id] is None
    [card, other, *_] = stripe_objects(world, "payment_method")
    assert card["customer"] is None
    assert ok(staying.get(CARD))["card"]["last4"] == "4242"
    assert customers(world)[staying.id] == other["customer"]
    gone = [one["id"] for one in stripe_objects(world, "customer") if one.get("deleted")]
    assert len(gone) == 1


def test_a_customer_that_was_deleted_by_hand_is_forgotten(world: World) -> None:
    employer = buy(world, keep=False).employer
    customer = customers(world)[employer.id]
    provider: Any = world.runtime.payments
    world.run(provider.forget_customer(customer))
    ok(employer.delete("/api/employers/account"), 204)
    world.settle()
    assert customers(world)[employer.id] is None


def test_a_living_company_that_is_called_like_an_erased_one_keeps_its_card(world: World) -> None:
    employer = buy(world, keep=True).employer

    async def rename(session: Any) -> None:
        one = await session.get_one(Employer, UUID(employer.id))
        one.company_name = ERASED_NAME

    world.in_session(rename)
    world.clock.advance(minutes=2)
    world.settle()
    assert customers(world)[employer.id] is not None
    assert ok(employer.get(CARD))["card"]["last4"] == "4242"


def customers(world: World) -> dict[str, str | None]:
    """The providers' customers, by employer."""

    async def read(session: Any) -> dict[str, str | None]:
        rows = await session.execute(select(Employer.id, Employer.provider_customer_id))
        return {str(employer_id): customer_id for employer_id, customer_id in rows}

    found: dict[str, str | None] = world.in_session(read)
    return found
