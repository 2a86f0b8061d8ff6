"""Two administrators change settings at once: both changes stay."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.settings import PolicyChanges, put_in_force
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.identity.rules import AdminRole
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.lock_waits import ask_meanwhile

SETTINGS = "/api/admin/settings"


@pytest.fixture
def world(
    postgresql_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> Iterator[World]:
    """On PostgreSQL only: SQLite lets one write at a time."""
    with world_with(postgresql_database_url) as running:
        yield running


def meanwhile(
    world: World, admin: Person, sections: dict[str, Any], ask: Callable[[], httpx.Response]
) -> Any:
    """Change settings, and commit only once what `ask` asks for waits for it; return its answer."""
    actor = Actor(UUID(admin.id), Role.ADMIN, UserStatus.ACTIVE, "", admin_role=AdminRole.OWNER)

    async def change(session: AsyncSession) -> None:
        body = PolicyChanges.model_validate(sections)
        await put_in_force(session, body, actor, world.runtime, world.clock())

    return ok(ask_meanwhile(world, change, ask))


def test_two_changes_of_different_fields_both_stay(world: World) -> None:
    admin = world.admin()
    # The first change that an installation ever sees, and a later one.
    for minutes, respond in ((41, 150), (42, 151)):
        answer = meanwhile(
            world,
            admin,
            {"waves": {"interval_minutes": minutes}},
            lambda respond=respond: admin.put(  # type: ignore[misc]
                SETTINGS, {"deadlines": {"respond_within_minutes": respond}}
            ),
        )
        assert answer == ok(admin.get(SETTINGS))
        assert answer["waves"]["interval_minutes"] == minutes
        assert answer["deadlines"]["respond_within_minutes"] == respond


def test_an_undo_keeps_what_is_changed_meanwhile(world: World) -> None:
    admin = world.admin()
    before = ok(admin.get(SETTINGS))["waves"]
    ok(admin.put(SETTINGS, {"waves": {"interval_minutes": before["interval_minutes"] + 1}}))
    (mine,) = ok(admin.get(f"{SETTINGS}/history"))["items"]
    answer = meanwhile(
        world,
        admin,
        {"waves": {"choice_factor": 3}},
        lambda: admin.post(f"{SETTINGS}/history/{mine['id']}/undo"),
    )
    assert answer["waves"] == before | {"choice_factor": 3}
    assert answer == ok(admin.get(SETTINGS))
