"""A card that is kept with consent: shown, and removed for good."""

from collections.abc import Iterator

import pytest

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
