"""One lead, a kept card and a page, in two processes at once: it is charged once.

What the other process does comes at the moment that is worst for the first: between two of its steps.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import Database
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.payments import card_charge, checkout, purchase, saved_card
from app.payments.provider import CardOutcomeUnknown, CheckoutRequest
from app.payments.rules import PayWith
from tests.payments.test_card_charge import CARD, charges, keeps_card, sell_in
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, lead
from tests.support.provider_faults import pages_of

PAGE = {"pay_with": "page"}
RETURN_URL = "https://partimer.test/paid"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, that sells in dollars; money is right after each test."""
    world_of_file.unread = True
    sell_in(world_of_file, "USD")
    yield world_of_file
    leads.check_at_rest(world_of_file)


class OtherProcess:
    """Another process behind the same door, that is asked once, and shares nothing with the first but the database."""

    def __init__(self, mine: Lead, wish: dict[str, Any]) -> None:
        self._mine, self._wish = mine, wish
        self.answer: httpx.Response | None = None

    async def __call__(self) -> None:
        """Ask for the lead, the first time."""
        if self.answer is None:
            checkout._opening.clear()  # each process has its own
            self.answer = await asyncio.to_thread(self._mine.unlock, self._wish)


class OvertakenDatabase:
    """The database of a process that another one overtakes before it writes."""

    def __init__(self, database: Database, other: Callable[[], Awaitable[None]]) -> None:
        self._database, self._other = database, other

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """As the database does."""
        return self._database.read()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Begin when the other process has done what it does."""
        await self._other()
        async with self._database.begin() as session:
            yield session


class OvertakenProvider:
    """The provider as a process asks it that another one overtakes before the card is charged."""

    def __init__(self, provider: Any, other: Callable[[], Awaitable[None]]) -> None:
        self._provider, self._other = provider, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    async def charge_card(self, request: CheckoutRequest, key: str) -> Any:
        """Charge when the other process has done what it does."""
        await self._other()
        return await self._provider.charge_card(request, key)


def begun(world: World, mine: Lead) -> UUID:
    """The order of a click of which no provider was asked yet."""
    actor = Actor(UUID(mine.employer.id), Role.EMPLOYER, UserStatus.ACTIVE, "")

    async def begin(session: AsyncSession) -> UUID:
        order = await purchase.begin(
            session, actor, [UUID(mine.id)], world.clock(), pay_with=PayWith.PAGE, paced=False
        )
        assert order is not None
        return order.id

    order_id: UUID = world.in_session(begin)
    return order_id


def test_a_page_asked_for_while_another_process_charges_the_card(world: World) -> None:
    mine = lead(world, keeps_card(world))
    order_id = begun(world, mine)
    other = OtherProcess(mine, CARD)
    overtaken = cast(Database, OvertakenDatabase(world.runtime.database, other))
    opening = checkout.open_page(
        overtaken, world.runtime.payments, order_id, RETURN_URL, world.clock()
    )
    with pytest.raises(CardOutcomeUnknown):
        world.run(opening)
    assert other.answer is not None
    assert ok(other.answer)["status"] == "unlocked"
    assert ok(mine.unlock(PAGE))["status"] == "unlocked"
    assert charges(world, mine) == ["succeeded"]
    assert pages_of(world, mine.id) == []


def test_a_card_tapped_while_another_process_opens_the_page(world: World) -> None:
    mine = lead(world, keeps_card(world))
    order_id = begun(world, mine)
    other = OtherProcess(mine, PAGE)
    overtaken = cast(Database, OvertakenDatabase(world.runtime.database, other))
    [card, *_] = world.run(
        saved_card.list_cards(
            world.runtime.database,
            world.runtime.payments,
            UUID(mine.employer.id),
            world.clock(),
        )
    )
    paying = world.run(
        card_charge.pay(
            overtaken, world.runtime.payments, order_id, card, RETURN_URL, world.clock()
        )
    )
    assert other.answer is not None
    page = ok(other.answer, 202)["checkout_url"]
    assert paying.url == page
    assert charges(world, mine) == []
    world.pay(page)
    assert ok(mine.unlock(CARD))["status"] == "unlocked"
    assert charges(world, mine) == ["succeeded"]


def test_no_page_opens_while_a_charge_is_on_its_way_in_another_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = lead(world, keeps_card(world))
    other = OtherProcess(mine, PAGE)
    configured = cast(Any, world.runtime.payments).configured
    monkeypatch.setitem(configured, "stripe", OvertakenProvider(configured["stripe"], other))
    assert ok(mine.unlock(CARD))["status"] == "unlocked"
    assert other.answer is not None
    refused(other.answer, 503, "card_outcome_unknown")
    assert charges(world, mine) == ["succeeded"]
    assert pages_of(world, mine.id) == []
    assert [payment["status"] for payment in mine.payments()] == ["succeeded"]
