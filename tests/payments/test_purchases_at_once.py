"""Two processes buy for one company at once: the second waits, and counts what the first has bought."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.payments import purchase
from app.payments.rules import PayWith
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, lead
from tests.support.lock_waits import ask_meanwhile
from tests.support.sellers import put_settings


@pytest.fixture
def world(
    postgresql_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> Iterator[World]:
    """On PostgreSQL only: SQLite lets one write at a time."""
    with world_with(postgresql_database_url) as running:
        yield running


def begin_of(world: World, mine: Lead) -> Callable[[AsyncSession], Awaitable[None]]:
    """The begin of a purchase on a page, as another process does it."""
    actor = Actor(UUID(mine.employer.id), Role.EMPLOYER, UserStatus.ACTIVE, "")

    async def begin(session: AsyncSession) -> None:
        order = await purchase.begin(
            session, actor, [UUID(mine.id)], world.clock(), pay_with=PayWith.PAGE, paced=False
        )
        assert order is not None

    return begin


def test_who_is_not_verified_buys_up_to_the_limit_in_two_processes(world: World) -> None:
    ok(put_settings(world, limits={"unlocks_before_verification": 1}))
    employer = world.employer(verified=False)
    first, second = lead(world, employer), lead(world, employer)
    answer = ask_meanwhile(
        world, begin_of(world, first), lambda: second.unlock({"pay_with": "page"})
    )
    refused(answer, 403, "verification_required")
    assert ok(first.unlock({"pay_with": "page"}), 202)["checkout_url"]
