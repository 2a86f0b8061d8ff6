"""What is done to a company reaches everybody who acts for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.team import TEAM, invite, joins_by_mail, member_of

ME = "/api/auth/me"


def act(admin: Person, company: Person, action: str) -> Any:
    """Do something to a company."""
    body = {"action": action, "reason": "a complaint"}
    return ok(admin.post(f"/api/admin/employers/{company.id}/action", body))


def refused_for_good(world: World, person: Person) -> None:
    """Neither token of a person is taken any more."""
    refused(person.get(ME), 401, "session_ended")
    body = {"refresh_token": person.refresh_token}
    refused(world.http.post("/api/auth/refresh", json=body), 401, "session_ended")


@pytest.mark.parametrize("actions", [("suspend", "activate"), ("sign_out",)])
def test_who_was_signed_in_for_the_company_is_signed_out(
    world: World, actions: tuple[str, ...]
) -> None:
    _signs_the_team_out(world, actions)


def _signs_the_team_out(world: World, actions: tuple[str, ...]) -> None:
    owner, other, admin = world.employer(), world.employer(), world.admin()
    team = [owner, member_of(world, owner, "manager"), member_of(world, owner, "viewer")]
    stranger = member_of(world, other, "manager")
    for action in actions:
        act(admin, owner, action)
    for person in team:
        refused_for_good(world, person)
    for person in (other, stranger):
        ok(person.get(ME))


def test_so_it_is_where_the_cache_holds_the_sessions(
    sqlite_database_url: str,
    valkey_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    with world_with(sqlite_database_url, redis_url=valkey_url) as world:
        for actions in (("suspend", "activate"), ("sign_out",)):
            _signs_the_team_out(world, actions)


def test_who_is_invited_can_join_once_the_company_is_active_again(world: World) -> None:
    owner, admin = world.employer(), world.admin()
    invited = invite(owner, "manager", email="waits@example.com")
    act(admin, owner, "suspend")
    act(admin, owner, "activate")
    member = joins_by_mail(world, invited)
    again = world.sign_in(owner.email or "", role="employer")
    assert {each["id"] for each in ok(again.get(TEAM))["items"]} == {owner.id, member.id}
