"""Production does not start on a database in which test money bought something."""

from typing import Any

import pytest
from sqlalchemy import update

from app.payments.live_mode import TestMoneyKept, require_no_test_money
from app.payments.models import Payment, PaymentAttempt
from app.runtime import running
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import bought_lead


def kept(world: World) -> str:
    """What is said of the test money in the database; empty where there is none."""
    try:
        world.in_session(require_no_test_money)
    except TestMoneyKept as refusal:
        return refusal.message
    return ""


def make_live(world: World, table: Any) -> None:
    async def change() -> None:
        async with world.runtime.database.begin() as session:
            await session.execute(update(table).values(livemode=True))

    world.run(change())


def start(world: World, environment: str) -> None:
    """Start Partimer beside the one that runs, on the same database."""
    settings = world.settings.model_copy(update={"environment": environment})

    async def up() -> None:
        async with running(settings):
            pass

    world.run(up())


def test_contacts_and_balances_that_test_money_bought_are_named(world: World) -> None:
    assert kept(world) == ""
    mine, _ = bought_lead(world)
    page = ok(mine.employer.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)
    assert "1 contacts and 0 top-ups" in kept(world)
    world.pay(page["checkout_url"])
    assert "1 contacts and 1 top-ups" in kept(world)
    with pytest.raises(TestMoneyKept):
        start(world, "production")
    start(world, "test")
    make_live(world, Payment)
    assert "0 contacts and 1 top-ups" in kept(world)
    make_live(world, PaymentAttempt)
    assert kept(world) == ""
    start(world, "production")
